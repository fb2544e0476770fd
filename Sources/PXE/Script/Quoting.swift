import Vocabulary

/// How values are spelled so that a loader's script reads them as values.
///
/// All of it works on bytes: `Character` would hide a line feed in a CR LF pair. What a dialect cannot hold is
/// spelled `\xhh`, which neither loader interprets: visible on the screen, and never script.
protocol Quoting {
    /// Text for the screen: printable ASCII stays, everything else is spelled.
    static func appendText(_ bytes: some Collection<UInt8>, to script: inout [UInt8])
    /// One word of the script.
    static func appendWord(_ bytes: some Collection<UInt8>, to script: inout [UInt8])
    /// Words separated by blanks, each of which stays the word that it is.
    static func appendArguments(_ bytes: some Collection<UInt8>, to script: inout [UInt8])
}

extension Quoting {
    static func appendSpelled(_ byte: UInt8, to script: inout [UInt8]) {
        script.append(UInt8(ascii: "\\"))
        script.append(UInt8(ascii: "x"))
        script.append(hexadecimalCharacter(byte >> 4))
        script.append(hexadecimalCharacter(byte & 15))
    }
}

/// Control characters of ASCII: the ones that end lines, move cursors and start escape sequences.
func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7f }

/// iPXE's scripts (its `exec.c`, `script.c` and `settings.c`, the same in 2019 and in 2.0).
///
/// There is no quoting at all. A line ends at a line feed, unless a backslash stands before it. Its words are
/// what stands between white space; a word that begins with `#` ends the command, and the words `||`, `&&` and `;`
/// begin the next. After that, `${…}` is expanded in every word, again and again until none is left.
enum IPXEQuoting: Quoting {
    /// True for bytes that stand for themselves wherever they are, in a word of any kind.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: ";"), UInt8(ascii: "\\"),
            UInt8(ascii: "|"):
            false
        default: 0x20 < byte && byte < 0x7f
        }
    }

    static func appendText(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        appendWords(bytes, to: &script) { isControl($0) || $0 >= 0x80 }
    }

    static func appendWord(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        append(word: bytes, to: &script) { isControl($0) || $0 == UInt8(ascii: " ") }
    }

    static func appendArguments(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        appendWords(bytes, to: &script, spelling: isControl)
    }

    private static func appendWords(
        _ bytes: some Collection<UInt8>,
        to script: inout [UInt8],
        spelling mustSpell: (UInt8) -> Bool
    ) {
        // Nearly all are: one copy instead of a walk.
        if bytes.allSatisfy({ isPlain($0) || $0 == UInt8(ascii: " ") }) {
            script.append(contentsOf: bytes)
            return
        }
        var isFirst = true
        for word in bytes.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false) {
            if !isFirst { script.append(UInt8(ascii: " ")) }
            isFirst = false
            append(word: word, to: &script, spelling: mustSpell)
        }
    }

    private static func append(
        word: some Collection<UInt8>,
        to script: inout [UInt8],
        spelling mustSpell: (UInt8) -> Bool
    ) {
        if word.allSatisfy(isPlain) {
            script.append(contentsOf: word)
            return
        }
        let isSeparator =
            word.elementsEqual("||".utf8) || word.elementsEqual("&&".utf8) || word.elementsEqual(";".utf8)
        var index = word.startIndex
        while index != word.endIndex {
            let byte = word[index]
            let next = word.index(after: index)
            let following = next == word.endIndex ? nil : word[next]
            let isSpecial =
                switch byte {
                case UInt8(ascii: "#"): index == word.startIndex
                case UInt8(ascii: "$"): following == nil || following == UInt8(ascii: "{")
                case UInt8(ascii: "\\"): following == nil
                default: false
                }
            if isSpecial || isSeparator || mustSpell(byte) {
                appendSpelled(byte, to: &script)
            } else {
                script.append(byte)
            }
            index = next
        }
    }
}

/// GRUB's scripts (the manual's "Quoting"): between single quotes every byte stands for itself, so only the
/// single quote needs care. Control characters are spelled all the same, since the value is shown on a terminal
/// or given to a kernel.
enum GRUBQuoting: Quoting {
    static func appendText(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        append(quoted: bytes, to: &script) { isControl($0) || $0 >= 0x80 }
    }

    static func appendWord(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        append(quoted: bytes, to: &script, spelling: isControl)
    }

    /// A word each in quotes of its own: GRUB would put quotes into the kernel's command line around an argument
    /// that has a blank inside.
    static func appendArguments(_ bytes: some Collection<UInt8>, to script: inout [UInt8]) {
        var isFirst = true
        for word in bytes.split(separator: UInt8(ascii: " ")) {
            if !isFirst { script.append(UInt8(ascii: " ")) }
            isFirst = false
            append(quoted: word, to: &script, spelling: isControl)
        }
    }

    private static func append(
        quoted bytes: some Collection<UInt8>,
        to script: inout [UInt8],
        spelling mustSpell: (UInt8) -> Bool
    ) {
        let quote = UInt8(ascii: "'")
        script.append(quote)
        for byte in bytes {
            if byte == quote {
                script.append(contentsOf: #"'\''"#.utf8)
            } else if mustSpell(byte) {
                appendSpelled(byte, to: &script)
            } else {
                script.append(byte)
            }
        }
        script.append(quote)
    }
}
