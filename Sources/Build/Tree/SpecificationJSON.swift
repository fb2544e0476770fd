/// JSON as it stands in `config.json` and `runtime.json`: indented by four, keys sorted, no newline at the end,
/// texts escaped as LinuxKit's are.
enum SpecificationJSON: Hashable, Sendable {
    case string(String)
    case integer(Int64)
    case unsigned(UInt64)
    case bool(Bool)
    case array([SpecificationJSON])
    case object([String: SpecificationJSON])

    /// Texts in a list; nil for an empty list, which is left out.
    static func strings(_ texts: [String]) -> SpecificationJSON? {
        texts.isEmpty ? nil : .array(texts.map(Self.string))
    }
    /// nil for an empty text, which is left out.
    static func nonEmpty(_ text: String?) -> SpecificationJSON? { text.flatMap { $0.isEmpty ? nil : .string($0) } }
    /// nil for an empty list, which is left out.
    static func nonEmpty(_ values: [SpecificationJSON]) -> SpecificationJSON? { values.isEmpty ? nil : .array(values) }

    /// An object of the members that are there.
    static func members(_ members: [String: SpecificationJSON?]) -> SpecificationJSON {
        .object(members.compactMapValues { $0 })
    }

    var bytes: [UInt8] {
        var output: [UInt8] = []
        write(to: &output, indent: 0)
        return output
    }

    private func write(to output: inout [UInt8], indent: Int) {
        switch self {
        case .string(let text): output += EscapedJSON.quoted(text)
        case .integer(let value): output += String(value).utf8
        case .unsigned(let value): output += String(value).utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .array(let values) where values.isEmpty: output += "[]".utf8
        case .array(let values):
            Self.write(values, "[", "]", to: &output, indent: indent) { value, output in
                value.write(to: &output, indent: indent + 4)
            }
        case .object(let members) where members.isEmpty: output += "{}".utf8
        case .object(let members):
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            Self.write(sorted, "{", "}", to: &output, indent: indent) { member, output in
                output += EscapedJSON.quoted(member.key) + Array(": ".utf8)
                member.value.write(to: &output, indent: indent + 4)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element],
        _ open: String,
        _ close: String,
        to output: inout [UInt8],
        indent: Int,
        _ body: (Element, inout [UInt8]) -> Void
    ) {
        output += open.utf8
        for (index, element) in elements.enumerated() {
            output += (index == 0 ? "\n" : ",\n").utf8
            output += [UInt8](repeating: UInt8(ascii: " "), count: indent + 4)
            body(element, &output)
        }
        output.append(UInt8(ascii: "\n"))
        output += [UInt8](repeating: UInt8(ascii: " "), count: indent)
        output += close.utf8
    }
}
