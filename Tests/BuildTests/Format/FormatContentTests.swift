import Foundation
import Testing
import Vocabulary

@testable import Build

/// What single formats hold, as their readers see it.
@Suite("Contents of formats")
struct FormatContentTests {
    private func write(
        _ made: HandMadeImage,
        _ format: String,
        in directory: String,
        signing: SigningKey? = nil
    ) async throws -> [String] {
        try await ImageFormats.write(
            made.image,
            as: ImageFormats.parse(format),
            name: "image",
            directory: directory,
            blobs: made.blobs,
            signing: signing
        )
    }

    /// One in sixteen of qemu-img's numbers has fewer than eight digits.
    @Test(
        "a VMDK's content id is replaced however many digits it has",
        arguments: ["8", "0", "1234567", "89abcdef"],
        [UInt32(0), 0xfeed, .max]
    )
    func contentID(old: String, new: UInt32) throws {
        let before = "# Disk DescriptorFile\nversion=1\nCID="
        let after = "\nparentCID=ffffffff\n"
        let room = Array(repeating: UInt8(0), count: 16)
        let changed = try #require(VMDKDescriptor.replacing(Array((before + old + after).utf8) + room, with: new))
        let text = String(decoding: changed.prefix { $0 != 0 }, as: UTF8.self)
        let digits = String(new, radix: 16)
        #expect(text == before + String(repeating: "0", count: 8 - digits.count) + digits + after)
        #expect(changed.count == (before + old + after).utf8.count + 16)
        let full = Array((before + "8" + after).utf8)
        #expect(VMDKDescriptor.replacing(full, with: new) == nil, "there is no room")
        #expect(VMDKDescriptor.replacing(Array("version=1\n".utf8), with: new) == nil)
    }

    @Test("files are called as LinuxKit calls them, and ours as the contract says")
    func names() {
        let expected = [
            // The last one is of images whose root machines fetch.
            "kernel+initrd": ["N-kernel", "N-initrd.img", "N-cmdline", "N-root.img"], "tar": ["N.tar"],
            "tar-kernel-initrd": ["N-initrd.tar"],
            "kernel+squashfs": ["N-kernel", "N-cmdline", "N-squashfs.img"],
            "kernel+erofs": ["N-kernel", "N-cmdline", "N-erofs.img"],
            "kernel+iso": ["N-kernel", "N-cmdline", "N.iso"],
            "iso-bios": ["N.iso"], "iso-efi": ["N-efi.iso"], "iso-efi-initrd": ["N-efi-initrd.iso"],
            "raw-bios": ["N-bios.img"], "raw-efi": ["N-efi.img"],
            "qcow2-bios": ["N.qcow2"], "qcow2-efi": ["N-efi.qcow2"], "vmdk": ["N.vmdk"],
            "vhd": ["N.vhd"], "dynamic-vhd": ["N.vhd"], "aws": ["N.raw"], "gcp": ["N.img.tar.gz"],
            "iso": ["N-hybrid.iso"], "uki": ["N.efi"], "oci": ["N.oci"],
        ]
        for (name, files) in expected {
            #expect(ImageFormats.all.first { $0.name == name }?.fileNames(for: "N") == files, "\(name)")
        }
        #expect(Set(ImageFormats.all.map(\.name)).count == ImageFormats.all.count)
    }

    @Test("an empty command line has no file, and takes an older image's away")
    func emptyCommandLine() async throws {
        let directory = try TemporaryDirectory()
        let first = try HandMadeImage(in: directory)
        #expect(try await write(first, "kernel+squashfs", in: directory.path("out")).count == 3)
        let second = try HandMadeImage(in: directory, commandLine: "")
        #expect(try await write(second, "kernel+squashfs", in: directory.path("out")).count == 2)
        #expect(!FileManager.default.fileExists(atPath: directory.path("out/image-cmdline")))
    }

