import Foundation
import Vocabulary

/// A volume that holds an image as it is, as an OCI image layout (OCI image specification 1.1, image layout), for
/// something on the machine to unpack or to load.
struct LayoutVolume {
    private let image: ContainerImage
    private let modified: Int64

    /// - Throws: `DefinitionError` for a platform that is not the one being built.
    init(_ image: ContainerImage, of volume: VolumeEntry, modified: Int64) throws {
        let platform = "linux/\(image.architecture)"
        for asked in volume.platforms where asked != platform {
            throw DefinitionError(
                "found the platform '\(asked)', expected '\(platform)', which is being built: images of other platforms are not put into volumes yet",
                at: volume.place
            )
        }
        guard !image.documents.isEmpty else {
            throw BuildError(
                .notFound,
                "cannot make an OCI layout of \(image.reference): its manifest is not on this host"
            )
        }
        self.image = image
        self.modified = modified
    }

    /// What stands under `directory`, each blob by its digest and once.
    func entries(in directory: BytePath) -> [TreeEntry] {
        func entry(_ name: String, _ kind: TreeEntry.Kind, _ permissions: UInt16) -> TreeEntry {
            let path = directory.appending(BytePath(name))
            return TreeEntry(path: path, kind: kind, permissions: permissions, modified: modified)
        }
        var entries = [
            entry("oci-layout", .file(FileContent(#"{"imageLayoutVersion":"1.0.0"}"#)), 0o644),
            entry("index.json", .file(FileContent(index)), 0o644),
            entry("blobs", .directory, 0o755),
            entry("blobs/sha256", .directory, 0o755),
        ]
        var seen: Set<Digest> = []
        for blob in image.documents + image.layers where seen.insert(blob.digest).inserted {
            let content = FileContent(digest: blob.digest, size: blob.size, place: .host(path: blob.path))
            entries.append(entry("blobs/sha256/\(blob.digest.hex)", .file(content), 0o644))
        }
        return entries
    }

    private var index: [UInt8] {
        let manifest = image.documents[0]
        let descriptor = OCIDescriptor(
            mediaType: manifest.mediaType,
            digest: manifest.digest,
            size: manifest.size,
            platform: OCIPlatform(architecture: "\(image.architecture)"),
            annotations: ["org.opencontainers.image.ref.name": "\(image.reference)"]
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try! encoder.encode(OCIIndex(manifests: [descriptor])))
    }
}
