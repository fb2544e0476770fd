import Build
import Inventory
import PXE
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("Reports")
struct ReportTests {
    @Test("Up and healthy: the timeline has both, the image is good, and facts reach the machine")
    func story() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        let facts = #","facts":{"cpus":4,"disks":[{"name":"vda"}]}"#
        #expect(await machine.report("up", of: boot.boot, token: token, rest: facts) == .done)
        #expect(try await machine.fixture.boots(1).first?.state == .up)
        #expect(machine.fleet.standing(of: "n1")?.state.lastGood == nil)
        #expect(try await machine.fleet.explain("n1").probation?.contains("is up") == true)
        #expect(await machine.report("healthy", of: boot.boot, token: token) == .done)
        #expect(await machine.report("healthy", of: boot.boot, token: token) == .done)
        #expect(await machine.report("alive", of: boot.boot, token: token) == .done)
        let record = try #require(try await machine.fixture.boots(1).first)
        #expect(record.state == .healthy && record.up != nil && record.spentTry)
        #expect(record.facts == #"{"cpus": 4, "disks": [{"name": "vda"}]}"#)
        let stages = try await machine.fleet.records.timeline(of: boot.boot).map(\.stage)
        #expect(stages == [.script, .kernel, .initrd, .segment, .up, .healthy])
        #expect(machine.fleet.standing(of: "n1")?.state.lastGood == machine.image)
        #expect(machine.fleet.standing(of: "n1")?.lastHeard != nil)
        let said = machine.fleet.authority.book.takeWhatWasSaid(limit: 10)
        #expect(said["n1"]?.reported?["cpus"] == .integer(4))
        #expect(try await machine.events("boot.healthy") == 1)
    }

    @Test("Failed closes the boot: later reports are told so, and the try is spent")
    func failed() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        #expect(await machine.report("failed", of: boot.boot, token: token, rest: #","reason":"dhcp\n died""#) == .done)
        let record = try #require(try await machine.fixture.boots(1).first)
        #expect(record.state == .failed && record.reason == "dhcp  died" && record.closed != nil)
        #expect(await machine.report("healthy", of: boot.boot, token: token) == .closed)
        // Its system still runs, and may be told to reboot: until the machine boots again, also after a restart.
        func poll(_ fleet: FleetService) async -> MachineCallAnswer {
            await fleet.call(.orders, of: boot.boot, from: peer(1), token: token)
        }
        let noOrder = MachineCallAnswer.state(Array("{\"order\":\"none\",\"id\":0}\n".utf8))
        #expect(await poll(machine.fleet) == noOrder)
        #expect(await machine.fleet.call(.orders, of: boot.boot, from: peer(1), token: [1]) == .unauthorized)
        #expect(machine.fleet.authority.book.listener(of: "n1") == boot.boot)
        #expect(machine.fleet.standing(of: "n1")?.state.triesLeft == 1)
        let again = try await machine.fixture.restarted()
        #expect(await poll(again) == noOrder && again.authority.book.listener(of: "n1") == boot.boot)
        let next = try #require(await again.ask(1).boot)
        #expect(next.boot != boot.boot)
        #expect(await poll(again) == .closed && again.authority.book.listener(of: "n1") == nil)
        again.ledger.close()
        again.inventory.close()
    }

    @Test("After it was healthy, failed is said and the boot goes on")
    func ailing() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        _ = await machine.report("healthy", of: boot.boot, token: token)
        #expect(await machine.report("failed", of: boot.boot, token: token, rest: #","reason":"disk full""#) == .done)
        #expect(machine.fleet.standing(of: "n1")?.boot?.ailment == "disk full")
        #expect(try await machine.fixture.boots(1).first?.state == .healthy)
        #expect(try await machine.events("boot.ailing") == 1)
        #expect(await machine.report("healthy", of: boot.boot, token: token) == .done)
        #expect(machine.fleet.standing(of: "n1")?.boot?.ailment == nil)
    }

    @Test(
        "Where the server finds out health itself, the system's word makes it up",
        arguments: [Health.fetched, .tcp(port: 1)]
    )
    func otherHealth(_ health: Health) async throws {
        let fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web", health: health)
        try await fixture.machine(1)
        let boot = try #require(await fixture.fleet.ask(1).boot)
        #expect(!boot.hasSegment, "nothing in the image reads a token")
    }

    @Test("An image with our agent is waited for, and given a segment, whatever its profile does not say")
    func agentByImage() async throws {
        let fixture = try await FleetFixture.make()
        let plain = try fixture.image("web")
        var manifest = try fixture.fleet.images.manifest(plain)
        manifest.labels[ImageManifest.agentLabel] = "1"
        let digest = try fixture.fleet.images.blobs.store(manifest.canonicalBytes).digest
        try await fixture.profile("web", image: digest.description)
        try await fixture.machine(1)
        let boot = try #require(await fixture.fleet.ask(1).boot)
        #expect(boot.hasSegment && boot.image == digest)
        fixture.fetch(boot, number: 1)
        #expect(fixture.fleet.authority.book.probation(of: "n1") == nil, "its segment is still to come")
        guard case .segment(let bytes) = await fixture.fleet.call(.segment, of: boot.boot, from: peer(1)) else {
            Issue.record("no segment")
            return
        }
        let count = UInt64(bytes.count)
        fixture.send(.call(boot.boot, .segment), boot: boot.boot, to: peer(1), 0..<count, of: count)
        #expect(fixture.fleet.authority.book.probation(of: "n1")?.check == .reported)
    }

    static let malformed = [
        "", "x", "[]", #"{"state":"dead"}"#, #"{"state":1}"#, #"{"state":"up","extra":1}"#, #"{"facts":{}}"#,
        #"{"state":"up","facts":[]}"#, #"{"state":"up","reason":5}"#,
        #"{"state":"up","facts":{"a":"\#(String(repeating: "x", count: 13_000))"}}"#,
    ]

    @Test("A body that is no report changes nothing", arguments: malformed)
    func malformedBodies(_ body: String) async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        guard
            case .malformed = await machine.fleet.call(.report, of: boot.boot, from: peer(1), token: token, body: body)
        else {
            Issue.record("taken: \(body)")
            return
        }
        #expect(try await machine.fixture.boots(1).first?.state == .fetched)
    }

    @Test(
        "No token, a wrong one, another boot's, and the right one from elsewhere are refused; the right one still works"
    )
    func refused() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        let other = try #require(await machine.fleet.ask(2).boot)
        var wrong = token
        wrong[63] = wrong[63] == 48 ? 49 : 48
        let up = #"{"state":"up"}"#
        for (id, address, token) in [
            (boot.boot, peer(1), nil), (boot.boot, peer(1), wrong), (boot.boot, peer(1), Array(token.prefix(63))),
            (boot.boot, peer(2), token), (boot.boot, IPv4Address(172, 16, 0, 1), token), (other.boot, peer(2), token),
        ] as [(BootID, IPv4Address, [UInt8]?)] {
            #expect(await machine.fleet.call(.report, of: id, from: address, token: token, body: up) == .unauthorized)
            #expect(await machine.fleet.call(.orders, of: id, from: address, token: token) == .unauthorized)
        }
        #expect(try await machine.fixture.boots(1).first?.state == .fetched)
        #expect(try await machine.events("token.refused") > 0)
        #expect(await machine.report("up", of: boot.boot, token: token) == .done)
        #expect(
            await machine.fleet.call(.orders, of: boot.boot, from: peer(1), token: token)
                == .state(Array("{\"order\":\"none\",\"id\":0}\n".utf8))
        )
        let unknown = BootID(milliseconds: 1)
        #expect(await machine.fleet.call(.report, of: unknown, from: peer(1), token: token, body: up) == .closed)
    }

    @Test("A restart keeps the token and what was reported, and asks the agent nothing twice")
    func restart() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        _ = await machine.report("up", of: boot.boot, token: token, rest: #","facts":{"cpus":2}"#)
        try await machine.fixture.flush()
        await machine.fleet.keepSnapshot()
        let again = try await machine.fixture.restarted()
        defer { again.ledger.close() }
        #expect(again.standing(of: "n1")?.boot?.up != nil)
        #expect(again.authority.book.takeWhatWasSaid(limit: 1)["n1"]?.reported?["cpus"] == .integer(2))
        let body = #"{"state":"healthy"}"#
        #expect(await again.call(.report, of: boot.boot, from: peer(1), token: token, body: body) == .done)
        #expect(again.standing(of: "n1")?.state.lastGood == machine.image)
    }

    @Test("What the ledger could not take is answered with later, and written with the next report")
    func unwritten() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        try await machine.fixture.withoutLedger {
            #expect(await machine.report("up", of: boot.boot, token: token) == .later(seconds: 5))
        }
        #expect(try await machine.fixture.boots(1).first?.state == .fetched)
        #expect(await machine.report("up", of: boot.boot, token: token) == .done)
        #expect(try await machine.fixture.boots(1).first?.state == .up)
        #expect(try await machine.fleet.records.timeline(of: boot.boot).last?.stage == .up)
    }

    @Test("What was granted since the ledger could not take a report is not overwritten by what is written later")
    func unwrittenAndGranted() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        try await machine.fixture.withoutLedger {
            #expect(await machine.report("healthy", of: boot.boot, token: token) == .later(seconds: 5))
        }
        try machine.fixture.image("web", "newer")
        _ = try await machine.fleet.assign("web", to: ["n1"], now: true)
        #expect(await machine.report("healthy", of: boot.boot, token: token) == .done)
        let state = try #require(machine.fleet.standing(of: "n1")?.state)
        #expect(state.generation == 2)
        let again = try await machine.fixture.restarted()
        defer { again.ledger.close() }
        #expect(again.standing(of: "n1")?.state == state)
    }

    @Test("122: A system that never reports is said to be silent, once, and may still report")
    func silent() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        machine.fleet.authority.book.healthDue(.now() + .seconds(601))
        machine.fleet.authority.book.healthDue(.now() + .seconds(86_400))
        #expect(try await machine.events("boot.silent") == 1)
        #expect(machine.fleet.standing(of: "n1")?.state.reason?.contains("not said") == true)
        #expect(await machine.report("healthy", of: boot.boot, token: token) == .done)
        #expect(machine.fleet.standing(of: "n1")?.state.reason == nil)
    }
}
