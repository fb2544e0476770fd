import FoundationEssentials

extension CommonOptions {
    /// A command for people to paste into a shell, wherever they are: this program as it was called, with the options that
    /// lead to the same data.
    ///
    /// - Parameters:
    ///   - command: its words.
    ///   - program: as it was called.
    ///   - directory: where it was called.
    func again(
        _ command: String,
        program: String = CommandLine.arguments.first ?? "muster",
        in directory: String = FileManager.default.currentDirectoryPath
    ) -> String {
        func place(_ path: String) -> String {
            Self.quoted(path.hasPrefix("/") ? path : directory + "/" + path)
        }
        // Without a slash it was found by the search path, where it is found again.
        var words = [program.contains("/") ? place(program) : program, command]
        if let data { words += ["--data", place(data)] }
        if let file { words += ["--config", place(file)] }
        return words.joined(separator: " ")
    }

    /// As one word of a POSIX shell.
    private static func quoted(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-+:@%=,".utf8.contains(byte)
            }
        }
        return plain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
