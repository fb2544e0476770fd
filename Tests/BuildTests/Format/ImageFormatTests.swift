import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Formats of images")
struct ImageFormatTests {
    /// Everything that lies below a directory, by its path there: what is compared when two builds are.
    private func contents(of directory: String) throws -> [String: Digest] {
        let files = FileManager.default
        var found: [String: Digest] = [:]
        for name in try files.subpathsOfDirectory(atPath: directory) {
            var isDirectory: ObjCBool = false
            _ = files.fileExists(atPath: "\(directory)/\(name)", isDirectory: &isDirectory)
            if !isDirectory.boolValue { found[name] = try FileContent(hostFile: "\(directory)/\(name)").digest }
        }
        return found
    }

    /// Written twice, by different processes, at different times, in different directories of different depth.
    @Test("the same image is the same bytes", arguments: ImageFormats.all.map(\.name))
    func reproducible(format: String) async throws {
        var written: [[String: Digest]] = []
        for place in ["one", "two/which/is/deeper"] {
            let directory = try TemporaryDirectory()
            let made = try HandMadeImage(in: directory, for: format)
            let formats = try ImageFormats.parse(format)
            let target = directory.path(place)
            let paths = try await ImageFormats.write(
                made.image,
                as: formats,
                name: "image",
                directory: target,
                blobs: made.blobs
            )
            // A root beside it has only an image that fetches one.
            let names = formats.flatMap { $0.fileNames(for: "image") }.filter { $0 != "image-root.img" }
            #expect(paths == names.map { "\(target)/\($0)" })
            written.append(try contents(of: target))
            let others = try FileManager.default.contentsOfDirectory(atPath: target)
                .filter { !formats[0].fileNames(for: "image").contains($0) }
            #expect(others == [], "nothing else is left")
            if written.count == 1 { try await untilTheSecondChanges() }
        }
        #expect(!written[0].isEmpty)
        #expect(written[0] == written[1])
    }

