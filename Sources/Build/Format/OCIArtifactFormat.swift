import Foundation
import Vocabulary

/// `oci`: the image as an OCI artifact in an OCI image layout, for whatever copies those.
struct OCIArtifactFormat: ImageFormat {
    let name = "oci"
    func fileNames(for name: String) -> [String] { ["\(name).oci"] }

    func write(_ image: BuiltImage, in work: FormatWork) async throws {
        let layout = work.output("\(work.name).oci")
        let blobs = "\(layout)/blobs/sha256"
        try work.makeDirectory(blobs)
        let artifact = try OCIArtifact(image.manifest)
        try work.write(image.manifest.canonicalBytes, to: "\(blobs)/\(image.manifest.digest.hex)")
        try work.write(artifact.bytes, to: "\(blobs)/\(artifact.descriptor.digest.hex)")
        var descriptor = artifact.descriptor
        descriptor.annotations = ["org.opencontainers.image.ref.name": work.name]
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try work.write(Array(encoder.encode(OCIIndex(manifests: [descriptor]))), to: "\(layout)/index.json")
        try work.write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: "\(layout)/oci-layout")
        let store = work.blobs
        let digests = Set(image.manifest.blobs.map(\.digest))
        try await BlockingWork.run { cancellation in
            for digest in digests.sorted() {
                try FileCopy.copy(store.path(of: digest), to: "\(blobs)/\(digest.hex)", cancellation)
            }
        }
    }
}
