import Build
import Vocabulary

/// A file of an image.
public struct FileView: Hashable, Sendable, Codable {
    /// Absolute; bytes that are no printable ASCII as `\xhh`.
    public var path: String
    public var part: String
    /// `directory`, `file`, `link`, `character`, `block`, `pipe` or `socket`.
    public var type: String
    /// The low 12 bits of the mode, in octal.
    public var mode: String
    public var owner: Int
    public var group: Int
    public var size: UInt64
    public var digest: Digest?
    public var target: String?
    /// `MAJOR:MINOR`
    public var device: String?

    public init(_ file: ImageContents.File) {
        path = "/\(file.path)"
        part = file.part
        type = FileText.type(file.type)
        mode = FileText.octal(file.permissions)
        owner = Int(file.owner)
        group = Int(file.group)
        size = file.size
        digest = file.digest
        target = file.target?.description
        device = file.device.map { "\($0.major):\($0.minor)" }
    }
}

/// Pieces of a file's metadata as text.
private enum FileText {
    static func type(_ type: UInt32) -> String {
        switch type {
        case 0o040000: "directory"
        case 0o100000: "file"
        case 0o120000: "link"
        case 0o020000: "character"
        case 0o060000: "block"
        case 0o010000: "pipe"
        default: "socket"
        }
    }

    /// `0644`, `4755`.
    static func octal(_ permissions: UInt32) -> String {
        let digits = String(permissions, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
