import Foundation
import Testing
import Vocabulary

/// What one machine alone may have, and another host on its network that knows all about it but has another card.
@Suite("Secrets, and a stranger on the network", .blocking, .serialized, .needsRoot)
struct StolenSegmentTests {
    private static let secret = "hunter2-\(UUID().uuidString)"
    private static let uuid = "4c4c4544-0042-3510-8054-b7c04f564432"

    private let vault: TemporaryDirectory
    private let server: FaultServer
    private let victim: NetworkVisitor
    private let stranger: NetworkVisitor

    init() throws {
        vault = try TemporaryDirectory()
        let file = try vault.file("key", Self.secret)
        server = try FaultServer(
            initrdSize: 0,
            hasStranger: true,
            profile: """
                health: agent
                rollout: { tries: 20 }
                secrets: { key: "file:\(file.path)" }
                files: [{ path: etc/key, mode: "0600", template: "{{machine.name}} {{secrets.key}}" }]
                """
        )
        victim = try NetworkVisitor(server.network.clientSide)
        stranger = try NetworkVisitor(server.network.strangerSide)
    }

    // MARK: What the victim does

    private struct Boot {
        var id: String
        var kernel: String
        var initrd: String
    }

    private static let script =
        "/boot.ipxe?mac=\(FaultNetwork.clientMAC.hyphenated)&uuid=\(uuid)&serial=s1&arch=x86_64&platform=efi"

    /// What the loader's script names; nil for one without a kernel, or of nobody's boot.
    private func begin(_ visitor: NetworkVisitor) throws -> Boot? {
        let script = try visitor.get(Self.script).body
        guard let id = script.firstMatch(of: /muster\.boot=([0-9a-z]{26})/)?.output.1,
            let kernel = script.firstMatch(of: /kernel (http\S+)/)?.output.1,
            let initrd = script.firstMatch(of: /initrd --name initrd (http\S+)/)?.output.1
        else { return nil }
        return Boot(id: "\(id)", kernel: "\(kernel)", initrd: "\(initrd)")
    }

    /// From the script to the last byte before the segment.
    private func load(_ visitor: NetworkVisitor) throws -> Boot? {
        guard let boot = try begin(visitor) else { return nil }
        #expect(try visitor.get(boot.kernel).status == 200)
        #expect(try visitor.get(boot.initrd).status == 200)
        return boot
    }

