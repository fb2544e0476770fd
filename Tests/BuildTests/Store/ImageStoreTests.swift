import Foundation
import Testing
import Vocabulary

@testable import Build

extension TemporaryDirectory {
    /// Writes a file and returns its path.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }
}

/// The beginnings of kernels, as their formats say.
enum KernelHeaders {
    static func bzImage(version: UInt16 = 0x20f, is64: Bool = true, commandLine: UInt32 = 2047) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1024)
        bytes.replaceSubrange(0x202..<0x206, with: "HdrS".utf8)
        bytes[0x206] = UInt8(truncatingIfNeeded: version)
        bytes[0x207] = UInt8(version >> 8)
        bytes[0x236] = is64 ? 1 : 0
        for index in 0..<4 { bytes[0x238 + index] = UInt8(truncatingIfNeeded: commandLine >> (8 * UInt32(index))) }
        return bytes
    }
    static func image(magic: String) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 256)
        bytes.replaceSubrange(56..<60, with: magic.utf8)
        return bytes
    }
    static func portableExecutable(machine: UInt16) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 512)
        bytes.replaceSubrange(0..<2, with: "MZ".utf8)
        bytes.replaceSubrange(4..<8, with: "zimg".utf8)
        bytes[0x3c] = 0x80
        bytes.replaceSubrange(0x80..<0x84, with: [0x50, 0x45, 0, 0])
        bytes[0x84] = UInt8(truncatingIfNeeded: machine)
        bytes[0x85] = UInt8(machine >> 8)
        return bytes
    }
}

@Suite("Kernels by their first bytes")
struct KernelImageTests {
    @Test(
        "Say what they are for",
        arguments: [
            (KernelHeaders.bzImage(), Architecture.amd64, 2047),
            (KernelHeaders.bzImage(is64: false), .i386, 2047),
            (KernelHeaders.bzImage(version: 0x205), .i386, 255),
            (KernelHeaders.bzImage(commandLine: 4095), .amd64, 4095),
            (KernelHeaders.image(magic: "ARM\u{64}"), .arm64, 2047),
            (KernelHeaders.image(magic: "RSC\u{5}"), .riscv64, 1023),
            (KernelHeaders.portableExecutable(machine: 0xaa64), .arm64, 2047),
            (KernelHeaders.portableExecutable(machine: 0x8664), .amd64, 2047),
            (KernelHeaders.portableExecutable(machine: 0x5064), .riscv64, 1023),
            (KernelHeaders.portableExecutable(machine: 0x6264), .loong64, 4095),
        ]
    )
    func recognition(_ header: [UInt8], _ architecture: Architecture, _ limit: Int) {
        let image = KernelImage(header: header)
        #expect(image?.architecture == architecture && image?.commandLineLimit == limit)
    }

    @Test("Nothing shorter than its marks is one")
    func truncation() {
        for header in [KernelHeaders.bzImage(), KernelHeaders.portableExecutable(machine: 0x8664)] {
            for length in 0..<0x86 { #expect(KernelImage(header: Array(header[..<length])) == nil) }
        }
    }
}

@Suite("The blob store")
struct BlobStoreTests {
    @Test("Keeps bytes under their digest, and leaves nothing else behind")
    func storing() throws {
        let scratch = try TemporaryDirectory()
        let store = try BlobStore(dataDirectory: scratch.path)
        let bytes = [UInt8](repeating: 7, count: 3 << 20)
        let blob = try store.store(file: scratch.file("big", bytes))
        #expect(blob == Blob(digest: Digest(of: bytes), size: 3 << 20))
        #expect(try store.store(bytes) == blob)
        #expect(store.size(of: blob.digest) == 3 << 20)
        #expect(try store.read(blob.digest) == bytes)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/blobs/sha256")
        #expect(names == [blob.digest.hex])
    }

