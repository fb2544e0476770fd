import Build
import Vocabulary

/// How two images differ: `old` and `new` of everything that differs, null where there is none.
public struct DifferenceView: Hashable, Sendable, Codable {
    /// One value of both; null on the side that has none.
    public struct Change<Value: Hashable & Sendable & Codable>: Hashable, Sendable, Codable {
        public var old: Value?
        public var new: Value?

        private enum CodingKeys: CodingKey { case old, new }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(old, forKey: .old)
            try container.encode(new, forKey: .new)
        }
    }

    /// A kernel, a part of an initrd, or a root; the size in bytes.
    public struct BlobView: Hashable, Sendable, Codable {
        public var digest: Digest
        public var size: UInt64

        init(_ blob: Blob) { (digest, size) = (blob.digest, blob.size) }
    }

    /// Words of the kernel command line.
    public struct CommandLine: Hashable, Sendable, Codable {
        public var removed: [String]
        public var added: [String]
    }

    /// The same of something that has a name.
    public struct Named<Value: Hashable & Sendable & Codable>: Hashable, Sendable, Codable {
        public var name: String
        public var old: Value?
        public var new: Value?
    }

    public struct Package: Hashable, Sendable, Codable {
        public var name: String
        public var kind: String
        public var architecture: String
        /// The root that it is installed in, absolute.
        public var root: String
        public var old: String?
        public var new: String?
    }

    public struct File: Hashable, Sendable, Codable {
        public var path: String
        /// What differs of a file that both have.
        public var differs: [String]
        public var old: FileView?
        public var new: FileView?
    }

    public var old: Digest
    public var new: Digest
    public var isEmpty: Bool
    public var size: Change<UInt64>
    public var architecture: Change<String>?
    public var kernel: Change<BlobView>?
    public var commandLine: CommandLine
    public var parts: [Named<BlobView>]
    public var labels: [Named<String>]
    public var packages: [Package]
    /// Left out of plans.
    public var files: [File]
    public var filesDiffering: Int

    public init(_ difference: ImageDifference) {
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
        filesDiffering = difference.files.count
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
