import Synchronization
import Vocabulary

/// What one build reads: the images of its definition, from wherever they come, and what is in their layers.
final class BuildContents: LayerContents, SegmentContents {
    private let source: any ImageSource
    private let layers: LayerStore
    private let architecture: Architecture
    private let observe: BuildObserver

    private struct State {
        var images: [ImageReference: ContainerImage] = [:]
    }
    private let state = Mutex(State())

    /// Which image a layer was first met in, for whoever watches.
    private final class Owners: Sendable {
        let sources = Mutex<[Digest: String]>([:])
    }
    private let owners: Owners

    init(
        source: any ImageSource,
        dataDirectory: String,
        architecture: Architecture,
        observe: @escaping BuildObserver
    ) throws {
        self.source = source
        self.architecture = architecture
        self.observe = observe
        let owners = Owners()
        self.owners = owners
        layers = try LayerStore(dataDirectory: dataDirectory) { layer, read in
            guard let source = owners.sources.withLock({ $0[layer.digest] }) else { return }
            observe(.unpacking(source: source, read: read, total: layer.size))
        }
    }

    /// Finds all images and reads their tables, several at a time.
    func load(_ references: Set<ImageReference>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reference in references {
                group.addTask {
                    let image = try await self.image(reference)
                    do {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for layer in image.layers { group.addTask { _ = try await self.layers.table(of: layer) } }
                            try await group.waitForAll()
                        }
                    } catch let error as BuildError {
                        throw BuildError(error.code, "cannot use \(reference): \(error.message)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func image(_ reference: ImageReference) async throws -> ContainerImage {
        if let image = state.withLock({ $0.images[reference] }) { return image }
        let image = try await source.image(reference, architecture: architecture, observe: observe)
        owners.sources.withLock { sources in
            for layer in image.layers { sources[layer.digest] = "\(reference)" }
        }
        state.withLock { $0.images[reference] = image }
        return image
    }

    func table(of layer: LayerBlob) async throws -> LayerTable { try await layers.table(of: layer) }

    func table(of archive: FileContent, named name: String) async throws -> LayerTable {
        try await layers.table(of: archive, named: name)
    }

    func bytes(of content: FileContent, limit: Int) async throws -> [UInt8] {
        try await layers.bytes(of: content, limit: limit)
    }

    func prepare(_ contents: [FileContent]) async throws { try await layers.unpack(contents) }

    func read(_ content: FileContent, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try layers.read(content, body)
    }
}

extension Definition {
    /// Every image that the definition names.
    var images: Set<ImageReference> {
        var images = Set(initImages.map(\.image) + (onboot + onshutdown + services).map(\.image))
        images.formUnion(volumes.compactMap(\.image))
        if let kernel = kernel?.image { images.insert(kernel) }
        return images
    }
}
