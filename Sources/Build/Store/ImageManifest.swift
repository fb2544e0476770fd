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
        /// In bytes.
        public var size: UInt64
        /// `squashfs`, `erofs` …
        public var type: String
        /// The root hash of its dm-verity tree, in hex.
        public var verity: String?

        public init(digest: Digest, size: UInt64, type: String, verity: String? = nil) {
            self.digest = digest
            self.size = size
            self.type = type
            self.verity = verity
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
        if let root {
            var value: [String: CanonicalJSON] = [
                "digest": .string(root.digest.description), "size": .integer(root.size), "type": .string(root.type),
            ]
            value["verity"] = root.verity.map(CanonicalJSON.string)
            members["root"] = .object(value)
        }
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
            root: stored.root.map { Root(digest: $0.digest, size: $0.size, type: $0.type, verity: $0.verity) },
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

    private struct Stored: Decodable {
        struct Kernel: Decodable { var digest: Digest, size: UInt64 }
        struct Part: Decodable { var digest: Digest, size: UInt64, part: String }
        struct Root: Decodable { var digest: Digest, size: UInt64, type: String, verity: String? }
        var version: UInt64
        var arch: String
        var kernel: Kernel
        var initrd: [Part]
        var root: Root?
        var cmdline: String
        var labels: [String: String]
    }
}
