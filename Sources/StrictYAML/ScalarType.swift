/// What a scalar is by the core schema of YAML 1.2 (10.3.2), as most readers of today see it: `yes`, `on` and `12:30` are
/// text, `0777` is a number.
public enum ScalarType: String, Hashable, Sendable {
    case null = "nothing"
    case bool = "a truth value"
    case integer = "a number"
    case float = "a fraction"
    case text = "text"
    /// What a variable was replaced in: whatever its reader expects.
    case any = "a value"
}

extension Node.Scalar {
    /// A quoted scalar is text, whatever it looks like.
    public var type: ScalarType {
        if isReplaced { return .any }
        switch tag {
        case "tag:yaml.org,2002:str", "!": return .text
        case "tag:yaml.org,2002:int": return .integer
        case "tag:yaml.org,2002:bool": return .bool
        case "tag:yaml.org,2002:float": return .float
        case "tag:yaml.org,2002:null": return .null
        default: break
        }
        guard isPlain else { return .text }
        switch string {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "false", "False", "FALSE": return .bool
        case ".nan", ".NaN", ".NAN": return .float
        default: break
        }
        // Most are names and paths, and say so at once.
        guard let first = string.utf8.first, "+-.0123456789".utf8.contains(first) else { return .text }
        if wholeNumber != nil { return .integer }
        return isFraction ? .float : .text
    }

    /// The number that a scalar of digits means: decimal, `0x`, `0o`, `0b`, or octal after a zero. nil when it is none, or
    /// does not fit.
    public func integer<Value: FixedWidthInteger>(as type: Value.Type = Value.self) -> Value? {
        // A fraction that is none (`1e3`, `08`) is a whole number too, as JSON's schemas have it.
        wholeNumber.flatMap { Value(exactly: $0) } ?? (isFraction ? Double(string).flatMap { Value(exactly: $0) } : nil)
    }

    /// The number that a fraction means.
    public var fraction: Double? {
        switch string.lowercased() {
        case ".inf", "+.inf": .infinity
        case "-.inf": -.infinity
        case ".nan": .nan
        default: Double(string)
        }
    }

    private var wholeNumber: Int128? {
        var digits = Substring(string)
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits = digits.dropFirst() }
        guard let first = digits.utf8.first, (0x30...0x39).contains(first), digits.utf8.count <= 64 else { return nil }
        digits = Substring(digits.filter { $0 != "_" })
        let radix: Int
        switch digits.prefix(2).lowercased() {
        case "0x": (radix, digits) = (16, digits.dropFirst(2))
        case "0o": (radix, digits) = (8, digits.dropFirst(2))
        case "0b": (radix, digits) = (2, digits.dropFirst(2))
        default: radix = digits.hasPrefix("0") && digits.count > 1 ? 8 : 10
        }
        guard digits.utf8.first != UInt8(ascii: "-"), digits.utf8.first != UInt8(ascii: "+") else { return nil }
        return Int128((isNegative ? "-" : "") + digits, radix: radix)
    }

    private var isFraction: Bool {
        let bytes = string.utf8
        guard bytes.count <= 64, let first = bytes.first, "+-.0123456789".utf8.contains(first) else { return false }
        let unsigned = first == UInt8(ascii: "+") || first == UInt8(ascii: "-") ? string.dropFirst() : string[...]
        if [".inf", ".Inf", ".INF"].contains(unsigned) { return true }
        return bytes.allSatisfy { "+-.eE0123456789".utf8.contains($0) } && Double(string) != nil
    }
}
