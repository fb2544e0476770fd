#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Blobs behind one another in one file, each from a multiple of 4 on, as the kernel expects of what follows an
/// uncompressed archive (Documentation/driver-api/early-userspace/buffer-format.rst).
struct Concatenation: Hashable, Sendable {
    let blobs: [Blob]

    init(_ blobs: [Blob]) { self.blobs = blobs }

    /// Where the blob of that number begins; for the number of blobs, where another one would.
    func offset(of index: Int) -> UInt64 {
        blobs.prefix(index).reduce(0) { ($0 + $1.size + 3) & ~3 }
    }

    /// Of the whole file, in bytes: nothing follows the last blob.
    var size: UInt64 { blobs.last.map { offset(of: blobs.count - 1) + $0.size } ?? 0 }

    /// Writes the blobs from `first` on where `file` stands.
    func write(
        to file: POSIXFile,
        from store: BlobStore,
        first: Int = 0,
        _ cancellation: BlockingWork.Cancellation?
    ) throws {
        for (index, blob) in blobs.enumerated().dropFirst(first) {
            let size = try FileCopy.append(store.path(of: blob.digest), to: file, cancellation)
            guard index < blobs.count - 1 else { continue }
            let padding = [UInt8](repeating: 0, count: Int((4 - size % 4) % 4))
            try padding.withUnsafeBytes { try file.write($0) }
        }
    }
}
