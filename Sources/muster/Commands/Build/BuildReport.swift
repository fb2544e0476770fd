import Build
import Vocabulary

/// What a build made: `muster build --json`.
struct BuildReport: Encodable {
    struct BlobView: Encodable {
        var digest: Digest
        var size: UInt64
    }

    struct PartView: Encodable {
        var part: String
        var digest: Digest
        var size: UInt64
    }

    /// What the image is called in the data directory; absent when its file's name can be no image's.
    var name: String?
    /// Of that name, from 1.
    var release: Int?
    /// Of the image; absent when only a root was made, and so is what follows from an image.
    var digest: Digest?
    var architecture: Architecture
    /// Of all that a machine fetches, in bytes.
    var size: UInt64?
    var kernel: BlobView?
    var initrd: [PartView]?
    var commandLine: String?
    /// What was written, each a path.
    var files: [String]
    var warnings: [String] = []

    /// Of a definition without a kernel.
    init(rootFor architecture: Architecture, files: [String]) {
        self.architecture = architecture
        self.files = files
    }

    init(_ manifest: ImageManifest, name: String?, release: Int?, files: [String]) {
        self.name = name
        self.release = release
        digest = manifest.digest
        architecture = manifest.architecture
        size = manifest.blobs.reduce(0) { $0 + $1.size }
        kernel = BlobView(digest: manifest.kernel.digest, size: manifest.kernel.size)
        initrd = manifest.initrd.map { PartView(part: $0.part, digest: $0.digest, size: $0.size) }
        commandLine = manifest.commandLine
        self.files = files
    }

    /// The image first, as `image import` says it, then its files.
    var text: String {
        guard let digest, let size else {
            return (["root (\(architecture)), without a kernel: no image"] + files).joined(separator: "\n")
        }
        let title = name.map { "\($0) release \(release ?? 0)" } ?? "image"
        return (["\(title) (\(architecture)): \(digest), \(byteCount(size))"] + files).joined(separator: "\n")
    }
}
