import Vocabulary

/// Which packages images were made of: one a line, `image architecture package version architecture digest`.
///
/// Several locks put together are a lock. Lines that begin with `#` are remarks.
public struct PackageLock: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var image: String
        var architecture: Architecture
        var package: ResolvedPackage
    }

    private var entries: [Entry] = []

    public init() {}

    /// - Parameter path: what errors call it.
    /// - Throws: `BuildError` with the line that is none of a lock.
    public init(parsing text: String, path: String) throws(BuildError) {
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
            if words.isEmpty || line.hasPrefix("#") { continue }
            guard words.count == 6, let architecture = Architecture(words[1]), let digest = Digest(words[5]) else {
                throw BuildError(
                    .invalidInput,
                    "\(path):\(index + 1): found '\(line)', expected image, architecture, package, version, its "
                        + "architecture and digest"
                )
            }
            let package = ResolvedPackage(name: words[2], version: words[3], architecture: words[4], digest: digest)
            entries.append(Entry(image: words[0], architecture: architecture, package: package))
        }
    }

    /// What an image is made of; nil when the lock does not say.
    func packages(of image: DockerReference, _ architecture: Architecture) -> [ResolvedPackage]? {
        let found = entries.filter { $0.image == image.description && $0.architecture == architecture }
        return found.isEmpty ? nil : found.map(\.package)
    }

    mutating func set(
        _ packages: some Sequence<ResolvedPackage>,
        of image: DockerReference,
        _ architecture: Architecture
    ) {
        entries.removeAll { $0.image == image.description && $0.architecture == architecture }
        entries += packages.map { Entry(image: image.description, architecture: architecture, package: $0) }
        entries.sort {
            ($0.image, $0.architecture.rawValue, $0.package.name) < (
                $1.image, $1.architecture.rawValue, $1.package.name
            )
        }
    }

    var text: String {
        entries.map { entry in
            let package = entry.package
            return
                "\(entry.image) \(entry.architecture) \(package.name) \(package.version) \(package.architecture) \(package.digest)\n"
        }.joined()
    }
}

/// A package of an image that is not what it was when the image was made before.
public struct PackageChange: Hashable, Sendable {
    public var name: String
    /// The version before; nil when the package is new.
    public var old: String?
    /// The version now; nil when the package is gone.
    public var new: String?

    public init(name: String, old: String?, new: String?) {
        self.name = name
        self.old = old
        self.new = new
    }

    /// What differs, by name. Another file of the same version counts, too.
    static func between(_ old: [ResolvedPackage], _ new: [ResolvedPackage]) -> [PackageChange] {
        let before = Dictionary(old.map { ($0.name, $0) }) { $1 }
        let after = Dictionary(new.map { ($0.name, $0) }) { $1 }
        return Set(before.keys).union(after.keys).sorted().compactMap { name in
            guard before[name]?.digest != after[name]?.digest else { return nil }
            return PackageChange(name: name, old: before[name]?.version, new: after[name]?.version)
        }
    }
}
