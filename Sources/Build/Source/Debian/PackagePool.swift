import Foundation
import Vocabulary

import struct Crypto.SHA256

/// The packages that were fetched, kept by digest: `pool/<hex>.deb`, and `index.json`, which says what each one is.
struct PackagePool: Sendable {
    /// What `index.json` holds.
    struct Index: Codable, Sendable {
        /// The suite that `newer` stands for, once it was looked for.
        var newer: String?
        var packages: [Entry] = []
    }

    struct Entry: Codable, Sendable {
        var package: DebianPackage
        var version: String
        var digest: Digest
        var depends: String
    }

    private let directory: String
    private(set) var index: Index

    /// - Throws: `BuildError` when there is an index that cannot be read.
    init(directory: String) throws {
        self.directory = directory
        guard let data = FileManager.default.contents(atPath: directory + "/index.json") else {
            index = Index()
            return
        }
        do {
            index = try JSONDecoder().decode(Index.self, from: data)
        } catch {
            throw BuildError(
                .corrupt,
                "\(directory)/index.json is no index of Debian packages: remove it and they are fetched again"
            )
        }
    }

    /// What was fetched for `package`, if its file is still there.
    func kept(_ package: DebianPackage) -> FetchedPackage? {
        guard let entry = index.packages.first(where: { $0.package == package }) else { return nil }
        let path = path(of: entry.digest)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return FetchedPackage(
            package: package,
            version: entry.version,
            digest: entry.digest,
            depends: entry.depends,
            path: path
        )
    }

    /// Everything that is kept, in the order of fetching.
    var all: [FetchedPackage] { index.packages.compactMap { kept($0.package) } }

    /// Moves `file` into the pool and remembers what it is; what was there for the same package is forgotten.
    mutating func keep(_ file: String, as package: DebianPackage, version: String, depends: String) throws {
        let digest = try keep(file)
        index.packages.removeAll { $0.package == package }
        index.packages.append(Entry(package: package, version: version, digest: digest, depends: depends))
        try save()
    }

    /// Moves `file` into the pool, under its digest.
    func keep(_ file: String) throws -> Digest {
        let digest = try Self.digest(ofFileAt: file)
        let target = path(of: digest)
        try FileManager.default.createDirectory(atPath: directory + "/pool", withIntermediateDirectories: true)
        if rename(file, target) != 0 {
            throw BuildError(.unavailable, "cannot keep \(target): \(String(cString: strerror(errno)))")
        }
        return digest
    }

    mutating func setNewer(_ suite: String) throws {
        index.newer = suite
        try save()
    }

    /// Where the file of that digest is, if it is here.
    func path(of digest: Digest) -> String { "\(directory)/pool/\(digest.hex).deb" }

    private func save() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(index).write(to: URL(filePath: directory + "/index.json"), options: .atomic)
    }

    private static func digest(ofFileAt path: String) throws -> Digest {
        let handle = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? handle.close() }
        var hash = SHA256()
        while let chunk = try handle.read(upToCount: 1 << 20), !chunk.isEmpty { hash.update(data: chunk) }
        guard let digest = Digest(octets: Array(hash.finalize())) else { preconditionFailure("SHA-256 has 32 octets") }
        return digest
    }
}
