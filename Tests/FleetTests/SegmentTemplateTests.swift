import Build
import Foundation
import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("Files of the machine segment")
struct SegmentTemplateTests {
    private func facts(_ files: [Profile.File], secrets: [String: SecretReference] = [:]) -> SegmentTemplates.Facts {
        let machine = Machine(
            name: "n12",
            nics: [.init(mac: mac(12), address: peer(12)), .init(mac: mac(12, card: 1))],
            labels: ["rack": "r7"],
            values: ["disk": "/dev/nvme0n1", "role": "own"]
        )
        let profile = Profile(
            name: "web",
            image: .reference("web"),
            values: ["role": "web", "keys": .array(["a", "b"]), "port": 80, "isOn": true, "none": .null],
            files: files,
            secrets: secrets
        )
        return SegmentTemplates.Facts(
            machine: machine,
            mac: mac(12),
            address: nil,
            profile: profile,
            boot: BootID(milliseconds: 1),
            image: Digest(of: []),
            server: Endpoint(address: IPv4Address(10, 0, 0, 254), port: 8080)
        )
    }

    static let cases: [(template: String, text: String)] = [
        ("{{machine.name}}", "n12"),
        ("{{machine.name}}\n", "n12\n"),
        ("{{machine.mac}} {{machine.address}} {{machine.labels.rack}}", "52:54:00:00:00:0c 10.0.0.12 r7"),
        ("{{#machine.macs}}{{.}},{{/machine.macs}}", "52:54:00:00:00:0c,52:54:00:00:01:0c,"),
        ("{{values.role}} on {{values.disk}}:{{values.port}}", "own on /dev/nvme0n1:80"),
        ("{{#values.keys}}{{.}};{{/values.keys}}", "a;b;"),
        ("{{#values.isOn}}yes{{/values.isOn}}{{^values.none}}no{{/values.none}}", "yesno"),
        ("{{profile.name}} {{boot.url}}", "web http://10.0.0.254:8080"),
        ("{{values.missing}}|", "|"),
        ("a <b> & \"c\" {{secrets.key}}", "a <b> & \"c\" <s&\"'>"),
    ]

    @Test(
        "A template is filled from machine, values, profile, boot and secrets, and nothing is escaped",
        arguments: cases
    )
    func rendering(template: String, text: String) throws {
        let facts = facts([.init(path: "etc/x", template: template, mode: 0o640)])
        let files = try SegmentTemplates.render(facts, secrets: ["key": "<s&\"'>"])
        #expect(files.map(\.path) == ["etc/x"] && files.first?.permissions == 0o640)
        #expect(String(decoding: files.first?.bytes ?? [], as: UTF8.self) == text)
    }

    @Test(
        "Templates that cannot be read, and secrets that nobody declared, are refused with the file's name",
        arguments: [
            "{{#a}}", "{{machine.name", "{{secrets.nobody}}", "{{ secrets.nobody }}", "{{{secrets.nobody}}}",
            "{{#secrets.nobody}}x{{/secrets.nobody}}",
        ]
    )
    func refused(_ template: String) {
        let facts = facts([.init(path: "etc/x", template: template)], secrets: ["key": .environment("KEY")])
        #expect {
            try SegmentTemplates.check(facts.profile)
        } throws: { error in
            "\(error)".contains("etc/x") && "\(error)".contains("'web'")
        }
    }

    @Test(
        "What is declared is fine",
        arguments: ["{{secrets.key}}", "{{& secrets.key}}", "secrets.x {{values.secrets}}"]
    )
    func accepted(_ template: String) throws {
        let facts = facts([.init(path: "etc/x", template: template)], secrets: ["key": .environment("KEY")])
        try SegmentTemplates.check(facts.profile)
    }
}

@Suite("Secrets by reference")
struct SecretReaderTests {
    private func read(_ reference: SecretReference) async throws -> String {
        try await SecretReader(patience: .seconds(120)).read(reference, named: "key", for: "n12")
    }

    @Test("From the environment, a file and a program, without the last line's end")
    func sources() async throws {
        #expect(try await read(.environment("PATH")).contains("/"))
        let path = NSTemporaryDirectory() + "/muster-secret-\(UUID())"
        try Data("s3cret\n\n".utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try await read(.file(path)) == "s3cret\n")
        #expect(try await read(.command(["sh", "-c", "echo for $MUSTER_MACHINE"])) == "for n12")
    }

    static let failures: [(SecretReference, String)] = [
        (.environment("MUSTER_NO_SUCH_VARIABLE"), "MUSTER_NO_SUCH_VARIABLE"), (.file("/nowhere/key"), "/nowhere/key"),
        (.command(["muster-no-such-program"]), "muster-no-such-program"),
        (.command(["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"]), "sh"), (.file("/dev/zero"), "65536"),
    ]

