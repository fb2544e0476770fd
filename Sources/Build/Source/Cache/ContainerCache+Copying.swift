import Vocabulary

/// Images are copied into the cache, whole, before anything names them.
extension ContainerCache {
    /// Copies images out of `transport`: first their layers, then their manifests, then the indexes around them.
    func copy(_ images: [FoundImage], from transport: some ImageTransport, progress: ByteProgress?) async throws {
        var seen: Set<Digest> = []
        let wanted = images.flatMap(\.blobs).filter { seen.insert($0.digest).inserted && !blobs.holds($0) }
        try await transport.copy(wanted, to: blobs, progress: progress)
        for image in images {
            for document in image.documents.reversed() { _ = try blobs.store(document) }
        }
    }

    /// Copies the image for an architecture behind one of `descriptors`.
    func copy(
        _ reference: ImageReference,
        architecture: Architecture,
        among descriptors: [OCIDescriptor],
        from transport: some ImageTransport,
        progress: ByteProgress? = nil
    ) async throws -> (found: FoundImage, image: ContainerImage) {
        let found = try await transport.find(architecture, among: descriptors, subject: "\(reference)")
        try await copy([found], from: transport, progress: progress)
        return (found, try await image(reference, architecture: architecture, among: [found.descriptor]))
    }
}
