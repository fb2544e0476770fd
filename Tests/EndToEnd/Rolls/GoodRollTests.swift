import Testing

@testable import muster

@Suite("A good image rolls to six machines")
struct GoodRollTests {
    @Test("some by their agents, some by IPMI")
    func agentsAndIPMI() async throws {
        try await RollFleet.with([.ipmi, .ipmi], access: .controllers) { fleet in try await roll(fleet) }
    }

    @Test(
        "some by their agents, some by IPMI, some by Redfish",
        .enabled(if: LabHost.isLong, "MUSTER_LONG=1 asks for it")
    )
    func allWays() async throws {
        try await RollFleet.with([.ipmi, .ipmi, .redfish, .redfish], access: .controllers) { fleet in
            try await roll(fleet)
        }
    }

    private func roll(_ fleet: RollFleet) async throws {
        let lab = fleet.lab
        try await fleet.apply(.init(name: "1"))
        let first = try await fleet.boot()
        try await fleet.apply(.init(name: "2"))
        let second = try await fleet.newestImage()
        #expect(second != first)
        #expect(try await lab.boots().count == RollFleet.size, "a new release alone reboots nobody")
        #expect(try await fleet.run(["plan", "web"]).status == 2)

        let (watched, seen) = try await AvailabilitySampler(lab: lab).sampling {
            try await fleet.run(["roll", "web", "--watch"])
        }
        #expect(watched.status == 0, "\(watched.output)")
        try await fleet.healthy(on: second)
        #expect(seen.most.count == RollFleet.budget, "\(seen)")
        #expect(seen.samples > 50 && seen.ever.count == RollFleet.size, "\(seen)")
        #expect(try await lab.boots().count == 2 * RollFleet.size, "each machine was rebooted once")
        for machine in fleet.machines {
            let isSwitched = machine.controller != .none
            #expect(machine.timesStarted == (isSwitched ? 2 : 1), "\(machine.name)")
            #expect(!machine.screen.contains(SwitchedMachine.diskMessage), "\(machine.name)")
        }
        #expect(try await fleet.run(["plan", "web"]).status == 0)
    }
}
