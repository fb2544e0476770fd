import Foundation
import Vocabulary

@testable import Build

/// The images of a corpus: OCI layouts in tar files, each with its name in the index.
final class CorpusContents: LayerContents {
    let store: LayerStore
    private let images: [String: ContainerImage]
    private let directory: TemporaryDirectory

    /// - Parameter archives: a directory of them.
    init(archives: URL) throws {
        directory = try TemporaryDirectory()
        store = try LayerStore(dataDirectory: directory.path("data"))
        var images: [String: ContainerImage] = [:]
        let names = try FileManager.default.contentsOfDirectory(atPath: archives.path).sorted()
        for name in names where name.hasSuffix(".tar") {
            let layout = directory.path(name)
            try Self.unpack(archives.appending(path: name).path, into: layout)
            for (name, image) in try Self.images(inLayout: layout) { images[name] = image }
        }
        self.images = images
    }

    private static func unpack(_ archive: String, into directory: String) throws {
        let file = try SharedFile(reading: archive)
        let reader = try LayerArchive(ArchiveInput(file, size: file.size), name: archive)
        while let entry = try reader.next() {
            guard case .file(let size) = entry.kind else { continue }
            var bytes = [UInt8](repeating: 0, count: Int(size))
            _ = try bytes.withUnsafeMutableBytes { try reader.read(into: $0) }
            let url = URL(filePath: "\(directory)/\(entry.metadata.path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: url)
        }
    }

    private static func images(inLayout directory: String) throws -> [(String, ContainerImage)] {
        struct Configuration: Decodable {
            struct Execution: Decodable {
                var environment: [String]?
                var entryPoint: [String]?
                var command: [String]?
                var directory: String?
                var labels: [String: String]?

                enum CodingKeys: String, CodingKey {
                    case environment = "Env"
                    case entryPoint = "Entrypoint"
                    case command = "Cmd"
                    case directory = "WorkingDir"
                    case labels = "Labels"
                }
            }
            var config: Execution?
        }
        func read<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
            try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: "\(directory)/\(path)")))
        }
        return try read(OCIIndex.self, "index.json").manifests.map { descriptor in
            let name = descriptor.annotations!["io.containerd.image.name"]!
            let manifest = try read(OCIManifest.self, "blobs/sha256/\(descriptor.digest.hex)")
            let execution = try read(Configuration.self, "blobs/sha256/\(manifest.config.digest.hex)").config
            var configuration = ImageConfiguration()
            configuration.entryPoint = execution?.entryPoint ?? []
            configuration.command = execution?.command ?? []
            configuration.environment = execution?.environment ?? []
            configuration.workingDirectory = execution?.directory ?? ""
            configuration.labels = execution?.labels ?? [:]
            let layers = manifest.layers.map { layer in
                LayerBlob(
                    digest: layer.digest,
                    size: layer.size,
                    mediaType: layer.mediaType,
                    path: "\(directory)/blobs/sha256/\(layer.digest.hex)"
                )
            }
            let image = ContainerImage(
                reference: ImageReference(name)!,
                digest: descriptor.digest,
                architecture: .amd64,
                configuration: configuration,
                layers: layers
            )
            return (name, image)
        }
    }

    func image(_ reference: ImageReference) async throws -> ContainerImage {
        guard let image = images[reference.description] else {
            throw BuildError(.notFound, "there is no image \(reference) in the corpus")
        }
        return image
    }

    func table(of layer: LayerBlob) async throws -> LayerTable { try await store.table(of: layer) }

    func table(of archive: FileContent, named name: String) async throws -> LayerTable {
        try await store.table(of: archive, named: name)
    }

    func bytes(of content: FileContent, limit: Int) async throws -> [UInt8] {
        try await store.bytes(of: content, limit: limit)
    }
}
