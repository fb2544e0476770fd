import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What is in the cache, and how it gets out of it again.
extension ContainerCache {
    /// Every name with every platform that is here whole, by name. A name of which nothing is whole has an empty platform.
    public func list() async throws -> [CachedImage] {
        var list: [CachedImage] = []
        for descriptor in try index().manifests {
            let name = descriptor.annotations?[Self.nameAnnotation]
            var images: [FoundImage] = []
            do {
                images = try await transport.findAll(descriptor, subject: name ?? "\(descriptor.digest)")
            } catch let error as BuildError where error.code == .notFound {
                images = []
            }
            let whole = images.filter { $0.blobs.allSatisfy(blobs.holds) }
            list += whole.map { CachedImage(name: name, digest: descriptor.digest, $0) }
            if whole.isEmpty {
                list.append(
                    CachedImage(
                        name: name,
                        digest: descriptor.digest,
                        manifest: descriptor.digest,
                        platform: "",
                        size: 0
                    )
                )
            }
        }
        return list.sorted { ($0.name ?? "", $0.platform) < ($1.name ?? "", $1.platform) }
    }

    /// Takes names away, and with them what no other name needs. Blobs that nothing named for a day go too.
    ///
    /// - Returns: how many bytes are free now.
    /// - Throws: `BuildError` `.notFound` for a name that is not there, `.unavailable` while somebody builds of what is
    ///   here; nothing is removed then.
    public func remove(_ references: [DockerReference]) throws -> UInt64 {
        guard let alone = try StoreUse(in: DataDirectory("\(dataDirectory)/images"), alone: true) else {
            throw BuildError(
                .unavailable,
                "something is built or imported in this data directory; try again when it is done"
            )
        }
        defer { alone.end() }
        var suspects: Set<Digest> = []
        try updateIndex { index in
            var leaving: [OCIDescriptor] = []
            for reference in references {
                let found = index.manifests.filter { descriptor in
                    descriptor.annotations?[Self.nameAnnotation] == reference.description
                        || (reference.digest != nil && descriptor.digest == reference.digest)
                }
                guard !found.isEmpty else {
                    throw BuildError(
                        .notFound,
                        "the cache has no image \(reference); `muster cache ls` shows what there is"
                    )
                }
                leaving += found
            }
            suspects = try reachable(from: leaving)
            index.manifests.removeAll(where: leaving.contains)
        }
        // Nobody names anything while the lock is held, and who names something looks whether it is still there.
        return try updateIndex { index in
            let needed = try reachable(from: index.manifests)
            var freed: UInt64 = 0
            for digest in try storedBlobs() where !needed.contains(digest) {
                let path = blobs.path(of: digest)
                var status = stat()
                guard stat(path, &status) == 0 else { continue }
                guard suspects.contains(digest) || status.st_mtim.tv_sec < time(nil) - 86_400 else { continue }
                if unlink(path) == 0 { freed += UInt64(status.st_size) }
            }
            blobs.removeLeftovers()
            return freed
        }
    }

    private func storedBlobs() throws -> [Digest] {
        try DataDirectory("\(path)/blobs/sha256").names().compactMap { Digest(hex: $0) }
    }

    /// All blobs that descriptors lead to, as far as they are here.
    ///
    /// - Throws: when something that is here cannot be read: what it leads to would be taken for garbage.
    private func reachable(from descriptors: [OCIDescriptor]) throws -> Set<Digest> {
        var reached: Set<Digest> = []
        var waiting = descriptors
        while let next = waiting.popLast() {
            guard reached.insert(next.digest).inserted,
                next.mediaType.isEmpty || OCIMediaType.isIndex(next.mediaType)
                    || OCIMediaType.isManifest(next.mediaType),
                let bytes = try readable(next.digest),
                let document = try? OCIDocument(parsing: bytes, mediaType: next.mediaType, name: "\(next.digest)")
            else { continue }
            switch document {
            case .index(let index): waiting += index.manifests
            case .manifest(let manifest): waiting += [manifest.config] + manifest.layers
            }
        }
        return reached
    }

    /// nil for what is not here, or is no document by its size or its bytes.
    private func readable(_ digest: Digest) throws -> [UInt8]? {
        do {
            return try blobs.read(digest)
        } catch let error as BuildError where error.code != .unavailable {
            return nil
        }
    }

    /// What goes out of the cache under a name: the image for an architecture, or everything that the name stands for.
    ///
    /// - Throws: `BuildError` `.notFound` when it is not here whole.
    func outgoing(
        _ reference: DockerReference,
        architecture: Architecture?
    ) async throws -> (top: OCIDescriptor, images: [FoundImage]) {
        let descriptors = try descriptors(of: reference)
        guard !descriptors.isEmpty else {
            throw BuildError(.notFound, "the cache has no image \(reference); `muster cache ls` shows what there is")
        }
        let subject = "\(reference)"
        var top: OCIDescriptor
        var images: [FoundImage]
        if let architecture {
            images = [try await transport.find(architecture, among: descriptors, subject: subject)]
            top = images[0].descriptor
        } else {
            guard descriptors.count == 1 else { return try await together(descriptors, subject: subject) }
            top = descriptors[0]
            images = try await transport.findAll(top, subject: subject)
            let bytes = try blobs.read(top.digest)
            let document = try OCIDocument(parsing: bytes, mediaType: top.mediaType, name: subject)
            top.mediaType = document.mediaType
            if case .index(let index) = document, index.manifests.contains(where: { !blobs.holds($0) }) {
                throw BuildError(
                    .notFound,
                    "the cache has only a part of \(reference), which is an index of \(index.platforms): say which "
                        + "image with --arch, or pull the others first"
                )
            }
        }
        try await transport.copy(images.flatMap(\.blobs), to: blobs, progress: nil)
        top.annotations = nil
        return (top, images)
    }

    /// Images that were put here one by one under one name, in an index, which is what others have for that.
    ///
    /// The index is a blob without a name. The same images have the same index.
    /// - Throws: `BuildError` `.ambiguous` for two images of one platform, `.notFound` when one is not here whole.
    private func together(
        _ descriptors: [OCIDescriptor],
        subject: String
    ) async throws -> (top: OCIDescriptor, images: [FoundImage]) {
        var images: [FoundImage] = []
        for descriptor in descriptors { images += try await transport.findAll(descriptor, subject: subject) }
        func platform(_ image: FoundImage) -> String { image.descriptor.platform?.description ?? "" }
        guard Set(images.map(platform)).count == images.count else {
            throw BuildError(.ambiguous, "the cache has several images \(subject): say which with --arch")
        }
        images.sort { platform($0) < platform($1) }
        try await transport.copy(images.flatMap(\.blobs), to: blobs, progress: nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(OCIIndex(manifests: images.map(\.descriptor))))
        let index = try blobs.store(bytes)
        for number in images.indices { images[number].documents.insert(bytes, at: 0) }
        return (OCIDescriptor(mediaType: OCIMediaType.index, digest: index.digest, size: index.size), images)
    }
}
