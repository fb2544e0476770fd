import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The container images on this host: an OCI image layout in the data directory (`cache/oci-layout`, `index.json`,
/// `blobs/sha256/…`) that other tools read too. An image's name, whole, is its annotation
/// `org.opencontainers.image.ref.name`.
///
/// Safe from any thread and beside other processes: the index is replaced atomically under a lock, and a blob appears
/// whole and verified or not at all. Of an index only the images that somebody wanted are there.
public struct ContainerCache: Sendable {
    let blobs: BlobStore
    let dataDirectory: String
    private let directory: DataDirectory

    static let nameAnnotation = "org.opencontainers.image.ref.name"
    private static let longestIndex = 64 << 20

    /// The cache in a data directory; makes what is missing.
    /// - Throws: `BuildError` when the directories cannot be made.
    public init(dataDirectory: String) throws {
        self.dataDirectory = dataDirectory
        directory = try DataDirectory("\(dataDirectory)/cache")
        blobs = try BlobStore(dataDirectory: directory.path)
    }

    /// Where it lies.
    public var path: String { directory.path }

    var transport: StoreTransport { StoreTransport(store: blobs) }

    /// The image of that name or digest for an architecture.
    ///
    /// A name is looked up as it stands; without tag and digest it is also `latest`, and the other way round.
    /// - Throws: `BuildError` `.notFound` when it is not here whole, with what is.
    public func image(_ reference: DockerReference, architecture: Architecture) async throws -> ContainerImage {
        let descriptors = try self.descriptors(of: reference)
        guard !descriptors.isEmpty else {
            throw BuildError(.notFound, "the cache has no image \(reference)")
        }
        return try await image(.docker(reference), architecture: architecture, among: descriptors)
    }

    /// The image for an architecture behind one of `descriptors`, whose blobs are all here.
    func image(
        _ reference: ImageReference,
        architecture: Architecture,
        among descriptors: [OCIDescriptor]
    ) async throws -> ContainerImage {
        let found: FoundImage
        do {
            found = try await transport.find(architecture, among: descriptors, subject: "\(reference)")
            try await transport.copy(found.blobs, to: blobs, progress: nil)
        } catch let error as BuildError where error.code == .notFound {
            throw BuildError(.notFound, "the cache has no whole image \(reference) for \(architecture): \(error)")
        }
        func blob(_ descriptor: OCIDescriptor) -> LayerBlob {
            LayerBlob(
                digest: descriptor.digest,
                size: descriptor.size,
                mediaType: descriptor.mediaType,
                path: blobs.path(of: descriptor.digest)
            )
        }
        return ContainerImage(
            reference: reference,
            digest: found.descriptor.digest,
            architecture: architecture,
            configuration: ImageConfiguration(found.configuration),
            layers: found.manifest.layers.map(blob),
            documents: [found.descriptor, found.manifest.config].map(blob)
        )
    }

    /// What a name or a digest leads to; empty when it leads nowhere.
    func descriptors(of reference: DockerReference) throws -> [OCIDescriptor] {
        if let digest = reference.digest {
            // Whatever name it has: a digest is its content.
            guard let size = blobs.size(of: digest) else { return [] }
            return [OCIDescriptor(mediaType: "", digest: digest, size: size)]
        }
        let index = try index()
        var alias = reference
        switch reference.tag {
        case nil: alias.tag = "latest"
        case "latest": alias.tag = nil
        default: break
        }
        for name in [reference, alias] {
            let named = index.manifests.filter { $0.annotations?[Self.nameAnnotation] == name.description }
            // What was put here for one platform comes before what an index has for it.
            if !named.isEmpty { return named.sorted { $0.platform != nil && $1.platform == nil } }
        }
        return []
    }
}

// MARK: - The index

extension ContainerCache {
    /// What `index.json` says now; empty when there is none yet.
    /// - Throws: `BuildError` `.corrupt` when there is one that cannot be read.
    func index() throws -> OCIIndex {
        guard let bytes = try directory.read("index.json", limit: Self.longestIndex) else { return OCIIndex() }
        do {
            return try decodeJSON(OCIIndex.self, from: bytes, name: "\(directory.path)/index.json")
        } catch {
            throw BuildError(.corrupt, "\(error); remove \(directory.path) and fill the cache again")
        }
    }

    /// Changes `index.json`, nobody else changing it meanwhile.
    func updateIndex<Result>(_ body: (inout OCIIndex) throws -> Result) throws -> Result {
        let lock = try FileLock.wait(path: "\(directory.path)/.lock")
        defer { withExtendedLifetime(lock) {} }
        var index = try index()
        let before = index
        let result = try body(&index)
        guard index != before else { return result }
        index.mediaType = OCIMediaType.index
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if try directory.read("oci-layout", limit: 1 << 10) == nil {
            try directory.replace("oci-layout", with: Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
        }
        try directory.replace("index.json", with: Array(encoder.encode(index)))
        return result
    }

    /// Gives a name to what lies in the blobs. An index takes the name for itself; a manifest takes it for its platform.
    ///
    /// - Throws: `BuildError` `.notFound` when somebody removed blobs of it in the meantime.
    func setName(_ name: DockerReference, to descriptor: OCIDescriptor, needing needed: [OCIDescriptor]) throws {
        var descriptor = descriptor
        descriptor.annotations = [Self.nameAnnotation: name.description]
        if OCIMediaType.isIndex(descriptor.mediaType) { descriptor.platform = nil }
        try updateIndex { index in
            for blob in needed + [descriptor] where !blobs.holds(blob) {
                throw BuildError(
                    .notFound,
                    "cannot name \(name): the blob \(blob.digest) was removed meanwhile; try again"
                )
            }
            index.manifests.removeAll { other in
                guard other.annotations?[Self.nameAnnotation] == name.description else { return false }
                return OCIMediaType.isIndex(descriptor.mediaType)
                    || (!OCIMediaType.isIndex(other.mediaType) && other.platform == descriptor.platform)
            }
            index.manifests.append(descriptor)
        }
    }
}
