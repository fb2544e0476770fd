import Inventory
import Testing

@testable import Fleet

/// Every quirk of `FakeBMC`: the machine boots from the network, or the result says why it may not.
@Suite("Quirks of management controllers")
struct RedfishQuirkTests {
    /// What has to be said, where the machine's own boot order decides; nil where it must boot from the network.
    private static let notes: [FakeBMC.Quirk: String] = [
        .storesLegacyDisabled:
            "did not hold: HTTP 200, and then Target=Pxe, Enabled=Disabled, Mode=Legacy; the machine's",
        .noOverride: "has no boot override; the machine's own boot order decides",
        .noPxe: "cannot override boots with Pxe, only with Hdd, None; the machine's own boot order decides",
    ]

    @Test(arguments: FakeBMC.Quirk.allCases)
    func aMachineThatIsOffBootsFromTheNetworkOrTheReasonIsSaid(_ quirk: FakeBMC.Quirk) async throws {
        let bmc = try await FakeBMC.start([quirk], isSecure: false) { state in
            state.isOn = false
            state.trouble = 2
        }
        let fixture = try PowerFixture()
        let result = await fixture.perform(.on, at: bmc)
        if quirk == .acceptsAndDoesNothing {
            let words = "On: was accepted (HTTP 204), and the machine is not on after 5 s"
            #expect(result.failure?.contains(words) == true, "\(result)")
        } else if quirk == .endlessPages {
            #expect(result.failure?.contains(Self.endless) == true, "\(result)")
        } else {
            #expect(result.failure == nil)
            #expect(result.state == "on")
            try expectBoot(of: bmc, quirk, result)
        }
        expectGoodManners(of: bmc, fixture, result, quirk)
    }

    private static let endless = "has more than 32 pages of /redfish/v1/Systems, or shows them for ever"

    @Test(arguments: FakeBMC.Quirk.allCases)
    func aMachineThatRunsBootsFromTheNetworkOrTheReasonIsSaid(_ quirk: FakeBMC.Quirk) async throws {
        let bmc = try await FakeBMC.start([quirk], isSecure: false) { $0.trouble = 2 }
        let fixture = try PowerFixture()
        var result = await fixture.perform(.cycle, at: bmc)
        switch quirk {
        case .endlessPages: #expect(result.failure?.contains(Self.endless) == true, "\(result)")
        case .acceptsAndDoesNothing, .swallowsRestarts:
            // Nobody can know but who waits for the machine, and asks again.
            #expect(result.failure == nil)
            #expect(bmc.boots.isEmpty)
            result = await fixture.perform(.cycle, at: bmc)
            if quirk == .swallowsRestarts {
                #expect(result.failure == nil)
                #expect(result.note == "ForceRestart came to no boot before: ForceOff and On this time")
                #expect(bmc.boots == ["network"])
            } else {
                let words = "ForceOff: was accepted (HTTP 204), and the machine is not off after 5 s"
                #expect(result.failure?.contains("\(words); ForceRestart came to no boot") == true, "\(result)")
            }
        default:
            #expect(result.failure == nil)
            try expectBoot(of: bmc, quirk, result)
        }
        expectGoodManners(of: bmc, fixture, result, quirk)
    }

    private func expectBoot(of bmc: FakeBMC, _ quirk: FakeBMC.Quirk, _ result: PowerResult) throws {
        if let note = Self.notes[quirk] {
            #expect(result.note?.contains(note) == true, "\(result)")
            #expect(bmc.boots == ["disk"])
        } else {
            #expect(result.note == nil)
            #expect(bmc.boots == ["network"])
        }
    }

    /// What holds for every controller.
    private func expectGoodManners(
        of bmc: FakeBMC,
        _ fixture: PowerFixture,
        _ result: PowerResult,
        _ quirk: FakeBMC.Quirk
    ) {
        bmc.state.withLock { state in
            #expect(state.sessions.isEmpty, "sessions are left")
            if quirk != .noSessions { #expect(!state.authentications.contains("basic")) }
            // `Continuous` rewrites the boot order of some for good; addresses of images are beyond others.
            #expect(!state.bodies.contains { $0.contains("Continuous") || $0.contains("HttpBootUri") })
        }
        #expect(!"\(result) \(fixture.traces)".contains(FakeBMC.password))
        #expect(fixture.events.map(\.kind).first == "power.requested")
        #expect(fixture.events.map(\.kind).last == (result.failure == nil ? "power.done" : "power.failed"))
    }

    @Test func theFormThatHeldIsTriedFirstTheNextTime() async throws {
        let bmc = try await FakeBMC.start([.needsStrongTag, .refusesMode], isSecure: false)
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.cycle, at: bmc).note == nil)
        let first = bmc.state.withLock { $0.requests.filter { $0.hasPrefix("PATCH") }.count }
        #expect(first > 1)
        fixture.beginBoot()
        #expect(await fixture.perform(.cycle, at: bmc).note == nil)
        #expect(bmc.state.withLock { $0.requests.filter { $0.hasPrefix("PATCH") }.count } == first + 1)
        // And after a restart.
        let other = try PowerFixture { $0.memory = fixture.desk.memory.directory }
        for _ in 0..<2 { other.beginBoot() }
        #expect(await other.perform(.cycle, at: bmc).note == nil)
        #expect(bmc.state.withLock { $0.requests.filter { $0.hasPrefix("PATCH") }.count } == first + 2)
        #expect(bmc.boots == ["network", "network", "network"])
    }

    @Test func aBIOSMachineIsOverriddenAsOne() async throws {
        let bmc = try await FakeBMC.start { $0.boot["BootSourceOverrideMode"] = "Legacy" }
        let fixture = try PowerFixture()
        #expect(await fixture.perform(.cycle, at: bmc, ["efi": false]).note == nil)
        #expect(bmc.state.withLock { $0.bodies.contains { $0.contains(#""BootSourceOverrideMode": "Legacy""#) } })
    }
}
