import Build
import Vocabulary

/// The initrd that one machine gets in one boot: a cpio archive, not compressed, that the kernel unpacks over the image's.
struct MachineSegment: Sendable {
    /// Where our agent finds its boot's token.
    static let tokenPath = "etc/muster/token"

    struct File: Hashable, Sendable {
        /// Relative to the root.
        var path: String
        /// The low 12 bits of the mode.
        var permissions: UInt16
        var bytes: [UInt8]
    }

    var token: BootToken
    var files: [File] = []
    /// What the image has already: its directories keep their owners and modes.
    var present: Set<BytePath> = []

    /// A newc archive, a multiple of 4 bytes long.
    /// - Throws: `BuildError` for what no archive can carry.
    func bytes() throws -> [UInt8] {
        var archive: [UInt8] = []
        var writer = NewcWriter { piece in piece.withUnsafeBytes { archive.append(contentsOf: $0) } }
        var made = present
        let token = File(path: Self.tokenPath, permissions: 0o600, bytes: token.text)
        for file in files.filter({ $0.path != Self.tokenPath }) + [token] {
            for parent in Self.parents(of: file.path) where made.insert(BytePath(parent)).inserted {
                try writer.append(.directory(BytePath(parent), permissions: parent == "etc/muster" ? 0o700 : 0o755))
            }
            let entry = NewcEntry(
                path: BytePath(file.path),
                kind: .file(size: UInt64(file.bytes.count)),
                permissions: file.permissions
            )
            try writer.append(entry, data: file.bytes)
        }
        try writer.finish()
        return archive
    }

    /// `a` and `a/b` of `a/b/c`.
    private static func parents(of path: String) -> [String] {
        var parents: [String] = []
        for part in path.split(separator: "/").dropLast() {
            parents.append(parents.last.map { "\($0)/\(part)" } ?? String(part))
        }
        return parents
    }
}
