import StrictYAML

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
    /// - Throws: `ConfigurationError` with the place of what is not YAML, or of a key that stands twice.
    init(yaml text: String, source: String) throws(ConfigurationError) {
        let log = ProblemLog(path: source)
        let root = log.onlyDocument(text)
        if let problem = log.problems.first { throw ConfigurationError(problem.description) }
        guard let root else {
            self.init(content: .mapping([]), place: "\(source):1:1")
            return
        }
        self.init(root, source: source)
    }

    private init(_ node: Node, source: String) {
        place = Self.place(of: node, in: source)
        switch node {
        case .scalar(let scalar):
            content = scalar.type == .null ? .null : .scalar(scalar.string)
        case .sequence(let sequence):
            content = .sequence(sequence.map { SettingsNode($0, source: source) })
        case .mapping(let mapping):
            content = .mapping(
                mapping.map { key, value in
                    Entry(
                        key: key.scalar?.string ?? "",
                        keyPlace: Self.place(of: key, in: source),
                        value: SettingsNode(value, source: source)
                    )
                }
            )
        }
    }

    private static func place(of node: Node, in source: String) -> String {
        "\(source):\(node.mark.line):\(node.mark.column)"
    }
}

/// A configuration that cannot be used: one sentence that says where, what was found and what was expected.
struct ConfigurationError: Error, CustomStringConvertible, Hashable {
    var description: String

    init(_ description: String) { self.description = description }
}
