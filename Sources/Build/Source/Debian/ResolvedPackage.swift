import Vocabulary

/// A package in one version, as signed metadata or a lock names it.
public struct ResolvedPackage: Hashable, Sendable {
    public var name: String
    public var version: String
    /// As Debian spells it: `amd64`, `arm64`, `all`.
    public var architecture: String
    /// Of the file.
    public var digest: Digest
    /// The names of packages that it needs, alternatives among them; empty in a lock.
    var dependencies: [String] = []

    public init(name: String, version: String, architecture: String, digest: Digest) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.digest = digest
    }
}

extension ResolvedPackage {
    /// A paragraph of `apt-cache show`.
    /// - Returns: nil when it does not say what the package is.
    init?(stanza: [String: String]) {
        guard let name = stanza["Package"], let version = stanza["Version"], let architecture = stanza["Architecture"],
            let digest = stanza["SHA256"].flatMap({ Digest(hex: $0) })
        else { return nil }
        self.init(name: name, version: version, architecture: architecture, digest: digest)
        let fields = [stanza["Pre-Depends"], stanza["Depends"]].compactMap(\.self)
        dependencies = fields.flatMap { $0.split { ",|".contains($0) } }
            .compactMap { $0.split { " (:".contains($0) }.first.map(String.init) }
    }

    /// What apt would install, in its order: the lines of `apt-get --simulate` that begin with `Inst`.
    ///
    ///     Inst libc6 (2.36-9+deb12u14 Debian:12.15/oldstable [amd64]) []
    ///
    /// - Returns: name, with `:architecture` where it is another one, and version.
    static func installed(inSimulation text: String) -> [(name: String, version: String)] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 3, words[0] == "Inst", words[2].hasPrefix("(") else { return nil }
            return (String(words[1]), String(words[2].dropFirst()))
        }
    }
}
