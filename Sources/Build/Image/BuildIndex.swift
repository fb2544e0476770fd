import Foundation
import Vocabulary

/// Which images were built already: small files `builds/<key>`, each with a manifest's digest and what was said on the
/// way.
///
/// They are not waited for on the disk: what a power cut damages is found, and built again.
struct BuildIndex: Sendable {
    /// What a build came to.
    struct Outcome: Hashable, Codable {
        var image: Digest
        var warnings: [String]
    }

    private static let largest = 1 << 20
    private let directory: DataDirectory

    init(dataDirectory: String) throws {
        directory = try DataDirectory("\(dataDirectory)/builds")
    }

    /// nil when there was no such build, or nothing is known of it any more.
    func outcome(_ key: Digest) throws -> Outcome? {
        guard let bytes = try directory.read(key.hex, limit: Self.largest) else { return nil }
        return try? JSONDecoder().decode(Outcome.self, from: Data(bytes))
    }

    func add(_ outcome: Outcome, for key: Digest) throws {
        let bytes = try Array(JSONEncoder().encode(outcome))
        guard bytes.count <= Self.largest else { return }
        try directory.replace(key.hex, with: bytes, isDurable: false)
    }

    /// Forgets the builds whose images are not among `kept`.
    func collect(keeping kept: Set<Digest>) throws {
        for name in try directory.names() {
            guard let key = Digest(hex: name) else { continue }
            if let outcome = try outcome(key), kept.contains(outcome.image) { continue }
            try directory.remove(name)
        }
    }
}
