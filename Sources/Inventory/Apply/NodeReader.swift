import Vocabulary
internal import Yams

/// Collects what is wrong with one file, so that a person sees all of it at once.
final class ProblemLog {
    let path: String
    private(set) var problems: [ResourceProblem] = []

    init(path: String) { self.path = path }

    func add(_ message: String, at node: Node) {
        add(message, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0)
    }

    func add(_ message: String, line: Int, column: Int) {
        problems.append(ResourceProblem(path: path, line: line, column: column, message: message))
    }

    func expected(_ expected: String, at node: Node) { add("found \(node.found), expected \(expected)", at: node) }
}

extension Node {
    /// A value as a person would name it.
    var found: String {
        switch self {
        case .scalar(let scalar):
            if null != nil { return "nothing" }
            let text = scalar.string
            return text.utf8.count > 60 ? "'\(text.prefix(60))…'" : "'\(text)'"
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        case .alias: return "an alias"
        }
    }

    /// A scalar's text as it stands there, whatever YAML would make of it: `52:54:00:00:00:12` is a number to YAML.
    var verbatim: String? {
        guard case .scalar(let scalar) = self, null == nil else { return nil }
        return scalar.string
    }
}

/// A mapping of which every key is known. What is missing or wrong goes to the log, and reads as nil.
struct MappingReader {
    let node: Node
    let log: ProblemLog
    private let values: [String: Node]

    /// nil, with the problem logged, when `node` is no mapping.
    init?(_ node: Node, known: [String], log: ProblemLog) {
        guard case .mapping(let mapping) = node else {
            log.expected("a mapping with \(known.joined(separator: ", "))", at: node)
            return nil
        }
        var values: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.verbatim ?? ""
            if known.contains(name) {
                values[name] = value
            } else {
                let hint = nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
                log.add(
                    "found unknown key \(key.found), expected one of \(known.joined(separator: ", "))\(hint)",
                    at: key
                )
            }
        }
        self.node = node
        self.log = log
        self.values = values
    }

    func has(_ key: String) -> Bool { values[key] != nil }
    subscript(_ key: String) -> Node? { values[key] }

    /// The node under a key that has to be there.
    func required(_ key: String, _ expected: String) -> Node? {
        if let node = values[key] { return node }
        log.add("found no '\(key)', expected \(expected)", at: node)
        return nil
    }

    /// A scalar that `parse` understands.
    func value<Value>(_ key: String, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        values[key].flatMap { log.scalar($0, expected, parse) }
    }

    func text(_ key: String) -> String? { value(key, "text") { isPrintable($0) ? $0 : nil } }

    func choice<Value: RawRepresentable<String> & CaseIterable>(_ key: String) -> Value? {
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return value(key, "one of \(names)") { Value(rawValue: $0) }
    }

    func list<Value>(_ key: String, of expected: String, _ make: (Node) -> Value?) -> [Value]? {
        guard let node = values[key] else { return nil }
        guard case .sequence(let sequence) = node else {
            log.expected("a list of \(expected)", at: node)
            return nil
        }
        return sequence.compactMap(make)
    }

    func mapping<Value>(_ key: String, of expected: String, _ make: (Node) -> Value?) -> [String: Value]? {
        values[key].flatMap { log.mapping($0, of: expected, make) }
    }

    /// A mapping of anything, for what is only handed on.
    func anything(_ key: String) -> [String: JSONValue]? {
        mapping(key, of: "names to values") { log.json($0) }
    }
}

extension ProblemLog {
    func scalar<Value>(_ node: Node, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        if let text = node.verbatim, let value = parse(text) { return value }
        self.expected(expected, at: node)
        return nil
    }

    func mapping<Value>(_ node: Node, of expected: String, _ make: (Node) -> Value?) -> [String: Value]? {
        guard case .mapping(let mapping) = node else {
            self.expected("a mapping of \(expected)", at: node)
            return nil
        }
        var values: [String: Value] = [:]
        for (key, node) in mapping {
            guard let name = key.verbatim, !name.isEmpty, isPrintable(name) else {
                self.expected("a name", at: key)
                continue
            }
            values[name] = make(node)
        }
        return values
    }

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
        case .alias: return nil
        case .scalar(let scalar):
            switch node.tag.rawValue {
            case Tag.Name.null.rawValue: return .null
            case Tag.Name.bool.rawValue: return node.bool.map(JSONValue.bool) ?? .string(scalar.string)
            case Tag.Name.int.rawValue:
                // YAML 1.1 counts 52:54 in sixties; nobody means that.
                if scalar.string.utf8.contains(UInt8(ascii: ":")) { return .string(scalar.string) }
                return node.int.map { .integer(Int64($0)) } ?? .string(scalar.string)
            case Tag.Name.float.rawValue: return node.float.map(JSONValue.number) ?? .string(scalar.string)
            default: return .string(scalar.string)
            }
        }
    }
}

/// Text without control characters: it goes to screens, command lines and scripts.
func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }
