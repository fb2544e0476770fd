import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The tables of layers that are kept in a data directory (`layers/<digest>`), as somebody sees them who builds nothing.
struct LayerTables {
    private let directory: DataDirectory
    private let cache: String

    init(dataDirectory: String) throws {
        directory = try DataDirectory("\(dataDirectory)/layers")
        cache = "\(dataDirectory)/cache/blobs/sha256"
    }

    /// Removes the tables of layers that are not in the cache, and those of archives (`kernel.tar`) in such layers.
    /// Whoever calls it is alone in the store.
    ///
    /// - Returns: how many there were.
    func collect(isDryRun: Bool) throws -> Int {
        var (layers, others): ([Digest], Set<Digest>) = ([], [])
        for name in try directory.names() {
            guard let digest = Digest(hex: name) else { continue }
            if access("\(cache)/\(name)", F_OK) == 0 { layers.append(digest) } else { others.insert(digest) }
        }
        for layer in layers where !others.isEmpty {
            guard let bytes = try directory.read(layer.hex, limit: 1 << 30),
                let table = LayerTable(encoded: bytes, id: LayerID(layer))
            else { continue }
            for entry in table.entries {
                if case .file(let content) = entry.kind { others.remove(content.digest) }
            }
        }
        if !isDryRun { for digest in others { try directory.remove(digest.hex) } }
        return others.count
    }
}
