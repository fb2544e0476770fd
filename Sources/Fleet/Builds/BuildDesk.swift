import Build
import Synchronization
import Vocabulary

/// Which profiles' images are being built, were, or could not be: who asks first begins a build, everybody else is told
/// how far it is.
///
/// Guarded by one mutex that is held for a dictionary access; nobody ever waits here. `FleetService` takes the work.
final class BuildDesk: Sendable {
    struct Limits: Hashable, Sendable {
        /// Builds at once; the others wait for their turn.
        var concurrent = 2
        /// How old an image may be before its sources are asked again whether it is still what they mean.
        var age: Duration = .seconds(600)
        /// After a failure; doubles with every further one.
        var firstPause: Duration = .seconds(5)
        var longestPause: Duration = .seconds(300)
        /// After so many failures, what nobody asks for is tried again only so seldom.
        var patience = 8
        var longPause: Duration = .seconds(3600)
    }

    struct Target: Hashable, Sendable {
        var profile: String
        var architecture: Architecture
    }

    /// A build to be done.
    struct Work: Sendable {
        var target: Target
        var definition: ProfileDefinition
        var cause: BuildCause
        fileprivate var number: Int
    }

    enum Status: Hashable, Sendable {
        /// The newest release has the image, and was looked at not long ago.
        case current
        /// Nobody has asked for it yet, who could begin it.
        case unmade
        case underWay(lines: [String], age: Duration)
        case failed(reason: String, attempts: Int, pause: Duration)
    }

    fileprivate enum State {
        case queued
        case running(BuildProgress)
        case done(at: Duration)
        case failed(reason: String, until: Duration)
    }

    fileprivate struct Job {
        var definition: ProfileDefinition
        var number: Int
        var cause: BuildCause
        var state: State
        var begun: Duration
        var failures = 0
    }

    fileprivate struct Contents {
        var jobs: [Target: Job] = [:]
        var line: [Target] = []
        var running = 0
        var count = 0
    }

    private let contents = Mutex(Contents())
    let limits: Limits
    private let signal: AsyncStream<Void>.Continuation
    /// There is work, or room for it.
    let signals: AsyncStream<Void>

