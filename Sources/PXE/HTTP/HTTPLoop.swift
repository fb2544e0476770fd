import Glibc
import NIOCore
import Vocabulary

/// What the connections of one event loop share: the date that their answers carry, and the timer that ends waits which
/// last too long.
///
/// One timer looks at all connections, instead of each setting its own: a connection that lives for one request costs
/// the event loop no timer at all. Belongs to its event loop.
final class HTTPLoop {
    private let eventLoop: any NIOCore.EventLoop
    private let interval: TimeAmount
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private var isLooking = false
    private var pipe: FilePipe?
    /// Those that go on after the pause that is planned.
    private var pausing: [() -> Void] = []
    private var pause: Scheduled<Void>?
    private var paused = NIODeadline.distantPast

    /// How long tasks may follow each other before the event loop looks at its sockets.
    private static let longestRun = TimeAmount.milliseconds(20)
    /// Long enough for the event loop to run out of tasks that are due.
    private static let pauseLength = TimeAmount.microseconds(50)
    private var date = HTTPDate()

    init(eventLoop: any NIOCore.EventLoop, limits: HTTPBootService.Configuration.Limits) {
        self.eventLoop = eventLoop
        interval = Self.interval(limits)
    }

    /// Looks after `connection` until it is removed.
    func add(_ connection: HTTPConnection) {
        connections[ObjectIdentifier(connection)] = connection
        if !isLooking { lookLater() }
    }

    func remove(_ connection: HTTPConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// What files leave through; nil when the system has no room for it, which is asked for each time.
    var filePipe: FilePipe? {
        if let pipe { return pipe }
        pipe = try? FilePipe()
        return pipe
    }

    /// The pipe is good for another file unless it could not be emptied.
    func giveUpPipe(after error: any Error) {
        if (error as? SystemError)?.code == ENOTRECOVERABLE { pipe = nil }
    }

    /// Runs `body` after the turns of other connections.
    ///
    /// NIO runs tasks until there are none before it looks at sockets again, so that tasks which beget tasks would keep
    /// everybody out who is not having turns already. Hence a pause now and then, for all at once.
    func afterOthers(_ body: @escaping () -> Void) {
        let now = NIODeadline.now()
        guard !pausing.isEmpty || now - paused >= Self.longestRun else {
            eventLoop.assumeIsolated().execute(body)
            return
        }
        pausing.append(body)
        pause?.cancel()
        pause = eventLoop.assumeIsolated().scheduleTask(deadline: now + Self.pauseLength) {
            self.paused = .now()
            let bodies = self.pausing
            self.pausing = []
            for body in bodies { body() }
        }
    }

    /// The `Date` field's value at this moment.
    func currentDate() -> [UInt8] {
        date.update(Moment.now().wall)
        return date.bytes
    }

    /// Once for all, for as long as there is a connection.
    private func lookLater() {
        isLooking = true
        eventLoop.assumeIsolated().scheduleTask(in: interval) {
            let now = NIODeadline.now()
            for connection in self.connections.values { connection.checkTime(now) }
            self.isLooking = false
            if !self.connections.isEmpty { self.lookLater() }
        }
    }

    /// A fourth of the shortest wait, so that none is exceeded by more than that.
    private static func interval(_ limits: HTTPBootService.Configuration.Limits) -> TimeAmount {
        let waits = [TimeAmount(limits.idle), TimeAmount(limits.answer), TimeAmount(limits.stall)]
        let shortest = waits.reduce(HTTPConnection.linger, min)
        return .nanoseconds(max(shortest.nanoseconds / 4, 1_000_000))
    }
}
