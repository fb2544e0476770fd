import Foundation
import Testing
import Vocabulary

@testable import muster

@Suite("muster doctor", .blocking)
struct DoctorTests {
    @Test(
        "a packet filter that drops input is seen",
        arguments: [
            ("table inet f {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}", true),
            (
                "table inet f {\n\tchain input {\n\t\ttype filter hook input priority 0;\n\t\tudp dport 69 drop\n\t}\n}",
                true
            ),
            ("table inet f {\n\tchain input {\n\t\ttype filter hook input priority 0; policy accept;\n\t}\n}", false),
            ("table inet f {\n\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n\t}\n}", false),
            (
                "table ip a {\n\tchain in {\n\t\ttype filter hook input priority 0;\n\t}\n\tchain x {\n\t\tdrop\n\t}\n}",
                false
            ),
            ("", false),
        ]
    )
    func firewall(rules: String, drops: Bool) { #expect(dropsInput(nftables: rules) == drops) }

    @Test("a clock that says 1970 is broken")
    func clock() async {
        let findings = await clockFindings(at: Timestamp(milliseconds: 0))
        #expect(findings.map(\.verdict) == [.broken])
        #expect(findings.first?.message.contains("1970-01-01") == true)
    }

    @Test(
        "a kernel that holds fewer packets than the server asks for is warned of",
        arguments: [(212_992, [Finding.Verdict.warning]), (4 << 20, [.good]), (nil, [])]
    )
    func receiveBuffers(limit: Int?, verdicts: [Finding.Verdict]) {
        #expect(receiveBufferFindings(limit: limit).map(\.verdict) == verdicts)
    }

    @Test("what is broken has a cure and makes the status 1")
    func broken() throws {
        let directory = try TemporaryDirectory()
        try directory.file("inventory.sqlite", "this is no database")
        let file = try directory.file("muster.yml", "rescue: nowhere").path
        let result = try ExecutableUnderTest.run([
            "doctor", "--data", directory.path, "--config", file, "--user", "nobody", "--interface", "no-such-nic",
            "--json",
        ])
        #expect(result.status == 1)
        let findings = try JSONDecoder().decode([Finding].self, from: Data(result.output.utf8))
        let broken = findings.filter { $0.verdict == .broken }
        #expect(broken.allSatisfy { $0.cure?.isEmpty == false })
        let subjects = broken.map(\.subject)
        #expect(subjects.contains("database inventory.sqlite"))
        #expect(subjects.contains("interface no-such-nic"))
        #expect(subjects.contains("rescue image"))
    }

    @Test("of a server in another network namespace, no ports are said to be missing", .needsRoot)
    func elsewhere() throws {
        let server = try RunningServe()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        let muster = try ExecutableUnderTest.path
        process.arguments = ["--net", muster, "doctor", "--config", server.configuration, "--json"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let findings = try JSONDecoder().decode([Finding].self, from: text)
        let network = try #require(findings.first { $0.subject == "network" })
        #expect(network.cure?.contains("nsenter --net --target \(server.identifier) ") == true)
        #expect(!findings.contains { $0.subject.hasPrefix("port ") || $0.subject.hasPrefix("interface") })
    }

    @Test("a configuration that cannot be read is the only finding")
    func configuration() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("muster.yml", "nonsense: 1").path
        let result = try ExecutableUnderTest.run(["doctor", "--config", file])
        #expect(result.status == 1)
        #expect(result.output.contains("BROKEN   configuration: \(file):1:1: unknown key 'nonsense'"))
    }
}
