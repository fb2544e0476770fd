import Foundation
import Vocabulary

/// Writes an image of one layer into the cache, under its name and beside those of other architectures.
struct PackageImage {
    let recipe: PackageRecipe
    let spool: PackageSpool
    let cache: ContainerCache
    /// In seconds since 1970.
    let created: Int64

    struct Written: Sendable {
        var manifest: OCIDescriptor
        var layer: Blob
        /// Of the layer's archive, in bytes.
        var unpackedSize: UInt64
    }

    /// Blobs and manifest; nothing names them yet.
    func write(_ entries: [TreeEntry], _ cancellation: BlockingWork.Cancellation) throws -> Written {
        let archive = spool.writer(named: "the layer of \(recipe.reference)")
        let tar = TarWriter { bytes in
            try cancellation.check()
            try archive.write(bytes)
        }
        // The spool takes one content at a time, and entries' contents are only read.
        for entry in entries {
            try tar.append(entry) { emit in
                if case .file(let content) = entry.kind { try spool.read(content, emit) }
            }
        }
        try tar.finish()
        let plain = archive.content
        let blob = try cache.blobs.writer()
        let compressor = try SegmentCompression(.zstd).begin(size: plain.size) { try blob.write($0) }
        try spool.read(plain) { bytes in
            try cancellation.check()
            try compressor.write(bytes)
        }
        try compressor.finish()
        let layer = try blob.commit()
        let configuration = try store(
            OCIImageConfiguration(recipe, layer: plain.digest, created: SPDXDocument.time(created)),
            OCIMediaType.config
        )
        let layerDescriptor = OCIDescriptor(mediaType: OCIMediaType.layerZstd, digest: layer.digest, size: layer.size)
        var manifest = try store(OCIManifest(config: configuration, layers: [layerDescriptor]), OCIMediaType.manifest)
        manifest.platform = OCIPlatform(architecture: recipe.architecture.rawValue)
        return Written(manifest: manifest, layer: layer, unpackedSize: plain.size)
    }

    private func store(_ value: some Encodable, _ type: String) throws -> OCIDescriptor {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let blob = try cache.blobs.store(Array(encoder.encode(value)))
        return OCIDescriptor(mediaType: type, digest: blob.digest, size: blob.size)
    }

    /// Gives the image its name: an index of what is there for each architecture.
    func name(_ written: Written) throws {
        var manifests = [written.manifest]
        for descriptor in try cache.descriptors(of: recipe.reference) where OCIMediaType.isIndex(descriptor.mediaType) {
            let bytes = try cache.blobs.read(descriptor.digest)
            let document = try OCIDocument(
                parsing: bytes,
                mediaType: descriptor.mediaType,
                name: "\(recipe.reference) in the cache"
            )
            guard case .index(let index) = document else { continue }
            manifests += index.manifests.filter { other in
                other.platform?.architecture != recipe.architecture.rawValue && cache.blobs.holds(other)
            }
        }
        manifests.sort { ($0.platform?.architecture ?? "") < ($1.platform?.architecture ?? "") }
        let index = try store(OCIIndex(manifests: manifests), OCIMediaType.index)
        try cache.setName(recipe.reference, to: index, needing: manifests)
    }
}

extension OCIImageConfiguration {
    /// What is empty is left out.
    fileprivate init(_ recipe: PackageRecipe, layer: Digest, created: String) {
        func nonEmpty<Value: Collection>(_ value: Value) -> Value? { value.isEmpty ? nil : value }
        let configuration = recipe.configuration
        self.init(
            architecture: recipe.architecture.rawValue,
            os: "linux",
            created: created,
            config: Program(
                entryPoint: nonEmpty(configuration.entryPoint),
                command: nonEmpty(configuration.command),
                environment: nonEmpty(configuration.environment),
                workingDirectory: nonEmpty(configuration.workingDirectory),
                labels: nonEmpty(configuration.labels)
            ),
            rootfs: RootFileSystem(type: "layers", diffIDs: [layer])
        )
    }
}
