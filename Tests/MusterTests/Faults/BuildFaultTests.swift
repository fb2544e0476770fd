import Foundation
import Testing
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// Builds that are killed and builds that find no room: what they leave, and what the next one makes of it.
@Suite("Faults: builds", .blocking, .serialized)
struct BuildFaultTests {
    private let directory = try! TemporaryDirectory()

    private static let definition = """
        kernel: {image: "example.org/kernel:1", cmdline: console=ttyS0, tar: none}
        init: ["example.org/base:1"]
        services:
          - {name: one, image: "example.org/one:1"}
          - {name: two, image: "example.org/two:1"}
        """

    /// Fills a cache, and writes `machine.yml` beside it.
    private func prepare() throws {
        var generator = SeededGenerator(state: 7)
        func text(_ count: Int) -> String {
            var text = ""
            while text.utf8.count < count { text += String(generator.next(), radix: 36) }
            return text
        }
        try ContainerFixture.fill(
            cacheOf: directory.path + "/first",
            with: [
                "example.org/kernel:1": ["kernel": text(500_000)],
                "example.org/base:1": ["bin/a": text(6_000_000), "bin/b": text(3_000_000)],
                "example.org/one:1": ["run": text(2_000_000)],
                "example.org/two:1": ["run": text(1_000_000)],
            ],
            in: directory
        )
        try directory.file("machine.yml", Self.definition)
    }

    /// A data directory with nothing but the cache.
    private func fresh(_ name: String) throws -> String {
        let data = "\(directory.path)/\(name)"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: directory.path + "/first/cache", toPath: data + "/cache")
        return data
    }

    private func arguments(data: String) -> [String] {
        [
            "build", directory.path + "/machine.yml", "--offline", "--json", "--arch", "amd64", "--data", data, "--dir",
            data + "/out",
        ]
    }

    /// - Returns: every file that the build wrote, by name, with its digest.
    private func build(data: String) throws -> [String: String] {
        let result = try ExecutableUnderTest.run(arguments(data: data))
        try #require(result.status == 0, "\(result.errors)")
        var files: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: data + "/out") {
            files[name] = Digest(of: try Data(contentsOf: URL(fileURLWithPath: "\(data)/out/\(name)"))).short
        }
        return files
    }

    /// What nobody will ever look at again.
    private func leftovers(in data: String) throws -> [String] {
        try #require(FileManager.default.enumerator(atPath: data)).compactMap { $0 as? String }.filter { path in
            let name = (path as NSString).lastPathComponent
            return name.hasSuffix(".tmp") || name.hasPrefix(".muster-")
        }
    }

    @Test("killed in the middle, the next build makes the same image and leaves nothing of the first")
    func killed() throws {
        try prepare()
        let clock = ContinuousClock()
        let begin = clock.now
        let expected = try build(data: try fresh("whole"))
        let length = clock.now - begin
        #expect(expected.keys.sorted() == ["machine-cmdline", "machine-initrd.img", "machine-kernel"])
        var generator = SeededGenerator(state: 11)
        var killed = 0
        for round in 0..<(isLongRun ? 50 : 5) {
            let data = try fresh("killed-\(round)")
            let moment = Double.random(in: 0.05...0.95, using: &generator)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try ExecutableUnderTest.path)
            process.arguments = arguments(data: data)
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            let start = clock.now
            try process.run()
            while process.isRunning, clock.now - start < length * moment { usleep(500) }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal { killed += 1 }
            #expect(try build(data: data) == expected, "killed after \(moment) of \(length)")
            #expect(try leftovers(in: data) == [], "killed after \(moment) of \(length)")
            try FileManager.default.removeItem(atPath: data)
        }
        #expect(killed > 0, "no build was killed before its end")
    }

    /// Where a build is killed that gives an initrd another end.
    enum PatchedMoment: String, CaseIterable {
        /// Before anything of it is written; only a file that grows comes here.
        case growing = "fallocate"
        /// The new end is written, and what is left of the old one stands behind it.
        case written = "ftruncate"
    }

    @Test(
        "killed while the end of the initrd is written anew, there is no initrd, and the next build makes it",
        arguments: PatchedMoment.allCases,
        [true, false]
    )
    func killedPatching(moment: PatchedMoment, grows: Bool) throws {
        guard moment == .written || grows else { return }
        try prepare()
        let data = try fresh("patched")
        let initrd = data + "/out/machine-initrd.img"
        func write(_ text: String) throws {
            let files = "files: [{path: etc/text, contents: \"\(text)\"}]\n"
            try directory.file("machine.yml", Self.definition + "\n" + files)
        }
        var generator = SeededGenerator(state: 3)
        let long = (0..<1000).map { _ in String(generator.next(), radix: 36) }.joined()
        try write(grows ? "short" : long)
        _ = try build(data: data)
        let first = try birth(of: initrd)
        try write(grows ? long : "short")
        let trace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=\(moment.rawValue)"]
        let kill = ["-e", "inject=\(moment.rawValue):signal=KILL"]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/strace")
        process.arguments = trace + kill + [try ExecutableUnderTest.path] + arguments(data: data)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(!FileManager.default.fileExists(atPath: initrd))
        let expected = try build(data: try fresh("whole"))
        #expect(try build(data: data) == expected)
        #expect(try leftovers(in: data) == [])
        // Another file: it was no other end that was written.
        #expect(try birth(of: initrd) != first)
    }

    /// The file's inode, whose number another one may get later, and when it was made.
    private func birth(of path: String) throws -> String {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/stat")
        process.arguments = ["--format=%i %w", path]
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return try #require(output.flatMap { String(data: $0, encoding: .utf8) })
    }

    @Test("on a full disk it says so and leaves the store whole; with room again, the image is the same", .needsRoot)
    func full() throws {
        try prepare()
        let expected = try build(data: try fresh("whole"))
        let data = directory.path + "/small"
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        // The cache takes 13 MiB; the builds have less and less of what they need beside it.
        let script = """
            set -e
            mount -t tmpfs -o size=64m tmpfs "$0"
            cp -r "\(directory.path)/first/cache" "$0/cache"
            for size in 14 20 27; do
                mount -o remount,size=${size}m "$0"
                if "$@" > /dev/null 2> errors; then echo "$size: built"; else echo "$size: $?: $(grep -c 'no space' errors)"; fi
                find "$0" -name '*.tmp' -o -name '.muster-*'
                for blob in "$0"/blobs/sha256/*; do
                    test ! -e "$blob" || test "$(sha256sum < "$blob" | cut -c -64)" = "$(basename "$blob")" || echo "$blob"
                done
            done
            mount -o remount,size=200m "$0"
            "$@" > /dev/null
            cp -r "$0/out" out
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["-m", "bash", "-c", script, data, try ExecutableUnderTest.path] + arguments(data: data)
        process.currentDirectoryURL = URL(fileURLWithPath: directory.path)
        let output = try directory.file("output")
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let said = try String(contentsOf: output, encoding: .utf8)
        #expect(said == "14: 1: 1\n20: 1: 1\n27: 1: 1\n")
        for (name, digest) in expected {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/out/\(name)"))
            #expect(Digest(of: bytes).short == digest)
        }
    }
}
