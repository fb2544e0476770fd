/// `muster.json` beside a container's `runtime.json`: how the container is looked after. Without the file it is treated as
/// LinuxKit treats it.
struct SupervisionSettings: Equatable {
    enum Failure: String {
        case halt
        case proceed = "continue"
    }
    enum Restart: String {
        case always, never
        case onFailure = "on-failure"
    }

    struct Health: Equatable {
        enum Probe: Equatable {
            /// In the container; status 0 is healthy.
            case command([String])
            /// From the machine; a status of 200 to 399 is healthy.
            case http(HTTPAddress)
            case tcp(SocketAddress)
        }

        var probe: Probe
        /// In milliseconds.
        var interval: Int64 = 10_000
        var timeout: Int64 = 5_000
    }

    /// What becomes of the boot when an onboot container fails.
    var onFailure = Failure.proceed
    var restart = Restart.never
    /// Services that are ready before this one starts.
    var after: [String] = []
    var health: Health?

    init() {}

    /// - Throws: for what the builder does not write.
    init(parsing bytes: [UInt8]) throws(InitError) {
        let json = try JSONParser.parse(bytes)
        if let word = json["onFailure"]?.text {
            guard let value = Failure(rawValue: word) else { throw InitError("'\(word)' is no onFailure") }
            onFailure = value
        }
        if let word = json["restart"]?.text {
            guard let value = Restart(rawValue: word) else { throw InitError("'\(word)' is no restart") }
            restart = value
        }
        after = json["after"]?.texts ?? []
        if let health = json["health"] { self.health = try Self.health(health) }
    }

    private static func health(_ json: JSON) throws(InitError) -> Health {
        var health: Health
        if let text = json["http"]?.text {
            health = Health(probe: .http(try HTTPAddress(text)))
        } else if let text = json["tcp"]?.text {
            health = Health(probe: .tcp(try SocketAddress(text)))
        } else if let command = json["command"]?.texts, !command.isEmpty {
            health = Health(probe: .command(command))
        } else {
            throw InitError("a health check has neither command nor http nor tcp")
        }
        if let milliseconds = json["interval"]?.integer { health.interval = max(1, Int64(milliseconds)) }
        if let milliseconds = json["timeout"]?.integer { health.timeout = max(1, Int64(milliseconds)) }
        return health
    }
}
