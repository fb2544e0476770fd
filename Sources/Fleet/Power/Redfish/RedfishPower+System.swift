import Inventory
import Vocabulary

/// Which of a controller's systems the machine is.
extension RedfishPower {
    /// Systems that are looked at, at most.
    private static let mostSystems = 64

    func findSystem(_ client: RedfishClient, _ root: JSONValue) async throws -> RedfishSystem {
        guard let collection = root["Systems"]?["@odata.id"]?.text else {
            throw PowerFailure("\(controller) shows no Systems")
        }
        let members = try await client.getKnown(collection).json?["Members"]?.elements ?? []
        let paths = members.compactMap { $0["@odata.id"]?.text }
        if let name = redfish.system {
            guard let path = paths.first(where: { $0 == name || Self.name(of: $0) == name }) else {
                throw PowerFailure("\(controller) has no system '\(name)'; it has \(Self.names(of: paths))")
            }
            return RedfishSystem(try await client.getKnown(path))
        }
        if paths.count == 1 { return RedfishSystem(try await client.getKnown(paths[0])) }
        var systems: [RedfishSystem] = []
        for path in paths.prefix(Self.mostSystems) {
            let system = RedfishSystem(try await client.getKnown(path))
            if isMachine(uuid: system.uuid) { return system }
            systems.append(system)
        }
        for system in systems {
            if let cards = system.cards, try await hasCard(client, cards) { return system }
        }
        throw PowerFailure(
            "none of \(controller)'s systems (\(Self.names(of: paths))) has the machine's UUID or a MAC of it; name it with "
                + "`system:` in `bmc:`"
        )
    }

    private func isMachine(uuid: String?) -> Bool {
        guard let uuid = uuid.flatMap({ MachineUUID($0) }), let own = machine.uuid ?? machine.facts?.uuid else {
            return false
        }
        return uuid == own || uuid.byteSwapped == own
    }

    private func hasCard(_ client: RedfishClient, _ path: String) async throws -> Bool {
        for card in try await client.get(path).json?["Members"]?.elements ?? [] {
            guard let path = card["@odata.id"]?.text else { continue }
            let json = try await client.get(path).json
            let macs = [json?["MACAddress"]?.text, json?["PermanentMACAddress"]?.text]
            if macs.contains(where: { $0.flatMap { MACAddress($0) }.map(machine.macs.contains) ?? false }) {
                return true
            }
        }
        return false
    }

    private static func name(of path: String) -> Substring {
        path.split(separator: "/").last ?? ""
    }

    private static func names(of paths: [String]) -> String {
        paths.isEmpty ? "none" : paths.map { String(name(of: $0)) }.joined(separator: ", ")
    }
}
