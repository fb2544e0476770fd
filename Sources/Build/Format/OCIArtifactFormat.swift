import Foundation
import Vocabulary

/// `oci`: the image as an OCI artifact in an OCI image layout, which registries take.
///
/// Its configuration is the image's manifest, so that the configuration's digest is the image's; its layers are the
/// kernel and the parts of the initrd, in the kernel's order (OCI image specification 1.1, "Guidelines for Artifact
/// Usage").
struct OCIArtifactFormat: ImageFormat {
    let name = "oci"
    func fileNames(for name: String) -> [String] { ["\(name).oci"] }

    static let artifactType = "application/vnd.muster.image.v1"
    static let manifestType = "application/vnd.muster.image.manifest.v1+json"
    static let kernelType = "application/vnd.muster.image.kernel.v1"
    static let initrdType = "application/vnd.muster.image.initrd.v1"
    static let rootType = "application/vnd.muster.image.root.v1"

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        let layout = work.output("\(work.name).oci")
        let blobs = "\(layout)/blobs/sha256"
        try work.makeDirectory(blobs)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func keep(_ bytes: [UInt8], _ type: String) throws -> OCIDescriptor {
            let digest = Digest(of: bytes)
            try work.write(bytes, to: "\(blobs)/\(digest.hex)")
            return OCIDescriptor(mediaType: type, digest: digest, size: UInt64(bytes.count))
        }
        let configuration = try keep(image.manifest.canonicalBytes, Self.manifestType)
        var manifest = OCIManifest(config: configuration, layers: layers(of: image.manifest))
        manifest.artifactType = Self.artifactType
        var descriptor = try keep(Array(encoder.encode(manifest)), OCIMediaType.manifest)
        descriptor.artifactType = Self.artifactType
        descriptor.platform = OCIPlatform(architecture: image.manifest.architecture.rawValue)
        descriptor.annotations = ["org.opencontainers.image.ref.name": work.name]
        let index = OCIIndex(manifests: [descriptor])
        try work.write(Array(encoder.encode(index)), to: "\(layout)/index.json")
        try work.write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: "\(layout)/oci-layout")
        let store = work.blobs
        let digests = Set(image.manifest.blobs.map(\.digest))
        try await BlockingWork.run { cancellation in
            for digest in digests.sorted() {
                try FileCopy.copy(store.path(of: digest), to: "\(blobs)/\(digest.hex)", cancellation)
            }
        }
    }

    private func layers(of manifest: ImageManifest) -> [OCIDescriptor] {
        func layer(_ type: String, _ digest: Digest, _ size: UInt64, title: String) -> OCIDescriptor {
            let annotations = ["org.opencontainers.image.title": title]
            return OCIDescriptor(mediaType: type, digest: digest, size: size, annotations: annotations)
        }
        var layers = [layer(Self.kernelType, manifest.kernel.digest, manifest.kernel.size, title: "kernel")]
        layers += manifest.initrd.map { layer(Self.initrdType, $0.digest, $0.size, title: $0.part) }
        if let root = manifest.root { layers.append(layer(Self.rootType, root.digest, root.size, title: "root")) }
        return layers
    }
}
