import Foundation
import Vocabulary

/// What `docker save` writes: a tar archive with `manifest.json`, which names configurations and layers. Images get an OCI
/// manifest here, made of nothing but their configuration and layers: the same archive always has the same digest.
struct DockerArchive: Sendable {
    struct Entry: Codable, Sendable {
        var config: String
        var tags: [String]?
        /// The lowest first.
        var layers: [String]

        enum CodingKeys: String, CodingKey {
            case config = "Config"
            case tags = "RepoTags"
            case layers = "Layers"
        }
    }

    let files: ArchiveFiles
    let name: String
    let entries: [Entry]

    /// - Returns: nil when it is no such archive.
    init?(_ files: ArchiveFiles, name: String) throws {
        guard let bytes = try files.read("manifest.json", limit: OCIDocument.longest) else { return nil }
        self.files = files
        self.name = name
        entries = try decodeJSON([Entry].self, from: bytes, name: "manifest.json of \(name)")
    }

    /// The image of a tag; without one, the only image that there is.
    func entry(tagged tag: String?) throws -> Entry {
        let known = entries.flatMap { $0.tags ?? [] }
        guard let tag else {
            guard let only = entries.first else { throw BuildError(.notFound, "there is no image in \(name)") }
            guard entries.count == 1 else {
                throw BuildError(
                    .ambiguous,
                    "\(name) holds several images, say which: \(name):NAME, NAME one of \(known.joined(separator: ", "))"
                )
            }
            return only
        }
        let wanted = DockerReference(tag)
        let found = entries.first { entry in
            (entry.tags ?? []).contains { $0 == tag || (wanted != nil && DockerReference($0) == wanted) }
        }
        guard let found else {
            let others = known.isEmpty ? "nameless ones" : known.joined(separator: ", ")
            throw BuildError(.notFound, "there is no image '\(tag)' in \(name), only \(others)")
        }
        return found
    }

    /// Copies an image's configuration and layers into `store`.
    ///
    /// - Returns: the image; its manifest is not in the store yet.
    /// - Throws: `BuildError` when something is missing, or a layer is not the one that the configuration names.
    func copy(_ entry: Entry, to store: BlobStore, _ cancellation: BlockingWork.Cancellation) throws -> FoundImage {
        guard let configurationBytes = try files.read(entry.config, limit: OCIDocument.longest) else {
            throw BuildError(.invalidInput, "\(name) is incomplete: it has no \(entry.config)")
        }
        let subject = "\(entry.config) of \(name)"
        let configuration = try OCIImageConfiguration(parsing: configurationBytes, name: subject)
        let digests = configuration.rootfs?.diffIDs ?? []
        guard digests.count == entry.layers.count else {
            throw BuildError(
                .invalidInput,
                "\(name) is damaged: \(entry.config) has \(digests.count) layers and manifest.json \(entry.layers.count)"
            )
        }
        let layers = try copyLayers(of: entry, digests, to: store, cancellation)
        let stored = try store.store(configurationBytes)
        let manifest = OCIManifest(
            config: OCIDescriptor(mediaType: OCIMediaType.config, digest: stored.digest, size: stored.size),
            layers: layers
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(manifest))
        return FoundImage(
            descriptor: OCIDescriptor(
                mediaType: OCIMediaType.manifest,
                digest: Digest(of: bytes),
                size: UInt64(bytes.count),
                platform: configuration.platform
            ),
            manifest: manifest,
            configuration: configuration,
            documents: [bytes]
        )
    }

    /// Copies the layers that `store` does not have yet.
    ///
    /// - Parameter digests: of the layers' tar archives, in the order of the image's layers.
    private func copyLayers(
        of entry: Entry,
        _ digests: [Digest],
        to store: BlobStore,
        _ cancellation: BlockingWork.Cancellation
    ) throws -> [OCIDescriptor] {
        var blobs: [String: Blob] = [:]
        var missing: Set<WantedFile> = []
        for (layer, digest) in zip(entry.layers, digests) {
            guard let size = files.size(of: layer) else {
                throw BuildError(.invalidInput, "\(name) is incomplete: it has no \(layer)")
            }
            if store.size(of: digest) == size {
                blobs[layer] = Blob(digest: digest, size: size)
            } else {
                missing.insert(WantedFile(name: layer))
            }
        }
        try files.copy(Array(missing), to: store, cancellation) { blobs[$0] = $1 }
        var layers: [OCIDescriptor] = []
        for (layer, digest) in zip(entry.layers, digests) {
            guard let blob = blobs[layer] else {
                throw BuildError(.invalidInput, "\(name) is incomplete: it has no \(layer)")
            }
            let type = try Self.mediaType(ofFile: store.path(of: blob.digest))
            // Of compressed layers nobody but who unpacks them can tell.
            guard type != OCIMediaType.layer || blob.digest == digest else {
                throw BuildError(
                    .corrupt,
                    "\(layer) in \(name) is damaged: it is not \(digest), as \(entry.config) says"
                )
            }
            layers.append(OCIDescriptor(mediaType: type, digest: blob.digest, size: blob.size))
        }
        return layers
    }

    /// By how it begins: Docker does not say whether a layer is compressed.
    private static func mediaType(ofFile path: String) throws -> String {
        let file = try POSIXFile(path, flags: O_RDONLY)
        var magic = [UInt8](repeating: 0, count: 4)
        let count = try magic.withUnsafeMutableBytes { try file.read(into: $0) }
        let start = magic[..<count]
        if start.starts(with: [0x1f, 0x8b]) { return OCIMediaType.layerGzip }
        if start.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) { return OCIMediaType.layerZstd }
        return OCIMediaType.layer
    }
}
