import Build
import Inventory
import Synchronization
import Vocabulary

/// What became of boots and builds since the server started: read off the rows that reach the ledger's disk, so that
/// nothing is counted that does not count, and no boot waits for it.
///
/// Thread-safe by a mutex.
final class FleetStatistics: Sendable {
    /// What is known of a boot that is not over.
    private struct Progress: OptionSet {
        var rawValue: UInt8
        static let opened = Progress(rawValue: 1)
        static let fetched = Progress(rawValue: 2)
        static let up = Progress(rawValue: 4)
        static let healthy = Progress(rawValue: 8)
    }

    private struct State {
        var figures = FleetFigures()
        var boots: [BootID: Progress] = [:]
    }

    private let state = Mutex(State())
    private let began: Timestamp
    /// By hardware model.
    private let phases: [FleetFigures.Phase: HistogramFamily]
    private let model: @Sendable (String) -> String?
    /// What one look of the rollout driver took to decide what comes next.
    let decisions = Histogram()
    /// What images took to build.
    let buildTimes = Histogram(Histogram.bootBounds)

    /// - Parameters:
    ///   - began: what happened before is not counted: a server that is gone did.
    ///   - model: a machine's hardware model, by its name; nil when nobody knows it.
    init(began: Timestamp = Moment.now().wall, model: @escaping @Sendable (String) -> String?) {
        self.began = began
        self.model = model
        phases = Dictionary(
            uniqueKeysWithValues: FleetFigures.Phase.allCases.map { ($0, HistogramFamily(Histogram.bootBounds)) }
        )
    }

    /// The figures now.
    var figures: FleetFigures {
        var figures = state.withLock { $0.figures }
        figures.phases = phases.mapValues(\.snapshots)
        return figures
    }

    /// A machine that asked got a screen, not an image.
    func count(_ answer: FleetFigures.Answer) { state.withLock { $0.figures.answers[answer, default: 0] += 1 } }

    /// What a build found in the cache, and what it had to make.
    func count(_ event: BuildEvent) {
        let (layer, isHit): (FleetFigures.CacheLayer, Bool)
        switch event {
        case .ready(_, let isCached): (layer, isHit) = (.source, isCached)
        case .stored(_, _, let isCached): (layer, isHit) = (.segment, isCached)
        case .resolving, .pulling, .unpacking, .compressing, .writing, .warning: return
        }
        state.withLock { state in
            if isHit {
                state.figures.cacheHits[layer, default: 0] += 1
            } else {
                state.figures.cacheMisses[layer, default: 0] += 1
            }
        }
    }

    /// Rows that are on the disk.
    func observe(_ rows: [LedgerRow]) {
        for row in rows {
            switch row {
            case .boot(let boot): observe(boot, beside: rows)
            case .event(let event) where event.kind == EventKind.buildFinished.name: countBuild(.made)
            case .event(let event) where event.kind == EventKind.buildFailed.name: countBuild(.failed)
            case .event(let event) where event.kind == EventKind.rogueServer.name:
                state.withLock { $0.figures.rogueServers += 1 }
            default: break
            }
        }
    }

    private func countBuild(_ result: FleetFigures.BuildResult) {
        state.withLock { $0.figures.builds[result, default: 0] += 1 }
    }

    private func observe(_ boot: BootRecord, beside rows: [LedgerRow]) {
        state.withLock { state in
            var seen = state.boots[boot.id] ?? []
            /// A step that was not seen before, and was taken since the server started.
            func isNew(_ step: Progress, at time: Timestamp?) -> Bool {
                guard let time, seen.insert(step).inserted else { return false }
                return time >= began
            }
            if isNew(.opened, at: boot.opened), boot.fetched == nil, let answer = Self.answer(boot, beside: rows) {
                state.figures.answers[answer, default: 0] += 1
            }
            if isNew(.fetched, at: boot.fetched) { observe(.fetch, of: boot, from: boot.opened, to: boot.fetched) }
            if isNew(.up, at: boot.up) { observe(.start, of: boot, from: boot.fetched, to: boot.up) }
            if isNew(.healthy, at: boot.healthy) {
                observe(.settle, of: boot, from: boot.up ?? boot.fetched, to: boot.healthy)
                state.figures.count(.healthy, .healthy, of: boot.profile)
            }
            state.boots[boot.id] = boot.state.isOpen ? seen : nil
            guard !boot.state.isOpen else { return }
            let outcome: FleetFigures.Outcome = boot.state == .failed ? .failed : .superseded
            // That a healthy machine reboots is no outcome of the boot before.
            guard outcome == .failed || boot.healthy == nil else { return }
            state.figures.count(outcome, .init(boot), of: boot.profile)
        }
    }

    private func observe(
        _ phase: FleetFigures.Phase,
        of boot: BootRecord,
        from begin: Timestamp?,
        to end: Timestamp?
    ) {
        guard let begin, let end else { return }
        phases[phase]?.observe(.milliseconds((end - begin).milliseconds), of: model(boot.machine))
    }

    /// Which image the machine was given, as its row of the same commit says.
    private static func answer(_ boot: BootRecord, beside rows: [LedgerRow]) -> FleetFigures.Answer? {
        for case .machineState(let state) in rows where state.machine == boot.machine {
            if boot.image == state.lastGood { return boot.image == state.assigned ? .steady : .fallback }
            return boot.image == state.assigned ? .trial : .rescue
        }
        return nil
    }
}
