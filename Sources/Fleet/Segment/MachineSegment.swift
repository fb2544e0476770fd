import Build
import Vocabulary

/// The initrd that one machine gets in one boot: a cpio archive, not compressed, that the kernel unpacks over the image's.
struct MachineSegment: Sendable {
    /// Where our agent finds its boot's token.
    static let tokenPath = "etc/muster/token"

    var token: BootToken

    /// A newc archive, a multiple of 4 bytes long.
    /// - Throws: `BuildError` for what no archive can carry.
    func bytes() throws -> [UInt8] {
        var archive: [UInt8] = []
        var writer = NewcWriter { piece in piece.withUnsafeBytes { archive.append(contentsOf: $0) } }
        try writer.append(.directory("etc"))
        try writer.append(.directory("etc/muster", permissions: 0o700))
        let file = NewcEntry(
            path: BytePath(Self.tokenPath),
            kind: .file(size: UInt64(token.text.count)),
            permissions: 0o600
        )
        try writer.append(file, data: token.text)
        try writer.finish()
        return archive
    }
}
