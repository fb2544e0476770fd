import Vocabulary

/// What a machine asks under its boot's own name: `/boots/<id>/report`, `orders`, `logs` and `segment`.
public struct MachineCall: Hashable, Sendable {
    /// The last part of the path.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The running system says how it is. Takes the boot's token.
        case report
        /// The running system asks what it shall do. Takes the boot's token.
        case orders
        /// The running system shows a part of a log that it was asked for. Takes the boot's token.
        case logs
        /// The loader fetches what only this machine may have, the token among it.
        case segment

        /// Whether it is sent, and not asked for.
        var isSent: Bool { self == .report || self == .logs }
    }

    public var boot: BootID
    public var kind: Kind
    /// Where the call comes from: effects need it to belong to the machine.
    public var peer: IPv4Address
    /// What followed `Bearer` in the request; nil when there was nothing of the kind.
    public var token: [UInt8]?
    /// The body of a report or of a part of a log; unchecked.
    public var body: [UInt8]
    /// Where the machine reaches the boot plane's HTTP.
    public var server: Endpoint
    /// Of orders: for how long there may be no answer while there is no order.
    public var wait: Duration
    /// Of logs: which part the body is; nil when the call does not say.
    public var part: LogPart?

    public init(
        boot: BootID,
        kind: Kind,
        peer: IPv4Address,
        token: [UInt8]? = nil,
        body: [UInt8] = [],
        server: Endpoint,
        wait: Duration = .zero,
        part: LogPart? = nil
    ) {
        self.boot = boot
        self.kind = kind
        self.peer = peer
        self.token = token
        self.body = body
        self.server = server
        self.wait = wait
        self.part = part
    }
}

/// What a call comes to.
public enum MachineCallAnswer: Hashable, Sendable {
    /// It is written down.
    case done
    /// One JSON object.
    case state([UInt8])
    /// A cpio archive: for this one caller, this once.
    case segment([UInt8])
    /// The body is not what it has to be; says why, in words of ours.
    case malformed(String)
    /// The token is absent, wrong, or used from elsewhere.
    case unauthorized
    /// The segment is not handed out to this caller, or not again.
    case forbidden
    /// Nobody waits for that part of a log any more.
    case unwanted
    /// The boot is over, or never was.
    case closed
    /// It cannot be answered now: to be asked again after so many seconds.
    case later(seconds: Int)
}
