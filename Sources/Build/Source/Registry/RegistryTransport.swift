import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Synchronization
import Vocabulary

/// One repository of a registry, or of a mirror of it.
struct RegistryTransport: ImageTransport {
    let registry: Registry
    let endpoint: RegistryEndpoint
    let repository: String
    /// What lies here is not asked for.
    let store: BlobStore

    var name: String { "\(endpoint.url)/\(repository)" }

    /// All that is understood, so that a registry need not convert anything.
    private static let manifestTypes = [
        OCIMediaType.index, OCIMediaType.manifest, OCIMediaType.dockerIndex, OCIMediaType.dockerManifest,
    ].joined(separator: ", ")

    /// What a tag or a digest is now: the descriptor of a manifest or an index, and its bytes.
    func resolve(tag: String, digest: Digest?) async throws -> (OCIDescriptor, [UInt8]) {
        let reference = digest?.description ?? tag
        let what = "the image \(repository)\(digest == nil ? ":" : "@")\(reference)"
        return try await registry.attempting {
            let response = try await registry.send(
                "\(repository)/manifests/\(reference)",
                of: repository,
                at: endpoint,
                headers: ["Accept": Self.manifestTypes],
                for: what
            )
            let bytes = try await body(of: response, limit: OCIDocument.longest, for: what)
            let own = Digest(of: bytes)
            let told = digest ?? response.headers.first(name: "Docker-Content-Digest").flatMap { Digest($0) }
            guard told == nil || told == own else {
                throw RegistryFailure(
                    .corrupt,
                    "\(endpoint.url) answered for \(what) with something else: it has the digest \(own)",
                    isTransient: true
                )
            }
            let type = response.headers.first(name: "Content-Type").map { String($0.prefix { $0 != ";" }) } ?? ""
            return (OCIDescriptor(mediaType: type, digest: own, size: UInt64(bytes.count)), bytes)
        }
    }

    func read(_ descriptor: OCIDescriptor) async throws -> [UInt8] {
        if store.holds(descriptor), let bytes = try? store.read(descriptor.digest) { return bytes }
        let bytes = try await fetch(descriptor)
        // Verified, and wanted: nobody reads what is not.
        _ = try store.store(bytes)
        return bytes
    }

    /// A small blob or a manifest from the registry, verified and kept nowhere.
    func fetch(_ descriptor: OCIDescriptor) async throws -> [UInt8] {
        let isManifest = OCIMediaType.isIndex(descriptor.mediaType) || OCIMediaType.isManifest(descriptor.mediaType)
        let what = "\(isManifest ? "the manifest" : "the blob") \(descriptor.digest) of \(repository)"
        guard descriptor.size <= UInt64(OCIDocument.longest) else {
            throw BuildError(.invalidInput, "cannot use \(what): it has \(descriptor.size) bytes, too many")
        }
        return try await registry.attempting {
            let response = try await registry.send(
                "\(repository)/\(isManifest ? "manifests" : "blobs")/\(descriptor.digest)",
                of: repository,
                at: endpoint,
                headers: isManifest ? ["Accept": Self.manifestTypes] : [:],
                for: what
            )
            let bytes = try await body(of: response, limit: OCIDocument.longest, for: what)
            guard UInt64(bytes.count) == descriptor.size, Digest(of: bytes) == descriptor.digest else {
                throw RegistryFailure(
                    .corrupt,
                    "\(endpoint.url) answered for \(what) with other bytes (\(bytes.count) of \(descriptor.size))",
                    isTransient: true
                )
            }
            return bytes
        }
    }

    private func body(of response: HTTPClientResponse, limit: Int, for what: String) async throws -> [UInt8] {
        do {
            return Array(try await response.body.collect(upTo: limit).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw RegistryFailure(.invalidInput, "\(endpoint.url) answered for \(what) with more than \(limit) bytes")
        } catch {
            try Task.checkCancellation()
            throw RegistryFailure(error, asking: endpoint)
        }
    }

    // MARK: - Blobs

    func copy(_ blobs: [OCIDescriptor], to store: BlobStore, progress: ByteProgress?) async throws {
        try await withThrowingTaskGroup { group in
            var rest = blobs.filter { !store.holds($0) }.makeIterator()
            for _ in 0..<registry.configuration.parallelBlobs {
                guard let blob = rest.next() else { break }
                group.addTask { try await copy(blob, to: store, progress: progress) }
            }
            while try await group.next() != nil {
                guard let blob = rest.next() else { continue }
                group.addTask { try await copy(blob, to: store, progress: progress) }
            }
        }
    }

    /// Downloads a blob into `store`; what has arrived of it before the connection broke is not asked for again.
    private func copy(_ blob: OCIDescriptor, to store: BlobStore, progress: ByteProgress?) async throws {
        var writer = try store.writer()
        let expected = Blob(digest: blob.digest, size: blob.size)
        try await registry.attempting {
            try await receive(blob, into: writer, progress)
            do {
                try writer.commit(expecting: expected)
            } catch let error as BuildError where error.code == .corrupt {
                // Whatever is wrong with these bytes, more of them do not mend it.
                writer = try store.writer()
                throw RegistryFailure(
                    .corrupt,
                    "\(endpoint.url) sent wrong bytes for a blob of \(repository): \(error)",
                    isTransient: true
                )
            }
        }
    }

    /// Appends what is missing of a blob.
    private func receive(_ blob: OCIDescriptor, into writer: BlobWriter, _ progress: ByteProgress?) async throws {
        guard writer.count < blob.size || blob.size == 0 else { return }
        let what = "the blob \(blob.digest) of \(repository)"
        var headers: HTTPHeaders = [:]
        if writer.count > 0 { headers.add(name: "Range", value: "bytes=\(writer.count)-") }
        let response = try await registry.send(
            "\(repository)/blobs/\(blob.digest)",
            of: repository,
            at: endpoint,
            headers: headers,
            for: what
        )
        // A server that knows no ranges begins at the beginning.
        var skipped = response.status == .partialContent ? 0 : writer.count
        let start = response.headers.first(name: "Content-Range")
        if response.status == .partialContent, start?.hasPrefix("bytes \(writer.count)-") != true {
            throw RegistryFailure(.unavailable, "\(endpoint.url) answered for \(what) with another range than asked")
        }
        do {
            for try await var buffer in response.body {
                let skip = min(skipped, UInt64(buffer.readableBytes))
                buffer.moveReaderIndex(forwardBy: Int(skip))
                skipped -= skip
                guard writer.count + UInt64(buffer.readableBytes) <= blob.size else {
                    throw BuildError(.corrupt, "\(endpoint.url) sends more than the \(blob.size) bytes of \(what)")
                }
                try buffer.withUnsafeReadableBytes { try writer.write($0) }
                progress?(UInt64(buffer.readableBytes))
            }
        } catch let error as BuildError {
            throw RegistryFailure(error.code, error.message)
        } catch {
            try Task.checkCancellation()
            throw RegistryFailure(error, asking: endpoint)
        }
        guard writer.count == blob.size else {
            throw RegistryFailure(
                .unavailable,
                "\(endpoint.url) broke off at \(writer.count) of \(blob.size) bytes of \(what)",
                isTransient: true
            )
        }
    }
}
