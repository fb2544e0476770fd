import Foundation
import Vocabulary

/// A boot image as an OCI artifact, which registries take and layouts hold.
///
/// Its configuration is the image's manifest, so that the configuration's digest is the image's; its layers are the
/// kernel and the parts of the initrd, in the kernel's order (OCI image specification 1.1, "Guidelines for Artifact
/// Usage").
struct OCIArtifact {
    static let type = "application/vnd.muster.image.v1"
    static let manifestType = "application/vnd.muster.image.manifest.v1+json"
    private static let kernelType = "application/vnd.muster.image.kernel.v1"
    private static let initrdType = "application/vnd.muster.image.initrd.v1"
    private static let rootType = "application/vnd.muster.image.root.v1"

    /// The artifact's own manifest.
    let manifest: OCIManifest
    let bytes: [UInt8]

    /// Of the manifest, as an index names it.
    let descriptor: OCIDescriptor

    init(_ image: ImageManifest) throws {
        let configuration = OCIDescriptor(
            mediaType: Self.manifestType,
            digest: image.digest,
            size: UInt64(image.canonicalBytes.count)
        )
        var manifest = OCIManifest(config: configuration, layers: Self.layers(of: image))
        manifest.artifactType = Self.type
        self.manifest = manifest
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        bytes = Array(try encoder.encode(manifest))
        descriptor = OCIDescriptor(
            mediaType: OCIMediaType.manifest,
            digest: Digest(of: bytes),
            size: UInt64(bytes.count),
            platform: OCIPlatform(architecture: image.architecture.rawValue),
            artifactType: Self.type
        )
    }

    private static func layers(of image: ImageManifest) -> [OCIDescriptor] {
        func layer(_ type: String, _ digest: Digest, _ size: UInt64, title: String) -> OCIDescriptor {
            let annotations = ["org.opencontainers.image.title": title]
            return OCIDescriptor(mediaType: type, digest: digest, size: size, annotations: annotations)
        }
        var layers = [layer(kernelType, image.kernel.digest, image.kernel.size, title: "kernel")]
        layers += image.initrd.map { layer(initrdType, $0.digest, $0.size, title: $0.part) }
        if let root = image.root { layers.append(layer(rootType, root.digest, root.size, title: "root")) }
        return layers
    }
}
