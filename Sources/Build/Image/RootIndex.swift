import Foundation
import Vocabulary

/// Which roots were made file systems already: small files `roots/<key>`, each with what the manifest says of one.
struct RootIndex: Sendable {
    private let directory: DataDirectory
    private let blobs: BlobStore

    init(dataDirectory: String, blobs: BlobStore) throws {
        directory = try DataDirectory("\(dataDirectory)/roots")
        self.blobs = blobs
    }

    /// The root with that key; nil when it was never made, or its blob is gone.
    func root(_ key: Digest) throws -> ImageManifest.Root? {
        guard let bytes = try directory.read(key.hex, limit: 1000), let root = try? ImageManifest.Root(parsing: bytes),
            blobs.size(of: root.digest) == root.size
        else { return nil }
        return root
    }

    func add(_ root: ImageManifest.Root, for key: Digest) throws {
        try directory.replace(key.hex, with: root.json.bytes, isDurable: false)
    }

    /// Forgets the roots whose blobs are not among `kept`.
    func collect(keeping kept: Set<Digest>) throws {
        for name in try directory.names() {
            guard let key = Digest(hex: name) else { continue }
            if let root = try root(key), kept.contains(root.digest) { continue }
            try directory.remove(name)
        }
    }
}
