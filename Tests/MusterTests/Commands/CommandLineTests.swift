import Foundation
import Testing

@Suite("The command line", .blocking)
struct CommandLineTests {
    @Test(
        "bad usage is status 64",
        arguments: [
            ["nonsense"], ["get"], ["get", "nonsense"], ["apply"], ["assign", "web"],
            ["assign", "web", "n1", "-l", "a=b"],
            ["set", "n1"], ["set", "n1", "--state", "broken"], ["accept"], ["image", "import"],
            ["get", "leases", "-l", "a=b"],
            ["image", "inspect", "web", "--arch", "vax"], ["why", "profile", "web"], ["why"], ["why", "machine"],
            ["get", "machines", "n[1"], ["get", "machines", "n[4-1]"], ["get", "machines", ""],
            ["get", "machines", "-l", "=r1"], ["assign", "web", "-l", "rack in (a"], ["assign", "web", "n[]"],
            ["accept", "52:54:00:00:01"], ["reject", "n1,"], ["set", "n]", "--state", "active"],
            ["why", "machine", "52:54:00:00:00:zz"], ["describe", "machine", ""],
            ["image", "inspect", "sha256:zz"], ["image", "inspect", "sha256:"], ["image", "inspect", "A b"],
            ["image", "import", "--name", "Web", "--kernel", "k"],
            ["image", "import", "--name", "web", "--kernel", "k", "--label", "=x"],
            ["config", "--tftp-port", "many"], ["serve", "--dhcp-mode", "both"], ["doctor", "--address", "1.2.3"],
            ["get", "machines", "--data", ""], ["lab", "run", "--machines", "0"], ["lab", "up", "--machines", "65"],
        ]
    )
    func badUsage(arguments: [String]) throws {
        let result = try ExecutableUnderTest.run(arguments)
        #expect(result.status == 64)
        #expect(result.errors.contains("Usage:"))
    }

    @Test(
        "without a server, commands that need one say so",
        arguments: [
            ["get", "machines"], ["describe", "machine", "n1"], ["why", "machine", "n1"], ["assign", "web", "n1"],
            ["accept", "n1"], ["reject", "n1"], ["set", "n1", "--state", "retired"],
        ]
    )
    func noServer(arguments: [String]) throws {
        let directory = try TemporaryDirectory()
        let result = try ExecutableUnderTest.run(arguments + ["--data", directory.path])
        #expect(result.status == 1)
        #expect(result.errors.contains("muster serve is not running"))
        #expect(result.errors.contains(directory.path + "/muster.sock"))
    }

    @Test("images need no server")
    func images() throws {
        let directory = try TemporaryDirectory()
        let kernel = try directory.file("kernel", String(repeating: "k", count: 4096)).path
        let data = ["--data", directory.path + "/data"]
        let imported = try ExecutableUnderTest.run(
            ["image", "import", "--name", "web", "--kernel", kernel, "--initrd", kernel, "--cmdline", "quiet"] + data
        )
        #expect(imported.status == 0)
        let list = try ExecutableUnderTest.run(["image", "ls", "--json"] + data)
        let images = try #require(try JSONSerialization.jsonObject(with: Data(list.output.utf8)) as? [[String: Any]])
        let digest = try #require(images.first?["digest"] as? String)
        #expect(imported.output.contains(digest))
        #expect(images.first?["name"] as? String == "web")
        #expect(images.first?["commandLine"] as? String == "quiet")
        let manifest = try ExecutableUnderTest.run(["image", "inspect", String(digest.dropFirst(7).prefix(8))] + data)
        #expect(manifest.output.contains("\"cmdline\" : \"quiet\""))
        let missing = try ExecutableUnderTest.run(["image", "inspect", "nothing"] + data)
        #expect(missing.status == 1)
        #expect(missing.errors.contains("there is no image 'nothing'"))
    }

    @Test("the file is the one named, else that of the environment, else the directory's")
    func configurationFiles() throws {
        let directory = try TemporaryDirectory()
        try directory.file("muster.yml", "user: here")
        let named = try directory.file("named.yml", "user: named").path
        let variable = try directory.file("variable.yml", "user: variable").path
        func user(_ arguments: [String], _ environment: [String: String]) throws -> String {
            let result = try ExecutableUnderTest.run(
                ["config"] + arguments,
                environment: environment,
                directory: directory.path
            )
            return result.output.split(separator: "\n").first { $0.hasPrefix("user:") }.map(String.init)
                ?? result.errors
        }
        #expect(try user([], [:]).hasPrefix("user: here"))
        #expect(try user([], [:]).hasSuffix("# muster.yml:1:7"))
        #expect(try user([], ["MUSTER_CONFIG": variable]).hasPrefix("user: variable"))
        #expect(try user(["--config", named], ["MUSTER_CONFIG": variable]).hasPrefix("user: named"))
        #expect(try user(["--config", named], ["MUSTER_USER": "other"]).hasSuffix("# MUSTER_USER"))
        #expect(try user(["--config", named, "--user", "flag"], ["MUSTER_USER": "other"]).hasSuffix("# --user"))
        #expect(try user(["--config", directory.path + "/none"], [:]).contains("there is no such file"))
    }

    @Test("what config prints is a configuration that means the same")
    func configRoundTrip() throws {
        let directory = try TemporaryDirectory()
        try directory.file(
            "muster.yml",
            "dhcp: { mode: server, subnets: [{ network: 10.0.0.0/8, dns: [10.0.0.1], domain: \"a: b\" }] }\ninterface: [a, b]"
        )
        func values(_ file: String) throws -> [Data] {
            let result = try ExecutableUnderTest.run(["config", "--json", "--config", directory.path + "/" + file])
            let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
            let settings = try #require(object?["settings"] as? [[String: Any]])
            return try settings.map {
                let pair = [$0["key"] ?? "", $0["value"] ?? ""]
                return try JSONSerialization.data(withJSONObject: pair, options: .sortedKeys)
            }
        }
        let printed = try ExecutableUnderTest.run(["config", "--config", directory.path + "/muster.yml"])
        try directory.file("again.yml", printed.output)
        #expect(try values("again.yml") == values("muster.yml"))
    }
}
