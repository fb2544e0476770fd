import Foundation
import Vocabulary

extension ContainerCache {
    /// Writes an image to an OCI archive, which `load` and other tools read: a layout in a tar file.
    ///
    /// - Parameter architecture: nil for everything that the name stands for.
    /// - Throws: `BuildError` when the image is not here whole, or the file cannot be written.
    public func export(_ reference: DockerReference, architecture: Architecture?, to file: String) async throws {
        var (top, images) = try await outgoing(reference, architecture: architecture)
        top.annotations = ["io.containerd.image.name": "\(reference)", Self.nameAnnotation: "\(reference)"]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let index = Array(try encoder.encode(OCIIndex(manifests: [top])))
        let documents = Set(images.flatMap(\.documents).map { Digest(of: $0) })
        let contents = documents.union(images.flatMap(\.blobs).map(\.digest)).sorted()
        let blobs = blobs
        try await BlockingWork.run { cancellation in
            let writer = try ArchiveWriter(path: file)
            try writer.add("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
            try writer.add("index.json", index)
            for digest in contents {
                try writer.add("blobs/sha256/\(digest.hex)", file: blobs.path(of: digest), cancellation)
            }
            try writer.finish()
        }
    }

    /// Writes an image to a Docker archive, which `docker load` reads: its layers are decompressed.
    ///
    /// - Parameter architecture: nil when there is one only.
    /// - Throws: `BuildError` when the image is not here whole, a layer is not what the configuration says, or the file
    ///   cannot be written.
    public func exportDocker(_ reference: DockerReference, architecture: Architecture?, to file: String) async throws {
        let images = try await outgoing(reference, architecture: architecture).images
        guard images.count == 1, let image = images.first else {
            throw BuildError(.ambiguous, "a Docker archive holds one platform: say which of \(reference) with --arch")
        }
        let digests = image.configuration.rootfs?.diffIDs ?? []
        guard digests.count == image.manifest.layers.count else {
            throw BuildError(
                .invalidInput,
                "cannot export \(reference): its configuration names other layers than it has"
            )
        }
        let (path, blobs) = (path, blobs)
        try await BlockingWork.run { cancellation in
            let scratch = "\(path)/.export-\(UInt64.random(in: .min ... .max))"
            defer { try? FileManager.default.removeItem(atPath: scratch) }
            let plain = try BlobStore(dataDirectory: scratch)
            let writer = try ArchiveWriter(path: file)
            let configuration = image.manifest.config.digest
            try writer.add("\(configuration.hex).json", file: blobs.path(of: configuration), cancellation)
            for (layer, digest) in zip(image.manifest.layers, digests) where plain.size(of: digest) == nil {
                let file = try SharedFile(reading: blobs.path(of: layer.digest))
                let output = try plain.writer()
                try Self.decompress(ArchiveInput(file, size: layer.size), into: output, cancellation)
                try output.commit(expecting: Blob(digest: digest, size: output.count))
                try writer.add("\(digest.hex).tar", file: plain.path(of: digest), cancellation)
            }
            let entry = DockerArchive.Entry(
                config: "\(configuration.hex).json",
                tags: [reference.digest == nil ? "\(reference)" + (reference.tag == nil ? ":latest" : "") : nil]
                    .compactMap { $0 },
                layers: digests.map { "\($0.hex).tar" }
            )
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            try writer.add("manifest.json", Array(encoder.encode([entry])))
            try writer.finish()
        }
    }
    private static func decompress(
        _ input: ArchiveInput,
        into writer: BlobWriter,
        _ cancellation: BlockingWork.Cancellation
    ) throws {
        let input = try DecompressedInput(input, filters: ArchiveFilter.layers)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try cancellation.check()
            let count = try input.read(into: buffer)
            if count == 0 { return }
            try writer.write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