    @Test("file capabilities are refused where they would be lost", arguments: HandMadeImage.withoutAttributes)
    func capabilities(format: String) async throws {
        let directory = try TemporaryDirectory()
        var made = try HandMadeImage(in: directory)
        made.image.root.entries.removeAll { $0.entry.path.bytes.starts(with: HandMadeImage.longName.bytes) }
        let error = await #expect(throws: BuildError.self) {
            try await ImageFormats.write(
                made.image,
                as: ImageFormats.parse(format),
                name: "image",
                directory: directory.path("output"),
                blobs: made.blobs
            )
        }
        #expect(error?.message.contains("usr/ping has file capabilities") == true)
    }

    @Test(
        "two formats that would write the same file are refused",
        arguments: ["vhd,dynamic-vhd", "iso-bios,kernel+iso"]
    )
    func sameFile(formats: String) async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let error = await #expect(throws: BuildError.self) {
            try await ImageFormats.write(
                made.image,
                as: ImageFormats.parse(formats),
                name: "image",
                directory: directory.path("output"),
                blobs: made.blobs
            )
        }
        #expect(error?.message.contains("both write image.") == true)
    }

    /// Times are the usual thing that makes two builds differ, and those of FAT have a resolution of two seconds.
    private func untilTheSecondChanges() async throws {
        let now = time(nil) / 2
        while time(nil) / 2 == now { try await Task.sleep(for: .milliseconds(20)) }
    }

    @Test("what a killed build left is removed by the next, and what is in use is not")
    func leftovers() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let output = directory.path("output")
        let used = try WorkDirectory(in: output)
        try FileManager.default.createDirectory(
            atPath: output + "/.muster-killed/raw",
            withIntermediateDirectories: true
        )
        _ = try await ImageFormats.write(
            made.image,
            as: ImageFormats.parse("uki"),
            name: "image",
            directory: output,
            blobs: made.blobs
        )
        let name = try #require(used.path.split(separator: "/").last.map(String.init))
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: output)) == ["image.efi", name])
        withExtendedLifetime(used) {}
    }

    @Test("another image has other identifiers", arguments: ["raw-efi", "raw-bios", "iso"])
    func identifiers(format: String) async throws {
        var images: Set<Digest> = []
        for line in ["quiet", "debug"] {
            let directory = try TemporaryDirectory()
            let made = try HandMadeImage(in: directory, commandLine: line)
            let paths = try await ImageFormats.write(
                made.image,
                as: ImageFormats.parse(format),
                name: "image",
                directory: directory.path,
                blobs: made.blobs
            )
            images.insert(try FileContent(hostFile: paths[0]).digest)
        }
        #expect(images.count == 2)
    }

    @Test("a missing program is named with its package")
    func missingProgram() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        for (format, package) in [("raw-bios", "fdisk"), ("raw-efi", "binutils"), ("iso", "grub-common")] {
            let error = await #expect(throws: BuildError.self) {
                try await ImageFormats.write(
                    made.image,
                    as: ImageFormats.parse(format),
                    name: "image",
                    directory: directory.path("output"),
                    blobs: made.blobs,
                    tools: FormatTools(directories: [directory.path])
                )
            }
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("Debian package \(package)") == true, "\(String(describing: error))")
            let left = try FileManager.default.contentsOfDirectory(atPath: directory.path("output"))
            #expect(left == [], "a format that fails leaves nothing")
        }
    }

    @Test("a missing boot loader is named with its package")
    func missingFile() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        var tools = FormatTools.host
        tools.root = directory.path
        for (format, package) in [("raw-bios", "grub-pc-bin"), ("uki", "systemd-boot-efi"), ("iso", "grub-pc-bin")] {
            let error = await #expect(throws: BuildError.self) {
                try await ImageFormats.write(
                    made.image,
                    as: ImageFormats.parse(format),
                    name: "image",
                    directory: directory.path("output"),
                    blobs: made.blobs,
                    tools: tools
                )
            }
            #expect(error?.message.contains("Debian package \(package)") == true, "\(String(describing: error))")
        }
    }

    @Test("an unknown format is refused with those that there are")
    func unknown() {
        let error = #expect(throws: BuildError.self) { try ImageFormats.parse("raw-efi,docker") }
        #expect(error?.message.contains("'docker'") == true)
        #expect(error?.message.contains("raw-bios, raw-efi") == true)
        #expect(throws: BuildError.self) { try ImageFormats.parse("") }
        #expect(throws: BuildError.self) { try ImageFormats.parse("iso,") }
    }

    @Test("a format that is asked for twice is written once")
    func twice() throws {
        #expect(try ImageFormats.parse("iso,raw-efi,iso").map(\.name) == ["iso", "raw-efi"])
    }

    @Test("a BIOS format is refused for a processor without one")
    func architecture() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory, architecture: .arm64)
        let error = await #expect(throws: BuildError.self) {
            try await ImageFormats.write(
                made.image,
                as: ImageFormats.parse("raw-bios"),
                name: "image",
                directory: directory.path("output"),
                blobs: made.blobs
            )
        }
        #expect(error?.message.contains("no BIOS on arm64") == true)
    }

    @Test("a command line that GRUB would change is refused where GRUB is needed", arguments: ["\\", "\"", "'"])
    func grubQuoting(character: String) {
        #expect(throws: BuildError.self) {
            try GRUB.configuration(kernel: "/k", commandLine: "a=\(character)b", initrds: [])
        }
    }

    @Test("every other command line reaches the kernel as words")
    func grubWords() throws {
        let text = try GRUB.configuration(kernel: "/k", commandLine: "a=$b;c  d#{}&|", initrds: ["/i", "/j"])
        #expect(String(decoding: text, as: UTF8.self) == "linux /k 'a=$b;c' 'd#{}&|'\ninitrd /i /j\nboot\n")
    }
}
