import Foundation
import Subprocess
import Testing
import Vocabulary

@testable import Build

@Suite("what lies in an image")
struct ImageContentsTests {
    private let directory = try! TemporaryDirectory()

    /// A store and an image in it whose initrd has these parts.
    private func image(_ parts: [(String, [UInt8])], commandLine: String = "quiet") throws -> (ImageStore, Digest) {
        let store = try ImageStore(dataDirectory: directory.path)
        let initrd = try parts.map { name, bytes in
            let blob = try store.blobs.store(bytes)
            return ImageManifest.Part(digest: blob.digest, size: blob.size, part: name)
        }
        let kernel = try store.blobs.store([1, 2, 3])
        let manifest = ImageManifest(architecture: .amd64, kernel: kernel, initrd: initrd, commandLine: commandLine)
        return (store, try store.blobs.store(manifest.canonicalBytes).digest)
    }

    private func contents(_ parts: [(String, [UInt8])]) throws -> ImageContents {
        let (store, digest) = try image(parts)
        return try ImageContents(of: store.manifest(digest), in: store.blobs)
    }

    private func archive(_ files: [(BytePath, String)]) throws -> [UInt8] {
        try NewcWriterTests.archive { writer in
            for (path, text) in files {
                let file = NewcEntry(path: path, kind: .file(size: UInt64(text.utf8.count)), permissions: 0o644)
                try writer.append(file, data: Array(text.utf8))
            }
        }
    }

    private func compressed(_ bytes: [UInt8], by program: String) async throws -> [UInt8] {
        let result = try await Subprocess.run(
            .name(program),
            arguments: ["-c"],
            input: .array(bytes),
            output: .bytes(limit: 1 << 24),
            error: .discarded
        )
        #expect(result.terminationStatus.isSuccess)
        return result.standardOutput
    }

    @Test func everyKindOfEntryIsListed() throws {
        let contents = try contents([("init", NewcWriterTests.sample())])
        let byPath = Dictionary(uniqueKeysWithValues: contents.files.map { ($0.path, $0) })
        #expect(contents.files.map(\.path) == contents.files.map(\.path).sorted())
        #expect(contents.files.count == 9)
        #expect(byPath["bin/a"]?.digest == Digest(of: Array("hello".utf8)))
        #expect(byPath["bin/a"]?.permissions == 0o755)
        #expect(byPath["bin/sh"]?.target == "a")
        #expect(byPath["empty"]?.digest == Digest(of: []))
        for name: BytePath in ["one", "two", "three"] {
            #expect(byPath[name]?.size == 7)
            #expect(byPath[name]?.digest == Digest(of: Array("content".utf8)))
        }
        #expect(byPath[BytePath([0x66, 0xff, 0xfe])] != nil)
    }

    @Test func ofAPathInTwoPartsTheLaterCounts() throws {
        let contents = try contents([
            ("init", try NewcWriterTests.archive { try $0.append(.directory("etc")) } + archive([("etc/a", "1")])),
            ("files", try NewcWriterTests.archive { try $0.append(.directory("etc")) } + archive([("etc/a", "22")])),
        ])
        #expect(contents.files.map(\.path) == ["etc", "etc/a"])
        #expect(contents.files.map(\.part) == ["init", "files"])
        #expect(contents.files[1].size == 2)
    }

    @Test(
        "what is compressed may lie behind what is not, in several members",
        arguments: ["gzip", "zstd", "xz", "bzip2", "lz4"]
    )
    func compression(program: String) async throws {
        let plain = try archive([("microcode", "m")]) + [UInt8](repeating: 0, count: 300)
        let first = try await compressed(archive([("first", "1")]), by: program)
        let second = try await compressed(archive([("second", "2")]) + [0, 0, 0, 0], by: program)
        let contents = try contents([("initrd", plain + first + second)])
        #expect(contents.files.map(\.path) == ["first", "microcode", "second"])
    }

    @Test func whatIsNoInitrdIsRefusedAtEveryLength() throws {
        let whole = try archive([("a", "hello"), ("b/c", "x")])
        let others = [Array("#!/bin/sh\n".utf8), Array("070701".utf8) + [UInt8](repeating: 0x66, count: 500)]
        let path = directory.path("initrd")
        for bytes in (1..<whole.count - 4).map({ Array(whole[..<$0]) }) + others {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(throws: BuildError.self, "\(bytes.count) bytes") {
                var reader = try NewcReader(path: path)
                while try reader.next() != nil {}
            }
        }
    }

