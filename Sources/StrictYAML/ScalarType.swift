public import Yams

/// What a scalar is by the core schema of YAML 1.2 (10.3.2), as most readers of today see it: `yes`, `on` and `12:30` are
/// text, `0777` is a number.
public enum ScalarType: String, Hashable, Sendable {
    case null = "nothing"
    case bool = "true or false"
    case integer = "a number"
    case float = "a fraction"
    case text = "text"
    /// What a variable was replaced in: whatever its reader expects.
    case any = "a value"
}

extension Tag.Name {
    /// The tag of a plain scalar in which a variable was replaced.
    public static let replaced = Tag.Name(rawValue: "!replaced")
}

extension Node.Scalar {
    /// A quoted scalar is text, whatever it looks like.
    public var type: ScalarType {
        switch tag.description {
        case Tag.Name.str.rawValue: return .text
        case Tag.Name.int.rawValue: return .integer
        case Tag.Name.bool.rawValue: return .bool
        case Tag.Name.float.rawValue: return .float
        case Tag.Name.null.rawValue: return .null
        case Tag.Name.replaced.rawValue: return .any
        default: break
        }
        guard style == .plain || style == .any else { return .text }
        switch string {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
        case ".inf", ".Inf", ".INF", "+.inf", "-.inf", ".nan", ".NaN", ".NAN": return .float
        default: return integer != nil ? .integer : isFloat ? .float : .text
        }
    }

    /// The number that a scalar of digits means: decimal, `0x`, `0o`, `0b`, or octal after a zero.
    public var integer: Int64? {
        var digits = Substring(string)
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
        guard let first = digits.utf8.first, (0x30...0x39).contains(first) else { return nil }
        digits = Substring(digits.filter { $0 != "_" })
        let radix: Int
        switch digits.prefix(2) {
        case "0x": (radix, digits) = (16, digits.dropFirst(2))
        case "0o": (radix, digits) = (8, digits.dropFirst(2))
        case "0b": (radix, digits) = (2, digits.dropFirst(2))
        default: radix = digits.hasPrefix("0") && digits.count > 1 ? 8 : 10
        }
        return Int64((isNegative ? "-" : "") + digits, radix: radix)
    }

    private var isFloat: Bool {
        let bytes = string.utf8
        guard let first = bytes.first, "+-.0123456789".utf8.contains(first) else { return false }
        return bytes.allSatisfy { "+-.eE0123456789".utf8.contains($0) } && Double(string) != nil
    }
}