    @Test("What cannot be had says which secret and where it should be, and nothing of it", arguments: failures)
    func failing(_ reference: SecretReference, _ name: String) async {
        await #expect {
            _ = try await read(reference)
        } throws: { error in
            "\(error)".contains("'key'") && "\(error)".contains(name) && !"\(error)".contains("hunter2")
        }
    }
}

@Suite("A machine segment with files")
struct MachineFilesTests {
    private let fixture: FleetFixture

    init() async throws {
        fixture = try await FleetFixture.make()
    }

    private func apply(secrets: [String: SecretReference]) async throws {
        try fixture.image("web", initrds: [])
        let profile = Profile(
            name: "web",
            image: .reference("web"),
            files: [.init(path: "etc/app/key", template: "{{machine.name}}={{secrets.key}}", mode: 0o600)],
            secrets: secrets
        )
        _ = try await fixture.fleet.apply([.profile(profile)])
        try await fixture.machine(1)
    }

    /// Makes segments for as long as `body` runs.
    private func making(_ body: () async throws -> Void) async throws {
        let fleet = fixture.fleet
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await fleet.makeSegments() }
            defer { group.cancelAll() }
            try await body()
        }
    }

    private func segment(_ boot: BootID) async -> MachineCallAnswer {
        await fixture.fleet.call(.segment, of: boot, from: peer(1))
    }

    @Test("The file is in it with its secret, beside the token; and it is handed out once")
    func secret() async throws {
        // Beside the data directory, in which nothing may have it.
        let secret = NSTemporaryDirectory() + "/muster-secret-\(UUID())"
        try Data("s3cret".utf8).write(to: URL(fileURLWithPath: secret))
        defer { try? FileManager.default.removeItem(atPath: secret) }
        try await apply(secrets: ["key": .file(secret)])
        let boot = try #require(await fixture.fleet.ask(1).boot)
        #expect(boot.hasSegment)
        fixture.fetch(boot, number: 1)
        try await making {
            guard case .segment(let bytes) = await segment(boot.boot) else {
                Issue.record("no segment")
                return
            }
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.contains("etc/app/key\0") && text.contains("n1=s3cret"))
            #expect(text.contains("etc/app\0"), "its directory")
            #expect(ReportingMachine.token(in: bytes)?.count == 64)
            #expect(await segment(boot.boot) == .forbidden)
        }
        try await fixture.flush()
        for name in try FileManager.default.contentsOfDirectory(atPath: fixture.path) {
            guard let data = FileManager.default.contents(atPath: "\(fixture.path)/\(name)") else { continue }
            #expect(data.range(of: Data("s3cret".utf8)) == nil, "\(name) keeps the secret")
        }
    }

    @Test("A secret that cannot be had is an event and no segment; the boot can still have it later")
    func missing() async throws {
        let path = fixture.path + "/key"
        try await apply(secrets: ["key": .file(path)])
        let boot = try #require(await fixture.fleet.ask(1).boot)
        fixture.fetch(boot, number: 1)
        try await making {
            #expect(await segment(boot.boot) == .later(seconds: 10))
            try await fixture.flush()
            let event = try #require(try await fixture.fleet.records.events().first { $0.kind == "segment.failed" })
            #expect(event.subject == "n1" && event.message.contains("'key'"))
            try Data("late".utf8).write(to: URL(fileURLWithPath: path))
            guard case .segment(let bytes) = await segment(boot.boot) else {
                Issue.record("no segment")
                return
            }
            #expect(String(decoding: bytes, as: UTF8.self).contains("n1=late"))
        }
    }

    @Test("Directories that the image has keep their modes; others come before what is in them")
    func directories() throws {
        let file = MachineSegment.File(path: "root/.ssh/authorized_keys", permissions: 0o600, bytes: [1])
        let segment = MachineSegment(token: BootToken(), files: [file], present: ["root", "etc"])
        let text = String(decoding: try segment.bytes(), as: UTF8.self)
        #expect(!text.contains("root\0") && !text.contains("etc\0"))
        let directory = try #require(text.range(of: "root/.ssh\0"))
        let entry = try #require(text.range(of: "root/.ssh/authorized_keys\0"))
        #expect(directory.lowerBound < entry.lowerBound)
        #expect(text.contains("etc/muster\0"))
    }

    @Test("A profile whose template names no declared secret is refused when it is applied")
    func refused() async throws {
        await #expect(throws: FleetError.self) { try await apply(secrets: [:]) }
        #expect(fixture.fleet.snapshot.read { $0.profiles.isEmpty })
    }
}
