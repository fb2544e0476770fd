import Glibc

/// What the kernel refused: the call, what it was about, and why, with what to do about it where that is known.
public struct SystemError: Error, Hashable, Sendable {
    /// What was tried, as a person would say it: `bind UDP`.
    public let operation: String
    /// On what: `0.0.0.0:69 on eth0`.
    public let target: String
    /// The `errno` of the call.
    public let code: CInt

    /// - Parameter code: taken at once after the call; the default is what `errno` holds now.
    public init(_ operation: String, _ target: String, code: CInt = errno) {
        self.operation = operation
        self.target = target
        self.code = code
    }

    /// True for what passes by itself: a full queue, a firewall's or a route's momentary no.
    public var isTransient: Bool {
        switch code {
        case EAGAIN, EINTR, ENOBUFS, ENOMEM, ENETDOWN, ENETUNREACH, EHOSTUNREACH, EHOSTDOWN, ECONNREFUSED, EPERM: true
        default: false
        }
    }
}

extension SystemError: CustomStringConvertible {
    public var description: String {
        let what = "cannot \(operation) \(target): \(String(cString: strerror(code)))"
        return advice.map { "\(what) (\($0))" } ?? what
    }

    private var advice: String? {
        switch code {
        case EACCES where operation.hasPrefix("bind"): "needs CAP_NET_BIND_SERVICE for ports below 1024"
        case EPERM where operation.hasPrefix("open packet socket") || operation.contains("SO_BINDTODEVICE"):
            "needs CAP_NET_RAW"
        case EPERM where operation.hasPrefix("send"): "a firewall rule on this host drops it"
        case EADDRINUSE: "another program has that port: `ss -lunp` names it"
        case EADDRNOTAVAIL: "no interface has that address now"
        case ENODEV, ENXIO: "there is no such interface now: `ip link` lists them"
        case EMFILE, ENFILE: "too many open files: raise LimitNOFILE"
        default: nil
        }
    }
}
