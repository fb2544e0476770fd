internal import StrictYAML

/// Values that only resources have.
extension MappingReader {
    func text(_ key: String) -> String? { value(key, "text") { isPrintable($0) ? $0 : nil } }

    /// A mapping of anything, for what is only handed on.
    func anything(_ key: String) -> [String: JSONValue]? {
        mapping(key, of: "names to values") { log.json($0) }
    }
}

extension ProblemLog {
    /// Any value, as YAML's core types. Nested at most 32 deep.
    func json(_ node: Node, depth: Int = 0) -> JSONValue? {
        guard depth < 32 else {
            add("found values nested deeper than 32", at: node)
            return nil
        }
        switch node {
        case .mapping:
            return mapping(node, of: "names to values") { self.json($0, depth: depth + 1) }.map(JSONValue.object)
        case .sequence(let sequence): return .array(sequence.compactMap { self.json($0, depth: depth + 1) })
        case .scalar(let scalar):
            return switch scalar.type {
            case .null: .null
            case .bool: .bool(scalar.string.lowercased() == "true")
            case .integer: scalar.integer().map { .integer($0) } ?? .string(scalar.string)
            case .float: scalar.fraction.map { .number($0) } ?? .string(scalar.string)
            case .text, .any: .string(scalar.string)
            }
        }
    }
}
