import Foundation
import Subprocess
import Testing
import Vocabulary

@testable import Build

@Suite("newc archives")
struct NewcWriterTests {
    /// Writes an archive into memory.
    static func archive(_ body: (inout NewcWriter) throws -> Void) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var writer = NewcWriter { span in span.withUnsafeBytes { bytes.append(contentsOf: $0) } }
        try body(&writer)
        try writer.finish()
        return bytes
    }

    static func file(_ path: BytePath, _ size: Int, permissions: UInt16 = 0o644) -> NewcEntry {
        NewcEntry(path: path, kind: .file(size: UInt64(size)), permissions: permissions)
    }

    /// One of everything that needs no privileges to unpack.
    static func sample() throws -> [UInt8] {
        try archive { writer in
            try writer.append(.directory("bin"))
            try writer.append(file("bin/a", 5, permissions: 0o755), data: Array("hello".utf8))
            try writer.append(.symbolicLink("bin/sh", to: "a"))
            var linked = file("one", 7)
            linked.hardLinks = ["two", "three"]
            try writer.append(linked, data: Array("content".utf8))
            try writer.append(NewcEntry(path: "pipe", kind: .fifo, permissions: 0o600))
            try writer.append(file(BytePath([0x66, 0xff, 0xfe]), 0))
            try writer.append(file("empty", 0))
        }
    }

    @Test func aHeaderIsWhatTheFormatSays() throws {
        let bytes = try Self.archive { writer in
            var entry = NewcEntry(path: "/ab", kind: .characterDevice(major: 5, minor: 1), permissions: 0o4620)
            (entry.owner, entry.group, entry.modified) = (1, 0x10, 0x1234_abcd)
            try writer.append(entry)
        }
        let fields = [
            "070701", "00000001", "00002990", "00000001", "00000010", "00000001", "1234abcd", "00000000", "00000000",
            "00000000", "00000005", "00000001", "00000003", "00000000", "ab\0",
        ]
        #expect(String(decoding: bytes.prefix(113), as: UTF8.self) == fields.joined())
        #expect(bytes.count.isMultiple(of: 4))
        #expect(bytes.suffix(124).starts(with: Array("070701000000000000000000000000".utf8)))
    }

    @Test func theSameEntriesGiveTheSameBytes() throws {
        #expect(try Self.sample() == Self.sample())
    }

    @Test func streamingInPiecesChangesNothing() throws {
        let data = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        let whole = try Self.archive { try $0.append(Self.file("f", data.count), data: data) }
        let pieces = try Self.archive { writer in
            try writer.append(file: Self.file("f", data.count)) { emit in
                for start in stride(from: 0, to: data.count, by: 999) {
                    try emit(Array(data[start..<min(start + 999, data.count)]).span.bytes)
                }
            }
        }
        #expect(whole == pieces)
    }

    @Test(arguments: [
        BytePath(""), "///", "a\0b", "TRAILER!!!", BytePath([UInt8](repeating: 0x61, count: 4096)),
    ])
    func refusesNamesThatAreNone(path: BytePath) {
        let error = #expect(throws: BuildError.self) { try Self.archive { try $0.append(Self.file(path, 0)) } }
        #expect(error?.code == .invalidInput)
    }

    @Test func refusesFilesPastFourGibibytesByName() {
        let error = #expect(throws: BuildError.self) {
            try Self.archive { writer in
                let entry = NewcEntry(path: "var/big", kind: .file(size: 1 << 32), permissions: 0o644)
                try writer.append(file: entry) { _ in }
            }
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.description.contains("var/big") == true)
    }

    @Test(arguments: [3, 5]) func refusesOtherThanTheAnnouncedBytes(came: Int) {
        let error = #expect(throws: BuildError.self) {
            try Self.archive { writer in
                try writer.append(file: Self.file("f", 4)) { try $0([UInt8](repeating: 1, count: came).span.bytes) }
            }
        }
        #expect(error?.code == .corrupt)
    }

    @Test func refusesHardLinkedDirectories() {
        let error = #expect(throws: BuildError.self) {
            try Self.archive { writer in
                var entry = NewcEntry.directory("d")
                entry.hardLinks = ["e"]
                try writer.append(entry)
            }
        }
        #expect(error?.code == .invalidInput)
    }

    /// The proof is the tool: GNU cpio and libarchive's bsdtar unpack the same tree from it.
    @Test(arguments: ["cpio", "bsdtar"]) func realToolsUnpackIt(tool: String) async throws {
        let directory = try TemporaryDirectory()
        let archive = directory.path("a.cpio")
        try Data(Self.sample()).write(to: URL(filePath: archive))
        let script =
            tool == "cpio" ? "cpio -idm --quiet --no-absolute-filenames < ../a.cpio" : "bsdtar -xf ../a.cpio"
        let unpack = try await run(
            .name("sh"),
            arguments: ["-c", "mkdir out && cd out && \(script)"],
            workingDirectory: .init(directory.path),
            output: .discarded,
            error: .string(limit: 4096)
        )
        #expect(unpack.terminationStatus.isSuccess, "\(unpack.standardError)")
        let out = directory.path("out")
        #expect(try String(contentsOfFile: out + "/bin/sh", encoding: .utf8) == "hello")
        #expect(FileManager.default.isExecutableFile(atPath: out + "/bin/a"))
        for name in ["one", "two", "three"] {
            #expect(try String(contentsOfFile: "\(out)/\(name)", encoding: .utf8) == "content")
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(out)/\(name)")
            #expect(attributes[.referenceCount] as? Int == 3)
        }
        #expect(try Data(contentsOf: URL(filePath: out + "/empty")).isEmpty)
        #expect(access(out + "/pipe", F_OK) == 0)
    }
}
