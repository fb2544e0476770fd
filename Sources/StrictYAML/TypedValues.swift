/// Values of exactly one YAML type: `5` is no text, and `"5"` is no number.
extension MappingReader {
    public func string(_ key: String) -> String? { self[key].flatMap { log.string($0) } }
    public func strings(_ key: String) -> [String]? { list(key, of: "texts") { log.string($0) } }
    public func bool(_ key: String) -> Bool? { self[key].flatMap { log.bool($0) } }

    /// - Parameter expected: what it should be, in words; the type's range unless said otherwise.
    public func integer<Value: FixedWidthInteger>(_ key: String, as type: Value.Type = Value.self) -> Value? {
        self[key].flatMap { log.integer($0, as: type) }
    }

    public func choice<Value: RawRepresentable<String> & CaseIterable>(_ key: String) -> Value? {
        guard let node = self[key] else { return nil }
        let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .scalar(let scalar) = node, [.text, .any].contains(scalar.type),
            let value = Value(rawValue: scalar.string)
        else {
            log.expected("one of \(names)", at: node)
            return nil
        }
        return value
    }
}

extension ProblemLog {
    public func string(_ node: Node, _ expected: String = "text") -> String? {
        guard case .scalar(let scalar) = node else {
            self.expected(expected, at: node)
            return nil
        }
        guard scalar.type == .text || scalar.type == .any else {
            let what = scalar.type == .null ? "nothing" : "\(scalar.type.rawValue) \(scalar.string)"
            add("found \(what), expected \(expected) (in quotes)", at: node)
            return nil
        }
        return scalar.string
    }

    public func bool(_ node: Node) -> Bool? {
        guard case .scalar(let scalar) = node, [.bool, .any].contains(scalar.type) else {
            expected("true or false", at: node)
            return nil
        }
        switch scalar.string {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default:
            expected("true or false", at: node)
            return nil
        }
    }

    public func integer<Value: FixedWidthInteger>(_ node: Node, as type: Value.Type = Value.self) -> Value? {
        guard case .scalar(let scalar) = node, [.integer, .float, .any].contains(scalar.type),
            let value = scalar.integer(as: type)
        else {
            expected("a whole number from \(Value.min) to \(Value.max)", at: node)
            return nil
        }
        return value
    }
}
