import Foundation
import Testing
import Vocabulary

@testable import Build

/// Damaged initrds end in errors: a sample here, 120,000 with MUSTER_LONG=1.
@Suite("Initrds: damaged at random")
struct InitrdFuzzTests {
    /// For each compression.
    static let count = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? 20_000 : 300

    private let directory = try! TemporaryDirectory()

    /// A few bytes changed, left out or doubled; often one of a header's hexadecimal numbers is another.
    private static func damage(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let length = min(Int.random(in: 1...200, using: &random), bytes.count - place)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: bytes.removeSubrange(place..<place + length)
            case 1: bytes.insert(contentsOf: Array(bytes[place..<place + length]), at: place)
            case 2: bytes.removeSubrange(place...)
            case 3, 4:
                let headers = bytes.indices.filter { bytes[$0...].starts(with: "070701".utf8) }
                guard let header = headers.randomElement(using: &random), header + 110 <= bytes.count else { continue }
                let field = header + 6 + 8 * Int.random(in: 0..<13, using: &random)
                let number = ["00000000", "ffffffff", "7fffffff", "00001000", "0000000b"].randomElement(using: &random)!
                bytes.replaceSubrange(field..<field + 8, with: number.utf8)
            default: bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
        }
        return bytes
    }

    private func initrd(packedBy program: String) async throws -> [UInt8] {
        let archive = try NewcWriterTests.sample()
        guard program != "cat" else { return archive + [0, 0, 0, 0] + archive }
        let file = directory.path("sample-\(program.prefix(3))")
        try Data(archive).write(to: URL(filePath: file))
        try await HostProgram.run("sh", ["-c", "\(program) < '\(file)' > '\(file).packed'"])
        let packed = Array(try Data(contentsOf: URL(filePath: file + ".packed")))
        return archive + [UInt8](repeating: 0, count: 8) + packed + packed
    }

    @Test(
        "whatever is in them, they are read or refused, in little memory",
        arguments: ["cat", "gzip -9n", "zstd -q", "xz --check=crc32", "lz4 -l -q", "bzip2 -9"]
    )
    func initrds(program: String) async throws {
        let whole = try await initrd(packedBy: program)
        var random = SeededGenerator(seed: 2018)
        var refused = 0
        for index in 0..<Self.count {
            let bytes = index == 0 ? whole : Self.damage(whole, &random)
            let path = directory.path("initrd-\(program.prefix(3))")
            try Data(bytes).write(to: URL(filePath: path))
            do {
                var reader = try NewcReader(path: path)
                var read: UInt64 = 0
                while let header = try reader.next() {
                    try reader.content { read += UInt64($0.count) }
                    #expect(header.path.bytes.count <= 4096)
                }
                #expect(read < 1 << 20, "input \(index)")
            } catch let error as BuildError {
                refused += 1
                #expect(error.message.contains(path), "input \(index): \(error)")
            }
        }
        #expect(refused > Self.count / 4 && refused < Self.count)
    }

    @Test("what an archive says of its own end and of a link's length is not believed before it is there")
    func sizes() throws {
        func archive(_ mode: String, _ name: String, size: String) -> [UInt8] {
            let fields = ["00000001", mode] + Array(repeating: "00000000", count: 3) + ["00000000", size]
            let rest = Array(repeating: "00000000", count: 4) + [hexadecimal(UInt8(name.utf8.count + 1)), "00000000"]
            var bytes = Array(("070701" + (fields + rest).joined() + name + "\0").utf8)
            while bytes.count % 4 != 0 { bytes.append(0) }
            return bytes + [1, 2, 3, 4]
        }
        func hexadecimal(_ number: UInt8) -> String {
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }
        let store = try ImageStore(dataDirectory: directory.path("data"))
        for bytes in [
            archive("00000000", "TRAILER!!!", size: "ffffffff"), archive("0000a1ff", "link", size: "fffffff0"),
        ] {
            let blob = try store.blobs.store(bytes)
            let manifest = ImageManifest(
                architecture: .amd64,
                kernel: blob,
                initrd: [ImageManifest.Part(digest: blob.digest, size: blob.size, part: "init")]
            )
            #expect(throws: BuildError.self) { try ImageContents(of: manifest, in: store.blobs) }
        }
    }
}
