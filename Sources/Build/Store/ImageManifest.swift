import Foundation
import Vocabulary

/// What an image is: a kernel, an initrd in parts, perhaps a root, and a command line, each by digest.
///
/// The image's own digest is the SHA-256 of `canonicalBytes`, and nothing that differs between two builds of the same
/// thing (time, host, paths) is in them. Parsing is strict: bytes that are not the canonical spelling of what they say
/// are no manifest, so that an image cannot have two digests.
public struct ImageManifest: Hashable, Sendable {
    /// One piece of the initrd; the kernel unpacks them in order.
    public struct Part: Hashable, Sendable {
        public var digest: Digest
        /// In bytes.
        public var size: UInt64
        /// What it is: `initrd`, `init`, `onboot/000-sysctl` …, and `init/1` for the files of a large layer of `init`. Each
        /// name is there once.
        public var part: String

        public init(digest: Digest, size: UInt64, part: String) {
            self.digest = digest
            self.size = size
            self.part = part
        }
    }

    /// A root file system that the initrd mounts instead of being it.
    public struct Root: Hashable, Sendable {
        public var digest: Digest
        /// In bytes, the tree of dm-verity included.
        public var size: UInt64
        public var type: RootType
        /// nil for a root without a tree.
        public var verity: Verity?

        public init(digest: Digest, size: UInt64, type: RootType, verity: Verity? = nil) {
            self.digest = digest
            self.size = size
            self.type = type
            self.verity = verity
        }
    }

    /// The tree of hashes behind a root file system, in the same blob, as `veritysetup format` makes it: version 1,
    /// SHA-256, blocks of 4096 bytes, its superblock in front
    /// (Linux, Documentation/admin-guide/device-mapper/verity.rst).
    public struct Verity: Hashable, Sendable {
        /// Of the tree's topmost block.
        public var hash: Digest
        /// Where the superblock begins, which is where the file system ends, in bytes.
        public var offset: UInt64
        /// In hex.
        public var salt: String

        public init(hash: Digest, offset: UInt64, salt: String) {
            self.hash = hash
            self.offset = offset
            self.salt = salt
        }
    }

    /// What the part is called that is microcode: the first, and not compressed.
    static let microcodePart = "microcode"

    /// The only version there is.
    public static let version: UInt64 = 1

    public var architecture: Architecture
    public var kernel: Blob
    public var initrd: [Part]
    public var root: Root?
    /// Without what every boot adds (`muster.boot=` …).
    public var commandLine: String
    public var labels: [String: String]

    /// The label of images that contain our agent, which reports with the token that it finds; its value is `1`.
    public static let agentLabel = "muster.agent"
    public var hasAgent: Bool { labels[Self.agentLabel] == "1" }

    public init(
        architecture: Architecture,
        kernel: Blob,
        initrd: [Part],
        root: Root? = nil,
        commandLine: String = "",
        labels: [String: String] = [:]
    ) {
        self.architecture = architecture
        self.kernel = kernel
        self.initrd = initrd
        self.root = root
        self.commandLine = commandLine
        self.labels = labels
    }

    /// Every blob that the image is made of, once each.
    public var blobs: Set<Blob> {
        var all: Set = [kernel]
        for part in initrd { all.insert(Blob(digest: part.digest, size: part.size)) }
        if let root { all.insert(Blob(digest: root.digest, size: root.size)) }
        return all
    }

    /// The one spelling of this manifest.
    public var canonicalBytes: [UInt8] {
        var members: [String: CanonicalJSON] = [
            "version": .integer(Self.version),
            "arch": .string(architecture.rawValue),
            "kernel": .object(["digest": .string(kernel.digest.description), "size": .integer(kernel.size)]),
            "initrd": .array(
                initrd.map { part in
                    .object([
                        "digest": .string(part.digest.description), "size": .integer(part.size),
                        "part": .string(part.part),
                    ])
                }
            ),
            "cmdline": .string(commandLine),
            "labels": .object(labels.mapValues(CanonicalJSON.string)),
        ]
        if let root { members["root"] = root.json }
        return CanonicalJSON.object(members).bytes
    }

    /// The image's name.
    public var digest: Digest { Digest(of: canonicalBytes) }
}

extension ImageManifest {
    /// - Throws: `BuildError` saying what is wrong when `bytes` are not a canonical manifest of this version.
    public init(parsing bytes: [UInt8]) throws(BuildError) {
        let stored: Stored
        do {
            stored = try JSONDecoder().decode(Stored.self, from: Data(bytes))
        } catch {
            throw BuildError(.invalidInput, "this is no image manifest: \(explainDecoding(error))")
        }
        guard stored.version == Self.version else {
            throw BuildError(
                .invalidInput,
                "the image manifest has version \(stored.version), and this program reads version \(Self.version)"
            )
        }
        guard let architecture = Architecture(stored.arch), architecture.rawValue == stored.arch else {
            throw BuildError(.invalidInput, "the image manifest names an unknown architecture '\(stored.arch)'")
        }
        self.init(
            architecture: architecture,
            kernel: Blob(digest: stored.kernel.digest, size: stored.kernel.size),
            initrd: stored.initrd.map { Part(digest: $0.digest, size: $0.size, part: $0.part) },
            root: stored.root.map(Root.init),
            commandLine: stored.cmdline,
            labels: stored.labels
        )
        guard canonicalBytes == bytes else {
            throw BuildError(
                .invalidInput,
                "this image manifest is not in its canonical spelling (sorted keys, no blanks, no unknown keys)"
            )
        }
    }

    fileprivate struct Stored: Decodable {
        struct Kernel: Decodable { var digest: Digest, size: UInt64 }
        struct Part: Decodable { var digest: Digest, size: UInt64, part: String }
        struct Root: Decodable { var digest: Digest, size: UInt64, type: RootType, verity: Verity? }
        struct Verity: Decodable { var hash: Digest, offset: UInt64, salt: String }
        var version: UInt64
        var arch: String
        var kernel: Kernel
        var initrd: [Part]
        var root: Root?
        var cmdline: String
        var labels: [String: String]
    }
}

extension ImageManifest.Root {
    /// As it stands in the manifest, and in the initrd that fetches it.
    var json: CanonicalJSON {
        var members: [String: CanonicalJSON] = [
            "digest": .string(digest.description), "size": .integer(size), "type": .string(type.rawValue),
        ]
        if let verity {
            members["verity"] = .object([
                "hash": .string(verity.hash.description), "offset": .integer(verity.offset),
                "salt": .string(verity.salt),
            ])
        }
        return .object(members)
    }

    /// - Throws: what is wrong with bytes that `json` did not write.
    init(parsing bytes: [UInt8]) throws {
        self.init(try JSONDecoder().decode(ImageManifest.Stored.Root.self, from: Data(bytes)))
    }

    fileprivate init(_ stored: ImageManifest.Stored.Root) {
        let verity = stored.verity.map {
            ImageManifest.Verity(hash: $0.hash, offset: $0.offset, salt: $0.salt)
        }
        self.init(digest: stored.digest, size: stored.size, type: stored.type, verity: verity)
    }
}
