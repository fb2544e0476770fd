/// A resource as people would write it, in their keys' order: what `get -o yaml|json` shows, what profiles and rules are
/// kept as, and what two states are compared by. What has its default is left out.
public struct Document: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public var key: String
        public var value: JSONValue
    }

    public private(set) var fields: [Field] = []

    init(kind: String) { add("kind", .string(kind)) }

    public subscript(key: String) -> JSONValue? { fields.first { $0.key == key }?.value }

    mutating func add(_ key: String, _ value: JSONValue?) {
        guard let value else { return }
        fields.append(Field(key: key, value: value))
    }

    mutating func add(_ key: String, _ value: String?) { add(key, value.map(JSONValue.string)) }

    mutating func add(_ key: String, _ value: [String: JSONValue]) {
        if !value.isEmpty { add(key, .object(value)) }
    }

    mutating func add(_ key: String, _ value: [String: String]) { add(key, value.mapValues(JSONValue.string)) }

    /// One line of JSON, which is YAML as well.
    public var json: String {
        var text = "{"
        for field in fields {
            if text.utf8.count > 1 { text += ", " }
            JSONValue.string(field.key).write(to: &text)
            text += ": "
            field.value.write(to: &text)
        }
        return text + "}"
    }
}

extension JSONValue {
    /// One line of JSON with sorted keys.
    public var json: String {
        var text = ""
        write(to: &text)
        return text
    }

    fileprivate func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                value.write(to: &text)
            }
            text += "]"
        case .object(let values):
            text += "{"
            for (index, pair) in values.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { text += ", " }
                Self.write(pair.key, to: &text)
                text += ": "
                pair.value.write(to: &text)
            }
            text += "}"
        }
    }

    /// RFC 8259 §7. Line and paragraph separators and what follows ASCII's controls are escaped too, because YAML breaks
    /// lines at them.
    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{feff}":
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
