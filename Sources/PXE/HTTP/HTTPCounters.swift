import NIOCore
import NIOHTTP1
import Synchronization
import Vocabulary

/// What the boot plane's HTTP has done since it started. Written by every event loop, read by anybody.
public final class HTTPCounters: Sendable {
    /// What is asked for.
    public enum Route: Int, Hashable, Sendable, CaseIterable {
        case script, kernel, initrd, loader, blob, segment, report, orders, metadata, other
    }

    public enum Method: Int, Hashable, Sendable, CaseIterable { case get, head, post, other }

    /// Answers of one kind.
    public struct Answers: Hashable, Sendable {
        public var route: Route
        public var method: Method
        public var status: Int
        public var count: UInt64
    }

    /// The counters at one moment.
    public struct Snapshot: Hashable, Sendable {
        public var scripts: UInt64 = 0
        public var resources: UInt64 = 0
        /// Answers that were none: 4xx.
        public var refused: UInt64 = 0
        /// Connections and requests that were told to come again: 503.
        public var unavailable: UInt64 = 0
        /// Bytes of resources, without heads and scripts.
        public var bytes: UInt64 = 0
        /// Transfers that ended early.
        public var aborted: UInt64 = 0
        /// Transfers under way.
        public var activeTransfers: Int = 0
        /// Connections open.
        public var connections: Int = 0
        /// Only those that there were.
        public var answers: [Answers] = []
        /// Bytes of resources by what they are of.
        public var sent: [Route: UInt64] = [:]
        /// From a request's last byte to its answer's.
        public var times: [Route: Histogram.Snapshot] = [:]
    }

    private final class Counter: Sendable {
        let value = Atomic<UInt64>(0)
        func add(_ count: UInt64 = 1) { value.add(count, ordering: .relaxed) }
        var count: UInt64 { value.load(ordering: .relaxed) }
    }

    private let scripts = Counter()
    private let resources = Counter()
    private let refused = Counter()
    private let unavailable = Counter()
    private let aborted = Counter()
    private let activeTransfers = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)
    /// By route, method and status.
    private let answers = (0..<Route.allCases.count * Method.allCases.count * ResponseHead.Status.allCases.count).map {
        _ in
        Counter()
    }
    /// By route.
    private let sent = Route.allCases.map { _ in Counter() }
    private let times = Route.allCases.map { _ in Histogram() }

    init() {}

    public var snapshot: Snapshot {
        var snapshot = Snapshot(
            scripts: scripts.count,
            resources: resources.count,
            refused: refused.count,
            unavailable: unavailable.count,
            bytes: sent.reduce(0) { $0 + $1.count },
            aborted: aborted.count,
            activeTransfers: activeTransfers.load(ordering: .relaxed),
            connections: openConnections
        )
        for route in Route.allCases {
            snapshot.sent[route] = sent[route.rawValue].count
            snapshot.times[route] = times[route.rawValue].snapshot
            for method in Method.allCases {
                for (index, status) in ResponseHead.Status.allCases.enumerated() {
                    let count = answers[Self.place(route, method, index)].count
                    guard count > 0 else { continue }
                    snapshot.answers.append(
                        Answers(route: route, method: method, status: status.rawValue, count: count)
                    )
                }
            }
        }
        return snapshot
    }

    private static func place(_ route: Route, _ method: Method, _ status: Int) -> Int {
        (route.rawValue * Method.allCases.count + method.rawValue) * ResponseHead.Status.allCases.count + status
    }

    private static let statusPlaces = Dictionary(
        uniqueKeysWithValues: ResponseHead.Status.allCases.enumerated().map { ($1, $0) }
    )

    var openConnections: Int { connections.load(ordering: .relaxed) }

    func countScript() { scripts.add() }
    func countResource() { resources.add() }
    func countProblem(_ status: ResponseHead.Status) { (status == .unavailable ? unavailable : refused).add() }

    /// An answer's head is on its way.
    func count(_ exchange: HTTPConnection.Exchange, _ status: ResponseHead.Status) {
        guard let place = Self.statusPlaces[status] else { return }
        answers[Self.place(exchange.route, exchange.method, place)].add()
    }

    /// An answer has left, or is in the kernel's hands.
    func answered(_ exchange: HTTPConnection.Exchange) {
        // An agent's question is held until there is an order: that is no time that anything took.
        guard exchange.route != .orders else { return }
        let time = NIODeadline.now() - exchange.began
        times[exchange.route.rawValue].observe(.nanoseconds(time.nanoseconds))
    }

    func transferBegan() { activeTransfers.add(1, ordering: .relaxed) }
    func transferEnded(_ exchange: HTTPConnection.Exchange, bytes count: UInt64, isWhole: Bool) {
        activeTransfers.subtract(1, ordering: .relaxed)
        sent[exchange.route.rawValue].add(count)
        if isWhole { answered(exchange) } else { aborted.add() }
    }
    /// - Returns: Connections now open.
    func connectionOpened() -> Int { connections.add(1, ordering: .relaxed).newValue }
    func connectionClosed() { connections.subtract(1, ordering: .relaxed) }
}

extension HTTPCounters.Route {
    init(_ name: ResourceName?) {
        switch name {
        case .ipxeScript, .grubConfiguration: self = .script
        case .image(_, let part), .boot(_, let part):
            self = part == "kernel" ? .kernel : part.hasPrefix("initrd") ? .initrd : .other
        case .loader: self = .loader
        case .blob: self = .blob
        case .call(_, .segment): self = .segment
        case .call(_, .report): self = .report
        case .call: self = .orders
        case .metadata: self = .metadata
        case .health, nil: self = .other
        }
    }
}

extension HTTPCounters.Method {
    init(_ method: HTTPMethod) {
        switch method {
        case .GET: self = .get
        case .HEAD: self = .head
        case .POST: self = .post
        default: self = .other
        }
    }
}
