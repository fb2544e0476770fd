import Build
import Vocabulary

/// What `muster pkg build` says of an image that it made.
struct PackageReport: Encodable {
    struct Package: Encodable {
        var name: String
        var version: String
        var architecture: String
        var digest: Digest
    }

    struct Change: Encodable {
        var name: String
        var old: String?
        var new: String?
    }

    var name: String
    var architecture: Architecture
    /// Of the image's manifest.
    var digest: Digest
    /// In bytes, as it lies in the cache.
    var size: UInt64
    /// In bytes.
    var unpackedSize: UInt64
    var packages: [Package]
    var lock: String
    var changes: [Change]

    init(_ build: PackageBuild) {
        name = "\(build.reference)"
        architecture = build.architecture
        digest = build.digest
        size = build.size
        unpackedSize = build.unpackedSize
        packages = build.packages.map {
            Package(name: $0.name, version: $0.version, architecture: $0.architecture, digest: $0.digest)
        }
        lock = build.lock
        changes = build.changes.map { Change(name: $0.name, old: $0.old, new: $0.new) }
    }

    /// One line, and one for each package that is not what it was.
    static func text(_ build: PackageBuild) -> String {
        let sizes = "\(byteCount(build.size)), \(byteCount(build.unpackedSize)) unpacked"
        let count = build.packages.count == 1 ? "1 package" : "\(build.packages.count) packages"
        let line = "\(build.reference) (\(build.architecture)): \(build.digest), \(sizes), \(count)"
        return ([line] + build.changes.map(text)).joined(separator: "\n")
    }

    private static func text(_ change: PackageChange) -> String {
        switch (change.old, change.new) {
        case (nil, let new?): "  \(change.name): \(new), new"
        case (let old?, nil): "  \(change.name): \(old), gone"
        case (let old?, let new?) where old == new: "  \(change.name): \(new), another file of the same version"
        case (let old, let new): "  \(change.name): \(old ?? "") became \(new ?? "")"
        }
    }
}
