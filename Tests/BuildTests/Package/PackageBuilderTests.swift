import Foundation
import Testing
import Vocabulary

@testable import Build

@Suite("Images of packages")
struct PackageBuilderTests {
    private static let web = "localhost/web:latest"
    private static let recipe = """
        image: web
        packages:
          - {name: web, keep: [usr/sbin/web], drop: [usr/sbin/web-debug]}
        files:
          - {path: etc/web.conf, contents: "listen 80"}
        config: {entrypoint: [/usr/sbin/web]}
        """

    /// A program, the library that it needs under a link, the library that this needs, and a lot that nobody needs.
    private static func fixture() throws -> PackageFixture {
        var fixture = try PackageFixture()
        try fixture.add("web", to: web) { files in
            files.directory("./usr/sbin", mode: 0o750, owner: 7)
            let program = ELFFixture.file(interpreter: "/lib64/ld.so.2", needed: ["libssl.so.3", "libc.so.6"])
            files.add("./usr/sbin/web", contents: program, mode: 0o755)
            files.add("./usr/share/doc/web/copyright", contents: [1])
        }
        try fixture.add("libssl3", to: web) { files in
            files.symbolicLink("./usr/lib/x86_64-linux-gnu/libssl.so.3", to: "libssl.so.3.0")
            let library = ELFFixture.file(needed: ["libcrypto.so.3"], searchPath: "$ORIGIN/private")
            files.add("./usr/lib/x86_64-linux-gnu/libssl.so.3.0", contents: library)
            files.add("./usr/lib/x86_64-linux-gnu/private/libcrypto.so.3", contents: ELFFixture.file())
            files.add("./usr/lib/x86_64-linux-gnu/libunused.so.1", contents: ELFFixture.file())
        }
        try fixture.add("libc6", to: web) { files in
            files.add("./lib/x86_64-linux-gnu/libc.so.6", contents: ELFFixture.file(), mode: 0o755)
            files.add("./lib/x86_64-linux-gnu/ld.so.2", contents: ELFFixture.file(), mode: 0o755)
            files.symbolicLink("./lib64/ld.so.2", to: "/lib/x86_64-linux-gnu/ld.so.2")
        }
        return fixture
    }

    private func build(
        _ fixture: PackageFixture,
        _ text: String = recipe,
        _ architecture: Architecture = .amd64,
        epoch: Int64? = nil
    ) async throws -> PackageBuild {
        let recipe = try #require(try fixture.recipes(text, architecture).first)
        return try await fixture.builder().build(recipe, lock: fixture.lock, epoch: epoch)
    }

    @Test func holdWhatIsNamedAndWhatThatNeeds() async throws {
        let fixture = try Self.fixture()
        let built = try await build(fixture)
        #expect(built.packages.map(\.name) == ["libc6", "libssl3", "web"])
        let files = try await fixture.files(Self.web)
        let paths = files.filter { $0.value.kind != .directory }.keys.filter { !$0.hasPrefix("var/lib/dpkg") }.sorted()
        #expect(
            paths == [
                "etc/web.conf", "lib/x86_64-linux-gnu/ld.so.2", "lib/x86_64-linux-gnu/libc.so.6", "lib64/ld.so.2",
                "usr/lib/x86_64-linux-gnu/libssl.so.3", "usr/lib/x86_64-linux-gnu/libssl.so.3.0",
                "usr/lib/x86_64-linux-gnu/private/libcrypto.so.3", "usr/sbin/web",
            ]
        )
        #expect(files["usr/sbin/web"]?.permissions == 0o755)
        #expect(files["usr/sbin"]?.permissions == 0o750)
        #expect(files["usr/sbin"]?.owner == 7)
        let bill = try await fixture.text("var/lib/dpkg/status.d/libssl3", of: Self.web)
        #expect(bill == "Package: libssl3\nVersion: 1.0-1\nArchitecture: amd64\n")
        let image = try await ContainerCache(dataDirectory: fixture.data.path)
            .image(#require(DockerReference(Self.web)), architecture: .amd64)
        #expect(image.configuration.entryPoint == ["/usr/sbin/web"])
        #expect(image.digest == built.digest)
    }

