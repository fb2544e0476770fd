import Foundation
import Testing
import Vocabulary

@testable import Build

/// Each probe built as far as its tree, beside what LinuxKit makes of it.
@Suite("Corpus: probes")
struct ProbeCorpusTests {
    static let contents = Result { try CorpusContents(archives: Probe.directory.appending(path: "images")) }

    /// Where the values differ on purpose, ours first.
    static let differences: [String: [String: String]] = [
        // What the schema accepts is honoured: LinuxKit loses the key and maps to root.
        "idmappings": ["containers/services/a/config.json#linux/uidMappings/0/hostID": "1000 → 0"],
        // The same.
        "resources-hugepage": [
            "containers/services/a/config.json#linux/resources/hugepageLimits": "list of 1 → nothing",
            "containers/services/a/config.json#linux/resources/hugepageLimits/0": "object → nothing",
            "containers/services/a/config.json#linux/resources/hugepageLimits/0/limit": "5 → nothing",
            "containers/services/a/config.json#linux/resources/hugepageLimits/0/pageSize": "'2MB' → nothing",
        ],
        // A volume is found by its name in `mounts` as it is in `binds`: LinuxKit puts the name where a path must be.
        "volume-mount-type-bind": [
            "containers/services/a/config.json#mounts/0/source": "'/containers/volumes/vol/merged' → 'vol'"
        ],
    ]

    /// An image's own `etc/hosts` survives, where LinuxKit puts its stock file over it: where the image `hello`, which has
    /// one, is unpacked.
    static let ownHosts: [String: String] = {
        let services = [
            "ambient-only", "binds-both", "caps-add-and-caps", "caps-add-dup", "device-all", "device-ok", "env-cmd-cwd",
            "env-empty", "file-metadata-json", "idmappings", "json-yaml", "merge-2", "ns-host", "ns-new", "ns-path",
            "pid-root", "resources",
            "resources-blockio", "resources-hugepage", "runtime", "same-image-twice", "sysctl-annot", "tmpfs",
            "uid-neg", "uid-num", "volume-mount-type-bind", "volume-ro-bind-ro",
        ]
        var paths = Dictionary(uniqueKeysWithValues: services.map { ($0, "containers/services/a/lower/etc/hosts") })
        paths["anchors-inline"] = "containers/onboot/000-o/lower/etc/hosts"
        paths["ids-alloc"] = "containers/onboot/000-o/lower/etc/hosts"
        paths["same-name-onboot-service"] = "containers/onboot/000-a/lower/etc/hosts"
        paths["readonly"] = "containers/services/a/rootfs/etc/hosts"
        paths["init-twice"] = "etc/hosts"
        return paths
    }()

    static let hosts =
        "f 644 0 0 11 144c8336a4c94d07edf64a646e2007292f529b639d591114985f9410677f723c"
        + " → f 644 0 0 160 43037ff87af87fda11c4377e963593a0f55e513702779db721c6ce574c06e88e"

    @Test("LinuxKit's verdict, tree and runtime specifications", arguments: Probe.all)
    func build(_ probe: Probe) async throws {
        let contents = try Self.contents.get()
        let root: MachineRoot
        do {
            root = try await MachineRootBuilder.build(Definition(reading: probe.sources), contents: contents)
        } catch {
            let isOurs = DefinitionVerdictTests.refusedByUs[probe.name] != nil
            #expect(probe.isAccepted == isOurs, "\(error)")
            return
        }
        if DefinitionVerdictTests.acceptedByUs[probe.name] != nil {
            #expect(!probe.isAccepted)
            return
        }
        #expect(probe.isAccepted)
        guard probe.isAccepted else { return }
        var expected = Self.differences[probe.name] ?? [:]
        if let path = Self.ownHosts[probe.name] { expected[path] = Self.hosts }
        let theirs = try CorpusTree(directory: probe.directory)
        #expect(try CorpusTree(root, contents: contents).differences(from: theirs) == expected)
    }
}
