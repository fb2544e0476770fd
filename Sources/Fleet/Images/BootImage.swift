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
    /// for the next archive (Documentation/driver-api/early-userspace/buffer-format.rst).
    private static func initrd(
        _ parts: [ImageManifest.Part],
        blobs: BlobStore,
        files: OpenFileCache
    ) throws -> Content {
        var pieces: [Content.Piece] = []
        var offset: UInt64 = 0
        for part in parts {
            if offset % 4 != 0 {
                let padding = 4 - offset % 4
                pieces.append(.bytes([UInt8](repeating: 0, count: Int(padding))))
                offset += padding
            }
            pieces.append(try open(Blob(digest: part.digest, size: part.size), blobs: blobs, files: files))
            offset += part.size
        }
        // One part is its own digest; several are named by the digests that they are made of.
        let digest = parts.count == 1 ? parts[0].digest : Digest(of: parts.flatMap(\.digest.octets))
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
