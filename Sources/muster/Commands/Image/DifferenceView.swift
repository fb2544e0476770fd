import Build
import Vocabulary

/// `muster image diff --json`: `old` and `new` of everything that differs, null where there is none.
struct DifferenceView: Encodable {
    struct Change<Value: Encodable>: Encodable {
        var old: Value?
        var new: Value?

        private enum Keys: CodingKey { case old, new }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(old, forKey: .old)
            try container.encode(new, forKey: .new)
        }
    }

    struct BlobView: Encodable {
        var digest: Digest
        var size: UInt64

        init(_ blob: Blob) { (digest, size) = (blob.digest, blob.size) }
    }

    struct CommandLine: Encodable {
        var removed: [String]
        var added: [String]
    }

    struct Named<Value: Encodable>: Encodable {
        var name: String
        var old: Value?
        var new: Value?
    }

    struct Package: Encodable {
        var name: String
        var kind: String
        var architecture: String
        /// The root that it is installed in, absolute.
        var root: String
        var old: String?
        var new: String?
    }

    struct File: Encodable {
        var path: String
        /// What differs of a file that both have.
        var differs: [String]
        var old: FileView?
        var new: FileView?
    }

    var old: Digest
    var new: Digest
    var isEmpty: Bool
    var size: Change<UInt64>
    var architecture: Change<String>?
    var kernel: Change<BlobView>?
    var commandLine: CommandLine
    var parts: [Named<BlobView>]
    var labels: [Named<String>]
    var packages: [Package]
    var files: [File]

    init(_ difference: ImageDifference) {
        old = difference.old
        new = difference.new
        isEmpty = difference.isEmpty
        size = Change(old: difference.size.old, new: difference.size.new)
        architecture = difference.architecture.map { Change(old: $0.old?.rawValue, new: $0.new?.rawValue) }
        kernel = difference.kernel.map { Change(old: $0.old.map(BlobView.init), new: $0.new.map(BlobView.init)) }
        commandLine = CommandLine(removed: difference.removedArguments, added: difference.addedArguments)
        parts = difference.parts.map { part in
            Named(name: part.name, old: part.change.old.map(BlobView.init), new: part.change.new.map(BlobView.init))
        }
        labels = difference.labels.map { Named(name: $0.name, old: $0.change.old, new: $0.change.new) }
        packages = difference.packages.map { package in
            Package(
                name: package.name,
                kind: package.kind.rawValue,
                architecture: package.architecture,
                root: "/\(package.root)",
                old: package.change.old,
                new: package.change.new
            )
        }
        files = difference.files.map { file in
            File(
                path: "/\(file.path)",
                differs: file.aspects,
                old: file.change.old.map(FileView.init),
                new: file.change.new.map(FileView.init)
            )
        }
    }
}

/// A file of an image.
struct FileView: Encodable {
    /// Absolute; bytes that are no printable ASCII as `\xhh`.
    var path: String
    var part: String
    /// `directory`, `file`, `link`, `character`, `block`, `pipe` or `socket`.
    var type: String
    /// The low 12 bits of the mode, in octal.
    var mode: String
    var owner: UInt32
    var group: UInt32
    var size: UInt64
    var digest: Digest?
    var target: String?
    /// `MAJOR:MINOR`
    var device: String?

    init(_ file: ImageContents.File) {
        path = "/\(file.path)"
        part = file.part
        type = FileText.type(file.type)
        mode = FileText.octal(file.permissions)
        owner = file.owner
        group = file.group
        size = file.size
        digest = file.digest
        target = file.target?.description
        device = file.device.map { "\($0.major):\($0.minor)" }
    }
}

/// Pieces of a file's metadata as text.
enum FileText {
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
