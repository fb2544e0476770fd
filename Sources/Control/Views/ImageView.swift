import Build
import Vocabulary

/// An image of a name's current release.
public struct ImageView: Hashable, Sendable, Codable {
    public var name: String
    public var release: Int
    public var architecture: Architecture
    public var digest: Digest
    /// The sum of its blobs, in bytes.
    public var size: UInt64
    public var commandLine: String
    public var labels: [String: String]
    public var created: Time

    public init(_ entry: ImageStore.Entry) {
        name = entry.name
        release = entry.release
        architecture = entry.manifest.architecture
        digest = entry.digest
        size = entry.size
        commandLine = entry.manifest.commandLine
        labels = entry.manifest.labels
        created = Time(entry.created)
    }
}

/// An image's manifest and its digest. The keys are the manifest's own.
public struct ManifestView: Hashable, Sendable, Encodable {
    public var digest: Digest
    public var manifest: ImageManifest

    public init(digest: Digest, manifest: ImageManifest) {
        self.digest = digest
        self.manifest = manifest
    }

    private enum Keys: CodingKey {
        case digest, version, arch, kernel, initrd, root, cmdline, labels, size, part, type, verity, hash, offset, salt
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(digest, forKey: .digest)
        try container.encode(ImageManifest.version, forKey: .version)
        try container.encode(manifest.architecture, forKey: .arch)
        var kernel = container.nestedContainer(keyedBy: Keys.self, forKey: .kernel)
        try kernel.encode(manifest.kernel.digest, forKey: .digest)
        try kernel.encode(manifest.kernel.size, forKey: .size)
        var parts = container.nestedUnkeyedContainer(forKey: .initrd)
        for part in manifest.initrd {
            var one = parts.nestedContainer(keyedBy: Keys.self)
            try one.encode(part.digest, forKey: .digest)
            try one.encode(part.size, forKey: .size)
            try one.encode(part.part, forKey: .part)
        }
        if let root = manifest.root {
            var one = container.nestedContainer(keyedBy: Keys.self, forKey: .root)
            try one.encode(root.digest, forKey: .digest)
            try one.encode(root.size, forKey: .size)
            try one.encode(root.type, forKey: .type)
            if let verity = root.verity {
                var tree = one.nestedContainer(keyedBy: Keys.self, forKey: .verity)
                try tree.encode(verity.hash, forKey: .hash)
                try tree.encode(verity.offset, forKey: .offset)
                try tree.encode(verity.salt, forKey: .salt)
            }
        }
        try container.encode(manifest.commandLine, forKey: .cmdline)
        try container.encode(manifest.labels, forKey: .labels)
    }
}
