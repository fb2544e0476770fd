import Vocabulary

import struct Crypto.SHA256

/// The bytes of an archive, from a file or from a piece of one, handed to libarchive in order; digested on the way when
/// somebody has to know whether they are the right ones.
///
/// Not Sendable: whoever opened it reads it, on one thread.
final class ArchiveInput {
    let file: SharedFile
    private let start: UInt64
    private let end: UInt64
    private let digest: Digest?
    private let progress: ((UInt64) -> Void)?
    private var position: UInt64
    private var hash = SHA256()
    /// What libarchive could not be told.
    private(set) var error: BuildError?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)

    /// - Parameters:
    ///   - digest: of all bytes, if `verify` shall say whether they have it.
    ///   - progress: called with the bytes so far.
    init(
        _ file: SharedFile,
        offset: UInt64 = 0,
        size: UInt64,
        digest: Digest? = nil,
        progress: ((UInt64) -> Void)? = nil
    ) {
        self.file = file
        self.digest = digest
        self.progress = progress
        start = offset
        position = offset
        end = offset + size
    }

    deinit { buffer.deallocate() }

    /// Whether these are the first of all bytes; to be asked before `next`.
    func begins(with bytes: [UInt8]) throws(BuildError) -> Bool {
        guard end - start >= UInt64(bytes.count) else { return false }
        let first = UnsafeMutableRawBufferPointer(rebasing: buffer[..<bytes.count])
        try file.read(into: first, at: start)
        return first.elementsEqual(bytes)
    }

    /// The next bytes, which stay until the next call; empty at the end.
    func next() throws(BuildError) -> UnsafeRawBufferPointer {
        let wanted = Int(min(UInt64(buffer.count), end - position))
        let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        guard wanted > 0 else { return UnsafeRawBufferPointer(piece) }
        try file.read(into: piece, at: position)
        position += UInt64(wanted)
        if digest != nil { hash.update(bufferPointer: UnsafeRawBufferPointer(piece)) }
        progress?(position - start)
        return UnsafeRawBufferPointer(piece)
    }

    /// `next` as libarchive's callback has it.
    /// - Returns: how many bytes there are behind `output` now; 0 at the end, -1 for an error, which is kept.
    func read(_ output: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
        do throws(BuildError) {
            let bytes = try next()
            output?.pointee = bytes.baseAddress
            return bytes.count
        } catch {
            self.error = error
            return -1
        }
    }

    /// Reads what nobody asked for, and compares.
    /// - Throws: `BuildError` when the bytes do not have the digest.
    func verify() throws(BuildError) {
        guard let digest else { return }
        while try !next().isEmpty {}
        guard hash.finalize().elementsEqual(digest.octets) else {
            throw BuildError(
                .corrupt,
                "\(file.path) was damaged: it does not have the digest \(digest); remove it and pull its image again"
            )
        }
    }
}