    @Test(
        "with SOURCE_DATE_EPOCH, what a format makes is from then, as far as it can say so",
        arguments: [Int64(0), 1_650_000_001, 4_294_967_295]
    )
    func epoch(seconds: Int64) async throws {
        let directory = try TemporaryDirectory()
        let formats = ["raw-bios", "iso", "gcp", "vhd", "tar-kernel-initrd"]
        var made = try HandMadeImage(in: directory)
        made.image.modified = seconds
        var paths: [String: String] = [:]
        for format in formats { paths[format] = try await write(made, format, in: directory.path(format)).last }
        func text(_ program: String, _ arguments: [String]) async throws -> String {
            try await HostProgram.run(
                program,
                arguments,
                environment: ["TZ": "UTC", "LC_ALL": "C", "MTOOLSRC": "/dev/null"]
            )
        }
        let time = FormatTime(seconds: seconds)
        let fat = try await text("mdir", ["-i", paths["raw-bios"]! + "@@1M", "::/boot/kernel"])
        #expect(fat.contains(" \(time.onFAT.words.prefix(10)) "), "\(fat)")
        // When the volume was made stands in its descriptor, ISO 9660 §8.4.
        let volume = try FileCopy.bytes(of: paths["iso"]!, at: 16 * 2048 + 813, count: 16)
        #expect(String(decoding: volume, as: UTF8.self) == time.digits)
        let cloud = try await text("tar", ["--utc", "--full-time", "-tvf", paths["gcp"]!])
        #expect(cloud.contains(time.words), "\(cloud)")
        let footer = try FileCopy.bytes(of: paths["vhd"]!, at: FileCopy.size(of: paths["vhd"]!) - 512 + 24, count: 4)
        #expect(footer.reduce(0) { $0 << 8 | UInt32($1) } == time.since2000)
        let tar = try await text("tar", ["--utc", "--full-time", "-tvf", paths["tar-kernel-initrd"]!])
        #expect(tar.split(separator: "\n").allSatisfy { $0.contains(time.words) }, "\(tar)")
    }

    @Test("times are spelled as FAT, ISO 9660 and VHD want them, and stay in their ranges")
    func times() {
        let standard = FormatTime(seconds: TreeEntry.standardTime)
        #expect(standard.digits == "2017041816300000" && standard.onFAT.words == "2017-04-18 16:30:00")
        #expect(standard.since2000 == 545_848_200)
        #expect(FormatTime(seconds: 0).onFAT.words == "1980-01-01 00:00:00" && FormatTime(seconds: 0).since2000 == 0)
        #expect(FormatTime(seconds: 0).digits == "1970010100000000")
        #expect(FormatTime(seconds: 4_294_967_295).onFAT.words == "2106-02-07 06:28:15")
        #expect(FormatTime(seconds: 5_000_000_000).onFAT.words == "2107-12-31 23:59:58")
    }

