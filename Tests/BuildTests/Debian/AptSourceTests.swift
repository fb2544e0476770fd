import Foundation
import Testing

@testable import Build

@Suite("apt sources and mirrors")
struct AptSourceTests {
    @Test func oneLineEntries() {
        let text = """
            # deb http://commented.example/debian bookworm main
            deb http://mirror.example/debian bookworm main contrib # the archive
            deb [ arch=amd64,arm64 signed-by=/usr/share/keyrings/a.gpg ] https://m.example/d bookworm main
            deb-src http://mirror.example/debian bookworm main
            deb http://flat.example/ ./
            deb [ unterminated http://x y z
            nonsense
            """
        let entries = AptSource.parse(list: text)
        #expect(entries.count == 4)
        #expect(entries[0].uris == ["http://mirror.example/debian"])
        #expect(entries[0].components == ["main", "contrib"])
        #expect(entries[1].keyring == "/usr/share/keyrings/a.gpg")
        #expect(entries[1].suites == ["bookworm"])
        #expect(entries[2].types == ["deb-src"])
        #expect(entries[3].components == [])
    }

    @Test func deb822Entries() {
        let text = """
            Types: deb deb-src
            # a comment
            URIs: mirror+file:/etc/apt/mirrors/debian.list
            Suites: bookworm bookworm-updates
              bookworm-backports
            Components: main
            Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

            Types: deb
            Enabled: no
            URIs: http://off.example/debian
            Suites: bookworm
            Components: main

            Types: deb
            URIs: http://key.example/debian
            Suites: bookworm
            Components: main
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
            """
        let entries = AptSource.parse(deb822: text)
        #expect(entries.count == 2)
        #expect(entries[0].uris == ["mirror+file:/etc/apt/mirrors/debian.list"])
        #expect(entries[0].suites == ["bookworm", "bookworm-updates", "bookworm-backports"])
        #expect(entries[0].keyring == "/usr/share/keyrings/debian-archive-keyring.gpg")
        #expect(entries[1].keyring == nil)
    }

    @Test func mirrorsAreThoseOfDebiansOwnEntries() throws {
        let sources = AptSource.parse(
            list: """
                deb cdrom:[Debian_12]/ bookworm main
                deb http://other.example/apt stable-thing main
                deb http://mirror.example/debian bookworm main
                deb http://sec.example/debian-security bookworm-security main
                """
        )
        let mirrors = try DebianMirrors(systemSources: sources)
        #expect(mirrors.archive == "http://mirror.example/debian")
        #expect(mirrors.security == "http://sec.example/debian-security")
        #expect(mirrors.keyring == DebianMirrors.systemKeyring)
    }

    @Test func noMirrorIsAnErrorThatSaysWhatToConfigure() {
        let error = #expect(throws: BuildError.self) { try DebianMirrors(systemSources: []) }
        #expect(error?.message.contains("debian: {mirror: URI}") == true)
    }

    @Test func anOperatorsMirrorHasItsSecuritySibling() {
        let mirrors = DebianMirrors(mirror: "http://cache.example/debian/")
        #expect(mirrors.archive == "http://cache.example/debian")
        #expect(mirrors.security == "http://cache.example/debian-security")
    }

    @Test func theSystemsProxySettingsAreKeptAndItsHooksAreNot() {
        let configuration = AptConfiguration(
            directory: "/d",
            mirrors: DebianMirrors(mirror: "http://m.example/debian"),
            newer: "forky",
            acquire: [
                "Acquire::http::Proxy \"http://proxy.example:3142\";", "Acquire::AllowInsecureRepositories \"1\";",
                "APT::Update::Post-Invoke:: \"rm -rf /\";",
            ]
        )
        #expect(configuration.main.contains("Acquire::http::Proxy \"http://proxy.example:3142\";"))
        #expect(!configuration.main.contains("Post-Invoke"))
        #expect(!configuration.main.contains("AllowInsecureRepositories \"1\""))
        #expect(configuration.preferences.contains("Pin: release n=forky\nPin-Priority: -1"))
        #expect(configuration.sources.contains("Suites: bookworm-security"))
        #expect(configuration.sources.components(separatedBy: "Signed-By: ").count == 4)
    }

    @Test func theVersionOfASuiteIsReadFromMadison() {
        let table = """
                  ipxe | 2.0.0+dfsg-5 | http://m.example/debian forky/main amd64 Packages
                  ipxe | 1.0.0+git-5.1 | http://m.example/debian bookworm/main amd64 Packages
            """
        #expect(DebianState.version(inMadison: table, suite: "forky") == "2.0.0+dfsg-5")
        #expect(DebianState.version(inMadison: table, suite: "sid") == nil)
    }
}
