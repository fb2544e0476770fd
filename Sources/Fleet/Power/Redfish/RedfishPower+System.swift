import Inventory
import Vocabulary

/// Which of a controller's systems the machine is.
extension RedfishPower {
    /// Systems that are looked at, at most; and pages of a collection.
    private static let mostSystems = 64
    private static let mostPages = 32

    func findSystem(_ client: RedfishClient, _ root: JSONValue) async throws -> RedfishSystem {
        guard let collection = root["Systems"]?["@odata.id"]?.text else {
            throw PowerFailure("\(controller) shows no Systems")
        }
        let paths = try await members(of: collection, by: client.getKnown)
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

    /// The paths of what a collection holds, page after page (DSP0266, "Collections": `Members@odata.nextLink`).
    private func members(
        of collection: String,
        by get: (String) async throws -> RedfishReply
    ) async throws -> [String] {
        var paths: [String] = []
        var page = collection
        for _ in 0..<Self.mostPages {
            let json = try await get(page).json
            paths += (json?["Members"]?.elements ?? []).compactMap { $0["@odata.id"]?.text }
            guard let next = json?["Members@odata.nextLink"]?.text else { return paths }
            page = RedfishClient.path(next)
        }
        throw PowerFailure(
            "\(controller) has more than \(Self.mostPages) pages of \(collection), or shows them for ever"
        )
    }

    private func isMachine(uuid: String?) -> Bool {
        guard let uuid = uuid.flatMap({ MachineUUID($0) }), let own = machine.uuid ?? machine.facts?.uuid else {
            return false
        }
        return uuid == own || uuid.byteSwapped == own
    }

    private func hasCard(_ client: RedfishClient, _ path: String) async throws -> Bool {
        for path in try await members(of: path, by: client.get) {
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
