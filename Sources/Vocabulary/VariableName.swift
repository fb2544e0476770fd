/// How a variable of a definition may be called: what `--set` and a profile's `vars` declare, and `${name}` uses.
public enum VariableName {
    /// For people.
    public static let expectation = "a variable's name: a letter or '_', then letters, digits, '_', '-' and '.'"

    /// A letter or `_`, and then letters, digits, `_`, `-` and `.`.
    public static func isValid(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, isPart(first), !"0123456789-.".utf8.contains(first) else { return false }
        return text.utf8.allSatisfy(isPart)
    }

    /// Whether a name may have that byte in it.
    public static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
        default: false
        }
    }
}
