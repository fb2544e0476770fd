import StrictYAML

/// Reads settings out of layers, the strongest first, and remembers where each came from.
///
/// Whoever builds a `Configuration` asks for every key that exists; what the file holds beside those is an unknown key.
struct SettingsReader {
    /// Flags, by key (`dhcp.mode`).
    private let flags: [String: SettingsNode]
    private let environment: [String: String]
    private let file: SettingsNode
    private(set) var settings: [Setting] = []

    /// One key with its effective value.
    struct Setting: Sendable {
        /// `dhcp.mode`.
        var key: String
        /// What was given, or the default as it would be given.
        var content: SettingsNode.Content
        var origin: Origin
    }

    enum Origin: Hashable, Sendable {
        case standard
        /// `muster.yml:3:9`, `MUSTER_DHCP_MODE` or `--dhcp-mode`.
        case given(at: String)
    }

    /// - Parameters:
    ///   - flags: values of the command line, by key, with the flag's name as their place.
    ///   - environment: the whole environment; only `MUSTER_…` is looked at.
    ///   - file: the configuration file; an empty mapping when there is none.
    init(flags: [String: SettingsNode], environment: [String: String], file: SettingsNode) {
        self.flags = flags
        self.environment = environment
        self.file = file
    }

    /// The name of a key in the environment: `dhcp.routerAdvertisements` is `MUSTER_DHCP_ROUTER_ADVERTISEMENTS`.
    static func variable(for key: String) -> String {
        var name = "MUSTER_"
        var isAfterSmall = false
        for character in key {
            if character == "." {
                name.append("_")
            } else {
                if character.isUppercase, isAfterSmall { name.append("_") }
                name += character.uppercased()
            }
            isAfterSmall = character.isLowercase || character.isNumber
        }
        return name
    }

    /// A scalar, or nil when no layer has it.
    mutating func optional<Value: SettingsValue>(_ key: String) throws(ConfigurationError) -> Value? {
        guard let node = try find(key, structured: false) else {
            record(key, .null, nil)
            return nil
        }
        let value = try node.scalar(Value.self, for: key)
        record(key, .scalar(value.setting), node)
        return value
    }

    /// A scalar, or its default.
    mutating func value<Value: SettingsValue>(
        _ key: String,
        default standard: Value
    ) throws(ConfigurationError) -> Value {
        guard let node = try find(key, structured: false) else {
            record(key, .scalar(standard.setting), nil)
            return standard
        }
        let value = try node.scalar(Value.self, for: key)
        record(key, .scalar(value.setting), node)
        return value
    }

    /// A list of scalars; one scalar alone is a list of one.
    mutating func list<Value: SettingsValue>(_ key: String) throws(ConfigurationError) -> [Value] {
        let node = try find(key, structured: true)
        let values = try node?.list(of: Value.self, for: key) ?? []
        let place = node?.place ?? ""
        record(key, .sequence(values.map { SettingsNode(content: .scalar($0.setting), place: place) }), node)
        return values
    }

    /// Something that is not a scalar: `read` gets the node, or nil when no layer has the key.
    mutating func structure<Value>(
        _ key: String,
        default standard: SettingsNode.Content,
        read: (SettingsNode?) throws(ConfigurationError) -> Value
    ) throws(ConfigurationError) -> Value {
        let node = try find(key, structured: true)
        let value = try read(node)
        record(key, node?.content ?? standard, node)
        return value
    }

    /// Call after the last key was asked for.
    ///
    /// - Throws: for a key of the file that nobody asked for, with the nearest that exists.
    func finish() throws(ConfigurationError) {
        try check(file, under: [])
    }

    /// Variables that begin like ours and are no setting: most likely a slip of the pen. `others` are known elsewhere.
    func strayVariables(others: Set<String>) -> [String] {
        let known = others.union(settings.map { Self.variable(for: $0.key) })
        return environment.keys.filter { $0.hasPrefix("MUSTER_") && !known.contains($0) }.sorted()
    }

    private mutating func record(_ key: String, _ content: SettingsNode.Content, _ node: SettingsNode?) {
        let origin = node.map { Origin.given(at: $0.place) } ?? .standard
        settings.append(Setting(key: key, content: content, origin: origin))
    }

    private func find(_ key: String, structured: Bool) throws(ConfigurationError) -> SettingsNode? {
        if let flag = flags[key] { return flag }
        let variable = Self.variable(for: key)
        if let text = environment[variable], !text.isEmpty {
            // A list or a mapping is written as YAML in one line; a scalar is what it is, whatever YAML thinks of it.
            guard structured else { return SettingsNode(content: .scalar(text), place: variable) }
            var node = try SettingsNode(yaml: text, source: variable)
            node.place = variable
            return node
        }
        var node = file
        for part in key.split(separator: ".") {
            if case .null = node.content { return nil }
            guard case .mapping = node.content else { return nil }
            guard let next = node[String(part)] else { return nil }
            node = next
        }
        if case .null = node.content { return nil }
        return node
    }

    private func check(_ node: SettingsNode, under path: [String]) throws(ConfigurationError) {
        let known = Set(
            settings.lazy.map { $0.key.split(separator: ".").map(String.init) }
                .filter { $0.count > path.count && $0.starts(with: path) }
                .map { $0[path.count] }
        )
        if case .null = node.content { return }
        guard case .mapping(let entries) = node.content else {
            let key = path.isEmpty ? "the configuration" : "'\(path.joined(separator: "."))'"
            throw ConfigurationError(
                "\(node.place): found \(node.found) for \(key), expected a mapping of \(known.sorted().joined(separator: ", "))"
            )
        }
        for entry in entries {
            guard known.contains(entry.key) else {
                throw .unknownKey(entry, known: known)
            }
            let full = path + [entry.key]
            if !settings.contains(where: { $0.key == full.joined(separator: ".") }) {
                try check(entry.value, under: full)
            }
        }
    }
}

extension ConfigurationError {
    /// A key that does not exist, with the nearest that does, or all of them.
    static func unknownKey(_ entry: SettingsNode.Entry, known: Set<String>) -> ConfigurationError {
        let hint =
            nearest(to: entry.key, in: known.sorted()).map { "did you mean '\($0)'?" }
            ?? "expected one of " + known.sorted().joined(separator: ", ")
        return ConfigurationError("\(entry.keyPlace): unknown key '\(entry.key)': \(hint)")
    }
}
