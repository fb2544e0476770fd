import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
import Vocabulary

extension Registry {
    /// Puts an image of the cache into a registry: what it does not have yet, then the manifests, the name last.
    ///
    /// - Parameters:
    ///   - destination: the name there; without a tag it is `latest`.
    ///   - architecture: nil for everything that the name stands for.
    /// - Returns: the digest that the name has there.
    /// - Throws: `BuildError` when the image is not in the cache whole, or the registry does not take it.
    public func push(
        _ reference: DockerReference,
        architecture: Architecture?,
        of cache: ContainerCache,
        to destination: DockerReference,
        observe: @escaping BuildObserver = { _ in }
    ) async throws -> Digest {
        let endpoint = try pushEndpoint(destination)
        let (top, images) = try await cache.outgoing(reference, architecture: architecture)
        var seen: Set<Digest> = []
        for blob in images.flatMap(\.blobs) where seen.insert(blob.digest).inserted {
            try await attempting {
                try await upload(blob, of: cache.blobs, to: destination.repository, at: endpoint)
            }
        }
        for image in images {
            for bytes in image.documents.reversed() {
                let digest = Digest(of: bytes)
                guard digest != top.digest, seen.insert(digest).inserted else { continue }
                try await put(bytes, as: digest.description, in: destination.repository, at: endpoint)
            }
        }
        let bytes = try cache.blobs.read(top.digest)
        try await put(bytes, as: destination.tag ?? "latest", in: destination.repository, at: endpoint)
        return top.digest
    }

    /// The registry itself, never a mirror.
    /// - Throws: `BuildError` for a name that nothing can be given.
    func pushEndpoint(_ destination: DockerReference) throws(BuildError) -> RegistryEndpoint {
        guard destination.digest == nil else {
            throw BuildError(.invalidInput, "cannot push to \(destination): give it a tag and no digest")
        }
        return RegistryEndpoint.all(of: destination.registry, configuration).last!
    }

    /// One blob, unless the registry has it (OCI distribution specification 1.1, POST then PUT).
    func upload(
        _ blob: OCIDescriptor,
        of store: BlobStore,
        to repository: String,
        at endpoint: RegistryEndpoint
    ) async throws {
        let what = "the blob \(blob.digest) of \(repository)"
        let present = try await send(
            "\(repository)/blobs/\(blob.digest)",
            method: .HEAD,
            of: repository,
            at: endpoint,
            isPush: true,
            for: what,
            accepting: [404]
        )
        if present.status == .ok { return }
        let begun = try await send(
            "\(repository)/blobs/uploads/",
            method: .POST,
            of: repository,
            at: endpoint,
            headers: ["Content-Length": "0"],
            isPush: true,
            for: "an upload to \(repository)"
        )
        guard let location = begun.headers.first(name: "Location") else {
            throw RegistryFailure(.unavailable, "\(endpoint.url) does not say where to upload \(what)")
        }
        let place = location.contains("://") ? location : endpoint.origin + location
        let path = store.path(of: blob.digest)
        _ = try await send(
            place + (place.contains("?") ? "&" : "?") + "digest=\(blob.digest)",
            method: .PUT,
            of: repository,
            at: endpoint,
            headers: ["Content-Type": "application/octet-stream"],
            body: { .stream(try Self.chunks(ofFile: path, size: blob.size), length: .known(Int64(blob.size))) },
            isPush: true,
            for: what
        )
    }

    /// A manifest under a tag or its digest.
    func put(
        _ bytes: [UInt8],
        as name: String,
        in repository: String,
        at endpoint: RegistryEndpoint
    ) async throws {
        let type = try OCIDocument(parsing: bytes, mediaType: nil, name: "the manifest \(name)").mediaType
        try await attempting {
            _ = try await send(
                "\(repository)/manifests/\(name)",
                method: .PUT,
                of: repository,
                at: endpoint,
                headers: ["Content-Type": type],
                body: { .bytes(ByteBuffer(bytes: bytes)) },
                isPush: true,
                for: "the manifest \(repository):\(name)"
            )
        }
    }

    /// A file's bytes in pieces that are read when they are asked for.
    private static func chunks(ofFile path: String, size: UInt64) throws -> AsyncThrowingStream<ByteBuffer, any Error> {
        let reader = ChunkReader(file: try SharedFile(reading: path), size: size)
        return AsyncThrowingStream { try reader.next() }
    }
}

/// Reads a file from its beginning to its end.
private final class ChunkReader: Sendable {
    private let file: SharedFile
    private let size: UInt64
    private let position = Mutex<UInt64>(0)

    init(file: SharedFile, size: UInt64) {
        self.file = file
        self.size = size
    }

    /// nil at the end.
    func next() throws -> ByteBuffer? {
        let start = position.withLock { position in
            defer { position = min(size, position + (1 << 18)) }
            return position
        }
        let count = Int(min(1 << 18, size - start))
        guard count > 0 else { return nil }
        var buffer = ByteBuffer()
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            try file.read(into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]), at: start)
            return count
        }
        return buffer
    }
}
