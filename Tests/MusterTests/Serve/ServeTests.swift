import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite("muster serve", .blocking, .serialized)
struct ServeTests {
    @Test(
        "started by root, every thread is the configured user's and has two capabilities",
        .needsRoot
    )
    func privileges() throws {
        let server = try RunningServe()
        let nobody = try #require(getpwnam("nobody")).pointee
        let identity = Array(repeating: "\(nobody.pw_uid)", count: 4).joined(separator: "\t")
        let group = Array(repeating: "\(nobody.pw_gid)", count: 4).joined(separator: "\t")
        let users = try server.threads("Uid")
        #expect(users.count > 3)
        #expect(Set(users) == [identity])
        #expect(Set(try server.threads("Gid")) == [group])
        // CAP_NET_BIND_SERVICE is 10, CAP_NET_RAW is 13.
        let kept = "0000000000002400"
        for set in ["CapEff", "CapPrm", "CapAmb"] { #expect(Set(try server.threads(set)) == [kept], "\(set)") }
        var status = stat()
        #expect(stat(server.data, &status) == 0)
        #expect(status.st_uid == nobody.pw_uid)
        #expect(stat(server.data + "/muster.sock", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        #expect(status.st_gid == nobody.pw_gid)
    }

    @Test("what root left in the data directory becomes the user's", .needsRoot)
    func ownership() throws {
        let directory = try TemporaryDirectory()
        let data = directory.path + "/data"
        try FileManager.default.createDirectory(atPath: data + "/blobs/sha256", withIntermediateDirectories: true)
        try directory.file("data/blobs/sha256/left", "by root")
        try directory.file("muster.yml", RunningServe.yaml(data: data, more: "dhcp_: {}"))
        // An unknown key stops it before it touches anything.
        let refused = try ExecutableUnderTest.run(["serve", "--config", directory.path + "/muster.yml"])
        #expect(refused.status == 1)
        #expect(refused.errors.contains("unknown key 'dhcp_'"))
        var status = stat()
        #expect(stat(data + "/blobs/sha256/left", &status) == 0 && status.st_uid == 0)
    }

    @Test("without its user, it says how to make one", .needsRoot)
    func missingUser() throws {
        let directory = try TemporaryDirectory()
        let result = try ExecutableUnderTest.run([
            "serve", "--data", directory.path, "--user", "nobody-of-that-name", "--dhcp-mode", "off",
        ])
        #expect(result.status == 1)
        #expect(result.errors.contains("useradd --system"))
    }

    @Test("SIGTERM ends it with status 0, takes the socket away and leaves each database in one file")
    func stop() throws {
        let server = try RunningServe()
        _ = try server.muster("get", "releases")
        _ = try server.muster("get", "boots")
        server.signal(SIGTERM)
        #expect(try server.waitForExit() == 0)
        let files = try FileManager.default.contentsOfDirectory(atPath: server.data)
        #expect(files.filter { $0.hasSuffix(".sock") || $0.hasSuffix("-wal") || $0.hasSuffix("-shm") } == [])
        #expect(server.logged("muster stopped"))
    }

    @Test("the planes run apart on one data directory, and either lives without the other")
    func planesApart() throws {
        let boot = try RunningServe(only: "boot")
        let first = try RunningServe(only: "control", beside: boot)
        let profile = try boot.directory.file("web.yml", "kind: Profile\nname: web\nimage: web").path
        #expect(try boot.muster("apply", "-f", profile).status == 0)
        #expect(try boot.muster("get", "profiles", "-o", "name").output == "web\n")
        let refused = try boot.muster("set", "n1", "--state", "retired")
        #expect(refused.status == 1 && refused.errors.contains("there is no machine 'n1'"))
        first.signal(SIGKILL)
        _ = try first.waitForExit()

        let second = try RunningServe(only: "control", beside: boot)
        #expect(try boot.muster("apply", "-f", profile, "--dry-run").status == 0, "the boot plane has it still")
        boot.signal(SIGTERM)
        #expect(try boot.waitForExit() == 0)
        let away = try boot.muster("get", "profiles")
        #expect(away.status == 1 && away.errors.contains("the boot plane (muster serve --only boot) is away"))
        second.signal(SIGTERM)
        #expect(try second.waitForExit() == 0)
    }

    @Test("SIGHUP reloads; a configuration that cannot be used changes nothing")
    func reload() throws {
        let server = try RunningServe()
        server.signal(SIGHUP)
        try server.waitUntil("it reloads") { server.logged("configuration reloaded") }
        try server.directory.file("muster.yml", RunningServe.yaml(data: server.data, more: "nonsense: 1"))
        server.signal(SIGHUP)
        try server.waitUntil("it refuses") { server.logged("configuration not reloaded") }
        #expect(server.logged("unknown key 'nonsense'"))
        try server.directory.file("muster.yml", RunningServe.yaml(data: server.data, more: "log: debug"))
        server.signal(SIGHUP)
        try server.waitUntil("it says what needs a restart") { server.logged("a restart is needed") }
        #expect(try server.muster("get", "machines").status == 0)
    }

    @Test("what a killed server left is no obstacle; a second server beside a running one is refused")
    func restart() throws {
        let server = try RunningServe()
        let second = try ExecutableUnderTest.run(["serve", "--config", server.configuration])
        #expect(second.status == 1)
        #expect(second.errors.contains("another muster serves from \(server.data)"))
        server.signal(SIGKILL)
        _ = try server.waitForExit()
        #expect(FileManager.default.fileExists(atPath: server.data + "/muster.sock"))
        let result = try server.muster("get", "machines")
        #expect(result.status == 1)
        #expect(result.errors.contains("does not answer"))
    }
}
