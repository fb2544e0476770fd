import Build
import Inventory
import PXE
import Vocabulary

/// What running systems ask about their own machine, known by its address alone: so only what is public is said.
///
/// That is its name, its address, and what stands under `public:` among the profile's values and the machine's, the
/// machine's in front: `authorizedKeys` (a list or text), `userData`, `failureDomain`, `machineType`, `publicAddress`.
extension FleetAuthority {
    public func metadata(_ item: MetadataItem, for peer: IPv4Address) -> Content? {
        guard let mac = addresses.mac(of: peer, now: .now()),
            let (machine, profile) = snapshot.read({ snapshot -> (Machine, Profile?)? in
                guard let machine = snapshot.machine(mac: mac) else { return nil }
                let identity = MachineIdentity(mac: mac)
                let name =
                    machine.profile ?? snapshot.profileName(of: machine, identity: identity, address: peer)
                return (machine, name.flatMap { snapshot.profiles[$0] })
            }),
            let text = PublicMetadata(machine, profile, address: peer).text(item)
        else { return nil }
        return Content(
            pieces: [.bytes(Array(text.utf8))],
            digest: nil,
            mediaType: "text/plain; charset=utf-8",
            isImmutable: false
        )
    }
}

/// The public side of one machine.
struct PublicMetadata: Sendable {
    private let machine: Machine
    private let profileName: String?
    private let address: IPv4Address
    private let values: [String: JSONValue]

    init(_ machine: Machine, _ profile: Profile?, address: IPv4Address) {
        self.machine = machine
        self.address = address
        profileName = profile?.name
        func values(_ all: [String: JSONValue]) -> [String: JSONValue] {
            if case .object(let values)? = all["public"] { values } else { [:] }
        }
        self.values = values(profile?.values ?? [:]).merging(values(machine.values)) { $1 }
    }

    /// nil for what nobody said.
    func text(_ item: MetadataItem) -> String? {
        switch item {
        case .hostname: machine.name
        case .privateAddress: "\(address)"
        case .publicAddress: text("publicAddress")
        case .failureDomain: text("failureDomain")
        case .machineID: machineID
        case .machineType: text("machineType") ?? profileName
        case .authorizedKeys: keys.isEmpty ? nil : keys.map { $0 + "\n" }.joined()
        case .userData, .compatibleUserData: text("userData")
        // cloud-init takes the source for absent when one of these is.
        case .noCloudUserData: text("userData") ?? ""
        case .noCloudVendorData: ""
        case .noCloudMetaData: noCloudMetaData
        }
    }

    private func text(_ key: String) -> String? {
        if case .string(let text)? = values[key] { text } else { nil }
    }

    private var keys: [String] {
        switch values["authorizedKeys"] {
        case .string(let text)?: text.split(separator: "\n").map(String.init)
        case .array(let keys)?: keys.compactMap { if case .string(let key) = $0 { key } else { nil } }
        default: []
        }
    }

    /// As in `/etc/machine-id`: 32 hexadecimal digits that stay the machine's.
    private var machineID: String {
        if let uuid = machine.uuid { return hexadecimal(uuid.octets) }
        return String(Digest(of: Array("machine-id \(machine.name)".utf8)).hex.prefix(32))
    }

    /// JSON, which is YAML.
    private var noCloudMetaData: String {
        let fields: [String: JSONValue] = [
            "instance-id": .string(machineID), "local-hostname": .string(machine.name),
            "public-keys": .array(keys.map(JSONValue.string)),
        ]
        return JSONValue.object(fields).json + "\n"
    }
}
