/// The suites that packages come from.
public enum DebianSuite: String, Hashable, Sendable, Codable, CaseIterable {
    /// The release that our images and loaders are made from, with its security updates.
    case stable
    /// The first newer suite with an iPXE of the second generation, for that alone.
    case newer

    /// The code name of `stable`.
    static let release = "bookworm"

    /// Where `newer` is looked for, oldest first.
    static let newerReleases = ["trixie", "forky", "sid"]

    /// Every spelling of Debian's suites that a host's sources may use for its main archive.
    static let names: Set<String> = [
        "bullseye", "bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable",
    ]

    public var description: String { rawValue }
}