    @Test func haveTheSameBytesForTheSamePackages() async throws {
        let fixture = try Self.fixture()
        let first = try await build(fixture)
        let other = try TemporaryDirectory()
        let recipe = try #require(try fixture.recipes(Self.recipe).first)
        #expect(try await fixture.builder(other).build(recipe, lock: fixture.lock).digest == first.digest)
        let young = try await build(fixture, epoch: 1_000_000_000)
        #expect(young.digest != first.digest)
        let times = try await fixture.files(Self.web).values.map(\.modified)
        #expect(times.max() == 1_000_000_000)
    }

    @Test func ofSeveralArchitecturesShareAName() async throws {
        var fixture = try PackageFixture()
        for architecture: Architecture in [.amd64, .arm64] {
            try fixture.add("data", to: Self.web, architecture) { $0.add("./usr/share/a", contents: [1]) }
        }
        let text = "image: web\npackages: [{name: data, keep: [usr/share/a]}]"
        let arm = try await build(fixture, text, .arm64)
        let amd = try await build(fixture, text, .amd64)
        #expect(arm.digest != amd.digest)
        let cache = try ContainerCache(dataDirectory: fixture.data.path)
        let name = try #require(DockerReference(Self.web))
        #expect(try await cache.image(name, architecture: .arm64).digest == arm.digest)
        #expect(try await cache.image(name, architecture: .amd64).digest == amd.digest)
        #expect(try await cache.list().map(\.platform) == ["linux/amd64", "linux/arm64"])
        let lock = try String(contentsOfFile: amd.lock, encoding: .utf8)
        #expect(lock.split(separator: "\n").map { $0.split(separator: " ")[1] } == ["amd64", "arm64"])
    }

    @Test func sayWhatBecameOfTheirPackages() async throws {
        var fixture = try Self.fixture()
        #expect(try await build(fixture).changes.isEmpty)
        #expect(try await build(fixture).changes.isEmpty)
        try fixture.add("libc6", to: Self.web, version: "2.0-1") { files in
            files.add("./lib/x86_64-linux-gnu/libc.so.6", contents: ELFFixture.file(), mode: 0o755)
            files.add("./lib64/ld.so.2", contents: ELFFixture.file(), mode: 0o755)
        }
        let changes = try await build(fixture).changes
        #expect(changes == [PackageChange(name: "libc6", old: "1.0-1", new: "2.0-1")])
    }

    @Test func areRefusedWithoutALibraryThatTheyNeed() async throws {
        var fixture = try Self.fixture()
        try fixture.add("libc6", to: Self.web) {
            $0.add("./lib/x86_64-linux-gnu/libc.so.6", contents: ELFFixture.file())
        }
        let error = await #expect(throws: BuildError.self) { try await build(fixture) }
        #expect(error?.message.contains("usr/sbin/web needs /lib64/ld.so.2, which is in none of its packages") == true)
        #expect(try await ContainerCache(dataDirectory: fixture.data.path).list().isEmpty)
    }

    @Test func areRefusedWhenALockWantsWhatNobodyHas() async throws {
        let fixture = try Self.fixture()
        try FileManager.default.removeItem(atPath: fixture.data.path("debian/pool"))
        let error = await #expect(throws: BuildError.self) { try await build(fixture) }
        #expect(error?.message.contains("the lock wants what is neither kept here nor on the mirror") == true)
    }

    @Test func areRefusedWithAScriptThatNothingRuns() async throws {
        var fixture = try PackageFixture()
        try fixture.add("web", to: Self.web) {
            $0.add("./usr/bin/start", contents: Array("#! /bin/sh -e\nexit\n".utf8), mode: 0o755)
        }
        let text = "image: web\npackages: [{name: web, keep: [usr/bin/start]}]"
        let error = await #expect(throws: BuildError.self) { try await build(fixture, text) }
        #expect(error?.message.contains("usr/bin/start needs /bin/sh") == true)
        let shell = text + "\nfiles: [{path: bin/sh, contents: x}]"
        #expect(try await build(fixture, shell).packages.count == 1)
    }

