extension Node {
    /// A value as a person would name it.
    public var found: String {
        switch self {
        case .scalar(let scalar):
            if scalar.type == .null { return "nothing" }
            let text = scalar.string
            return text.utf8.count > 60 ? "'\(text.prefix(60))…'" : "'\(text)'"
        case .mapping: return "a mapping"
        case .sequence: return "a list"
        }
    }

    /// A scalar's text as it stands there, whatever YAML would make of it: `52:54:00:00:00:12` is text to some readers and
    /// a number to others.
    public var verbatim: String? {
        guard case .scalar(let scalar) = self, scalar.type != .null else { return nil }
        return scalar.string
    }
}

/// A mapping of which every key is known. What is missing or wrong goes to the log, and reads as nil.
public struct MappingReader {
    public let node: Node
    public let log: ProblemLog
    private let values: [String: Node]

    /// nil, with the problem logged, when `node` is no mapping.
    public init?(_ node: Node, known: [String], log: ProblemLog) {
        guard case .mapping(let mapping) = node else {
            log.expected("a mapping with \(known.joined(separator: ", "))", at: node)
            return nil
        }
        var values: [String: Node] = [:]
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            if known.contains(name) {
                if values.updateValue(value, forKey: name) != nil {
                    log.add("found '\(name)' twice in one mapping", at: key)
                }
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

    public func has(_ key: String) -> Bool { values[key] != nil }
    public subscript(_ key: String) -> Node? { values[key] }

    /// The node under a key that has to be there.
    public func required(_ key: String, _ expected: String) -> Node? {
        if let node = values[key] { return node }
        log.add("found no '\(key)', expected \(expected)", at: node)
        return nil
    }

    /// A scalar that `parse` understands.
    public func value<Value>(_ key: String, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        values[key].flatMap { log.scalar($0, expected, parse) }
    }

    public func list<Value>(_ key: String, of expected: String, _ make: (Node) -> Value?) -> [Value]? {
        guard let node = values[key] else { return nil }
        guard case .sequence(let sequence) = node else {
            log.expected("a list of \(expected)", at: node)
            return nil
        }
        return sequence.compactMap(make)
    }

    public func mapping<Value>(_ key: String, of expected: String, _ make: (Node) -> Value?) -> [String: Value]? {
        values[key].flatMap { log.mapping($0, of: expected, make) }
    }
}

extension ProblemLog {
    public func scalar<Value>(_ node: Node, _ expected: String, _ parse: (String) -> Value?) -> Value? {
        if let text = node.verbatim, let value = parse(text) { return value }
        self.expected(expected, at: node)
        return nil
    }

    public func mapping<Value>(_ node: Node, of expected: String, _ make: (Node) -> Value?) -> [String: Value]? {
        guard case .mapping(let mapping) = node else {
            self.expected("a mapping of \(expected)", at: node)
            return nil
        }
        var values: [String: Value] = [:]
        var seen: Set<String> = []
        for (key, node) in mapping {
            guard let name = key.verbatim, !name.isEmpty, isPrintable(name) else {
                self.expected("a name", at: key)
                continue
            }
            guard seen.insert(name).inserted else {
                // Only variables can make two keys one: the text's own are looked at when it is read.
                add("found '\(name)' twice in one mapping, expected it once", at: key)
                continue
            }
            values[name] = make(node)
        }
        return values
    }
}

/// Text without control characters: it goes to screens, command lines and scripts.
public func isPrintable(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f } }
