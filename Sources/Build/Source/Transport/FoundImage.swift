import Vocabulary

/// The image for one platform, found behind a name or an index: everything but its layers.
struct FoundImage: Sendable {
    /// Of its manifest.
    var descriptor: OCIDescriptor
    var manifest: OCIManifest
    var configuration: OCIImageConfiguration
    /// The documents on the way to it, the outermost index first, the manifest last.
    var documents: [[UInt8]]

    /// What the manifest needs beside itself.
    var blobs: [OCIDescriptor] { [manifest.config] + manifest.layers }

    /// The same, found through one more index.
    fileprivate func inside(_ index: [UInt8]) -> FoundImage {
        FoundImage(
            descriptor: descriptor,
            manifest: manifest,
            configuration: configuration,
            documents: [index] + documents
        )
    }
}

/// Indexes in indexes deeper than this are refused.
private let deepestIndex = 3

extension ImageTransport {
    /// The image for an architecture behind one of `descriptors`, the best that there is.
    ///
    /// - Parameter subject: the name that it was looked for under, for errors.
    /// - Throws: `BuildError` `.notFound` when there is none for the architecture, saying what there is instead.
    func find(
        _ architecture: Architecture,
        among descriptors: [OCIDescriptor],
        subject: String
    ) async throws -> FoundImage {
        var others: [String] = []
        let found = try await find(architecture, among: descriptors, subject: subject, depth: 0, others: &others)
        if let found { return found }
        let list = others.isEmpty ? "nothing else" : Array(Set(others)).sorted().joined(separator: ", ")
        throw BuildError(
            .notFound,
            "\(subject) in \(name) has no image for linux/\(architecture), only \(list)"
        )
    }

    private func find(
        _ architecture: Architecture,
        among descriptors: [OCIDescriptor],
        subject: String,
        depth: Int,
        others: inout [String]
    ) async throws -> FoundImage? {
        guard depth <= deepestIndex else {
            throw BuildError(.invalidInput, "cannot use \(subject) in \(name): indexes lie too deep in one another")
        }
        let candidates = OCIIndex(manifests: descriptors).candidates(for: architecture)
        for descriptor in descriptors where !candidates.contains(descriptor) {
            if let platform = descriptor.platform, platform.os != "unknown" { others.append(platform.description) }
        }
        for candidate in candidates {
            let bytes = try await read(candidate)
            let document = "\(candidate.digest) of \(name)"
            switch try OCIDocument(parsing: bytes, mediaType: candidate.mediaType, name: document) {
            case .index(let index):
                let found = try await find(
                    architecture,
                    among: index.manifests,
                    subject: subject,
                    depth: depth + 1,
                    others: &others
                )
                if let found { return found.inside(bytes) }
            case .manifest(let manifest):
                let configuration = try await self.configuration(of: manifest, subject: subject)
                let platform = configuration.platform
                if let platform, platform.rank(for: architecture) == nil, candidate.platform == nil || depth == 0 {
                    others.append(platform.description)
                    continue
                }
                return FoundImage(
                    descriptor: OCIDescriptor(
                        mediaType: manifest.mediaType ?? candidate.mediaType,
                        digest: candidate.digest,
                        size: UInt64(bytes.count),
                        platform: candidate.platform ?? platform
                    ),
                    manifest: manifest,
                    configuration: configuration,
                    documents: [bytes]
                )
            }
        }
        return nil
    }

    /// Every image behind a descriptor that lies here; parts of an index may be missing.
    func findAll(_ descriptor: OCIDescriptor, subject: String, depth: Int = 0) async throws -> [FoundImage] {
        guard depth <= deepestIndex else {
            throw BuildError(.invalidInput, "cannot use \(subject) in \(name): indexes lie too deep in one another")
        }
        let bytes = try await read(descriptor)
        let document = "\(descriptor.digest) of \(name)"
        switch try OCIDocument(parsing: bytes, mediaType: descriptor.mediaType, name: document) {
        case .index(let index):
            var images: [FoundImage] = []
            for member in index.manifests where member.platform?.os != "unknown" {
                do {
                    images += try await findAll(member, subject: subject, depth: depth + 1)
                } catch let error as BuildError where error.code == .notFound {
                    continue
                }
            }
            guard !images.isEmpty else {
                throw BuildError(.notFound, "\(subject) in \(name) is an index, and none of its images is there")
            }
            return images.map { $0.inside(bytes) }
        case .manifest(let manifest):
            let configuration = try await configuration(of: manifest, subject: subject)
            let own = OCIDescriptor(
                mediaType: manifest.mediaType ?? descriptor.mediaType,
                digest: descriptor.digest,
                size: UInt64(bytes.count),
                platform: descriptor.platform ?? configuration.platform
            )
            return [FoundImage(descriptor: own, manifest: manifest, configuration: configuration, documents: [bytes])]
        }
    }

    private func configuration(of manifest: OCIManifest, subject: String) async throws -> OCIImageConfiguration {
        let type = manifest.config.mediaType
        guard type == OCIMediaType.config || type == OCIMediaType.dockerConfig else {
            throw BuildError(
                .invalidInput,
                "cannot use \(subject): it is no container image: its configuration has the type \(type)"
            )
        }
        let bytes = try await read(manifest.config)
        return try OCIImageConfiguration(parsing: bytes, name: "the configuration of \(subject)")
    }
}
