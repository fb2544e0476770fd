/// The files that make apt work on a state of its own, and nothing of the system's.
struct AptConfiguration: Sendable {
    /// The state's directory: everything that apt writes lies below it.
    var directory: String
    var mirrors: DebianMirrors
    /// The suite that `newer` stands for, once it is known.
    var newer: String?
    /// The system's own `Acquire` settings, as `apt-config dump` prints them: proxies, certificates, retries.
    var acquire: [String]

    /// apt.conf(5). It is read through APT_CONFIG; the directories of fragments that it names are empty, so that the
    /// system's hooks, pins and architectures stay out.
    var main: String {
        """
        Dir "/";
        Dir::State "\(directory)/state";
        Dir::State::lists "\(directory)/lists";
        Dir::State::status "\(directory)/state/status";
        Dir::Cache "\(directory)/cache";
        Dir::Etc "\(directory)/etc";
        Dir::Etc::main "none";
        Dir::Etc::parts "none.d";
        Dir::Etc::trusted "none.gpg";
        Dir::Etc::trustedparts "none.gpg.d";
        Dir::Etc::netrc "/etc/apt/auth.conf";
        Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
        Dir::Log "\(directory)/state";
        APT::Architecture "amd64";
        APT::Architectures { "amd64"; "arm64"; };
        APT::Install-Recommends "false";
        // Whoever we run as, the files are ours: apt's own user could not read them.
        APT::Sandbox::User "";

        """ + acquire.filter(Self.isOurs).joined(separator: "\n") + """

            Acquire::Languages "none";
            Acquire::GzipIndexes "true";
            Acquire::AllowInsecureRepositories "false";
            Acquire::AllowWeakRepositories "false";
            Acquire::AllowDowngradeToInsecureRepositories "false";

            """
    }

    /// Which of the system's settings are kept: all but the choice of index files and what is set here anyway.
    private static func isOurs(_ line: String) -> Bool {
        line.hasPrefix("Acquire::")
            && !["IndexTargets", "Languages", "Allow", "GzipIndexes", "Changelogs", "cdrom"].contains {
                line.dropFirst("Acquire::".count).hasPrefix($0)
            }
    }

    /// sources.list(5), deb822 style.
    var sources: String {
        var stanzas = [stanza(uri: mirrors.archive, suite: DebianSuite.release, architectures: "amd64 arm64")]
        if let security = mirrors.security {
            let suite = DebianSuite.release + "-security"
            stanzas.append(stanza(uri: security, suite: suite, architectures: "amd64 arm64"))
        }
        if let newer {
            // What is taken from it runs on every architecture, so one index is enough.
            stanzas.append(stanza(uri: mirrors.archive, suite: newer, components: "main", architectures: "amd64"))
        }
        return stanzas.joined(separator: "\n")
    }

    private func stanza(
        uri: String,
        suite: String,
        components: String = "main non-free-firmware",
        architectures: String
    ) -> String {
        """
        Types: deb
        URIs: \(uri)
        Suites: \(suite)
        Components: \(components)
        Architectures: \(architectures)
        Signed-By: \(mirrors.keyring)

        """
    }

    /// apt_preferences(5): of non-free-firmware microcode and firmware only, and of the newer suite only what is asked
    /// for from it by name.
    var preferences: String {
        var text = """
            Package: *
            Pin: release c=non-free-firmware
            Pin-Priority: -1

            Package: firmware-* *-firmware *-microcode
            Pin: release c=non-free-firmware
            Pin-Priority: 500

            """
        if let newer {
            text += """

                Package: *
                Pin: release n=\(newer)
                Pin-Priority: -1

                """
        }
        return text
    }
}
