import Yams

/// A YAML document as a tree whose every value knows where it stands, so that an error can name the place.
struct SettingsNode: Sendable {
    indirect enum Content: Sendable {
        case null
        case scalar(String)
        case sequence([SettingsNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        var key: String
        var keyPlace: String
        var value: SettingsNode
    }

    var content: Content
    /// `file:line:column`, or the name of the variable or the flag.
    var place: String

    /// The value under `key` of a mapping; nil for anything else.
    subscript(key: String) -> SettingsNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// What the node is, for an error that expected something else.
    var found: String {
        switch content {
        case .null: "nothing"
        case .scalar(let text): "'\(text)'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension SettingsNode {
    /// Reads one YAML document.
    ///
    /// - Parameters:
    ///   - text: the document; an empty one is an empty mapping.
    ///   - source: the name that places begin with: a file's path, or `MUSTER_…`.
    /// - Throws: `ConfigurationError` with the place of what is not YAML, of a key that stands twice, or of an alias.
    init(yaml text: String, source: String) throws(ConfigurationError) {
        let root: Node?
        do {
            root = try Parser(yaml: text).singleRoot()
        } catch let YamlError.scanner(_, problem, mark, _), let YamlError.parser(_, problem, mark, _),
            let YamlError.composer(_, problem, mark, _)
        {
            throw ConfigurationError("\(source):\(mark.line):\(mark.column): this is not YAML: \(problem)")
        } catch let YamlError.duplicatedKeysInMapping(duplicates, context) {
            let keys = duplicates.map { "'\($0)'" }.joined(separator: ", ")
            throw ConfigurationError("\(source):\(context.mark.line): \(keys) stands twice in one mapping")
        } catch {
            throw ConfigurationError("\(source): this is not YAML: \(error)")
        }
        guard let root else {
            self.init(content: .mapping([]), place: "\(source):1:1")
            return
        }
        try self.init(root, source: source)
    }

    private init(_ node: Node, source: String) throws(ConfigurationError) {
        place = Self.place(of: node, in: source)
        switch node {
        case .scalar(let scalar):
            let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
            content = isNull ? .null : .scalar(scalar.string)
        case .sequence(let sequence):
            var items: [SettingsNode] = []
            for item in sequence { items.append(try SettingsNode(item, source: source)) }
            content = .sequence(items)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let keyPlace = Self.place(of: key, in: source)
                guard case .scalar(let name) = key else {
                    throw ConfigurationError("\(keyPlace): found a structure for a key, expected a name")
                }
                entries.append(
                    Entry(key: name.string, keyPlace: keyPlace, value: try SettingsNode(value, source: source))
                )
            }
            content = .mapping(entries)
        case .alias:
            throw ConfigurationError("\(place): found an alias, expected the value itself")
        }
    }

    private static func place(of node: Node, in source: String) -> String {
        node.mark.map { "\(source):\($0.line):\($0.column)" } ?? source
    }
}

/// A configuration that cannot be used: one sentence that says where, what was found and what was expected.
struct ConfigurationError: Error, CustomStringConvertible, Hashable {
    var description: String

    init(_ description: String) { self.description = description }
}
