/// Huge pages for programs that do not ask for them, which the kernel may be set to give (Linux:
/// Documentation/admin-guide/mm/transhuge.rst). Held back while many programs begin at once: who has just begun touches a
/// little of every piece of its memory, and each touch would take 2 MiB.
struct HugePages {
    private static let file = "/sys/kernel/mm/transparent_hugepage/enabled"
    private static let always = "always"
    /// Only those who ask.
    private static let asked = "madvise"
    private var areHeldBack = false

    /// The one of the words that is in force: it stands in brackets.
    static func choice(in line: String) -> String? {
        for word in Array(line.utf8).words where word.first == UInt8(ascii: "[") && word.last == UInt8(ascii: "]") {
            return String(Array(word.dropFirst().dropLast()))
        }
        return nil
    }

    mutating func holdBack() {
        guard Self.choice == Self.always else { return }
        try? FileSystem.write(Self.file, Self.asked, creates: false)
        areHeldBack = true
    }

    /// As it was, unless somebody else has chosen meanwhile.
    mutating func allow() {
        guard areHeldBack else { return }
        areHeldBack = false
        if Self.choice == Self.asked { try? FileSystem.write(Self.file, Self.always, creates: false) }
    }

    private static var choice: String? { FileSystem.line(file).flatMap { choice(in: $0) } }
}
