import Build
import PXE
import Vocabulary

/// An image as the boot plane serves it: its manifest, and what each of its names is made of.
///
/// A class because every boot takes it in its hands: one reference instead of all that a manifest refers to.
final class BootImage: Sendable {
    let digest: Digest
    let manifest: ImageManifest
    /// `kernel`, `manifest.json`, and `initrd` if there is one.
    let parts: [String: Content]

    /// Opens every blob of the image.
    /// - Throws: what is missing or has the wrong size, in words.
    init(_ digest: Digest, blobs: BlobStore, files: OpenFileCache) throws {
        self.digest = digest
        let bytes = try blobs.read(digest)
        manifest = try ImageManifest(parsing: bytes)
        var parts = [
            "manifest.json": Content(
                pieces: [.bytes(bytes)],
                digest: digest,
                mediaType: "application/json",
                isImmutable: true
            ),
            "kernel": Content(
                pieces: [try Self.open(manifest.kernel, blobs: blobs, files: files)],
                digest: manifest.kernel.digest,
                mediaType: "application/octet-stream",
                isImmutable: true
            ),
        ]
        if !manifest.initrd.isEmpty {
            parts["initrd"] = try Self.initrd(manifest.initrd, blobs: blobs, files: files)
        }
        self.parts = parts
    }

    /// The initrd's pieces in order, zeros between them so that each begins on a multiple of 4, where the kernel looks
    /// for the next archive (Documentation/driver-api/early-userspace/buffer-format.rst); and after the last one, because
    /// an EFI stub puts a machine segment right behind.
    private static func initrd(
        _ parts: [ImageManifest.Part],
        blobs: BlobStore,
        files: OpenFileCache
    ) throws -> Content {
        var pieces: [Content.Piece] = []
        for part in parts {
            pieces.append(try open(Blob(digest: part.digest, size: part.size), blobs: blobs, files: files))
            let padding = (4 - part.size % 4) % 4
            if padding > 0 { pieces.append(.bytes([UInt8](repeating: 0, count: Int(padding)))) }
        }
        // What is one part and nothing else has its digest; the rest is named by the digests that it is made of.
        let digest = pieces.count == 1 ? parts[0].digest : Digest(of: parts.flatMap(\.digest.octets))
        return Content(pieces: pieces, digest: digest, mediaType: "application/octet-stream", isImmutable: true)
    }

    private static func open(_ blob: Blob, blobs: BlobStore, files: OpenFileCache) throws -> Content.Piece {
        let file = try files.open(blobs.path(of: blob.digest))
        guard file.length == blob.size else {
            throw BuildError(.corrupt, "the blob \(blob.digest) has \(file.length) bytes instead of \(blob.size)")
        }
        return .file(file, range: 0..<blob.size)
    }
}
