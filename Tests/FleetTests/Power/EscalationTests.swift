import Inventory
import Testing

@testable import Fleet

/// That a reset was accepted shows nothing: the machine asks for a boot, or the next reset is another one.
@Suite("Resets that come to no boot")
struct EscalationTests {
    @Test func whatLedToABootComesFirstTheNextTimeAndAfterARestart() async throws {
        let bmc = try await FakeBMC.start([.swallowsRestarts], isSecure: false)
        let fixture = try PowerFixture()
        let first = await fixture.perform(.cycle, at: bmc)
        #expect(first == PowerResult(machine: "n1", driver: "redfish", state: "on"))
        let second = await fixture.perform(.cycle, at: bmc)
        #expect(second.note == "ForceRestart came to no boot before: ForceOff and On this time")
        #expect(bmc.resets == ["ForceRestart", "ForceOff", "On"])
        fixture.beginBoot()
        #expect(await fixture.perform(.cycle, at: bmc).note == nil)
        #expect(bmc.resets.suffix(2) == ["ForceOff", "On"])
        #expect(bmc.boots == ["network", "network"])
        let other = try PowerFixture { $0.memory = fixture.desk.memory.directory }
        for _ in 0..<2 { other.beginBoot() }
        #expect(await other.perform(.cycle, at: bmc).note == nil)
        #expect(bmc.resets.count == 7)
        #expect(bmc.resets.suffix(2) == ["ForceOff", "On"])
    }

    @Test func aControllerThatWorksIsResetTheSameWayEachTime() async throws {
        let bmc = try await FakeBMC.start([.refusesForceRestart], isSecure: false)
        let fixture = try PowerFixture()
        for _ in 0..<3 {
            #expect(await fixture.perform(.cycle, at: bmc).note == nil)
            fixture.beginBoot()
        }
        // Once it was seen to work, what is refused is not asked for again.
        #expect(bmc.resets == ["ForceRestart", "PowerCycle", "PowerCycle", "PowerCycle"])
        #expect(try fixture.desk.memory.entry(of: "127.0.0.1:\(bmc.port)").reset == "PowerCycle")
    }

    @Test func aSystemThatDidNotComeBackIsNotAskedAgain() async throws {
        let bmc = try await FakeBMC.start([.swallowsRestarts], isSecure: false)
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.reboot, at: bmc).failure == nil)
        #expect(await fixture.perform(.reboot, at: bmc).failure == nil)
        #expect(bmc.resets == ["GracefulRestart", "ForceRestart", "ForceOff", "On"])
    }

    @Test func afterTwoResetsInVainTheNextWayToTheMachineComesFirst() async throws {
        let bmc = try await FakeBMC.start(isSecure: false)
        let fixture = try PowerFixture()
        let directory = TemporaryDirectory()
        let socket: JSONValue = .array([.string(try directory.program("socket", "exit 0"))])
        func cycle() async -> String? { await fixture.perform(.cycle, at: bmc, ["exec": socket]).driver }
        #expect(await cycle() == "redfish")
        #expect(await cycle() == "redfish")
        #expect(await cycle() == "exec")
        #expect(bmc.resets == ["ForceRestart", "ForceOff", "On"])
        fixture.beginBoot()
        #expect(await cycle() == "redfish")
    }

    @Test func aControllerThatOnlySaysItDoesAnythingIsLeftForTheNextAtOnce() async throws {
        let bmc = try await FakeBMC.start([.acceptsAndDoesNothing], isSecure: false)
        let fixture = try PowerFixture { $0.timing.settle = .milliseconds(200) }
        let directory = TemporaryDirectory()
        let ways: [String: JSONValue] = ["exec": .array([.string(try directory.program("socket", "exit 0"))])]
        #expect(await fixture.perform(.cycle, at: bmc, ways).driver == "redfish")
        #expect(await fixture.perform(.cycle, at: bmc, ways).driver == "exec")
        #expect(bmc.resets == ["ForceRestart", "ForceOff"])
    }

    @Test func theStrongestComesFirstAndThenWhatWasNotTried() {
        let ways = ["a", "b", "c"]
        #expect(ResetRecord().order(ways, strongest: "c") == ["a", "b", "c"])
        #expect(ResetRecord(proven: "b").order(ways, strongest: "c") == ["b", "a", "c"])
        #expect(ResetRecord(proven: "a", fruitless: ["a"]).order(ways, strongest: "c") == ["c", "b", "a"])
        #expect(ResetRecord(fruitless: ["a", "c", "c"]).order(ways, strongest: "c") == ["c", "b", "a"])
        #expect(ResetRecord(fruitless: ["a", "c", "c"]).note == "a, then c came to no boot before")
    }

    @Test func systemsAreFoundOnLaterPagesByTheirUUIDAndByName() async throws {
        let bmc = try await FakeBMC.start([.pages], isSecure: false)
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.status, at: bmc).state == "on")
        #expect(await fixture.perform(.status, at: bmc, ["system": "Self"]).state == "on")
        let missing = await fixture.perform(.status, at: bmc, ["system": "Third"]).failure
        #expect(missing?.contains("has no system 'Third'; it has Other, Self") == true, "\(missing ?? "")")
    }
}
