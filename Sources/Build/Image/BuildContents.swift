import Synchronization
import Vocabulary

/// What one build reads: the images of its definition, from wherever they come, what is in their layers, and files of
/// this host. Whatever was asked for once is the same for the whole build.
final class BuildContents: LayerContents, SegmentContents {
    private let source: any ImageSource
    private let layers: LayerStore
    private let architecture: Architecture
    private let observe: BuildObserver

    private struct State {
        var images: [ImageReference: ContainerImage] = [:]
        var files: [String: FileContent] = [:]
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

    /// Finds all images of a definition, several at a time; the kernel's first, with which most is to be done.
    /// - Parameter found: told of each.
    func resolve(_ definition: Definition, found: @escaping @Sendable (ContainerImage) -> Void) async throws {
        let kernel = Set([definition.kernel?.image].compactMap(\.self))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for reference in Array(kernel) + definition.images.subtracting(kernel) {
                group.addTask { found(try await self.image(reference)) }
            }
            try await group.waitForAll()
        }
    }

    /// Unpacks the layers that were never seen, as their images are found: of them a segment will be made.
    ///
    /// Whoever needs a layer or its table meanwhile waits for the same unpacking, and hears what was wrong.
    /// - Parameter kernelFound: called when the image of `kernel` is one of them, with what is in it, while others are
    ///   still being unpacked.
    func unpack(
        _ images: AsyncStream<ContainerImage>,
        kernel: KernelEntry?,
        kernelFound: @escaping @Sendable (KernelFiles) async throws -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            for await image in images {
                let unknown = image.layers.filter { !self.layers.isKnown($0) }
                guard !unknown.isEmpty else { continue }
                group.addTask {
                    guard (try? await self.layers.unpack(unknown)) != nil else { return }
                    guard let kernel, kernel.image == image.reference else { return }
                    try? await self.unpackModules(of: kernel, in: image, kernelFound)
                }
            }
        }
    }

    /// The archive with the modules takes as long as a large layer, and can only begin after the layer that it lies in.
    private func unpackModules(
        of kernel: KernelEntry,
        in image: ContainerImage,
        _ kernelFound: @escaping @Sendable (KernelFiles) async throws -> Void
    ) async throws {
        var tables: [LayerTable] = []
        for layer in image.layers { tables.append(try await table(of: layer)) }
        let files = try KernelFiles(of: kernel, in: tables)
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let archive = files.archive {
                group.addTask { _ = try await self.table(of: archive, named: kernel.archive) }
            }
            group.addTask { try await kernelFound(files) }
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

    func table(of layer: LayerBlob) async throws -> LayerTable {
        do {
            return try await layers.table(of: layer)
        } catch let error as BuildError {
            let owner = owners.sources.withLock { $0[layer.digest] }
            throw BuildError(error.code, "cannot use \(owner ?? "an image"): \(error.message)")
        }
    }

    func table(of archive: FileContent, named name: String) async throws -> LayerTable {
        try await layers.table(of: archive, named: name)
    }

    func bytes(of content: FileContent, limit: Int) async throws -> [UInt8] {
        try await layers.bytes(of: content, limit: limit)
    }

    func hostFile(_ source: String) throws -> FileContent {
        if let file = state.withLock({ $0.files[source] }) { return file }
        let file = try FileContent(hostFile: FileContent.path(ofHostFile: source))
        // Who was here first has said what it is.
        return state.withLock { state in
            state.files[source] = state.files[source] ?? file
            return state.files[source]!
        }
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
