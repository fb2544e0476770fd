internal import StrictYAML
import Vocabulary

/// Finds what only one may have and two claim within one set of files.
struct DuplicateCheck {
    private enum Claim {
        case name(kind: String, String)
        case mac(MACAddress)
        case address(IPv4Address)
        case uuid(MachineUUID)
        case serial(String)

        var description: String {
            switch self {
            case .name(let kind, let name): "\(kind) \(name)"
            case .mac(let mac): "MAC \(mac)"
            case .address(let address): "address \(address)"
            case .uuid(let uuid): "UUID \(uuid)"
            case .serial(let serial): "serial \(serial)"
            }
        }
    }

    /// Where it was claimed first; small, because a hundred thousand machines make three times as many.
    private struct Place {
        /// In `owners`.
        var owner: Int32
        /// 0 when unknown.
        var line: Int32
        var column: Int32
    }

    private struct Owner {
        var kind: String
        var name: String
        var path: String
    }

    private var owners: [Owner] = []
    private var names: [String: Place] = [:]
    private var macs: [MACAddress: Place] = [:]
    private var addresses: [IPv4Address: Place] = [:]
    private var uuids: [MachineUUID: Place] = [:]
    private var serials: [String: Place] = [:]

    mutating func add(_ resource: Resource, at node: Node, log: ProblemLog) {
        owners.append(Owner(kind: resource.kind, name: resource.name, path: log.path))
        claim(.name(kind: resource.kind, resource.name), at: node, log: log)
        guard case .machine(let described) = resource else { return }
        let machine = described.machine
        for nic in machine.nics {
            claim(.mac(nic.mac), at: node, log: log)
            if let address = nic.address { claim(.address(address), at: node, log: log) }
        }
        if let uuid = machine.uuid { claim(.uuid(uuid), at: node, log: log) }
        if let serial = machine.serial { claim(.serial(serial), at: node, log: log) }
    }

    private mutating func claim(_ claim: Claim, at node: Node, log: ProblemLog) {
        let node = Self.place(of: claim, in: node)
        let place = Place(
            owner: Int32(owners.count - 1),
            line: Int32(clamping: node.mark.line),
            column: Int32(clamping: node.mark.column)
        )
        guard let other = first(claim, at: place) else { return }
        let owner = owners[Int(other.owner)]
        let position = SourcePlace(path: owner.path, line: Int(other.line), column: Int(other.column))
        log.add(
            "found \(claim.description) a second time, expected it once; it is already that of "
                + "\(owner.kind) \(owner.name) at \(position)",
            at: node
        )
    }

    /// The place where something was claimed before; nil when this is the first.
    private mutating func first(_ claim: Claim, at place: Place) -> Place? {
        func note<Key>(_ key: Key, _ claims: inout [Key: Place]) -> Place? {
            if let other = claims[key] { return other }
            claims[key] = place
            return nil
        }
        return switch claim {
        // A machine's name has no blank in it.
        case .name(let kind, let name): note(kind == "Machine" ? name : "\(kind) \(name)", &names)
        case .mac(let mac): note(mac, &macs)
        case .address(let address): note(address, &addresses)
        case .uuid(let uuid): note(uuid, &uuids)
        case .serial(let serial): note(serial, &serials)
        }
    }

    /// Where in a document the claim stands.
    private static func place(of claim: Claim, in node: Node) -> Node {
        guard case .mapping(let mapping) = node else { return node }
        switch claim {
        case .name: return mapping["name"] ?? node
        case .uuid: return mapping["uuid"] ?? node
        case .serial: return mapping["serial"] ?? node
        case .mac(let mac):
            return mapping["macs"]?.sequence?.first { $0.verbatim.flatMap { MACAddress($0) } == mac } ?? node
        case .address(let address):
            guard let value = mapping["address"] else { return node }
            return value.mapping?.first { $0.value.verbatim.flatMap { IPv4Address($0) } == address }?.value ?? value
        }
    }
}
