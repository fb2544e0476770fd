import Testing

@testable import muster

@Suite("A bad image touches one machine", .enabled(if: LabHost.isLong, "MUSTER_LONG=1 asks for it"))
struct BadImageRollTests {
    @Test("a kernel that panics: the canary is back on its last good without help, and an abort resets the intent")
    func panics() async throws {
        try await RollFleet.with { fleet in
            let (good, canary) = try await expectHold(of: .panics("2"), fleet)
            let boots = try await fleet.lab.boots(of: canary)
            #expect(boots.map(\.image).filter { $0 != good }.count == 2, "two tries, two panics: \(boots)")
            #expect(fleet.machines.allSatisfy { $0.timesStarted == 1 }, "nobody's power was touched")

            #expect(try await fleet.run(["roll", "abort"]).status == 0)
            let standings = try await fleet.lab.wait(for: "machines") { try await RollFleet.standings($0) }
            #expect(standings.allSatisfy { $0.images.desired == good }, "\(standings)")
        }
    }

    @Test("a service that is well for half a minute: the bake catches it, and the machine goes back")
    func diesLate() async throws {
        try await RollFleet.with(bake: "90s") { fleet in
            let (good, canary) = try await expectHold(of: .dies("2", after: 30), fleet)
            let boots = try await fleet.lab.boots(of: canary)
            let bad = try #require(boots.first { $0.image != good })
            let stages = bad.timeline.map(\.stage)
            #expect(stages.contains("healthy") && stages.contains("failed"), "\(stages)")
        }
    }

    /// Rolls to an image that fails: the roll is held, and only its canary was ever away.
    /// - Returns: the image that all are on again, and who the canary was.
    private func expectHold(
        of release: RollFleet.Release,
        _ fleet: RollFleet
    ) async throws -> (good: String, canary: String) {
        let lab = fleet.lab
        try await fleet.apply(.init(name: "1"))
        let good = try await fleet.boot()
        try await fleet.apply(release)
        let (watched, seen) = try await AvailabilitySampler(lab: lab).sampling {
            let watched = try await fleet.run(["roll", "web", "--watch"])
            // One that is up and not well is rebooted when its boot deadline is over, if it has not done so by itself.
            try await fleet.healthy(on: good, within: .seconds(400))
            return watched
        }
        #expect(watched.status == 2, "\(watched.output)")
        #expect(watched.output.contains("a canary failed"), "\(watched.output)")
        let roll = try await fleet.roll("is held") { $0.state == "held" }
        let canary = try #require(roll.names(in: "failed").first)
        #expect(roll.counts.failed == 1 && roll.counts.waiting == RollFleet.size - 1, "\(roll)")
        #expect(seen.samples > 50 && seen.ever == [canary], "\(seen)")
        for machine in fleet.machines where machine.name != canary {
            #expect(try await lab.boots(of: machine.name).map(\.image) == [good], "\(machine.name) was not touched")
        }
        return (good, canary)
    }
}
