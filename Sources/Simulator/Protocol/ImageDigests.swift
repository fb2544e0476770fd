import Foundation
import Vocabulary

import struct Crypto.SHA256

/// What the bytes of an image have to be: what its manifest says, and that says its own digest.
struct ImageDigests {
    struct Piece: Hashable, Decodable {
        var digest: Digest
        var size: Int
    }

    var kernel: Piece
    /// One after the other, each padded to a multiple of 4.
    var initrd: [Piece]

    /// nil when the bytes are not the manifest of that digest.
    init?(manifest bytes: [UInt8], of image: Digest) {
        guard Digest(octets: Array(SHA256.hash(data: bytes))) == image,
            let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(bytes))
        else { return nil }
        kernel = manifest.kernel
        initrd = manifest.initrd
    }

    private struct Manifest: Decodable {
        var kernel: Piece
        var initrd: [Piece]
    }
}

/// Compares bytes with the digests of the pieces that they have to be, as they come.
struct DigestCheck {
    private var pieces: ArraySlice<ImageDigests.Piece>
    private var hash = SHA256()
    /// Bytes of the first piece that are still to come, and of padding before the next one.
    private var missing = 0
    private var padding = 0
    private(set) var isWrong = false

    init(_ pieces: [ImageDigests.Piece]) {
        self.pieces = pieces[...]
        missing = pieces.first?.size ?? 0
    }

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if padding > 0 {
                let count = min(padding, rest.count)
                padding -= count
                rest = rest.dropFirst(count)
                continue
            }
            guard let piece = pieces.first else {
                isWrong = true
                return
            }
            let part = rest.prefix(missing)
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: part))
            missing -= part.count
            rest = rest.dropFirst(part.count)
            if missing == 0 { finish(piece) }
        }
    }

    /// Whether everything came and was right.
    var isRight: Bool { !isWrong && pieces.isEmpty && padding == 0 }

    private mutating func finish(_ piece: ImageDigests.Piece) {
        if Digest(octets: Array(hash.finalize())) != piece.digest { isWrong = true }
        hash = SHA256()
        pieces.removeFirst()
        missing = pieces.first?.size ?? 0
        padding = (4 - piece.size % 4) % 4
    }
}