    @Test("A writer that is dropped publishes nothing")
    func dropping() throws {
        let scratch = try TemporaryDirectory()
        let store = try BlobStore(dataDirectory: scratch.path)
        do {
            let writer = try store.writer()
            try [1, 2, 3].withUnsafeBytes { try writer.write($0) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/blobs/sha256").isEmpty)
    }

    @Test("A damaged blob is noticed when it is read")
    func damage() throws {
        let scratch = try TemporaryDirectory()
        let store = try BlobStore(dataDirectory: scratch.path)
        let blob = try store.store([1, 2, 3])
        try Data([1, 2, 4]).write(to: URL(fileURLWithPath: store.path(of: blob.digest)))
        let error = #expect(throws: BuildError.self) { try store.read(blob.digest) }
        #expect(error?.code == .corrupt)
    }

    @Test("A file that is not as long as it was said to be is refused: it changed meanwhile")
    func changing() throws {
        let scratch = try TemporaryDirectory()
        let store = try BlobStore(dataDirectory: scratch.path)
        // A regular file of 0 bytes in which there are more.
        let error = #expect(throws: BuildError.self) { try store.store(file: "/proc/self/status") }
        #expect(error?.code == .invalidInput && error?.message.contains("changed") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/blobs/sha256").isEmpty)
    }

    @Test("A blob that is longer than the reader takes is refused")
    func limit() throws {
        let scratch = try TemporaryDirectory()
        let store = try BlobStore(dataDirectory: scratch.path)
        let blob = try store.store([1, 2, 3])
        #expect(try store.read(blob.digest, limit: 3) == [1, 2, 3])
        #expect((#expect(throws: BuildError.self) { try store.read(blob.digest, limit: 2) })?.code == .invalidInput)
    }

    @Test("What is being written has no name yet; what a killed writer left goes, what somebody writes stays")
    func beingWritten() throws {
        let scratch = try TemporaryDirectory()
        let directory = try DataDirectory(scratch.path("images"))
        let new = try directory.temporaryFile()
        // The system unlocks what a dying process had open.
        let left = scratch.path("images/.left.tmp")
        try Data([1, 2, 3]).write(to: URL(filePath: left))
        #expect(try directory.names().isEmpty)
        directory.removeLeftovers()
        #expect(FileManager.default.fileExists(atPath: new.path))
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    @Test("Says what is missing and what is no file")
    func missing() throws {
        let scratch = try TemporaryDirectory()
        let store = try BlobStore(dataDirectory: scratch.path)
        #expect(store.size(of: Digest(of: [9])) == nil)
        #expect((#expect(throws: BuildError.self) { try store.read(Digest(of: [9])) })?.code == .notFound)
        #expect((#expect(throws: BuildError.self) { try store.store(file: scratch.path) })?.code == .invalidInput)
    }
}

@Suite("Importing and finding images")
struct ImageStoreTests {
    let scratch: TemporaryDirectory
    let store: ImageStore
    let kernel: String
    let initrd: String

    init() throws {
        scratch = try TemporaryDirectory()
        store = try ImageStore(dataDirectory: scratch.path)
        kernel = try scratch.file("kernel", KernelHeaders.bzImage())
        initrd = try scratch.file("initrd", Array("initrd".utf8))
    }

    @Test("The same files are the same image, and no new release")
    func idempotence() throws {
        let first = try store.import(name: "web", kernel: kernel, initrds: [initrd], commandLine: "quiet")
        let again = try store.import(name: "web", kernel: kernel, initrds: [initrd], commandLine: "quiet")
        #expect(first.digest == again.digest && again.release == 1)
        #expect(first.manifest.architecture == .amd64 && first.warnings.isEmpty)
        let other = try store.import(name: "web", kernel: kernel, initrds: [initrd], commandLine: "loud")
        #expect(other.digest != first.digest && other.release == 2)
        #expect(try store.list().map(\.digest) == [other.digest])
    }

    @Test("A name has one image for each architecture")
    func architectures() throws {
        let arm = try scratch.file("arm", KernelHeaders.image(magic: "ARM\u{64}"))
        let first = try store.import(name: "web", kernel: kernel)
        let second = try store.import(name: "web", kernel: arm)
        #expect(try store.resolve("web", architecture: .amd64) == first.digest)
        #expect(try store.resolve("web", architecture: .arm64) == second.digest)
        #expect((#expect(throws: BuildError.self) { try store.resolve("web") })?.code == .ambiguous)
        #expect(
            (#expect(throws: BuildError.self) { try store.resolve("web", architecture: .riscv64) })?.code == .notFound
        )
    }

    @Test("Names, digests and their beginnings find it; others are refused with what to do")
    func resolution() throws {
        let image = try store.import(name: "web", kernel: kernel).digest
        _ = try store.import(name: "web", kernel: kernel, commandLine: "newer")
        for reference in [image.hex, image.description, image.short, "sha256:" + image.short] {
            #expect(try store.resolve(reference) == image)
        }
        for reference in ["db", "abcdef", "../web", "sha256:", String(repeating: "0", count: 64)] {
            #expect((#expect(throws: BuildError.self) { try store.resolve(reference) })?.code == .notFound)
        }
    }

    @Test(
        "Names are file names",
        arguments: ["", ".web", "../web", "a/b", "Web", "-x", String(repeating: "a", count: 101)]
    )
    func names(_ name: String) {
        #expect(throws: BuildError.self) { try store.import(name: name, kernel: kernel) }
    }

    @Test("What cannot be booted is refused, with what it is")
    func refusals() throws {
        let gzip = try scratch.file("gz", [0x1f, 0x8b, 8, 0])
        let empty = try scratch.file("empty", [])
        #expect(throws: BuildError.self) { try store.import(name: "x", kernel: gzip) }
        #expect(throws: BuildError.self) { try store.import(name: "x", kernel: empty) }
        #expect(throws: BuildError.self) { try store.import(name: "x", kernel: kernel, initrds: [empty]) }
        #expect(throws: BuildError.self) { try store.import(name: "x", kernel: kernel, architecture: .arm64) }
        #expect(throws: BuildError.self) { try store.import(name: "x", kernel: kernel, commandLine: "a\nb") }
        let long = String(repeating: "x", count: 2047 - ImageStore.commandLineReserve)
        #expect(throws: Never.self) { try store.import(name: "x", kernel: kernel, commandLine: long) }
        #expect(throws: BuildError.self) { try store.import(name: "x", kernel: kernel, commandLine: long + "x") }
    }

    @Test("A file that says nothing is taken for what was asked, with a warning")
    func unknownKernel() throws {
        let plain = try scratch.file("plain", Array("hello".utf8))
        #expect(try store.import(name: "x", kernel: plain).warnings.count == 1)
        #expect(try store.import(name: "y", kernel: plain, architecture: .arm64).manifest.architecture == .arm64)
    }
}
