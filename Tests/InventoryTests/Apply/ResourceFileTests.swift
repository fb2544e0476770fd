import Foundation
import StrictYAML
import Testing
import Vocabulary

@testable import Inventory

@Suite struct ResourceFileTests {
    /// The contract's own example.
    static let example = """
        kind: Profile
        name: web
        image: web.yml
        kernelArgs: [console=ttyS0]
        vars: { version: "1.4" }
        values: { role: web }
        files: [{ path: etc/hostname, template: "{{machine.name}}" }]
        adopt: roll
        health: agent
        rollout: { canary: 1, waves: [5%, 25%, 100%], maxUnavailable: 10%, per: {rack: 1}, bake: 10m, maxFailures: 1,
                   gates: [], drain: {}, window: {}, reboot: auto, onFailure: hold, minHealthy: 2m, tries: 2 }
        ---
        kind: Machine
        name: n12
        macs: [52:54:00:00:00:0c]
        address: 192.168.77.12
        labels: { rack: r7, role: web }
        values: { disk: /dev/nvme0n1 }
        profile: web
        bmc: { redfish: https://10.0.9.12, credentials: env:BMC }
        ---
        kind: Assignment
        select: { labels: { role: web } }
        profile: web
        priority: 0
        """

    @Test func theContractsExampleIsReadWhole() throws {
        let resources = try ResourceFile.parse([.init(path: "/etc/fleet/all.yml", text: Self.example)])
        var profile = Profile(name: "web", image: .definitions(["/etc/fleet/web.yml"]))
        profile.kernelArgs = ["console=ttyS0"]
        profile.vars = ["version": "1.4"]
        profile.values = ["role": "web"]
        profile.files = [.init(path: "etc/hostname", template: "{{machine.name}}")]
        profile.health = .agent
        profile.rollout.per = ["rack": .count(1)]
        let machine = Machine(
            name: "n12",
            nics: [.init(mac: MACAddress("52:54:00:00:00:0c")!, address: IPv4Address(192, 168, 77, 12))],
            labels: ["rack": "r7", "role": "web"],
            values: ["disk": "/dev/nvme0n1"],
            profile: "web",
            bmc: ["redfish": "https://10.0.9.12", "credentials": "env:BMC"]
        )
        #expect(
            resources == [
                .profile(profile),
                .machine(MachineResource(machine: machine, given: [.profile])),
                .assignment(Assignment(selector: .init(labels: ["role": "web"]), profile: "web")),
            ]
        )
    }

    @Test func aMACOfDigitsAloneIsNoNumber() throws {
        let text = "kind: Machine\nname: n1\nmacs: [10:20:30:40:50:58]\naddress: {10:20:30:40:50:58: 10.0.0.1}"
        guard case .machine(let described)? = try resources(text).first else { return #expect(Bool(false)) }
        #expect(
            described.machine.nics == [.init(mac: MACAddress(rawValue: 0x1020_3040_5058), address: .init(10, 0, 0, 1))]
        )
    }

    static let healths: [(String, Health, Int64)] = [
        ("health: fetched", Health.fetched, 300),
        ("health: fetched\nsettle: 20s", .fetched, 20),
        ("health: { fetched: { settle: 30s } }", .fetched, 30),
        ("health: { fetched: {}, settle: 40s }", .fetched, 40),
        ("health: { http: /ready }", .http(HTTPProbe(path: "/ready")), 300),
        ("health: { http: \":8080/ready\" }", .http(HTTPProbe(port: 8080, path: "/ready")), 300),
        ("health: { http: { scheme: https, port: 8443 } }", .http(HTTPProbe(scheme: .https, port: 8443)), 300),
        ("health: { tcp: 22 }", .tcp(port: 22), 300),
        ("health: { tcp: { port: 22 } }", .tcp(port: 22), 300),
    ]

    @Test(arguments: healths)
    func healthInItsForms(_ text: String, _ health: Health, _ settle: Int64) throws {
        guard case .profile(let profile)? = try resources("kind: Profile\nname: p\nimage: i\n\(text)").first else {
            return #expect(Bool(false))
        }
        #expect(profile.health == health)
        #expect(profile.settle == .seconds(settle))
    }

    private static func machine(_ rest: String) -> String {
        "kind: Machine\nname: n1\nmacs: [52:54:00:00:00:01]\n" + rest
    }
    private static func profile(_ rest: String) -> String { "kind: Profile\nname: p\nimage: i\n" + rest }
    private static func rule(_ rest: String) -> String { "kind: Assignment\nprofile: p\n" + rest }

    static let mistakes: [(String, String)] = [
        // What it is at all.
        ("[1, 2]", "1:1: found a list, expected a mapping with kind, name and so on"),
        ("name: n1", "1:1: found no 'kind', expected kind: Profile, Machine, Assignment"),
        (
            "kind: Machin\nname: a",
            "1:7: found kind 'Machin', expected one of Profile, Machine, Assignment; did you mean Machine?"
        ),
        ("kind: Machine\nname: [", "3:1: found broken YAML: did not find expected node content"),
        (
            "kind: Machine\nname: n1\nname: n2",
            "3:1: found 'name' twice in one mapping, expected it once; the first is on line 2"
        ),
        // Keys.
        (machine("lables: {a: b}"), "4:1: found unknown key 'lables'"),
        (machine("lables: {a: b}"), "; did you mean 'labels'?"),
        (profile("kernelargs: [a]"), "4:1: found unknown key 'kernelargs'"),
        (profile("kernelargs: [a]"), "did you mean 'kernelArgs'?"),
        (profile("rollout:\n  canary: 1\n  wave: [1]"), "6:3: found unknown key 'wave'"),
        (rule("select:\n  macs: 52:*"), "4:3: found unknown key 'macs'"),
        // Names.
        ("kind: Machine\nmacs: [52:54:00:00:00:01]", "1:1: found no 'name', expected a name of at most 63"),
        ("kind: Machine\nname: -a\nmacs: []", "2:7: found '-a', expected a name of at most 63"),
        ("kind: Machine\nname: 'a b'\nmacs: []", "2:7: found 'a b', expected a name"),
        // Types and values.
        ("kind: Machine\nname: n1", "1:1: found no 'macs', expected a list of at least one MAC"),
        ("kind: Machine\nname: n1\nmacs: []", "3:7: found a list, expected at least one MAC"),
        ("kind: Machine\nname: n1\nmacs: 52:54:00:00:00:01", "3:7: found '52:54:00:00:00:01', expected a list of MACs"),
        ("kind: Machine\nname: n1\nmacs: [52:54:00:00:00]", "3:8: found '52:54:00:00:00', expected the MAC of one"),
        (
            "kind: Machine\nname: n1\nmacs: [ff:ff:ff:ff:ff:ff]",
            "3:8: found 'ff:ff:ff:ff:ff:ff', expected the MAC of one"
        ),
        (machine("address: 192.168.77"), "4:10: found '192.168.77', expected the IPv4 address"),
        (machine("address: 127.0.0.1"), "4:10: found '127.0.0.1', expected the IPv4 address"),
        (
            machine("address: {52:54:00:00:00:02: 10.0.0.1}"),
            "4:11: found '52:54:00:00:00:02', expected one of the machine's macs"
        ),
        (machine("labels: [a]"), "4:9: found a list, expected a mapping of names to text"),
        (machine("labels: {a: [b]}"), "4:13: found a list, expected text"),
        (machine("labels: {a: \"b\\nset\"}"), "4:13: found 'b\nset', expected text"),
        (machine("state: asleep"), "4:8: found 'asleep', expected one of active, maintenance, retired, rejected"),
        (machine("arch: sparc"), "4:7: found 'sparc', expected an architecture"),
        (machine("loader: ../x"), "4:9: found '../x', expected a loader's file name"),
        // Values that many machines share are no keys.
        (machine("uuid: 00000000-0000-0000-0000-000000000000"), "4:7: found '00000000-0000"),
        (machine("uuid: 03000200-0400-0500-0006-000700080009"), "expected a UUID that only one machine has"),
        (machine("serial: To be filled by O.E.M."), "4:9: found 'To be filled by O.E.M.', expected a serial number"),
        (rule("select: {serial: Default string}"), "3:18: found 'Default string', expected a serial number"),
        // Profiles.
        ("kind: Profile\nname: p", "1:1: found no 'image', expected an image's name or digest"),
        ("kind: Profile\nname: p\nimage: []", "3:8: found a list, expected at least one file"),
        ("kind: Profile\nname: p\nimage: [a]", "3:9: found 'a', expected the path of a .yml file"),
        (profile("kernelArgs: console=ttyS0"), "4:13: found 'console=ttyS0', expected a list of kernel arguments"),
        (profile("kernelArgs: [\"a\\nb\"]"), "expected a kernel argument"),
        (profile("vars: [a]"), "4:7: found a list, expected a mapping of names to text"),
        (profile("vars: {1a: b}"), "4:8: found '1a', expected a variable's name: a letter or '_'"),
        (profile("vars: {a: b, 'a b': c}"), "4:14: found 'a b', expected a variable's name"),
        (profile("adopt: later"), "4:8: found 'later', expected one of roll, nextBoot"),
        (profile("health: maybe"), "4:9: found 'maybe', expected agent, fetched, {http: …} or {tcp: …}"),
        (
            profile("health: {http: /, tcp: 1}"),
            "4:9: found a mapping, expected exactly one of agent, fetched, http and tcp"
        ),
        (profile("health: {tcp: 70000}"), "4:15: found '70000', expected a port, 1 to 65535"),
        (profile("settle: 5"), "4:9: found '5', expected a time such as 30s or 10m"),
        (
            profile("files: [{path: ../etc/shadow, template: x}]"),
            "4:16: found '../etc/shadow', expected a path below the root"
        ),
        (profile("files: [{path: a, template: x, mode: rwx}]"), "4:38: found 'rwx', expected permission bits"),
        (profile("secrets: {a: hunter2}"), "4:14: found 'hunter2', expected env:NAME, file:/path or {command:"),
        (profile("secrets: {a: file:relative}"), "4:14: found 'file:relative', expected env:NAME"),
        (profile("secrets: {a: {command: []}}"), "4:14: found a mapping, expected env:NAME"),
        (profile("definitions: {a.yml: x}"), "4:14: found a mapping, expected a mapping of the files in image:"),
        (
            "kind: Profile\nname: p\nimage: a.yml\ndefinitions: {b.yml: x}",
            "4:15: found 'b.yml', expected one of the files in image:"
        ),
        (profile("root: squashfs"), "4:7: found a root for an image that is not built here"),
        (
            "kind: Profile\nname: p\nimage: a.yml\nroot: ext4",
            "4:7: found 'ext4', expected one of squashfs, erofs"
        ),
        (profile("prebuild: maybe"), "4:11: found 'maybe', expected true or false"),
        (profile("rollout: {tries: 0}"), "4:18: found '0', expected a number from 1 to 100"),
        (
            profile("rollout: {maxUnavailable: 101%}"),
            "4:27: found '101%', expected a number of machines or a percentage"
        ),
        // Assignments.
        (rule(""), "1:1: found no 'select'"),
        (rule("select: {}"), "3:9: found a mapping, expected at least one of mac, uuid, serial"),
        (rule("select: {subnet: 192.168.77.1/24}"), "3:18: found '192.168.77.1/24', expected a network"),
        (rule("select: {mac: 52:5*4}"), "3:15: found '52:5*4', expected a MAC"),
        (rule("select: {arch: arm64}\npriority: high"), "4:11: found 'high', expected a whole number"),
        ("kind: Assignment\nselect: {arch: arm64}", "1:1: found no 'profile', expected the name of a profile"),
    ]

    @Test(arguments: mistakes)
    func problemsAreNamedWithTheirPlace(_ text: String, _ expected: String) {
        let (resources, problems) = ResourceFile.check([.init(path: "f.yml", text: text)])
        #expect(resources.isEmpty)
        let lines = problems.map { String($0.description.dropFirst("f.yml:".count)) }
        #expect(lines.contains { $0.contains(expected) }, "\(lines)")
    }

    @Test func kernelArgumentsEndWhereAKernelsCommandLineDoes() {
        func problems(_ length: Int) -> [YAMLProblem] {
            let text = Self.profile("kernelArgs: [\(String(repeating: "a", count: length))]")
            return ResourceFile.check([.init(path: "f.yml", text: text)]).problems
        }
        #expect(problems(1855).isEmpty)
        #expect(problems(1856).first?.description.hasPrefix("f.yml:4:13: found 1857 bytes of kernel arguments") == true)
        #expect(problems(2049).count == 1)
    }

    @Test func oneProblemRefusesTheWholeSet() {
        let sources: [ResourceFile.Source] = [
            .init(path: "a.yml", text: Self.machine("")), .init(path: "b.yml", text: Self.profile("oops: 1\nadopt: x")),
        ]
        let error = #expect(throws: InventoryError.self) { try ResourceFile.parse(sources) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.split(separator: "\n").count == 2)
        #expect(error?.message.hasPrefix("b.yml:4:1: found unknown key 'oops'") == true)
    }

    static let claims: [(String, String)] = [
        ("kind: Machine\nname: n1\nmacs: [52:54:00:00:00:02]", "f.yml:7:7: found Machine n1 a second time"),
        ("kind: Machine\nname: n2\nmacs: [52-54-00-00-00-01]", "f.yml:8:8: found MAC 52:54:00:00:00:01 a second time"),
        (
            "kind: Machine\nname: n2\nmacs: [52:54:00:00:00:02]\naddress: 10.0.0.1",
            "f.yml:9:10: found address 10.0.0.1 a second time, expected it once; it is already that of Machine n1 at f.yml:4:10"
        ),
    ]

    /// protocol.md 134.
    @Test(arguments: claims)
    func whatOnlyOneMayHaveIsRefusedTwice(_ second: String, _ expected: String) {
        let text = Self.machine("address: 10.0.0.1\n---\n") + second
        let problems = ResourceFile.check([.init(path: "f.yml", text: text)]).problems
        #expect(problems.count == 1)
        #expect(problems.first?.description.hasPrefix(expected) == true, "\(problems)")
    }

    @Test func aMachineWithOneMACTwiceIsRefused() {
        let text = "kind: Machine\nname: n1\nmacs: [52:54:00:00:00:01, 52:54:00:00:00:01]"
        #expect(ResourceFile.check([.init(path: "f.yml", text: text)]).problems.count == 1)
    }

    @Test func directoriesAreReadInTheOrderOfNames() throws {
        let scratch = try Scratch()
        for name in ["20.yaml", "10.yml", "notes.txt", ".hidden.yml"] {
            try Self.profile("").write(toFile: scratch.file(name), atomically: true, encoding: .utf8)
        }
        let sources = try ResourceFile.read([scratch.path])
        #expect(sources.map(\.path) == [scratch.file("10.yml"), scratch.file("20.yaml")])
        #expect(throws: InventoryError.self) { try ResourceFile.read([scratch.file("none.yml")]) }
    }

    @Test func bytesThatAreNoTextAreRefused() throws {
        let scratch = try Scratch()
        try Data([0x6b, 0xff, 0xfe]).write(to: URL(fileURLWithPath: scratch.file("a.yml")))
        #expect(throws: InventoryError.self) { try ResourceFile.read([scratch.file("a.yml")]) }
    }

    @Test func whatIsWrittenIsWhatIsRead() throws {
        var profile = Profile(name: "web", image: .definitions(["/a/web.yml", "/b/x.yaml"]))
        profile.definitions = ["/a/web.yml": "kernel:\n  image: k:1 # \u{fc}\n", "/b/x.yaml": "{}"]
        profile.root = .erofs
        profile.prebuild = true
        profile.secrets = [
            "a": .environment("A"), "b": .file("/etc/b: c"), "c": .command(["vault", "read", "-field=x y", "{{"]),
        ]
        profile.vars = ["text": "\"quoted\" \\ tab\t \u{1F600} \u{2028} \u{85} naïve"]
        profile.values = [
            "deep": .object(["list": .array([1, .null, true, .number(1.5), "1.5", "true", "null", "1:2"])])
        ]
        profile.files = [.init(path: "etc/x", template: "a\nb\n", mode: 0o4755)]
        profile.health = .http(HTTPProbe(scheme: .https, port: 8443, path: "/h"))
        profile.settle = .seconds(7)
        profile.adopt = .nextBoot
        profile.rollout.waves = [.count(1), .percent(50)]
        profile.rollout.onFailure = .rollback
        profile.rollout.gates = [.http(url: "http://a/b")]
        #expect(try Profile(document: profile.document.json) == profile)
        let rule = Assignment(
            name: "r",
            selector: .init(mac: MACPattern("52:5*"), subnet: IPv4Network("10.0.0.0/8"), labels: ["a": "b"]),
            profile: "web",
            priority: -3
        )
        #expect(try Assignment(document: rule.document.json) == rule)
    }
}
