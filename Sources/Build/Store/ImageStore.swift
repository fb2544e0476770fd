import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The images of a data directory: manifests among the blobs, and names in small files beside them
/// (`images/<name>.json`), each replaced atomically.
///
/// Synchronous, safe from any thread, and safe beside other processes: whoever changes a name holds a lock on the
/// directory while it reads, adds a release and writes.
public struct ImageStore: Sendable {
    public let blobs: BlobStore
    let directory: DataDirectory
    let dataDirectory: String

    /// - Throws: `BuildError` when the directories cannot be made.
    public init(dataDirectory: String) throws {
        self.dataDirectory = dataDirectory
        blobs = try BlobStore(dataDirectory: dataDirectory)
        directory = try DataDirectory("\(dataDirectory)/images")
    }

    /// One image of the current release of a name.
    public struct Entry: Hashable, Sendable {
        public var name: String
        public var release: Int
        public var created: Timestamp
        public var digest: Digest
        public var manifest: ImageManifest
        /// What the import was not sure of.
        public var warnings: [String] = []
        /// The sum of its blobs, in bytes.
        public var size: UInt64 { manifest.blobs.reduce(0) { $0 + $1.size } }
    }

    /// Changes whenever a name does, whoever changed it.
    public struct Version: Hashable, Sendable {
        fileprivate var seconds: Int
        fileprivate var nanoseconds: Int
    }

    /// Cheap: one look at the directory of names.
    public var version: Version {
        var status = stat()
        guard stat(directory.path, &status) == 0 else { return Version(seconds: 0, nanoseconds: 0) }
        return Version(seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }

    /// The images of every name's current release, by name and architecture.
    /// - Throws: when a name's file or a manifest cannot be read; nothing is skipped silently.
    public func list() throws -> [Entry] {
        try names().flatMap { named in
            try named.current.images.sorted { $0.key < $1.key }.map { _, digest in
                Entry(
                    name: named.name,
                    release: named.current.number,
                    created: named.current.created,
                    digest: digest,
                    manifest: try manifest(digest)
                )
            }
        }
    }

    /// Every name and its releases, sorted by name.
    public func names() throws -> [NamedImage] {
        try directory.names().filter { $0.hasSuffix(".json") }.sorted().compactMap { file in
            try named(ImageName(String(file.dropLast(5))))
        }
    }

    /// What a name means; nil when nobody gave it to an image.
    public func named(_ name: ImageName) throws -> NamedImage? {
        let path = "\(directory.path)/\(name).json"
        guard let bytes = try directory.read("\(name).json", limit: 1 << 20) else { return nil }
        do {
            let named = try JSONDecoder().decode(NamedImage.self, from: Data(bytes))
            guard !named.releases.isEmpty, named.name == name.description else {
                throw BuildError(.corrupt, "it names no release of '\(name)'")
            }
            return named
        } catch {
            throw BuildError(.corrupt, "cannot read \(path): \(error)")
        }
    }

    /// The manifest with that digest.
    public func manifest(_ digest: Digest) throws -> ImageManifest {
        do {
            return try ImageManifest(parsing: blobs.read(digest))
        } catch let error as BuildError where error.code == .notFound {
            throw BuildError(.notFound, "there is no image \(digest)")
        }
    }

    /// The image that a person means: a name, a whole digest with or without `sha256:`, or the first digits of one (at
    /// least 6) that only one image has.
    ///
    /// - Parameter architecture: which of a name's images; nil when there is only one.
    /// - Throws: `BuildError` `.notFound` or `.ambiguous`, naming what there is.
    public func resolve(_ reference: String, architecture: Architecture? = nil) throws -> Digest {
        if let digest = Digest(reference) {
            _ = try manifest(digest)
            return digest
        }
        if let name = try? ImageName(reference), let named = try named(name) {
            return try pick(from: named, architecture: architecture)
        }
        let prefix = reference.hasPrefix("sha256:") ? String(reference.dropFirst(7)) : reference
        let isHex = prefix.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        if prefix.utf8.count >= 6, isHex {
            let known = Set(try names().flatMap { $0.releases.flatMap(\.images.values) })
            let matches = known.filter { $0.hex.hasPrefix(prefix) }
            if matches.count == 1 { return matches.first! }
            if matches.count > 1 {
                let list = matches.sorted().map(\.hex).joined(separator: ", ")
                throw BuildError(.ambiguous, "'\(reference)' begins several images: \(list)")
            }
        }
        throw BuildError(.notFound, "there is no image '\(reference)'; `muster image ls` shows what there is")
    }

    private func pick(from named: NamedImage, architecture: Architecture?) throws -> Digest {
        let images = named.current.images
        if let architecture {
            if let digest = images[architecture.rawValue] { return digest }
            let others = images.keys.sorted().joined(separator: ", ")
            throw BuildError(.notFound, "the image '\(named.name)' has no \(architecture) variant, only \(others)")
        }
        guard images.count == 1, let only = images.first else {
            let all = images.keys.sorted().joined(separator: ", ")
            throw BuildError(.ambiguous, "the image '\(named.name)' has several architectures: \(all)")
        }
        return only.value
    }
}
