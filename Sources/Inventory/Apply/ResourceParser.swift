internal import StrictYAML
import Vocabulary

/// Reads one document. Every problem goes to the log; a document with any is nil.
struct ResourceParser {
    let log: ProblemLog

    private static let kinds = ["Profile", "Machine", "Assignment"]

    func resource(_ node: Node) -> Resource? {
        let before = log.problems.count
        guard case .mapping(let mapping) = node else {
            log.expected("a mapping with kind, name and so on", at: node)
            return nil
        }
        guard let kind = mapping["kind"] else {
            log.add("found no 'kind', expected kind: \(Self.kinds.joined(separator: ", "))", at: node)
            return nil
        }
        let resource: Resource?
        switch kind.verbatim {
        case "Profile": resource = profile(node).map(Resource.profile)
        case "Machine": resource = machine(node).map(Resource.machine)
        case "Assignment": resource = assignment(node).map(Resource.assignment)
        default:
            let hint = nearest(to: kind.verbatim ?? "", in: Self.kinds).map { "; did you mean \($0)?" } ?? ""
            log.add("found kind \(kind.found), expected one of \(Self.kinds.joined(separator: ", "))\(hint)", at: kind)
            return nil
        }
        return log.problems.count == before ? resource : nil
    }

    /// The name of a document of any kind.
    func name(_ reader: MappingReader) -> String? {
        guard let node = reader.required("name", ResourceNames.expectation) else { return nil }
        return self.name(node)
    }

    func name(_ node: Node) -> String? {
        log.scalar(node, ResourceNames.expectation) { ResourceNames.isValid($0) ? $0 : nil }
    }

    // MARK: Machine

    private func machine(_ node: Node) -> MachineResource? {
        let keys = [
            "kind", "name", "macs", "address", "labels", "values", "profile", "uuid", "serial", "arch", "state",
            "loader", "bmc",
        ]
        guard let reader = MappingReader(node, known: keys, log: log) else { return nil }
        guard let name = name(reader) else { return nil }
        var machine = Machine(name: name, nics: nics(reader))
        machine.labels = labels(reader) ?? [:]
        machine.values = reader.anything("values") ?? [:]
        machine.uuid = uuid(reader)
        machine.serial = reader.value("serial", "a serial number that only this machine has") {
            MachineIdentity(serial: $0).serial == $0 && isPrintable($0) ? $0 : nil
        }
        machine.architecture = architecture(reader)
        machine.state = reader.choice("state") ?? .active
        machine.loader = reader.value("loader", "a loader's file name") {
            isPrintable($0) && !$0.isEmpty && !$0.contains("/") && $0 != ".." ? $0 : nil
        }
        machine.bmc = bmc(reader, machine.macs)
        if let profile = reader["profile"], !profile.isNull { machine.profile = self.name(profile) }
        let optional: [MachineResource.Key] = [.profile, .uuid, .serial, .arch, .state]
        return MachineResource(machine: machine, given: Set(optional.filter { reader.has($0.rawValue) }))
    }

    private func nics(_ reader: MappingReader) -> [Machine.NIC] {
        guard reader.required("macs", "a list of at least one MAC") != nil else { return [] }
        let expected = "the MAC of one network card, such as 52:54:00:12:34:56"
        func mac(_ node: Node) -> MACAddress? {
            log.scalar(node, expected) { MACAddress($0).flatMap { $0.isGroupOrZero ? nil : $0 } }
        }
        let macs = reader.list("macs", of: "MACs", mac)
        var nics = (macs ?? []).map { Machine.NIC(mac: $0) }
        if let node = reader["macs"], node.sequence?.isEmpty == true { log.expected("at least one MAC", at: node) }
        func address(_ node: Node) -> IPv4Address? {
            log.scalar(node, "the IPv4 address of one machine, such as 192.168.77.12") {
                IPv4Address($0).flatMap { isHost($0) ? $0 : nil }
            }
        }
        switch reader["address"] {
        case nil: break
        case .mapping(let pairs):
            for (key, value) in pairs {
                guard let mac = mac(key), let address = address(value) else { continue }
                if let index = nics.firstIndex(where: { $0.mac == mac }) {
                    nics[index].address = address
                } else {
                    log.expected("one of the machine's macs", at: key)
                }
            }
        case .some(let node):
            let address = address(node)
            if !nics.isEmpty { nics[0].address = address }
        }
        return nics
    }

