import ArgumentParser
import Foundation

/// What every command takes.
struct CommonOptions: ParsableArguments, Sendable {
    @Option(name: .customLong("data"), help: .init("Databases, blobs and the socket lie in DIR.", valueName: "dir"))
    var data: String?

    @Option(
        name: .customLong("config"),
        help: .init("Read FILE, not $MUSTER_CONFIG, ./muster.yml or /etc/muster/muster.yml.", valueName: "file")
    )
    var file: String?

    @Flag(name: .customLong("json"), help: "Print JSON.")
    var json = false

    @Option(
        help: .init("Ask this server over TCP, not the unix socket; else $MUSTER_SERVER.", valueName: "url")
    )
    var server: String?

    @Option(help: .init("The token for --server; else $MUSTER_TOKEN.", valueName: "file"))
    var tokenFile: String?

    @Option(
        help: .init("What --server's certificate stands on (PEM); else $MUSTER_CA_FILE.", valueName: "file")
    )
    var caFile: String?

    /// The server that the command asks.
    ///
    /// - Throws: `ValidationError` for a URL that is none; `ClientError` for a token that cannot be read.
    func serverPlace() throws -> ServerPlace {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        guard let text = server ?? (data == nil ? environment["MUSTER_SERVER"] : nil) else {
            return .socket(try load().configuration.control.socket)
        }
        guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host() != nil else {
            throw ValidationError("--server: found '\(text)', expected a URL such as https://boot.example:8081")
        }
        return .network(
            url: text.hasSuffix("/") ? String(text.dropLast()) : text,
            token: try tokenFile.map(Self.token) ?? environment["MUSTER_TOKEN"],
            authority: caFile ?? environment["MUSTER_CA_FILE"]
        )
    }

    private static func token(in path: String) throws -> String {
        do {
            return try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            throw ClientError("cannot read the token in \(path): \(error.localizedDescription)")
        }
    }

    /// The configuration as this command line, the environment and the file make it.
    ///
    /// - Parameter serving: the flags of commands that serve; nil for others.
    /// - Throws: `ValidationError` for what a flag says, because that is bad usage; else `ConfigurationError`.
    func load(_ serving: ServingOptions? = nil) throws -> EffectiveConfiguration {
        var flags: [String: SettingsNode] = [:]
        for (key, flag, value) in [("data", "--data", data)] + (serving?.values ?? []) {
            if let value { flags[key] = SettingsNode(content: .scalar(value), place: flag) }
        }
        do {
            return try EffectiveConfiguration.load(
                file: file,
                flags: flags,
                environment: ProcessInfo.processInfo.environment
            )
        } catch {
            let isUsage = flags.values.contains { error.description.hasPrefix("\($0.place): ") }
            if isUsage { throw ValidationError(error.description) }
            throw error
        }
    }
}

/// The important settings as flags, for commands that serve or look at what would be served.
struct ServingOptions: ParsableArguments, Sendable {
    @Option(help: .init("The provisioning network's interface.", valueName: "name"))
    var interface: String?

    @Option(help: .init("The server's address, when not the interface's.", valueName: "ipv4"))
    var address: String?

    @Option(help: .init("Whom serve becomes when root starts it.", valueName: "name"))
    var user: String?

    @Option(help: .init("off, proxy or server.", valueName: "mode"))
    var dhcpMode: String?

    @Option(help: .init("TFTP's port.", valueName: "port"))
    var tftpPort: String?

    @Option(help: .init("The boot plane's HTTP port.", valueName: "port"))
    var httpPort: String?

    @Option(help: .init("The API's address and port, or off.", valueName: "address:port"))
    var controlListen: String?

    @Option(help: .init("trace, debug, info, notice, warning or error.", valueName: "level"))
    var log: String?

    fileprivate var values: [(key: String, flag: String, value: String?)] {
        [
            ("interface", "--interface", interface),
            ("address", "--address", address),
            ("user", "--user", user),
            ("dhcp.mode", "--dhcp-mode", dhcpMode),
            ("tftp.port", "--tftp-port", tftpPort),
            ("http.port", "--http-port", httpPort),
            ("control.listen", "--control-listen", controlListen),
            ("log", "--log", log),
        ]
    }
}
