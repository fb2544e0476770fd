/// The words of the kernel's command line that are for us (`muster.*`, `BOOTIF`), and those that we must not undo.
struct KernelArguments: Equatable {
    private var values: [String: String] = [:]

    /// - Parameter line: `/proc/cmdline`. A word that stands twice counts as its last; double quotes keep blanks together,
    ///   as the kernel's own parser does (lib/cmdline.c, next_arg).
    init(_ line: [UInt8]) {
        var word: [UInt8] = []
        var isQuoted = false
        for byte in line + [0x20] {
            if byte == UInt8(ascii: "\"") {
                isQuoted.toggle()
            } else if byte.isSpace, !isQuoted {
                take(word)
                word = []
            } else {
                word.append(byte)
            }
        }
    }

    private mutating func take(_ word: [UInt8]) {
        guard !word.isEmpty else { return }
        let equals = word.firstIndex(of: UInt8(ascii: "=")) ?? word.endIndex
        values[String(Array(word[..<equals]))] = String(Array(word[equals...].dropFirst()))
    }

    /// nil when the word is not there; empty when it has no value.
    subscript(name: String) -> String? { values[name] }

    /// The value, or nil when there is none or an empty one.
    func value(_ name: String) -> String? {
        guard let value = values[name], !value.utf8.isEmpty else { return nil }
        return value
    }

    /// The hardware address in `BOOTIF=01-52-54-…`, as `52:54:…`. Only Ethernet has one of six bytes.
    var bootInterface: String? {
        guard let value = value("BOOTIF") else { return nil }
        let parts = Array(value.utf8).parts(separatedBy: UInt8(ascii: "-"))
        guard parts.count == 7, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0.hexadecimalValue != nil } })
        else {
            return nil
        }
        return parts.dropFirst().map { String($0.map { $0.lowercased }) }.joined(separator: ":")
    }
}
