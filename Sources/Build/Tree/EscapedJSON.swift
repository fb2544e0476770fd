/// Texts in JSON as Go's encoder writes them by default, so that what LinuxKit writes too has the same bytes.
enum EscapedJSON {
    /// In quotes. What HTML would see as markup is escaped, and so are the two separators that end a line in JavaScript.
    static func quoted(_ text: String) -> [UInt8] {
        var output: [UInt8] = [UInt8(ascii: "\"")]
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\"".utf8
            case "\\": output += "\\\\".utf8
            case "\u{8}": output += "\\b".utf8
            case "\u{c}": output += "\\f".utf8
            case "\n": output += "\\n".utf8
            case "\r": output += "\\r".utf8
            case "\t": output += "\\t".utf8
            case "<", ">", "&", "\u{2028}", "\u{2029}", "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                output += ("\\u" + String(repeating: "0", count: 4 - digits.count) + digits).utf8
            default: output += String(scalar).utf8
            }
        }
        return output + [UInt8(ascii: "\"")]
    }
}
