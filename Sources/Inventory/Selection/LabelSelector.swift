/// `-l role=web,rack!=r7,zone in (a,b),!retired`: terms that a machine's labels must all meet.
public struct LabelSelector: Hashable, Sendable {
    public enum Term: Hashable, Sendable {
        case equals(key: String, value: String)
        /// True of machines without the label as well.
        case differs(key: String, value: String)
        case isIn(key: String, values: [String])
        /// True of machines without the label as well.
        case isNotIn(key: String, values: [String])
        case exists(key: String)
        case isAbsent(key: String)
    }

    public let terms: [Term]

    public init(terms: [Term] = []) { self.terms = terms }

    /// - Throws: `InventoryError.Code.invalidInput` with what was found and what was expected.
    public init(_ text: String) throws {
        terms = try Self.split(text).map { try Self.term($0, in: text) }
    }

    /// True without terms.
    public func matches(_ labels: [String: String]) -> Bool {
        terms.allSatisfy { term in
            switch term {
            case .equals(let key, let value): labels[key] == value
            case .differs(let key, let value): labels[key] != value
            case .isIn(let key, let values): labels[key].map(values.contains) ?? false
            case .isNotIn(let key, let values): !(labels[key].map(values.contains) ?? false)
            case .exists(let key): labels[key] != nil
            case .isAbsent(let key): labels[key] == nil
            }
        }
    }

    /// At commas that stand in no parentheses.
    private static func split(_ text: String) -> [Substring] {
        var depth = 0
        return text.split(omittingEmptySubsequences: false) { character in
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            return character == "," && depth == 0
        }
    }

    private static func term(_ part: Substring, in text: String) throws -> Term {
        let part = trimmed(part)
        if let open = part.firstIndex(of: "(") {
            let words = part[..<open].split(separator: " ")
            guard part.last == ")", words.count == 2, words[1] == "in" || words[1] == "notin" else {
                throw malformed(text)
            }
            let values = part[part.index(after: open)...].dropLast()
                .split(separator: ",", omittingEmptySubsequences: false)
                .map { String(trimmed($0)) }
            let key = try key(words[0], in: text)
            return words[1] == "in" ? .isIn(key: key, values: values) : .isNotIn(key: key, values: values)
        }
        if let sign = part.firstIndex(of: "=") {
            let isNegated = part[..<sign].last == "!"
            let name = isNegated ? part[..<sign].dropLast() : part[..<sign]
            var value = part[part.index(after: sign)...]
            if !isNegated, value.first == "=" { value = value.dropFirst() }
            let key = try key(name, in: text)
            let text = String(trimmed(value))
            return isNegated ? .differs(key: key, value: text) : .equals(key: key, value: text)
        }
        if part.first == "!" { return .isAbsent(key: try key(part.dropFirst(), in: text)) }
        return .exists(key: try key(part, in: text))
    }

    private static func key(_ name: Substring, in text: String) throws -> String {
        let name = trimmed(name)
        guard !name.isEmpty, !name.contains(where: { " !=(),".contains($0) }) else { throw malformed(text) }
        return String(name)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }

    private static func malformed(_ text: String) -> InventoryError {
        InventoryError(
            .invalidInput,
            "found the selector '\(text)', expected a form such as role=web,rack!=r7,zone in (a,b),!old"
        )
    }
}
