import Vocabulary

/// How registries are reached.
public struct RegistryConfiguration: Hashable, Sendable {
    /// What is said about one registry.
    public struct Host: Hashable, Sendable {
        /// Asked before the registry itself, in this order: `https://mirror.example.org`, a path allowed.
        public var mirrors: [String]
        /// Plain HTTP, no TLS; nil for what suits: loopback addresses are plain.
        public var isPlain: Bool?

        public init(mirrors: [String] = [], isPlain: Bool? = nil) {
            self.mirrors = mirrors
            self.isPlain = isPlain
        }
    }

    /// By the registry's name in references: `docker.io`, `registry.example.org:5000`.
    public var hosts: [String: Host]
    /// A PEM file of certificates that are trusted beside the system's.
    public var authorities: String?
    /// Where Docker looks for the authorities of one registry: `HOST[:PORT]/ca.crt` in there.
    public var certificates = "/etc/docker/certs.d"
    /// Docker's `config.json`; nil for `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`.
    public var credentials: String?
    public var connectTimeout: Duration = .seconds(10)
    /// How long a registry may say nothing.
    public var readTimeout: Duration = .seconds(60)
    /// Of each question and of each blob, the first one included.
    public var attempts = 5
    /// A registry that wants to be left alone longer than this is not waited for.
    public var longestPause: Duration = .seconds(120)
    /// Blobs at once.
    public var parallelBlobs = 4

    public init(hosts: [String: Host] = [:], authorities: String? = nil, credentials: String? = nil) {
        self.hosts = hosts
        self.authorities = authorities
        self.credentials = credentials
    }
}

/// A server that answers for a registry: itself, or one of its mirrors.
struct RegistryEndpoint: Hashable, Sendable {
    /// `https://registry-1.docker.io`, without a slash at the end.
    var url: String
    /// What its credentials are filed under: `docker.io`, `localhost:5000`.
    var name: String

    var isPlain: Bool { url.hasPrefix("http://") }
    /// The URL without its path.
    var origin: String { (isPlain ? "http://" : "https://") + Self.authority(of: url) }

    /// The endpoints of a registry in the order in which they are asked, itself last.
    static func all(of registry: String, _ configuration: RegistryConfiguration) -> [RegistryEndpoint] {
        let host = configuration.hosts[registry]
        let mirrors = (host?.mirrors ?? []).map { mirror in
            let url = mirror.contains("://") ? mirror : "https://\(mirror)"
            let trimmed = String(url.reversed().drop { $0 == "/" }.reversed())
            return RegistryEndpoint(url: trimmed, name: authority(of: trimmed))
        }
        let isPlain = host?.isPlain ?? isLoopback(registry)
        let server = registry == "docker.io" ? "registry-1.docker.io" : registry
        return mirrors + [RegistryEndpoint(url: (isPlain ? "http://" : "https://") + server, name: registry)]
    }

    /// Host and port of a URL.
    static func authority(of url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        return String(rest.prefix { $0 != "/" })
    }

    /// Whether a host, perhaps with a port, is this machine whatever its configuration says.
    static func isLoopback(_ authority: String) -> Bool {
        if authority.hasPrefix("[") { return authority.hasPrefix("[::1]") }
        let host = authority.prefix { $0 != ":" }
        if host == "localhost" { return true }
        return IPv4Address(host).map { $0.rawValue >> 24 == 127 } ?? false
    }
}
