/// The rule for names of machines, profiles and rules: they stand on kernel command lines, in URLs and on screens.
public enum ResourceNames {
    public static let expectation =
        "a name of at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit"

    public static func isValid(_ name: String) -> Bool {
        let utf8 = name.utf8
        guard let first = utf8.first, let last = utf8.last, utf8.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
