import Build
import Foundation
import Testing
import Vocabulary

@testable import muster

/// A LinuxKit YAML through `muster build` to a machine that boots what was built.
@Suite("A definition becomes a machine")
struct DefinitionTests {
    /// The kernel is a container image of the cache, the init one in a file; what the init says comes out of `files:`.
    private static let definition = """
        kernel:
          image: e2e.local/kernel:1
          cmdline: "console=tty0 console=ttyS0"
        init:
          - "oci-archive:${images}/init.tar"
        files:
          - path: etc/motd
            contents: "MUSTER-BUILT ${who}\\n"
            mode: "0644"
        """

    /// A directory with the definition, `site.yml`.
    private static func site(in lab: RunningLab) throws -> String {
        let directory = lab.data + "/build"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(definition.utf8).write(to: URL(filePath: directory + "/site.yml"))
        return directory
    }

    /// Applies what is written beside the definition, and switches the machine lab-2 on until it has booted.
    private static func boot(
        _ lab: RunningLab,
        with resources: String
    ) async throws -> (ConsoleScanner.Marker, RunningLab.Boot) {
        let file = lab.data + "/build/resources.yml"
        try Data(resources.utf8).write(to: URL(filePath: file))
        try await lab.muster(["apply", "-f", file])
        let machine = try await LabMachine(2, in: lab)
        let marker = try await machine.whileOn { try await lab.marker(of: 2) }
        return (marker, try #require(try await lab.boots().first { $0.id == marker.boot }, "a boot id of nobody"))
    }

    @Test("built, applied, booted from the network")
    func boots() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .site) { lab in
            let scratch = try Self.site(in: lab)
            let images = lab.images
            let loaded = try await ContainerCache(dataDirectory: lab.data + "/lab").load(file: images + "/kernel.tar")
            #expect(loaded.map(\.name) == ["e2e.local/kernel:1"])
            try await lab.muster([
                "build", scratch + "/site.yml", "--name", "site", "--arch", "amd64", "--set", "who=lab-2", "--set",
                "images=\(images)", "--offline",
                "--dir", scratch,
            ])
            let resources = """
                kind: Profile
                name: site
                image: site
                health: fetched
                ---
                kind: Machine
                name: lab-2
                macs: ["52:54:00:77:00:02"]
                profile: site

                """
            let (marker, boot) = try await Self.boot(lab, with: resources)
            #expect(marker.machine == "lab-2")
            #expect(Digest(boot.image)?.short == marker.image)
            let console = lab.screen(of: 2)
            #expect(console.contains("MUSTER-BUILT lab-2"))
        }
    }

    @Test("built because its machine asked, which gets a file and a token of its own")
    func onDemand() async throws {
        try await RunningLab.with(.uefi, arguments: ["--machines", "0"], images: .site) { lab in
            _ = try Self.site(in: lab)
            let resources = """
                kind: Profile
                name: site
                image: site.yml
                vars: { who: lab-2, images: "\(lab.images)" }
                values: { role: web }
                files: [{ path: etc/site/greeting, template: "MUSTER-SEGMENT {{machine.name}} {{values.role}}\\n" }]
                health: fetched
                ---
                kind: Machine
                name: lab-2
                macs: ["52:54:00:77:00:02"]
                profile: site

                """
            let (_, boot) = try await Self.boot(lab, with: resources)
            #expect(boot.machine == "lab-2" && boot.timeline.contains { $0.stage == "segment" })
            let console = lab.screen(of: 2)
            #expect(console.contains("MUSTER-BUILT lab-2") && console.contains("MUSTER-SEGMENT lab-2 web"))
        }
    }
}
