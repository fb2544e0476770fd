import Vocabulary

/// How a machine is switched from outside: what `bmc:` of it says, read.
public struct BMC: Hashable, Sendable {
    public struct Redfish: Hashable, Sendable {
        /// How the controller's certificate is believed.
        public enum Trust: Hashable, Sendable {
            /// The one that it shows first, from then on.
            case firstSeen
            /// The one with this SHA-256 of its DER form.
            case fingerprint(Digest)
            /// Any; and plain HTTP.
            case anything
        }

        public var isSecure: Bool
        public var host: String
        public var port: Int
        public var trust: Trust
        /// The name of one of its systems; nil when it has only one, or the machine's UUID or a MAC tells which.
        public var system: String?
    }

    public struct IPMI: Hashable, Sendable {
        public var host: String
        public var port: Int
        /// The cipher suite; nil to try 17, then 3.
        public var cipher: Int?
    }

    public var redfish: Redfish?
    public var ipmi: IPMI?
    /// Where `user:password` of Redfish and IPMI is.
    public var credentials: SecretReference?
    /// False for a machine that boots as a BIOS does.
    public var isEFI: Bool
    /// A program and its first arguments.
    public var exec: [String]
    /// Cards that a magic packet wakes.
    public var wakeOnLAN: [MACAddress]
}

/// What is wrong with what `bmc:` says.
public struct BMCProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The key, or nil for all of it.
    public var key: String?
    public var found: String?
    public var expected: String

    public var description: String {
        let place = key.map { "bmc.\($0)" } ?? "bmc"
        return "\(place): " + (found.map { "found '\($0)', " } ?? "") + "expected \(expected)"
    }
}

extension Machine {
    /// How it is switched from outside; nil when nobody said so.
    ///
    /// - Throws: `BMCProblem`; never for what `apply` has taken.
    public func powerAccess() throws(BMCProblem) -> BMC? {
        bmc.isEmpty ? nil : try BMC(bmc, macs: macs)
    }
}

extension BMC {
    static let keys = [
        "redfish", "ipmi", "credentials", "system", "insecure", "fingerprint", "cipher", "efi", "exec", "wakeOnLAN",
    ]

    /// - Parameter macs: the machine's cards, of which the first is woken by `wakeOnLAN: true`.
    init(_ members: [String: JSONValue], macs: [MACAddress]) throws(BMCProblem) {
        let reader = BMCReader(members: members)
        try reader.check(members.keys.sorted())
        credentials = try reader.secret("credentials")
        isEFI = try reader.bool("efi") ?? true
        exec = try reader.program("exec")
        wakeOnLAN = try reader.cards("wakeOnLAN", of: macs)
        redfish = try reader.redfish()
        ipmi = try reader.ipmi()
        guard redfish != nil || ipmi != nil || !exec.isEmpty || !wakeOnLAN.isEmpty else {
            throw BMCProblem(key: nil, found: nil, expected: "at least one of redfish, ipmi, exec and wakeOnLAN")
        }
        let needsCredentials = redfish != nil || ipmi != nil
        if needsCredentials, credentials == nil {
            throw BMCProblem(key: nil, found: nil, expected: "credentials: \(BMCReader.secretForms), of user:password")
        }
        if !needsCredentials, credentials != nil {
            throw BMCProblem(key: "credentials", found: nil, expected: "them beside redfish or ipmi")
        }
    }
}