    init(limits: Limits = Limits()) {
        self.limits = limits
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How an image stands; begins its build when there is none, or none that is new enough.
    ///
    /// - Parameters:
    ///   - isMade: the newest release has it, made of this definition, and its bytes are here.
    ///   - made: when that release was made.
    ///   - isFresh: look again whether it is what its sources mean, whenever that was done last, and whatever failed.
    ///   - cause: what a build begins for, if one does.
    func ask(
        _ definition: ProfileDefinition,
        _ architecture: Architecture,
        isMade: Bool,
        made: Timestamp?,
        isFresh: Bool = false,
        cause: BuildCause,
        now: Moment
    ) -> Status {
        let target = Target(profile: definition.profile, architecture: architecture)
        let (status, isNew) = contents.withLock { contents -> (Status, Bool) in
            if let status = contents.status(of: target, definition, isMade: isMade, made: made, limits, now: now),
                !isFresh || contents.isUnderWay(target, definition)
            {
                return (status, false)
            }
            contents.begin(target, definition, cause, now: now)
            return (.underWay(lines: ["beginning"], age: .zero), true)
        }
        if isNew { signal.yield() }
        return status
    }

    /// How an image stands, without anything coming of it.
    func look(
        _ definition: ProfileDefinition,
        _ architecture: Architecture,
        isMade: Bool,
        made: Timestamp?,
        now: Moment
    ) -> Status {
        let target = Target(profile: definition.profile, architecture: architecture)
        return contents.withLock { contents in
            if let job = contents.jobs[target], job.definition.key == definition.key,
                case .failed(let reason, let until) = job.state
            {
                return .failed(reason: reason, attempts: job.failures, pause: max(.zero, until - now.uptime))
            }
            return contents.status(of: target, definition, isMade: isMade, made: made, limits, now: now)
                ?? (isMade ? .current : .unmade)
        }
    }

    /// What failed, and is to be tried again though nobody asks for it.
    func overdue(now: Moment) -> [Target] {
        contents.withLock { contents in
            contents.jobs.compactMap { target, job in
                guard case .failed(_, let until) = job.state else { return nil }
                let more = job.failures > limits.patience ? limits.longPause : .zero
                return until + more <= now.uptime ? target : nil
            }
        }
    }

    // MARK: For who builds

    /// The next build, if there is one and room for it.
    func take() -> Work? {
        contents.withLock { contents in
            guard contents.running < limits.concurrent, !contents.line.isEmpty else { return nil }
            let target = contents.line.removeFirst()
            guard let job = contents.jobs[target] else { return nil }
            contents.running += 1
            contents.jobs[target]?.state = .running(BuildProgress())
            return Work(target: target, definition: job.definition, cause: job.cause, number: job.number)
        }
    }

    func tell(_ event: BuildEvent, of work: Work) {
        contents.withLock { contents in
            guard contents.isCurrent(work), case .running(var progress)? = contents.jobs[work.target]?.state else {
                return
            }
            progress.take(event)
            contents.jobs[work.target]?.state = .running(progress)
        }
    }

    /// False once other definitions were applied: what is built of these is nobody's any more.
    func isWanted(_ work: Work) -> Bool { contents.withLock { $0.isCurrent(work) } }

    /// - Parameter failure: why there is no image; nil when it is released.
    func finish(_ work: Work, failure: String?, now: Moment) {
        contents.withLock { contents in
            contents.running -= 1
            guard contents.isCurrent(work), var job = contents.jobs[work.target] else { return }
            if let failure {
                let pause = min(limits.longestPause, limits.firstPause * (1 << min(job.failures, 16)))
                job.failures += 1
                job.state = .failed(reason: failure, until: now.uptime + pause)
            } else {
                job.failures = 0
                job.state = .done(at: now.uptime)
            }
            contents.jobs[work.target] = job
        }
        signal.yield()
    }

    /// The build was cancelled, because the server stops or nobody needs it any more: as if nobody had asked.
    func abandon(_ work: Work) {
        contents.withLock { contents in
            contents.running -= 1
            if contents.isCurrent(work) { contents.jobs[work.target] = nil }
        }
        signal.yield()
    }
}

extension BuildDesk.Contents {
    func isCurrent(_ work: BuildDesk.Work) -> Bool { jobs[work.target]?.number == work.number }

    /// Whether a build of these definitions waits or runs.
    func isUnderWay(_ target: BuildDesk.Target, _ definition: ProfileDefinition) -> Bool {
        guard let job = jobs[target], job.definition.key == definition.key else { return false }
        return switch job.state {
        case .queued, .running: true
        case .done, .failed: false
        }
    }

    mutating func begin(
        _ target: BuildDesk.Target,
        _ definition: ProfileDefinition,
        _ cause: BuildCause,
        now: Moment
    ) {
        count += 1
        let failures = jobs[target].map { $0.definition.key == definition.key ? $0.failures : 0 } ?? 0
        jobs[target] = BuildDesk.Job(
            definition: definition,
            number: count,
            cause: cause,
            state: .queued,
            begun: now.uptime,
            failures: failures
        )
        if !line.contains(target) { line.append(target) }
    }

    /// nil when a build has to begin.
    func status(
        of target: BuildDesk.Target,
        _ definition: ProfileDefinition,
        isMade: Bool,
        made: Timestamp?,
        _ limits: BuildDesk.Limits,
        now: Moment
    ) -> BuildDesk.Status? {
        guard let job = jobs[target], job.definition.key == definition.key else {
            // What was released before the server started counts too.
            let isNew = made.map { (.zero..<limits.age).contains(now.wall - $0) } ?? false
            return isMade && isNew ? .current : nil
        }
        let age = now.uptime - job.begun
        switch job.state {
        case .queued:
            let before = line.firstIndex(of: target) ?? 0
            return .underWay(lines: ["waits for \(before + running) other builds"], age: age)
        case .running(let progress): return .underWay(lines: progress.lines, age: age)
        case .done(let time):
            if isMade { return now.uptime - time < limits.age ? .current : nil }
            // The release is on its way to the boot plane.
            return now.uptime - time < .seconds(5) ? .underWay(lines: ["being released"], age: age) : nil
        case .failed(let reason, let until):
            guard until > now.uptime else { return nil }
            return .failed(reason: reason, attempts: job.failures, pause: until - now.uptime)
        }
    }
}
