/// What hooks say, for reasons.
enum HookText {
    /// Characters of a reason at most.
    static let longest = 200

    /// The last line that says something, without control characters; nil when there is none.
    static func lastLine(of text: String) -> String? {
        let lines = text.utf8.split { $0 == 0x0a || $0 == 0x0d }
        for line in lines.reversed() {
            let scalars = String(decoding: line, as: UTF8.self).unicodeScalars
            let printable = String(String.UnicodeScalarView(scalars.filter { $0.value >= 0x20 && $0.value != 0x7f }))
            let words = printable.split(separator: " ").joined(separator: " ")
            if !words.isEmpty { return String(words.prefix(longest)) }
        }
        return nil
    }
}
