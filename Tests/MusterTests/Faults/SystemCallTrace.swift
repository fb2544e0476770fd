import Foundation

/// What a program asked of the kernel so that bytes survive a power cut, in order, as strace writes it down.
struct SystemCallTrace {
    /// One call that has returned without an error.
    struct Call: Hashable {
        var name: String
        var paths: [String]

        var isFlush: Bool { name == "fsync" || name == "fdatasync" }
        var isRename: Bool { name.hasPrefix("rename") }
    }

    let file: URL

    /// What to put before a program's command line: the program stays the process that was started.
    var wrapper: [String] {
        ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-qq", "-s", "4096", "-o", file.path]
            + ["-e", "trace=fsync,fdatasync,rename,renameat,renameat2"]
    }

    func calls() throws -> [Call] {
        var begun: [Substring: Substring] = [:]
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").compactMap { line in
            guard let blank = line.firstIndex(of: " ") else { return nil }
            let thread = line[..<blank]
            var text = line[blank...].drop { $0 == " " }
            // A call that another thread's came between is written in two lines.
            if let end = text.range(of: " <unfinished ...>") {
                begun[thread] = text[..<end.lowerBound]
                return nil
            }
            if text.hasPrefix("<... "), let rest = text.range(of: " resumed>") {
                text = Substring((begun.removeValue(forKey: thread) ?? "") + text[rest.upperBound...])
            }
            guard text.hasSuffix(" = 0"), let bracket = text.firstIndex(of: "(") else { return nil }
            return Call(name: String(text[..<bracket]), paths: Self.paths(text[bracket...]))
        }
    }

    /// `"path"`, and `<path>` behind a descriptor; with its directory's `<path>` before it, a bare name is in that.
    private static func paths(_ arguments: Substring) -> [String] {
        arguments.matches(of: /"([^"]*)"|\d<([^>]*)>/).map { String($0.output.1 ?? $0.output.2 ?? "") }
    }
}
