/// Where Debian's packages are fetched from, and whose signatures count.
struct DebianMirrors: Hashable, Sendable {
    /// The URI of the archive, without a suite.
    var archive: String
    /// The URI of the security archive; nil when the host has none.
    var security: String?
    /// The keyring that must have signed what comes from either.
    var keyring: String

    /// Where the package debian-archive-keyring puts it.
    static let systemKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

    /// The mirrors that the system's own sources name: those of the first binary entries with Debian's component
    /// `main` in one of Debian's suites. What apt calls `mirror+file:` stays what it is.
    ///
    /// - Throws: `BuildError` when there is none, with what to configure instead.
    init(systemSources sources: [AptSource]) throws {
        func entry(_ belongs: (String) -> Bool) -> AptSource? {
            sources.first { source in
                source.types.contains("deb") && source.components.contains("main")
                    && source.uris.first?.hasPrefix("cdrom:") == false && source.suites.contains(where: belongs)
            }
        }
        guard let main = entry({ DebianSuite.names.contains($0) }), let archive = main.uris.first else {
            throw BuildError(
                .unavailable,
                "the system's apt sources name no Debian mirror: give one in the configuration, debian: {mirror: URI}"
            )
        }
        let security = entry { suite in
            DebianSuite.names.contains { suite == "\($0)-security" || suite == "\($0)/updates" }
        }
        self.archive = archive
        self.security = security?.uris.first
        self.keyring = main.keyring ?? Self.systemKeyring
    }

    /// A mirror that the operator gives. Security updates come from its sibling `…-security`, as all mirrors that carry
    /// both have it.
    init(mirror: String) {
        archive = String(mirror.reversed().drop { $0 == "/" }.reversed())
        security = archive + "-security"
        keyring = Self.systemKeyring
    }
}
