extension SettingsNode {
    /// The node as one scalar.
    ///
    /// - Throws: when it is something else, or does not spell a `Value`: place, key, what was found and expected.
    func scalar<Value: SettingsValue>(_ type: Value.Type, for key: String) throws(ConfigurationError) -> Value {
        guard case .scalar(let text) = content, let value = Value(setting: text) else {
            throw ConfigurationError("\(place): \(key): found \(found), expected \(Value.expected)")
        }
        return value
    }

    /// The node as a list of scalars; a scalar alone is a list of one.
    func list<Value: SettingsValue>(of type: Value.Type, for key: String) throws(ConfigurationError) -> [Value] {
        switch content {
        case .null: return []
        case .scalar: return [try scalar(Value.self, for: key)]
        case .sequence(let items):
            var values: [Value] = []
            for item in items { values.append(try item.scalar(Value.self, for: key)) }
            return values
        case .mapping:
            throw ConfigurationError("\(place): \(key): found a mapping, expected a list; each item \(Value.expected)")
        }
    }
}

/// One mapping that stands in a list, read field by field. What nobody asked for is an unknown key.
struct SettingsFields {
    private let node: SettingsNode
    private let path: String
    private let entries: [SettingsNode.Entry]
    private var asked: Set<String> = []

    /// - Parameter path: the key of the list, for errors.
    init(_ node: SettingsNode, of path: String) throws(ConfigurationError) {
        guard case .mapping(let entries) = node.content else {
            throw ConfigurationError("\(node.place): \(path): found \(node.found), expected a mapping")
        }
        (self.node, self.path, self.entries) = (node, path, entries)
    }

    private mutating func find(_ key: String) -> SettingsNode? {
        asked.insert(key)
        guard let node = node[key] else { return nil }
        if case .null = node.content { return nil }
        return node
    }

    mutating func optional<Value: SettingsValue>(_ key: String) throws(ConfigurationError) -> Value? {
        guard let node = find(key) else { return nil }
        return try node.scalar(Value.self, for: "\(path).\(key)")
    }

    mutating func required<Value: SettingsValue>(_ key: String) throws(ConfigurationError) -> Value {
        guard let value: Value = try optional(key) else {
            throw ConfigurationError("\(node.place): \(path): '\(key)' is missing, expected \(Value.expected)")
        }
        return value
    }

    mutating func list<Value: SettingsValue>(_ key: String) throws(ConfigurationError) -> [Value] {
        try find(key)?.list(of: Value.self, for: "\(path).\(key)") ?? []
    }

    /// Call after the last field was asked for.
    func finish() throws(ConfigurationError) {
        for entry in entries where !asked.contains(entry.key) {
            throw .unknownKey(entry, known: asked)
        }
    }
}
