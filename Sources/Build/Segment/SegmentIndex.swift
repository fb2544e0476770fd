import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Which segments were made already: small files `segments/<key>`, each with a blob's digest and size.
///
/// They are not waited for on the disk: what a power cut damages names no blob, and its segment is made again.
struct SegmentIndex: Sendable {
    private let directory: DataDirectory
    private let blobs: BlobStore

    init(dataDirectory: String, blobs: BlobStore) throws {
        directory = try DataDirectory("\(dataDirectory)/segments")
        self.blobs = blobs
    }

    /// The segment with that key; nil when it was never made, or its blob is gone or not as long as it was.
    func segment(_ key: Digest) throws -> Blob? {
        guard let bytes = try directory.read(key.hex, limit: 200) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let digest = Digest(String(fields[0])), let size = UInt64(fields[1]),
            blobs.size(of: digest) == size
        else { return nil }
        return Blob(digest: digest, size: size)
    }

    func add(_ blob: Blob, for key: Digest) throws {
        try directory.replace(key.hex, with: Array("\(blob.digest) \(blob.size)\n".utf8), isDurable: false)
    }

    /// Forgets the segments whose blobs are not among `kept` or are gone.
    /// - Returns: how many were forgotten.
    func collect(keeping kept: Set<Digest>) throws -> Int {
        var count = 0
        for name in try directory.names() {
            guard let key = Digest(hex: name) else { continue }
            if let blob = try segment(key), kept.contains(blob.digest) { continue }
            try directory.remove(name)
            count += 1
        }
        return count
    }
}
