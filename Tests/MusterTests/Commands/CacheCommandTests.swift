import Foundation
import Testing

@testable import Build

#if canImport(Glibc)
import Glibc
#endif

@Suite("muster cache", .blocking)
struct CacheCommandTests {
    private let scratch: TemporaryDirectory
    private var data: [String] { ["--data", scratch.path + "/data"] }

    init() throws { scratch = try TemporaryDirectory() }

    private func json(_ arguments: [String]) throws -> [[String: Any]] {
        let result = try ExecutableUnderTest.run(arguments + ["--json"] + data)
        try #require(result.status == 0, "\(result.errors)")
        return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    }

    /// A layout that umoci made, in a tar archive without a name that means anything.
    private func archive() async throws -> String {
        let layout = scratch.path + "/layout"
        _ = try scratch.file("hello", "hello")
        try await HostProgram.run("umoci", ["init", "--layout", layout])
        try await HostProgram.run("umoci", ["new", "--image", "\(layout):latest"])
        try await HostProgram.run(
            "umoci",
            ["insert", "--rootless", "--image", "\(layout):latest", scratch.path + "/hello", "/hello"]
        )
        try await HostProgram.run("bsdtar", ["-czf", layout + ".tar.gz", "-C", layout, "."])
        return layout + ".tar.gz"
    }

    @Test("loads, lists, exports and removes, without a server")
    func files() async throws {
        let file = try await archive()
        let nameless = try ExecutableUnderTest.run(["cache", "load", file] + data)
        #expect(nameless.status == 1 && nameless.errors.contains("--name"))
        let loaded = try json(["cache", "load", file, "--name", "web:1"])
        #expect(loaded.count == 1 && loaded[0]["name"] as? String == "docker.io/library/web:1")
        let list = try json(["cache", "ls"])
        #expect(list.count == 1 && list[0]["digest"] as? String == loaded[0]["digest"] as? String)
        let table = try ExecutableUnderTest.run(["cache", "ls"] + data)
        #expect(table.output.contains("NAME") && table.output.contains("docker.io/library/web:1"))
        for format in ["oci", "docker"] {
            let copy = scratch.path + "/\(format).tar"
            let exported = try ExecutableUnderTest.run(["cache", "export", "web:1", copy, "--format", format] + data)
            #expect(exported.status == 0, "\(exported.errors)")
            let again = try ExecutableUnderTest.run(["cache", "load", copy, "--data", scratch.path + "/\(format)"])
            #expect(again.status == 0 && again.output.contains("docker.io/library/web:1"))
        }
        let missing = try ExecutableUnderTest.run(["cache", "rm", "db"] + data)
        #expect(missing.status == 1 && missing.errors.contains("muster cache ls"))
        let removed = try ExecutableUnderTest.run(["cache", "rm", "web:1"] + data)
        #expect(removed.status == 0 && removed.output.contains("are free"))
        #expect(try json(["cache", "ls"]).isEmpty)
    }

    @Test("a registry that is not there is named, with what happened")
    func unreachable() throws {
        // Bound and not listening: nobody else gets the port, and whoever connects to it is refused.
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        try #require(status == 0)
        let registry = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let result = try ExecutableUnderTest.run(["cache", "pull", "\(registry)/web:1"] + data)
        #expect(result.status == 1 && result.errors.contains("http://\(registry)"))
        let push = try ExecutableUnderTest.run(["cache", "push", "web:1", "\(registry)/web:1"] + data)
        #expect(push.status == 1 && push.errors.contains("the cache has no image"))
    }

    @Test(
        "bad names are bad usage",
        arguments: [
            ["pull"], ["pull", "Web"], ["pull", "a", "--arch", "vax"], ["load"], ["load", "a", "b", "--name", "x"],
            ["load", "a", "--name", "A b"], ["export", "web"], ["export", "web", "f", "--format", "zip"], ["push"],
            ["push", "web", "B a"], ["rm"], ["rm", "A b"],
        ]
    )
    func usage(_ arguments: [String]) throws {
        #expect(try ExecutableUnderTest.run(["cache"] + arguments + data).status == 64)
    }
}