    /// As written, once it is known to make sense.
    private func bmc(_ reader: MappingReader, _ macs: [MACAddress]) -> [String: JSONValue] {
        let before = log.problems.count
        guard let node = reader["bmc"], let members = reader.anything("bmc"), !members.isEmpty,
            log.problems.count == before
        else { return [:] }
        do throws(BMCProblem) {
            _ = try BMC(members, macs: macs)
        } catch {
            let pair = node.mapping?.first { $0.key.verbatim == error.key }
            let isUnknownKey = error.key.map { !BMC.keys.contains($0) } ?? false
            let place = (isUnknownKey ? pair?.key : pair?.value) ?? node
            log.add((error.found.map { "found '\($0)', " } ?? "") + "expected \(error.expected)", at: place)
        }
        return members
    }

    private func isHost(_ address: IPv4Address) -> Bool {
        address.rawValue >> 24 != 0 && !address.isLoopback && !address.isMulticast && address != .broadcast
    }

    // MARK: Assignment

    private func assignment(_ node: Node) -> Assignment? {
        let keys = ["kind", "name", "select", "default", "profile", "priority"]
        guard let reader = MappingReader(node, known: keys, log: log) else { return nil }
        var selector = Assignment.Selector()
        if let select = reader["select"] {
            selector = self.selector(select) ?? selector
        } else if !reader.has("default") {
            log.add(
                "found no 'select', expected select: {mac, uuid, serial, subnet, labels, arch or default}",
                at: node
            )
        }
        if isTrue(reader, "default") { selector.isDefault = true }
        guard let target = reader.required("profile", "the name of a profile"), let profile = name(target) else {
            return nil
        }
        return Assignment(
            name: reader["name"].flatMap(name),
            selector: selector,
            profile: profile,
            priority: reader.value("priority", "a whole number") { Int($0) } ?? 0
        )
    }

    private func selector(_ node: Node) -> Assignment.Selector? {
        let keys = ["mac", "uuid", "serial", "subnet", "labels", "arch", "default"]
        guard let reader = MappingReader(node, known: keys, log: log) else { return nil }
        let before = log.problems.count
        let selector = Assignment.Selector(
            mac: reader.value("mac", "a MAC, or the beginning of one and '*', such as 52:54:*") { MACPattern($0) },
            uuid: uuid(reader),
            serial: reader.value(
                "serial",
                "a serial number that not every machine has, or the beginning of one and '*'"
            ) {
                SerialPattern($0)
            },
            subnet: reader.value("subnet", "a network such as 192.168.77.0/24") { IPv4Network($0) },
            labels: labels(reader) ?? [:],
            architecture: architecture(reader),
            isDefault: isTrue(reader, "default")
        )
        if selector.isEmpty, log.problems.count == before {
            log.expected("at least one of \(keys.joined(separator: ", "))", at: node)
        }
        return selector
    }

    // MARK: What several kinds have

    private func isTrue(_ reader: MappingReader, _ key: String) -> Bool {
        reader.value(key, "true") { $0 == "true" ? true : nil } ?? false
    }

    private func labels(_ reader: MappingReader) -> [String: String]? {
        reader.mapping("labels", of: "names to text") { node in
            log.scalar(node, "text") { isPrintable($0) ? $0 : nil }
        }
    }

    private func uuid(_ reader: MappingReader) -> MachineUUID? {
        reader.value("uuid", "a UUID that only one machine has") {
            MachineUUID($0).flatMap { $0.isPlaceholder ? nil : $0 }
        }
    }

    private func architecture(_ reader: MappingReader) -> Architecture? {
        reader.value("arch", "an architecture such as amd64 or arm64") { Architecture($0) }
    }
}
