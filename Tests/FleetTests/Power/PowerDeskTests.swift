import Foundation
import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("Choosing how to switch a machine")
struct PowerDeskTests {
    private let directory = TemporaryDirectory()

    @Test func whatFailsIsFollowedByTheNextAndAllReasonsAreSaid() async throws {
        let fixture = try PowerFixture { $0.ipmitool = "/nowhere/ipmitool" }
        let gone = try await FakeBMC.start(isSecure: false)
        try await gone.stop()
        let works = try directory.program("works", "exit 0")
        let fails = try directory.program("fails", "echo no outlet; exit 1")
        let ways: [String: JSONValue] = ["ipmi": "10.0.9.12", "exec": .array([.string(works)])]
        let result = await fixture.desk.perform(.reboot, on: fixture.machine(at: gone, ways))
        #expect(result == PowerResult(machine: "n1", driver: "exec"))
        let failure = try #require(
            await fixture.desk.perform(
                .reboot,
                on: fixture.machine(at: gone, ways.merging(["exec": .array([.string(fails)])]) { $1 })
            ).failure
        )
        let reasons = failure.components(separatedBy: "; ")
        #expect(reasons.count == 5, "\(failure)")
        #expect(reasons[0] == "agent: its system has no agent that could be told, or does not run yet")
        #expect(reasons[1].hasPrefix("redfish: cannot connect to 127.0.0.1:\(gone.port)"))
        #expect(reasons[2] == "ipmi: /nowhere/ipmitool is not installed on this host")
        #expect(reasons[4].hasSuffix("fails ended with status 1: no outlet"))
        let counts = fixture.desk.counts.actions
        #expect(counts[.init(driver: "exec", action: .reboot, isDone: true)] == 1)
        #expect(counts[.init(driver: "exec", action: .reboot, isDone: false)] == 1)
        #expect(counts[.init(driver: "redfish", action: .reboot, isDone: false)] == 2)
    }

    @Test(arguments: PowerAction.allCases)
    func aMachineWithNothingIsToldWhatToGiveIt(_ action: PowerAction) async throws {
        let fixture = try PowerFixture()
        let result = await fixture.desk.perform(action, on: fixture.machine([:]))
        if action == .off || action == .reboot {
            #expect(result.failure == "agent: its system has no agent that could be told, or does not run yet")
        } else {
            #expect(result.failure?.contains("give it `bmc:` with redfish, ipmi") == true, "\(result)")
        }
        #expect(!fixture.desk.canReboot(fixture.machine([:])))
        #expect(!fixture.desk.canReboot(fixture.machine(["wakeOnLAN": true])))
        #expect(fixture.desk.canReboot(fixture.machine(["exec": ["x"]])))
    }

    @Test func aHardRebootDoesNotAskTheSystem() async throws {
        let bmc = try await FakeBMC.start(isSecure: false)
        let fixture = try PowerFixture()
        let result = await fixture.desk.perform(.reboot, on: fixture.machine(at: bmc), isHard: true)
        #expect(result.failure == nil)
        #expect(bmc.resets == ["ForceRestart"])
    }

    @Test func aRunningAgentIsAskedBeforePowerIsTouched() async throws {
        let machine = try await ReportingMachine()
        let (boot, token) = try await machine.boot()
        #expect(await machine.report("up", of: boot.boot, token: token) == .done)
        let fleet = machine.fleet
        async let results = fleet.power(.reboot, ["n1", "n1"])
        var call = MachineCall(
            boot: boot.boot,
            kind: .orders,
            peer: peer(1),
            token: token,
            server: Endpoint(address: IPv4Address(10, 0, 0, 254), port: 8080)
        )
        call.wait = .seconds(25)
        let asked = call
        let answer = await withCheckedContinuation { continuation in
            fleet.authority.answer(asked) { continuation.resume(returning: $0) }
        }
        guard case .state(let bytes) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(#"{"order":"reboot","id":"#))
        #expect(try await results == [PowerResult(machine: "n1", driver: "agent")])
        try await machine.fixture.flush()
        let kinds = try await fleet.records.events(limit: 10).map(\.kind)
        #expect(kinds.contains("power.requested") && kinds.contains("power.done"))
        await #expect(throws: FleetError(.notFound, "there is no machine 'n9'")) {
            try await fleet.power(.status, ["n1", "n9"])
        }
    }

    @Test func turnstilesLetInInOrderAndLetGoOfWhoLeaves() async throws {
        let stile = Turnstile(1)
        let (entered, enter) = AsyncStream.makeStream(of: Int.self)
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let first = Task {
            try await stile.pass {
                enter.yield(1)
                for await _ in gate { break }
            }
        }
        var order = entered.makeAsyncIterator()
        #expect(await order.next() == 1)
        let second = Task { try await stile.pass { _ = enter.yield(2) } }
        second.cancel()
        await #expect(throws: CancellationError.self) { try await second.value }
        let third = Task { try await stile.pass { _ = enter.yield(3) } }
        open.finish()
        try await first.value
        try await third.value
        #expect(await order.next() == 3)
    }
}
