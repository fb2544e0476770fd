import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Recipes")
struct PackageRecipeTests {
    private func read(_ text: String, _ architecture: Architecture = .amd64) throws(DefinitionError) -> [PackageRecipe]
    {
        try PackageRecipe.read(text, path: "package.yml", "/recipes/x", architecture)
    }

    private static let kernel = """
        image: kernel
        tags:
          cloud: {flavour: "cloud-"}
          generic: {flavour: ""}
        packages:
          - {name: "linux-image-${flavour}${arch}", dependency: "linux-image-[0-9]*", keep: [lib/modules], drop: [lib/modules/*/kernel/sound]}
          - {name: intel-microcode, keep: [lib/firmware], arch: [amd64], tag: [generic]}
        files:
          - {path: etc/arch, contents: "${multiarch} ${unknown}", mode: "0600", uid: 5}
          - {path: /x, source: "x-${tag}", madeBy: make x}
        steps:
          - {move: boot/vmlinuz-*, to: kernel}
          - {depmod: lib/modules}
          - {cpio: ucode, to: ucode.cpio, arch: [amd64]}
        config:
          cmd: [a]
          settings: {capabilities: [CAP_NET_ADMIN], readonly: true, oomScoreAdj: -5}
        """

    @Test func areReadForEachTagAndArchitecture() throws {
        let recipes = try read(Self.kernel)
        #expect(recipes.map(\.reference.description) == ["localhost/kernel:cloud", "localhost/kernel:generic"])
        #expect(
            recipes.map(\.packageNames) == [["linux-image-cloud-amd64"], ["linux-image-amd64", "intel-microcode"]]
        )
        #expect(recipes[0].packages[0].dependency == "linux-image-[0-9]*")
        #expect(
            recipes[0].files.map(\.entry.content) == [
                .text("x86_64-linux-gnu ${unknown}"), .source("/recipes/x/x-cloud"),
            ]
        )
        #expect(recipes[0].files[1].maker == "make x")
        #expect(recipes[0].steps.map(\.verb) == [.move, .depmod, .cpio])
        let arm = try read(Self.kernel, .arm64)
        #expect(arm[1].packageNames == ["linux-image-arm64"])
        #expect(arm[1].steps.map(\.verb) == [.move, .depmod])
    }

    @Test func haveALabelThatTheBuilderReads() throws {
        let configuration = try read(Self.kernel)[0].configuration
        let label = try #require(configuration.labels[ImageConfiguration.settingsLabel])
        let settings = try ContainerSettings(label: label, of: #require(ImageReference("x")))
        #expect(settings.capabilities == ["CAP_NET_ADMIN"])
        #expect(settings.isReadOnly == true)
        #expect(settings.outOfMemoryScore == -5)
        #expect(configuration.command == ["a"])
    }

    @Test(arguments: [
        ("", "package.yml: found an empty file"),
        ("image: x", "package.yml:1:1: found neither packages nor files"),
        ("image: x:1\nfiles: []", "package.yml:1:8: found 'x:1', expected an image's name"),
        ("files: [{path: a, contents: b}]", "package.yml:1:1: found no 'image'"),
        ("image: x\npackage: []", "package.yml:2:1: found unknown key 'package'"),
        (
            "image: x\npackages: [{name: -o, keep: [a]}]",
            "package.yml:2:19: found '-o', expected a Debian package's name"
        ),
        (
            "image: x\npackages: [{name: aa, keep: [../a]}]",
            "package.yml:2:30: found '../a', expected a path in the root"
        ),
        ("image: x\npackages: [{name: aa, arch: [mips]}]", "package.yml:2:30: found 'mips', expected an architecture"),
        ("image: x\nfiles: [{path: a}]", "package.yml:2:9: found none of directory, symlink"),
        ("image: x\nfiles: [{path: a, contents: b, uid: web}]", "package.yml:2:9: found 'web' as an owner"),
        ("image: x\nfiles: [{path: a, contents: b, mode: 644}]", "package.yml:2:38: found a number 644"),
        ("image: x\nfiles: [{path: a, metadata: yaml}]", "package.yml:2:9: found 'metadata'"),
        ("image: x\nsteps: [{move: a}]", "package.yml:2:9: found no 'to'"),
        ("image: x\nsteps: [{move: a, tar: b, to: c}]", "package.yml:2:9: found 2 of depmod, move"),
        ("image: x\nsteps: [{tar: a, to: ../b}]", "package.yml:2:22: found '../b', expected a path in the root"),
        ("image: x\nconfig: {settings: {capabilities: [NET]}}", "package.yml:2:36: found 'NET', expected a capability"),
        ("image: x\nconfig: {settings: {nets: host}}", "package.yml:2:21: found unknown key 'nets'"),
        ("image: x\ntags: []", "package.yml:2:7: found a list, expected a mapping of tags"),
        ("image: x\ntags: {a b: {}}", "package.yml:2:8: found 'a b', expected a tag"),
    ])
    func whatIsWrongIsSaidWithItsPlace(text: String, problem: String) {
        let error = #expect(throws: DefinitionError.self) { try read(text) }
        let description = error?.description ?? ""
        #expect(description.split(separator: "\n").contains { $0.hasPrefix(problem) }, "\(description)")
    }

    @Test func oneTagIsChosenBehindTheDirectory() throws {
        let scratch = try TemporaryDirectory()
        try Data(Self.kernel.utf8).write(to: URL(filePath: scratch.path("package.yml")))
        let chosen = try PackageRecipe.read(directory: scratch.path + ":generic", architecture: .amd64)
        #expect(chosen.map(\.reference.tag) == ["generic"])
        #expect(try PackageRecipe.read(directory: scratch.path + "/", architecture: .amd64).count == 2)
        let other = #expect(throws: BuildError.self) {
            try PackageRecipe.read(directory: scratch.path + ":old", architecture: .amd64)
        }
        #expect(other?.message.hasSuffix("has no tag 'old', only cloud, generic") == true)
        let none = #expect(throws: BuildError.self) {
            try PackageRecipe.read(directory: scratch.path("none"), architecture: .amd64)
        }
        #expect(none?.code == .notFound)
    }

    /// Every recipe of this repository, for both architectures.
    @Test func ofThisRepositoryAreInOrder() throws {
        let images = URL(filePath: #filePath).appending(path: "../../../../boot/images").standardizedFileURL.path
        var count = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: images).sorted() where name != "lab" {
            // Microcode is for AMD's and Intel's processors.
            for architecture: Architecture in name == "microcode" ? [.amd64] : [.amd64, .arm64] {
                let recipes = try PackageRecipe.read(directory: "\(images)/\(name)", architecture: architecture)
                #expect(recipes.allSatisfy { $0.reference.repository == name })
                count += recipes.count
            }
        }
        #expect(count >= 16)
    }
}