    /// The time of signing is in the signature; everything else is the same each time, and the unsigned program.
    @Test("a signed program verifies, and only its signature differs")
    func signed() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let key = SigningKey(key: directory.path("key.pem"), certificate: directory.path("certificate.pem"))
        try await HostProgram.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Muster", "-days", "2", "-keyout",
                key.key,
                "-out", key.certificate,
            ]
        )
        var bare: Set<Digest> = []
        for place in ["one", "two"] {
            let path = try await write(made, "uki", in: directory.path(place), signing: key)[0]
            try await HostProgram.run("sbverify", ["--cert", key.certificate, path])
            try await HostProgram.run("sbattach", ["--remove", path])
            bare.insert(try FileContent(hostFile: path).digest)
        }
        #expect(bare.count == 1)
    }

    @Test("a unified kernel image has kernel, initrd and command line as sections")
    func sections() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let path = try await write(made, "uki", in: directory.path("out"))[0]
        func section(_ name: String) async throws -> [UInt8] {
            let file = directory.path("section")
            try await HostProgram.run(
                "objcopy",
                ["--output-target", "binary", "--only-section", name, path, file]
            )
            return Array(try Data(contentsOf: URL(filePath: file)))
        }
        let manifest = made.image.manifest
        #expect(try await section(".cmdline").starts(with: "console=ttyS0 quiet".utf8))
        #expect(try await section(".linux").starts(with: made.blobs.read(manifest.kernel.digest)))
        // The second part begins at a multiple of 4.
        let parts = try manifest.initrd.map { try made.blobs.read($0.digest) }
        #expect(parts[0].count == 1001)
        #expect(try await section(".initrd").starts(with: parts[0] + [0, 0, 0] + parts[1]))
        #expect(try await section(".osrel").starts(with: "ID=muster\n".utf8))
    }

    @Test("kernel, initrd and command line are the image's, as files and in an archive")
    func kernelAndInitrd() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let manifest = made.image.manifest
        let parts = try manifest.initrd.map { try made.blobs.read($0.digest) }
        let expected = [
            "kernel": try made.blobs.read(manifest.kernel.digest), "initrd.img": parts[0] + [0, 0, 0] + parts[1],
            "cmdline": Array("console=ttyS0 quiet".utf8),
        ]
        _ = try await write(made, "kernel+initrd,tar-kernel-initrd", in: directory.path("out"))
        try FileManager.default.createDirectory(atPath: directory.path("seen"), withIntermediateDirectories: false)
        let archive = directory.path("out/image-initrd.tar")
        try await HostProgram.run("tar", ["--extract", "--file", archive, "--directory", directory.path("seen")])
        #expect(try Set(FileManager.default.contentsOfDirectory(atPath: directory.path("seen"))) == Set(expected.keys))
        for (name, bytes) in expected {
            for path in ["out/image-\(name)", "seen/\(name)"] {
                #expect(try Data(contentsOf: URL(filePath: directory.path(path))) == Data(bytes), "\(path)")
            }
        }
    }

    @Test("an artifact is a layout whose every blob is what its descriptor says")
    func artifact() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let layout = try await write(made, "oci", in: directory.path("out"))[0]
        func blob(_ descriptor: OCIDescriptor) throws -> Data {
            let data = try Data(contentsOf: URL(filePath: "\(layout)/blobs/sha256/\(descriptor.digest.hex)"))
            #expect(Digest(of: data) == descriptor.digest)
            #expect(UInt64(data.count) == descriptor.size)
            return data
        }
        let decoder = JSONDecoder()
        let index = try decoder.decode(OCIIndex.self, from: Data(contentsOf: URL(filePath: layout + "/index.json")))
        #expect(index.manifests.first?.annotations?["org.opencontainers.image.ref.name"] == "image")
        #expect(index.manifests.first?.platform == OCIPlatform(architecture: "amd64"))
        let manifest = try decoder.decode(OCIManifest.self, from: blob(#require(index.manifests.first)))
        #expect(manifest.artifactType == "application/vnd.muster.image.v1")
        #expect(manifest.config.digest == made.image.manifest.digest, "the configuration is the image's manifest")
        #expect(try ImageManifest(parsing: Array(blob(manifest.config))) == made.image.manifest)
        for layer in manifest.layers { _ = try blob(layer) }
        #expect(
            manifest.layers.map(\.digest) == [made.image.manifest.kernel.digest]
                + made.image.manifest.initrd.map(\.digest)
        )
        #expect(
            try String(contentsOfFile: layout + "/oci-layout", encoding: .utf8) == #"{"imageLayoutVersion":"1.0.0"}"#
        )
    }

    @Test("disks of clouds have the sizes that they ask for")
    func sizes() async throws {
        let directory = try TemporaryDirectory()
        let made = try HandMadeImage(in: directory)
        let vhd = try await write(made, "vhd", in: directory.path("out"))[0]
        #expect((try FileCopy.size(of: vhd) - 512) % (1 << 20) == 0, "Azure takes whole mebibytes")
        let archive = try await write(made, "gcp", in: directory.path("out"))[0]
        let listed = try await HostProgram.run("tar", ["--list", "--verbose", "--file", archive])
        #expect(listed.contains(" 1073741824 ") && listed.hasSuffix(" disk.raw\n"), "\(listed)")
    }
}
