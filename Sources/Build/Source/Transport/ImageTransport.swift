import Vocabulary

/// A place with container images in it: bytes by digest.
protocol ImageTransport: Sendable {
    /// What it is called in errors, such as `oci:/srv/images`.
    var name: String { get }

    /// A small blob or a manifest, whole and verified.
    /// - Throws: `BuildError`, `.notFound` when it is not there.
    func read(_ descriptor: OCIDescriptor) async throws -> [UInt8]

    /// Copies blobs into `store`, each verified on the way; those that lie there already are left alone.
    func copy(_ blobs: [OCIDescriptor], to store: BlobStore, progress: ByteProgress?) async throws
}

/// Told how many more bytes have arrived, from any thread.
typealias ByteProgress = @Sendable (_ more: UInt64) -> Void

extension BlobStore {
    /// Whether the blob of a descriptor is here, as far as its size says.
    func holds(_ descriptor: OCIDescriptor) -> Bool { size(of: descriptor.digest) == descriptor.size }
}

/// The cache's own blobs, read like any other place.
struct StoreTransport: ImageTransport {
    let store: BlobStore
    var name: String { "the cache" }

    func read(_ descriptor: OCIDescriptor) async throws -> [UInt8] {
        try store.read(descriptor.digest, limit: OCIDocument.longest)
    }

    func copy(_ blobs: [OCIDescriptor], to store: BlobStore, progress: ByteProgress?) async throws {
        for blob in blobs where !store.holds(blob) {
            throw BuildError(.notFound, "the cache has no blob \(blob.digest)")
        }
    }
}
