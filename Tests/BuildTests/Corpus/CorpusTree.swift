import Foundation
import Vocabulary

@testable import Build

/// A machine's root as the corpus describes it: a line for every path (`tree.tsv`), and the containers' JSON
/// (`specs.json`).
struct CorpusTree {
    /// By path: type, mode, owner, group, size, and digest or target; and by `path#key/0/…` each value of the
    /// specifications, whose sizes and digests are left out.
    private(set) var lines: [String: String] = [:]

    /// What LinuxKit made.
    init(directory: URL) throws {
        let tree = try String(contentsOf: directory.appending(path: "tree.tsv"), encoding: .utf8)
        for line in tree.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            add(fields[0], Array(fields[1...]))
        }
        let specifications = try JSONSerialization.jsonObject(
            with: Data(contentsOf: directory.appending(path: "specs.json"))
        )
        for (path, value) in specifications as! [String: Any] { add(value, at: "\(path)#") }
    }

    /// What we make.
    init(_ root: MachineRoot, contents: CorpusContents) throws {
        var files: [BytePath: TreeEntry] = [:]
        for entry in root.entries.map(\.entry) {
            var file = entry
            if case .hardLink(let target) = entry.kind { file = files[target]! }
            files[entry.path] = file
            var bytes = ["-", "-"]
            let type: String
            switch file.kind {
            case .directory: type = "d"
            case .file(let content):
                type = "f"
                bytes = [String(content.size), content.digest.hex]
            case .symbolicLink(let target):
                type = "l"
                bytes[1] = String(decoding: target.bytes, as: UTF8.self)
            case .characterDevice: type = "c"
            case .blockDevice: type = "b"
            case .fifo: type = "p"
            case .hardLink: preconditionFailure("the target of a hard link is no hard link")
            }
            let path = String(decoding: entry.path.bytes, as: UTF8.self)
            let mode = String(file.permissions, radix: 8)
            add(path, [type, mode, String(file.owner), String(file.group)] + bytes)
            if Self.isSpecification(path), case .file(let content) = file.kind {
                var json: [UInt8] = []
                try contents.store.read(content) { json += $0 }
                add(try JSONSerialization.jsonObject(with: Data(json)), at: "\(path)#")
            }
        }
    }

    private mutating func add(_ path: String, _ fields: [String]) {
        var fields = fields
        // Of the object without spaces, which says less than its values do.
        if Self.isSpecification(path) { fields[4...] = ["-", "-"] }
        lines[path] = fields.joined(separator: " ")
    }

    private static func isSpecification(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        return parts.count == 4 && parts[0] == "containers" && ["config.json", "runtime.json"].contains(parts[3])
    }

    private mutating func add(_ value: Any, at path: String) {
        let prefix = path.hasSuffix("#") ? path : "\(path)/"
        switch value {
        case let members as [String: Any]:
            lines[path] = "object"
            for (key, member) in members { add(member, at: "\(prefix)\(key)") }
        case let elements as [Any]:
            lines[path] = "list of \(elements.count)"
            for (index, element) in elements.enumerated() { add(element, at: "\(prefix)\(index)") }
        case let text as String: lines[path] = "'\(text)'"
        default: lines[path] = "\(value)"
        }
    }

    /// What differs from `other`, a line each: `path: mine → other's`.
    func differences(from other: CorpusTree) -> [String: String] {
        var differences: [String: String] = [:]
        for path in Set(lines.keys).union(other.lines.keys) where lines[path] != other.lines[path] {
            differences[path] = "\(lines[path] ?? "nothing") → \(other.lines[path] ?? "nothing")"
        }
        return differences
    }
}
