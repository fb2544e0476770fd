import CLinuxNet
import Glibc
import Synchronization
import Vocabulary

/// One thread that waits for descriptors, timers and work from other threads: the shell around a datagram protocol.
///
/// Everything but `submit` and `stop` belongs to the loop's thread: to the `setUp` of `run`, to handlers, timers and
/// submitted work. A level-triggered descriptor whose handler leaves something unread is handed in again.
///
/// `@unchecked Sendable`: `handlers`, `timers` and `nanoseconds` are touched by the loop's thread alone (`assertOnLoop`),
/// `submitted` is a mutex, the rest never changes.
public final class EventLoop: @unchecked Sendable {
    /// What a descriptor is watched for, and what it is ready for.
    public struct Readiness: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let readable = Readiness(rawValue: UInt32(MUSTER_READABLE))
        public static let writable = Readiness(rawValue: UInt32(MUSTER_WRITABLE))
        /// An error waits on the descriptor; reported whether asked for or not.
        public static let troubled = Readiness(rawValue: UInt32(MUSTER_TROUBLED))
    }

    public struct Timer: Hashable, Sendable { fileprivate let id: UInt64 }

    /// A watched descriptor; `cancel` before it is closed.
    public struct Watch: Hashable, Sendable {
        fileprivate let token: UInt64
        fileprivate let descriptor: CInt
    }

    private struct Submitted {
        var jobs: [@Sendable () -> Void] = []
        var isStopping = false
    }

    private static let wakeUpToken: UInt64 = 0

    public let name: String
    private let epoll: CInt
    private let wakeUp: CInt
    private let submitted = Mutex(Submitted())
    private var handlers = HandlerTable<(Readiness) -> Void>()
    private var timers = TimerQueue<() -> Void>()
    private var thread: pthread_t?
    private var lingering: Lingering

    /// Nanoseconds since the host started (CLOCK_BOOTTIME), read once a turn: good enough for every time-out, and free.
    public private(set) var nanoseconds: UInt64 = 0

    /// - Parameters:
    ///   - name: of the thread, at most 15 characters: what `top -H` shows.
    ///   - lingering: for how long the loop looks for the next event before it sleeps, as long as events follow each
    ///     other faster than that. For protocols in which every datagram waits for the one before it.
    public init(name: String, lingering: Duration = .zero) throws(SystemError) {
        self.name = name
        self.lingering = Lingering(limit: Self.nanoseconds(lingering))
        epoll = muster_epoll_open()
        guard epoll >= 0 else { throw SystemError("create epoll for", name) }
        wakeUp = muster_wakeup_open()
        guard wakeUp >= 0, muster_epoll_add(epoll, wakeUp, UInt32(MUSTER_READABLE), Self.wakeUpToken) == 0
        else { throw SystemError("create eventfd for", name) }
    }

    deinit {
        close(epoll)
        close(wakeUp)
    }

    // MARK: From any thread

    /// Runs `job` on the loop's thread; never, when the loop has ended.
    public func submit(_ job: @escaping @Sendable () -> Void) {
        let isFirst = submitted.withLock { state in
            state.jobs.append(job)
            return state.jobs.count == 1
        }
        if isFirst { wake() }
    }

    /// Ends the loop after the handlers that are running. Harmless when it has ended or has not begun.
    public func stop() {
        submitted.withLock { $0.isStopping = true }
        wake()
    }

    private func wake() { muster_wakeup_raise(wakeUp) }

    // MARK: On the loop's thread

    /// Calls `handler` whenever the descriptor is ready.
    public func watch(
        _ descriptor: CInt,
        for interest: Readiness = .readable,
        handler: @escaping (Readiness) -> Void
    ) throws(SystemError) -> Watch {
        assertOnLoop()
        let token = handlers.insert(handler)
        guard muster_epoll_add(epoll, descriptor, interest.rawValue, token) == 0 else {
            let error = SystemError("watch descriptor \(descriptor) on", name)
            handlers.remove(token)
            throw error
        }
        return Watch(token: token, descriptor: descriptor)
    }

    /// Watches for something else from now on.
    public func change(_ watch: Watch, to interest: Readiness) throws(SystemError) {
        guard muster_epoll_change(epoll, watch.descriptor, interest.rawValue, watch.token) == 0 else {
            throw SystemError("watch descriptor \(watch.descriptor) on", name)
        }
    }

    /// The handler is not called again, not even for what is already reported.
    public func cancel(_ watch: Watch) {
        assertOnLoop()
        guard handlers.remove(watch.token) != nil else { return }
        _ = muster_epoll_remove(epoll, watch.descriptor)
    }

    /// Calls `action` once, not before `delay` has passed.
    @discardableResult
    public func schedule(after delay: Duration, _ action: @escaping () -> Void) -> Timer {
        assertOnLoop()
        return Timer(id: timers.insert(action, at: Self.clock() &+ Self.nanoseconds(delay)))
    }

    public func cancel(_ timer: Timer) {
        assertOnLoop()
        timers.cancel(timer.id)
    }

    /// Traps when called from another thread while the loop runs.
    public func assertOnLoop() {
        precondition(thread.map { pthread_equal($0, pthread_self()) != 0 } ?? true, "not on the thread of \(name)")
    }

    // MARK: The turn

    /// Runs on the calling thread until `stop`. Handlers, timers and what they hold are released at the end.
    func loop() throws(SystemError) {
        thread = pthread_self()
        defer { release() }
        var events = [muster_event](repeating: muster_event(), count: 256)
        nanoseconds = Self.clock()
        while runSubmitted() {
            var isWoken = false
            while !isWoken {
                let count = wait(for: &events)
                guard count >= 0 else { throw SystemError("wait on", name) }
                for index in 0..<Int(count) {
                    let event = events[index]
                    if event.token == Self.wakeUpToken {
                        isWoken = true
                    } else {
                        handlers[event.token]?(Readiness(rawValue: event.ready))
                    }
                }
                while let action = timers.popDue(at: nanoseconds) { action() }
            }
            muster_wakeup_clear(wakeUp)
        }
    }

    /// Waits for events or the next timer, and takes the time afterwards.
    /// - Returns: how many events there are; negative for an error, which `errno` tells.
    private func wait(for events: inout [muster_event]) -> CInt {
        let capacity = CInt(events.count)
        let began = Self.clock()
        var count: CInt = 0
        if lingering.isWorthwhile {
            let end = min(began &+ lingering.limit, timers.next() ?? .max)
            repeat {
                count = muster_epoll_wait(epoll, &events, capacity, 0)
                if count == 0 { sched_yield() }  // the peer may wait for this very processor
                nanoseconds = Self.clock()
            } while count == 0 && nanoseconds < end
        }
        if count == 0 {
            count = muster_epoll_wait(epoll, &events, capacity, patience())
            nanoseconds = Self.clock()
        }
        lingering.waited(nanoseconds &- began)
        return count
    }

    /// Lets go of all handlers, timers and jobs, after they are out of the loop's tables: what they hold may cancel
    /// more of them when it goes.
    private func release() {
        let jobs = submitted.withLock { state in
            defer { state.jobs = [] }
            return state.jobs
        }
        let held = (handlers, timers, jobs)
        handlers = HandlerTable()
        timers = TimerQueue()
        withExtendedLifetime(held) {}
        thread = nil
    }

    /// - Returns: false when the loop shall end.
    private func runSubmitted() -> Bool {
        let (jobs, isStopping) = submitted.withLock { state in
            defer { state.jobs.removeAll() }
            return (state.jobs, state.isStopping)
        }
        guard !isStopping else { return false }
        for job in jobs { job() }
        return true
    }

    /// Milliseconds until the next timer, rounded up; -1 for ever.
    private func patience() -> CInt {
        guard let deadline = timers.next() else { return -1 }
        return deadline <= nanoseconds ? 0 : CInt(clamping: (deadline - nanoseconds + 999_999) / 1_000_000)
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        return UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }

    private static func clock() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
