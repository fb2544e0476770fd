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
