import Foundation
import Subprocess
import Testing
import Vocabulary

@testable import Build

@Suite("Compressors")
struct CompressorTests {
    static let all = [
        SegmentCompression(.none), SegmentCompression(.zstd), SegmentCompression(.zstd, isCompact: true),
        SegmentCompression(.gzip), SegmentCompression(.gzip, isCompact: true), SegmentCompression(.xz),
    ]

    static func compress(_ bytes: [UInt8], _ compression: SegmentCompression, pieces: Int) throws -> [UInt8] {
        var output: [UInt8] = []
        let compressor = try compression.begin(size: UInt64(bytes.count)) { output += $0 }
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            try bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes { try compressor.write($0) }
        }
        try compressor.finish()
        return output
    }

    /// 9 MiB are three jobs of zstd's threads.
    @Test("the same bytes come out however they are written, and the format's own tool reads them", arguments: all)
    func roundTrip(compression: SegmentCompression) async throws {
        let size = compression.isCompact || compression.format == .xz ? 1_300_001 : 9 << 20 | 1
        let bytes = FixtureImages.noise(size, seed: 9)
        let whole = try Self.compress(bytes, compression, pieces: size)
        #expect(try Self.compress(bytes, compression, pieces: 70_001) == whole)
        if compression.format != .none { #expect(whole.count < size * 7 / 10) }
        let scratch = try TemporaryDirectory()
        try Data(whole).write(to: URL(filePath: scratch.path("x")))
        let tool = ["zstd": "zstd -dcq", "gzip": "gzip -dc", "xz": "xz -dc", "none": "cat"][
            compression.format.rawValue
        ]!
        let result = try await run(
            .name("bash"),
            arguments: ["-c", "\(tool) < '\(scratch.path("x"))' | sha256sum"],
            output: .string(limit: 100)
        )
        #expect(result.standardOutput.hasPrefix(Digest(of: bytes).hex))
    }

    /// The kernel decompresses one frame and then looks for the next archive; of xz it reads no check but CRC32.
    @Test("one frame, one stream, with the checks that a kernel knows")
    func kernel() async throws {
        let scratch = try TemporaryDirectory()
        let bytes = FixtureImages.noise(9 << 20, seed: 9)
        try Data(Self.compress(bytes, SegmentCompression(.zstd), pieces: 1 << 16)).write(
            to: URL(filePath: scratch.path("x.zst"))
        )
        try Data(Self.compress([1, 2, 3], SegmentCompression(.xz), pieces: 3)).write(
            to: URL(filePath: scratch.path("x.xz"))
        )
        let zstd = try await run(
            .name("zstd"),
            arguments: ["-lv", scratch.path("x.zst")],
            output: .string(limit: 4096),
            error: .string(limit: 4096)
        )
        let listing = zstd.standardOutput + zstd.standardError
        #expect(listing.contains("# Zstandard Frames: 1\n"))
        #expect(listing.contains("Check: XXH64"))
        let xz = try await run(
            .name("xz"),
            arguments: ["--robot", "--list", scratch.path("x.xz")],
            output: .string(limit: 4096)
        )
        #expect(xz.standardOutput.contains("\tCRC32\t"))
    }

    @Test("other than the announced size is an error of zstd")
    func announced() throws {
        let compressor = try SegmentCompression(.zstd).begin(size: 10) { _ in }
        try [UInt8](repeating: 1, count: 9).withUnsafeBytes { try compressor.write($0) }
        #expect(throws: BuildError.self) { try compressor.finish() }
    }
}
