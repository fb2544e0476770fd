import Vocabulary

/// What a kind of machine runs, and how it gets there.
public struct Profile: Hashable, Sendable {
    /// Where a profile's image comes from.
    public enum Image: Hashable, Sendable {
        /// An image by its name or digest.
        case reference(String)
        /// LinuxKit YAML files, merged in order; paths as the apply file's directory makes them. Their texts are in
        /// `definitions`.
        case definitions([String])
    }

    /// When a machine takes a new release.
    public enum Adoption: String, Hashable, Sendable, CaseIterable {
        /// When a roll grants it.
        case roll
        /// Whenever it reboots.
        case nextBoot
    }

    /// A file of the machine segment.
    public struct File: Hashable, Sendable {
        /// Relative to the root, without a leading slash.
        public var path: String
        public var template: String
        /// Permission bits.
        public var mode: UInt16

        public init(path: String, template: String, mode: UInt16 = 0o644) {
            self.path = path
            self.template = template
            self.mode = mode
        }
    }

    public var name: String
    public var image: Image
    /// The texts of the definitions, by the paths in `image`: the server builds from what was applied.
    public var definitions: [String: String]
    /// What the machines fetch the root as when they boot, of an image that is built of definitions; nil for an image
    /// whose initrd is its root.
    public var root: RootType?
    /// Build as soon as it is applied, not when the first machine asks.
    public var prebuild: Bool
    /// After the image's own command line.
    public var kernelArgs: [String]
    /// Build-time values: they make the image.
    public var vars: [String: String]
    /// Per machine, for `files`; the machine's own win.
    public var values: [String: JSONValue]
    public var files: [File]
    /// What `files` may name as `secrets.NAME`: where each is, never what it is.
    public var secrets: [String: SecretReference]
    public var adopt: Adoption
    /// nil: the agent's reports when the image contains our agent, else `fetched`.
    public var health: Health?
    /// With `Health.fetched`: how long after the last byte a machine must not come back to count as healthy.
    public var settle: TimeSpan
    public var rollout: RolloutOptions

    public static let defaultSettle = TimeSpan.minutes(5)

    public init(
        name: String,
        image: Image,
        definitions: [String: String] = [:],
        root: RootType? = nil,
        prebuild: Bool = false,
        kernelArgs: [String] = [],
        vars: [String: String] = [:],
        values: [String: JSONValue] = [:],
        files: [File] = [],
        secrets: [String: SecretReference] = [:],
        adopt: Adoption = .roll,
        health: Health? = nil,
        settle: TimeSpan = defaultSettle,
        rollout: RolloutOptions = RolloutOptions()
    ) {
        self.name = name
        self.image = image
        self.definitions = definitions
        self.root = root
        self.prebuild = prebuild
        self.kernelArgs = kernelArgs
        self.vars = vars
        self.values = values
        self.files = files
        self.secrets = secrets
        self.adopt = adopt
        self.health = health
        self.settle = settle
        self.rollout = rollout
    }
}

/// How the server learns that a machine is well.
public enum Health: Hashable, Sendable {
    /// The image's agent reports it.
    case agent
    /// Kernel and initrd were fetched whole and the machine did not come back within the profile's `settle`.
    case fetched
    /// The server asks the machine over HTTP.
    case http(HTTPProbe)
    /// The server opens a TCP connection to this port of the machine.
    case tcp(port: UInt16)
}

/// What is asked over HTTP; any answer of 200 to 399 is health.
public struct HTTPProbe: Hashable, Sendable {
    public enum Scheme: String, Hashable, Sendable, CaseIterable { case http, https }

    public var scheme: Scheme
    public var port: UInt16
    /// With its leading slash.
    public var path: String

    public init(scheme: Scheme = .http, port: UInt16 = 80, path: String = "/") {
        self.scheme = scheme
        self.port = port
        self.path = path
    }
}

extension HTTPProbe: CustomStringConvertible, LosslessStringConvertible {
    /// `http://:8080/healthz`: the host is always the machine.
    public var description: String { "\(scheme.rawValue)://:\(port)\(path)" }

    /// `/healthz`, `:8080/healthz` or `https://:8443/healthz`; nil for anything else.
    public init?(_ description: String) {
        var rest = description[...]
        var scheme = Scheme.http
        for candidate in Scheme.allCases where rest.hasPrefix("\(candidate.rawValue)://") {
            scheme = candidate
            rest = rest.dropFirst(candidate.rawValue.count + 3)
        }
        var port: UInt16 = scheme == .http ? 80 : 443
        if rest.hasPrefix(":") {
            let digits = rest.dropFirst().prefix { $0 != "/" }
            guard let number = UInt16(digits), number > 0 else { return nil }
            port = number
            rest = rest.dropFirst(1 + digits.count)
        }
        guard rest.isEmpty || rest.hasPrefix("/"), rest.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f }) else { return nil }
        guard !description.isEmpty else { return nil }
        self.init(scheme: scheme, port: port, path: rest.isEmpty ? "/" : String(rest))
    }
}