    @Test(arguments: [
        (
            "packages: [{name: web, keep: [usr/bin/none]}]",
            "package.yml:2:31: found nothing that 'usr/bin/none' matches"
        ),
        ("packages: [{name: other, keep: [a]}]", "package.yml:2:12: found 'other', expected a package"),
        ("packages: [{name: web, dependency: lib*, keep: [a]}]", "package.yml:2:12: found libc6, libssl3 of 'lib*'"),
        ("files: [{path: a, source: none, madeBy: make it}]", "package.yml:2:9: found no file"),
        (
            "files: [{path: a, contents: b}]\nsteps: [{move: b, to: c}]",
            "package.yml:3:9: found nothing that 'b' matches"
        ),
        (
            "files: [{path: a/b, contents: b}, {path: a/c, contents: b}]\nsteps: [{move: a, to: c}]",
            "package.yml:3:9: found 2"
        ),
    ])
    func areRefusedWithThePlaceInTheRecipe(text: String, problem: String) async throws {
        let fixture = try Self.fixture()
        let error = await #expect(throws: DefinitionError.self) { try await build(fixture, "image: web\n" + text) }
        #expect(error?.description.hasPrefix(problem) == true, "\(error?.description ?? "")")
    }

    @Test func areMadeInSteps() async throws {
        var fixture = try PackageFixture()
        try fixture.add("data", to: Self.web) { files in
            files.add("./usr/share/certs/b.crt", contents: Array("B\n".utf8))
            files.add("./usr/share/certs/a.crt", contents: Array("A\n".utf8))
            files.add("./boot/vmlinuz-6.1", contents: Array("kernel".utf8))
            files.add("./lib/firmware/x", contents: Array("x".utf8))
        }
        let text = """
            image: web
            packages: [{name: data, keep: [usr/share/certs, boot, lib]}]
            steps:
              - {join: usr/share/certs, to: etc/certs.pem}
              - {move: boot/vmlinuz-*, to: kernel}
              - {cpio: lib, to: ucode.cpio}
              - {tar: etc, to: etc.tar}
            """
        _ = try await build(fixture, text)
        let files = try await fixture.files(Self.web)
        #expect(files.keys.filter { !$0.hasPrefix("var") }.sorted() == ["etc.tar", "kernel", "ucode.cpio"])
        #expect(try await fixture.text("kernel", of: Self.web) == "kernel")
        #expect(try await fixture.text("etc.tar", of: Self.web).contains("A\nB\n"))
        #expect(try await fixture.text("ucode.cpio", of: Self.web).hasPrefix("070701"))
    }

    /// Cut at any place, a package is refused, and nothing gets a name.
    @Test func ofDamagedPackagesAreRefused() async throws {
        var files = TarArchive()
        files.add("./a", contents: Array("content".utf8))
        let whole = PackageFixture.package("web", .amd64, files)
        let directory = try TemporaryDirectory()
        let spool = try PackageSpool(in: DataDirectory(directory.path))
        func read(_ bytes: [UInt8]) async throws -> Int {
            let path = directory.path("x.deb")
            try Data(bytes).write(to: URL(filePath: path))
            return try await BlockingWork.run { cancellation in
                let archive = try DebianArchive(path: path)
                _ = try archive.control()
                return try archive.entries(into: spool, where: { _ in true }, cancellation).count
            }
        }
        #expect(try await read(whole) == 1)
        // The two empty blocks at the end are missed by nobody.
        for count in stride(from: 0, to: whole.count - 1030, by: 37) {
            await #expect(throws: BuildError.self, "\(count)") { try await read(Array(whole[..<count])) }
        }
        let twice = PackageFixture.archive([("debian-binary", []), ("data.tar", files.finished)])
        await #expect(throws: BuildError.self) { try await read(twice) }
    }
}