    /// Built in everywhere that we run: a program would be started on a stranger's bytes.
    @Test func everyCompressionIsUndoneByTheLibraryItself() {
        #expect(ArchiveFilter.kernels.allSatisfy { $0.isBuiltIn })
    }

    @Test(
        "what only a program could decompress is refused, and none is started",
        arguments: [
            // The first bytes of lrzip, lzop and grzip.
            [0x4c, 0x52, 0x5a, 0x49, 0x00, 0x06], [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a],
            Array("GRZipII\u{0}\u{2}\u{4}:)".utf8),
        ]
    )
    func programs(magic: [UInt8]) throws {
        let path = directory.path("initrd")
        try Data(magic + [UInt8](repeating: 1, count: 300)).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: BuildError.self) {
            var reader = try NewcReader(path: path)
            _ = try reader.next()
        }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("gzip, zstd, xz, lzma, bzip2 or lz4") == true)
    }

    // MARK: Packages

    private static let status = """
        Package: libc6
        Status: install ok installed
        Source: glibc (2.36)
        Architecture: amd64
        Version: 2.36-9+deb12u1
        Description: GNU C Library
         Package: not-a-field

        Package: gone
        Status: deinstall ok config-files
        Version: 1
        """

    private static let installed =
        "C:Q1abc\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\n\nP:busybox-binsh\nV:1.36\no:busybox\n"

    @Test func packagesAreFoundInEveryRoot() throws {
        let lower = "containers/services/web/lower"
        let contents = try contents([
            (
                "init",
                try archive([
                    ("lib/apk/db/installed", Self.installed), ("etc/os-release", "NAME=x\nID=\"alpine\"\n"),
                    ("srv/lib/apk/db/installed.old", Self.installed), ("notvar/lib/dpkg/status", Self.status),
                ])
            ),
            (
                "services/web",
                try archive(
                    [
                        ("\(lower)/var/lib/dpkg/status", Self.status), ("\(lower)/usr/lib/os-release", "ID=ubuntu\n"),
                    ].map { (BytePath($0.0), $0.1) }
                )
            ),
            (
                "services/tiny",
                try archive([
                    ("containers/services/tiny/lower/var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12\n"),
                    ("containers/services/tiny/lower/var/lib/dpkg/status.d/base.md5sums", "Package: no\nVersion: 1\n"),
                ])
            ),
        ])
        #expect(
            contents.packages.map(\.url) == [
                "pkg:apk/alpine/busybox-binsh@1.36", "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64",
                "pkg:deb/debian/base-files@12", "pkg:deb/ubuntu/libc6@2.36-9%2Bdeb12u1?arch=amd64",
            ]
        )
        #expect(contents.packages.map(\.source) == ["busybox", nil, nil, "glibc"])
        #expect(contents.packages.map(\.license) == [nil, "MIT", nil, nil])
        #expect(contents.packages.last?.root == BytePath(lower))
    }

    // MARK: Differences

    @Test func aDifferenceSaysWhatChanged() throws {
        let before = [
            ("init", try archive([("init", "same")])),
            ("services/web", try archive([("var/lib/dpkg/status", Self.status), ("a", "1"), ("gone", "")])),
        ]
        let after = [
            ("init", try archive([("init", "same")])),
            (
                "services/web",
                try archive([("var/lib/dpkg/status", Self.status.replacing("u1", with: "u2")), ("a", "22")])
            ),
            ("files", try archive([("new", "")])),
        ]
        let (store, old) = try image(before, commandLine: "quiet console=tty0 a a")
        let (_, new) = try image(after, commandLine: "console=tty0 debug a")
        let difference = try ImageDifference(from: old, to: new, in: store)
        #expect(difference.kernel == nil)
        #expect(difference.removedArguments == ["quiet", "a"])
        #expect(difference.addedArguments == ["debug"])
        #expect(difference.parts.map(\.name) == ["services/web", "files"])
        #expect(difference.parts[1].change.old == nil)
        #expect(difference.packages.map(\.name) == ["libc6"])
        #expect(difference.packages.first?.change == .init(old: "2.36-9+deb12u1", new: "2.36-9+deb12u2"))
        #expect(difference.files.map(\.path) == ["a", "gone", "new", "var/lib/dpkg/status"])
        #expect(difference.files.map(\.aspects) == [["content"], [], [], ["content"]])
        #expect(difference.files[0].change.new?.size == 2)
        #expect(difference.files[1].change.new == nil)
        #expect(try ImageDifference(from: old, to: old, in: store).isEmpty)
    }
}
