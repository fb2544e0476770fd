import Foundation
import Subprocess
import Testing
import Vocabulary

@testable import Build

@Suite("What a kernel reads")
struct KernelCompressionTests {
    static let configuration = """
        # Linux/x86 6.1.0 Kernel Configuration
        CONFIG_BLK_DEV_INITRD=y
        CONFIG_RD_GZIP=y
        # CONFIG_RD_BZIP2 is not set
        CONFIG_RD_XZ=y
        CONFIG_RD_ZSTD=y

        """

    @Test("by its configuration, zstd before gzip before xz before nothing")
    func configuration() throws {
        let full = try #require(KernelCompression(configuration: Self.configuration))
        #expect(full.readable == [.none, .gzip, .xz, .zstd])
        #expect(try full.choose(asked: nil) == .zstd)
        #expect(try full.choose(asked: .xz) == .xz)
        let old = try #require(
            KernelCompression(configuration: Self.configuration.replacing("CONFIG_RD_ZSTD=y", with: ""))
        )
        #expect(try old.choose(asked: nil) == .gzip)
        let error = #expect(throws: BuildError.self) { try old.choose(asked: .zstd) }
        #expect(error?.message.contains("only: gzip, xz, none") == true)
        #expect(KernelCompression(configuration: "no configuration") == nil)
        let without = try #require(KernelCompression(configuration: "CONFIG_X=y\nCONFIG_RD_GZIP=y\n"))
        #expect(throws: BuildError.self) { try without.choose(asked: .gzip) }
    }

    @Test(
        "by its version, when it says nothing else",
        arguments: [("5.8.18", false), ("4.19.0-26-amd64", false), ("5.9.0", true), ("6.1.0-18-amd64", true)]
    )
    func version(version: String, mayReadZstd: Bool) throws {
        let known = KernelCompression(version: version) ?? .unknown
        #expect(try known.choose(asked: nil) == .gzip)
        #expect((try? known.choose(asked: .zstd)) == (mayReadZstd ? .zstd : nil))
    }

    @Test("nobody knows: gzip, or what is asked for")
    func unknown() throws {
        #expect(KernelCompression(version: "no version") == nil)
        #expect(try KernelCompression.unknown.choose(asked: nil) == .gzip)
        #expect(try KernelCompression.unknown.choose(asked: .zstd) == .zstd)
    }

    // MARK: In the kernel's file

    /// What CONFIG_IKCONFIG leaves in a kernel, between other things, one of which looks like its beginning.
    private static func vmlinux() async throws -> [UInt8] {
        let scratch = try TemporaryDirectory()
        try Data(configuration.utf8).write(to: URL(filePath: scratch.path("config")))
        try await HostProgram.run("gzip", ["-n9", scratch.path("config")])
        let packed = Array(try Data(contentsOf: URL(filePath: scratch.path("config.gz"))))
        return FixtureImages.noise(600_000, seed: 1) + Array("IKCFG_ST".utf8) + packed + Array("IKCFG_ED".utf8)
            + FixtureImages.noise(300_000, seed: 2)
    }

    /// A boot sector and a setup of 4 sectors that say where the payload is and what the kernel is called.
    private static func bzImage(_ payload: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 5 * 512)
        func put(_ bytes: [UInt8], at offset: Int) {
            header.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
        }
        func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
        put([4], at: 0x1f1)
        put(Array("HdrS".utf8), at: 0x202)
        put([0x0f, 0x02], at: 0x206)
        put([0x00, 0x05], at: 0x20e)
        put(Array("6.1.0-18-amd64 (builder) #1\0".utf8), at: 0x700)
        put(number(1000), at: 0x248)
        put(number(payload.count + 4), at: 0x24c)
        // The kernel's build puts the length behind what it compressed.
        return header + [UInt8](repeating: 0x90, count: 1000) + payload + number(900_000) + [1, 2, 3]
    }

    @Test(
        "the configuration is found in kernels that are compressed in the usual ways",
        arguments: ["gzip -9n", "xz --check=crc32", "zstd -q", "lz4 -l -q", "bzip2 -9", "lzma -9", "cat"]
    )
    func inTheKernel(tool: String) async throws {
        let scratch = try TemporaryDirectory()
        try Data(await Self.vmlinux()).write(to: URL(filePath: scratch.path("vmlinux")))
        try await HostProgram.run("sh", ["-c", "\(tool) < '\(scratch.path("vmlinux"))' > '\(scratch.path("packed"))'"])
        let payload = Array(try Data(contentsOf: URL(filePath: scratch.path("packed"))))
        let kernel = KernelConfiguration(kernel: Self.bzImage(payload))
        #expect(kernel.version == "6.1.0-18-amd64")
        #expect(kernel.text == Self.configuration)
        // Image.gz and the like are nothing but the payload.
        #expect(KernelConfiguration(kernel: payload).text == Self.configuration)
    }

    @Test("what is no kernel, and one that ends early, says nothing", arguments: [0, 1, 0x210, 0x260, 2000, 3000])
    func damaged(count: Int) async throws {
        let bytes = Array(Self.bzImage(FixtureImages.noise(5000, seed: 3)).prefix(count))
        #expect(KernelConfiguration(kernel: bytes).text == nil)
    }
}