    /// The token in a segment, which has the secret too.
    private func token(in segment: NetworkVisitor.Answer) throws -> String {
        #expect(segment.status == 200 && segment.body.contains("n1 " + Self.secret))
        let after = try #require(segment.body.range(of: "etc/muster/token\0")).upperBound
        return String(try #require(segment.body[after...].firstMatch(of: /[0-9a-f]{64}/)).output)
    }

    // MARK: What the stranger tries

    /// Every name that might hold something of the victim's, by both protocols.
    private func pry(boot: String = "preview", image: String? = nil, as address: String) throws {
        let mac = FaultNetwork.clientMAC.hyphenated
        var paths = [
            Self.script, "/boot.ipxe/\(mac)", "/boot.ipxe?uuid=\(Self.uuid)", "/grub.cfg?mac=\(mac)",
            "/grub/grub.cfg-01-\(mac)", "/nocloud/user-data", "/nocloud/meta-data", "/get/meta/hostname", "/get/user",
            "/boots/../boots/\(boot)/segment",
        ]
        paths += ["segment", "orders", "token"].map { "/boots/\(boot)/\($0)" }
        if let image { paths += ["/images/\(image)/segment", "/images/\(image)/manifest.json"] }
        let claims = ["X-Forwarded-For: \(address)", "Forwarded: for=\(address)"].flatMap { ["-H", $0] }
        for path in paths { try stranger.get(path, ["--path-as-is"] + claims) }
        for name in ["grub/grub.cfg-01-\(mac)", "boots/\(boot)/segment", "boots/\(boot)/token"] {
            _ = try stranger.tftp(name)
        }
    }

    private func expectIgnorance(_ tokens: String..., sourceLocation: SourceLocation = #_sourceLocation) {
        for text in stranger.heard {
            for secret in [Self.secret] + tokens {
                #expect(!text.contains(secret), "the stranger has it", sourceLocation: sourceLocation)
            }
        }
    }

    private func events(_ kind: String) throws -> Int {
        let events = try server.muster(["get", "events", "--json"]).output
        return events.components(separatedBy: "\"\(kind)\"").count - 1
    }

    // MARK: -

    @Test("121: before, during and after the victim's boot: no secret, no boot id, and no token that works elsewhere")
    func prying() throws {
        let address = try victim.dhcp()
        try pry(as: address)
        let boot = try #require(try begin(victim))
        try pry(as: address)
        #expect(stranger.heard.contains { $0.contains("boot=preview") }, "it may see what the victim boots")
        #expect(!stranger.heard.contains { $0.contains(boot.id) })
        #expect(try victim.get(boot.kernel).status == 200)
        try pry(image: boot.kernel.firstMatch(of: /[0-9a-f]{64}/).map { "\($0.output)" }, as: address)
        #expect(try victim.get(boot.initrd).status == 200)
        let token = try token(in: victim.get("/boots/\(boot.id)/segment"))
        try pry(as: address)
        #expect(try victim.report("up", of: boot.id, token: token) == 204)

        #expect(try victim.get("/get/meta/hostname").body == "n1")
        #expect(try stranger.get("/get/meta/hostname").status == 404)

        // Stolen from the running machine: of no use from another address.
        #expect(try stranger.report("failed", of: boot.id, token: token) == 401)
        #expect(try stranger.orders(of: boot.id, token: token) == 401)
        #expect(try events("token.refused") == 1)
        #expect(try victim.report("healthy", of: boot.id, token: token) == 204)

        // The next boot ends it.
        let next = try #require(try load(victim))
        #expect(next.id != boot.id)
        for visitor in [victim, stranger] { #expect(try visitor.report("up", of: boot.id, token: token) == 409) }
        #expect(try victim.report("up", of: next.id, token: token) == 401)
        expectIgnorance(token)
        try expectNothingWritten(token)
    }

    /// Neither log nor database nor blob has it: it was only ever on the wire.
    private func expectNothingWritten(_ token: String) throws {
        let files = try #require(FileManager.default.enumerator(atPath: server.data))
        let texts = files.compactMap { $0 as? String }.map { "\(server.data)/\($0)" } + [server.directory.path + "/log"]
        #expect(texts.count > 5)
        for file in texts {
            guard let data = FileManager.default.contents(atPath: file) else { continue }
            for text in [Self.secret, token] { #expect(data.range(of: Data(text.utf8)) == nil, "\(file) has it") }
        }
    }

    @Test("121: a segment that was handed out is so for good: replayed it is 403 and an event, after kill -9 too")
    func replay() throws {
        _ = try victim.dhcp()
        let boot = try #require(try load(victim))
        let path = "/boots/\(boot.id)/segment"
        let token = try token(in: victim.get(path))
        server.kill()
        try server.start()
        #expect(try victim.report("up", of: boot.id, token: token) == 204)
        #expect(try victim.get(path).status == 403)
        #expect(try events("segment.refused") == 1)
        #expect(try victim.report("healthy", of: boot.id, token: token) == 401, "somebody has seen it twice")
        #expect(try victim.tftp("boots/\(boot.id)/segment") == "")
        // What is there stays a machine that can boot, and have its secrets.
        let next = try #require(try load(victim))
        _ = try self.token(in: victim.get("/boots/\(next.id)/segment"))
    }

    @Test("A stranger that knows the boot's id and is as fast as it can: it gets nothing, whoever comes first")
    func race() async throws {
        _ = try victim.dhcp()
        var outcomes: Set<Int> = []
        for round in 0..<4 {
            let boot = try #require(try load(victim))
            let path = "/boots/\(boot.id)/segment"
            // In the last round the stranger comes late.
            let early = round < 3 ? try await stormAndVictim(path) : nil
            let answer = try early ?? victim.get(path)
            outcomes.insert(answer.status)
            if answer.status == 200 {
                let token = try token(in: answer)
                _ = try stranger.tftp("boots/\(boot.id)/segment")
                #expect(try stranger.get(path).status == 403)
                #expect(try victim.report("up", of: boot.id, token: token) == 401, "its token is worth nothing")
                expectIgnorance(token)
            }
        }
        #expect(outcomes.isSubset(of: [200, 403]) && outcomes.contains(200))
        expectIgnorance()
    }

    private func stormAndVictim(_ path: String) async throws -> NetworkVisitor.Answer {
        let (side, storming) = (server.network.strangerSide, Self.storming)
        async let storm = Task.detached { try storming(side, path) }.value
        let answer = try victim.get(path)
        let (statuses, heard) = try await storm
        #expect(statuses.keys.allSatisfy { $0 == 403 }, "\(statuses)")
        for text in heard { #expect(!text.contains(Self.secret)) }
        return answer
    }

    private static func storming(_ side: String?, _ path: String) throws -> (statuses: [Int: Int], heard: [String]) {
        let visitor = try NetworkVisitor(side)
        let statuses = try visitor.storm(path, times: 48)
        return (statuses, visitor.heard)
    }

    @Test("A stranger that takes the victim's address, but not its card, gets no secret and no use of a stolen token")
    func takenAddress() throws {
        let address = try victim.dhcp()
        let boot = try #require(try load(victim))
        try victim.plug(false)
        try stranger.leave("\(FaultNetwork.stranger)")
        try stranger.take(address)
        #expect(try stranger.get("/boots/\(boot.id)/segment").status == 403)
        #expect(try stranger.tftp("boots/\(boot.id)/segment") == "")
        #expect(try events("segment.refused") == 1)

        // A boot of its own making is no better: what everybody may read is all that it gets.
        let own = try #require(try load(stranger))
        #expect(try stranger.get("/boots/\(own.id)/segment").status == 403)
        try stranger.leave(address)

        try victim.plug(true)
        let next = try #require(try load(victim))
        let token = try token(in: victim.get("/boots/\(next.id)/segment"))
        try victim.plug(false)
        try stranger.take(address)
        #expect(try stranger.report("failed", of: next.id, token: token) == 401)
        #expect(try stranger.orders(of: next.id, token: token) == 401)
        try stranger.leave(address)
        try victim.plug(true)
        #expect(try victim.report("up", of: next.id, token: token) == 204)
        expectIgnorance(token)
    }
}
