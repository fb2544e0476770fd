import Vocabulary

extension Machine {
    public var document: Document {
        var document = Document(kind: "Machine")
        document.add("name", name)
        document.add("macs", .array(nics.map { .string($0.mac.description) }))
        document.add("address", addressDocument)
        document.add("labels", labels)
        document.add("values", values)
        document.add("profile", profile)
        document.add("uuid", uuid?.description)
        document.add("serial", serial)
        document.add("arch", architecture?.rawValue)
        if state != .active { document.add("state", state.rawValue) }
        document.add("loader", loader)
        document.add("bmc", bmc)
        return document
    }

    private var addressDocument: JSONValue? {
        let reserved = nics.filter { $0.address != nil }
        guard let first = reserved.first, let address = first.address else { return nil }
        if reserved.count == 1, first == nics.first { return .string(address.description) }
        var addresses: [String: JSONValue] = [:]
        for nic in reserved { addresses[nic.mac.description] = nic.address.map { .string($0.description) } }
        return .object(addresses)
    }
}

extension Profile {
    public var document: Document {
        var document = Document(kind: "Profile")
        document.add("name", name)
        switch image {
        case .reference(let reference): document.add("image", reference)
        case .definitions(let paths):
            document.add("image", paths.count == 1 ? .string(paths[0]) : .array(paths.map(JSONValue.string)))
        }
        document.add("definitions", definitions)
        if let root { document.add("root", root.rawValue) }
        if prebuild { document.add("prebuild", true) }
        if !kernelArgs.isEmpty { document.add("kernelArgs", .array(kernelArgs.map(JSONValue.string))) }
        document.add("vars", vars)
        document.add("values", values)
        if !files.isEmpty { document.add("files", .array(files.map(\.document))) }
        document.add("secrets", secrets.mapValues(\.document))
        if adopt != .roll { document.add("adopt", adopt.rawValue) }
        document.add("health", health?.document)
        if settle != Self.defaultSettle { document.add("settle", settle.description) }
        document.add("rollout", rollout.document)
        return document
    }
}

extension Profile.File {
    fileprivate var document: JSONValue {
        var fields: [String: JSONValue] = ["path": .string(path), "template": .string(template)]
        if mode != 0o644 { fields["mode"] = .string("0" + String(mode, radix: 8)) }
        return .object(fields)
    }
}

extension Health {
    fileprivate var document: JSONValue {
        switch self {
        case .agent: "agent"
        case .fetched: "fetched"
        case .http(let probe): .object(["http": .string(probe.description)])
        case .tcp(let port): .object(["tcp": .integer(Int64(port))])
        }
    }
}

extension Assignment {
    public var document: Document {
        var document = Document(kind: "Assignment")
        document.add("name", name)
        var select: [String: JSONValue] = [:]
        if let mac = selector.mac { select["mac"] = .string(mac.description) }
        if let uuid = selector.uuid { select["uuid"] = .string(uuid.description) }
        if let serial = selector.serial { select["serial"] = .string(serial.description) }
        if let subnet = selector.subnet { select["subnet"] = .string(subnet.description) }
        if !selector.labels.isEmpty { select["labels"] = .object(selector.labels.mapValues(JSONValue.string)) }
        if let architecture = selector.architecture { select["arch"] = .string(architecture.rawValue) }
        if selector.isDefault { select["default"] = true }
        document.add("select", select)
        document.add("profile", profile)
        if priority != 0 { document.add("priority", .integer(Int64(priority))) }
        return document
    }
}
