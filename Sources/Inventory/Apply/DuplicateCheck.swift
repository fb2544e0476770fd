import Vocabulary
internal import Yams

/// Finds what only one may have and two claim within one set of files.
struct DuplicateCheck {
    private enum Claim: Hashable {
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

    /// Who claimed it first, and where.
    private struct Owner {
        var kind: String
        var name: String
        var path: String
        var mark: Mark?
    }

    private var claims: [Claim: Owner] = [:]

    mutating func add(_ resource: Resource, at node: Node, log: ProblemLog) {
        claim(.name(kind: resource.kind, resource.name), by: resource, at: node, log: log)
        guard case .machine(let described) = resource else { return }
        let machine = described.machine
        for nic in machine.nics {
            claim(.mac(nic.mac), by: resource, at: node, log: log)
            if let address = nic.address { claim(.address(address), by: resource, at: node, log: log) }
        }
        if let uuid = machine.uuid { claim(.uuid(uuid), by: resource, at: node, log: log) }
        if let serial = machine.serial { claim(.serial(serial), by: resource, at: node, log: log) }
    }

    private mutating func claim(_ claim: Claim, by resource: Resource, at node: Node, log: ProblemLog) {
        let place = Self.place(of: claim, in: node)
        guard let other = claims[claim] else {
            claims[claim] = Owner(kind: resource.kind, name: resource.name, path: log.path, mark: place.mark)
            return
        }
        let position = other.mark.map { ":\($0.line):\($0.column)" } ?? ""
        log.add(
            "found \(claim.description) a second time, expected it once; it is already that of "
                + "\(other.kind) \(other.name) at \(other.path)\(position)",
            at: place
        )
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
