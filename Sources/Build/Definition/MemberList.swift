import StrictYAML

/// The members of an object, those that are there.
struct MemberList {
    private var members: [YAMLValue.Member] = []

    var value: YAMLValue { .members(members) }

    mutating func add(_ name: String, _ value: YAMLValue?) {
        if let value { members.append(YAMLValue.Member(name, value)) }
    }

    mutating func add(_ name: String, nonEmpty text: String?) {
        if let text, !text.isEmpty { add(name, .string(text)) }
    }

    mutating func add<Value: BinaryInteger>(_ name: String, _ number: Value?) {
        if let number { add(name, .integer(Int128(clamping: number))) }
    }
}

extension YAMLValue {
    static func strings(_ texts: [String]) -> YAMLValue { .list(texts.map(YAMLValue.string)) }

    /// Sorted by name, as Go writes maps.
    static func texts(_ texts: [String: String]) -> YAMLValue {
        let sorted = texts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        return .members(sorted.map { Member($0.key, .string($0.value)) })
    }
}

// MARK: JSON

extension YAMLValue {
    /// As Go's encoding/json indents by four, without a newline at the end: an empty section of a definition is `null`.
    var indentedJSON: [UInt8] {
        guard case .members(let members) = self else { return [] }
        var output: [UInt8] = []
        Self.block(members, "{", "}", indent: 0, to: &output) { member, output in
            output += EscapedJSON.quoted(member.name) + Array(": ".utf8)
            if member.value == .list([]) { output += "null".utf8 } else { member.value.write(to: &output, indent: 4) }
        }
        return output
    }

    private func write(to output: inout [UInt8], indent: Int) {
        switch self {
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .integer(let value): output += String(value).utf8
        case .string(let text): output += EscapedJSON.quoted(text)
        case .list(let values):
            Self.block(values, "[", "]", indent: indent, to: &output) { $0.write(to: &$1, indent: indent + 4) }
        case .members(let members):
            Self.block(members, "{", "}", indent: indent, to: &output) { member, output in
                output += EscapedJSON.quoted(member.name) + Array(": ".utf8)
                member.value.write(to: &output, indent: indent + 4)
            }
        }
    }

    private static func block<Element>(
        _ elements: [Element],
        _ open: String,
        _ close: String,
        indent: Int,
        to output: inout [UInt8],
        _ body: (Element, inout [UInt8]) -> Void
    ) {
        output += open.utf8
        for (index, element) in elements.enumerated() {
            output += (index == 0 ? "\n" : ",\n").utf8
            output += [UInt8](repeating: UInt8(ascii: " "), count: indent + 4)
            body(element, &output)
        }
        if !elements.isEmpty { output += "\n".utf8 + [UInt8](repeating: UInt8(ascii: " "), count: indent) }
        output += close.utf8
    }
}
