import CInit

/// The one loop of the program: descriptors that become ready, and moments that come. Nothing in it may wait.
final class EventLoop {
    struct Readiness: OptionSet {
        let rawValue: UInt32
        static let readable = Readiness(rawValue: UInt32(SYS_READABLE))
        static let writable = Readiness(rawValue: UInt32(SYS_WRITABLE))
        /// An error, or nobody at the other end.
        static let troubled = Readiness(rawValue: UInt32(SYS_TROUBLED))
    }

    struct Timer: Equatable {
        fileprivate let number: Int
    }

    private struct Watch {
        let generation: UInt32
        let action: (Readiness) -> Void
    }

    private struct Appointment {
        let timer: Timer
        let time: Int64
        let action: () -> Void
    }

    private let epoll: Int32
    private var watches: [Int32: Watch] = [:]
    private var generation: UInt32 = 0
    /// Sorted by time.
    private var appointments: [Appointment] = []
    private var timers = 0

    init() throws(InitError) {
        epoll = sys_epoll_open()
        guard epoll >= 0 else { throw InitError("wait for events", code: Int(epoll)) }
    }

    /// Milliseconds since the machine was started.
    var now: Int64 { sys_uptime() }

    /// Calls `action` as long as the descriptor is ready for `interest`; a second call for a descriptor replaces the first.
    func watch(_ descriptor: Int32, _ interest: Readiness, _ action: @escaping (Readiness) -> Void) {
        generation &+= 1
        let isNew = watches[descriptor] == nil
        watches[descriptor] = Watch(generation: generation, action: action)
        let token = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        _ = sys_epoll_set(epoll, descriptor, interest.rawValue, token, isNew)
    }

    /// Before the descriptor is closed.
    func forget(_ descriptor: Int32) {
        guard watches.removeValue(forKey: descriptor) != nil else { return }
        _ = sys_epoll_remove(epoll, descriptor)
    }

    @discardableResult
    func after(_ milliseconds: Int64, _ action: @escaping () -> Void) -> Timer {
        timers += 1
        let appointment = Appointment(timer: Timer(number: timers), time: now + max(0, milliseconds), action: action)
        let place = appointments.firstIndex { $0.time > appointment.time } ?? appointments.count
        appointments.insert(appointment, at: place)
        return appointment.timer
    }

    func cancel(_ timer: Timer?) {
        guard let timer else { return }
        appointments.removeAll { $0.timer == timer }
    }

    func run() -> Never {
        while true { turn(longest: nil) }
    }

    /// One round: what is due, then what is ready within `longest` milliseconds.
    func turn(longest: Int64?) {
        while let first = appointments.first, first.time <= now {
            appointments.removeFirst()
            first.action()
        }
        var wait = appointments.first.map { max(0, $0.time - now) }
        if let longest { wait = min(wait ?? longest, longest) }
        var events = [sys_event](repeating: sys_event(), count: 32)
        let count = events.withUnsafeMutableBufferPointer {
            sys_epoll_wait(epoll, $0.baseAddress!, Int32($0.count), wait.map { Int32(clamping: $0) } ?? -1)
        }
        guard count > 0 else { return }
        for event in events.prefix(Int(count)) {
            let descriptor = Int32(bitPattern: UInt32(truncatingIfNeeded: event.token))
            // What an earlier event of this round has closed is of an earlier generation.
            guard let watch = watches[descriptor], watch.generation == UInt32(event.token >> 32) else { continue }
            watch.action(Readiness(rawValue: event.ready))
        }
    }
}
