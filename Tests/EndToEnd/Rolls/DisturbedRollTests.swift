import Testing

@testable import muster

@Suite("Rolls that are disturbed", .enabled(if: LabHost.isLong, "MUSTER_LONG=1 asks for it"))
struct DisturbedRollTests {
    @Test("the server is killed every ten seconds: everybody is moved once, within the budget")
    func killed() async throws {
        try await RollFleet.with { fleet in
            let lab = fleet.lab
            let (_, second) = try await twoReleases(fleet)
            let (kills, seen) = try await AvailabilitySampler(lab: lab).sampling {
                #expect(try await fleet.run(["roll", "web"]).status == 0)
                return try await withThrowingTaskGroup(of: Int.self) { group in
                    group.addTask {
                        var kills = 0
                        while true {
                            do { try await Task.sleep(for: .seconds(10)) } catch { return kills }
                            try await lab.killServer()
                            kills += 1
                        }
                    }
                    try await fleet.roll("is done", within: .seconds(900)) { $0.state == "done" }
                    group.cancelAll()
                    return try await group.next() ?? 0
                }
            }
            #expect(kills > 3)
            try await fleet.healthy(on: second)
            #expect(seen.most.count <= RollFleet.budget && seen.samples > 50, "\(seen)")
            #expect(seen.ever.count == RollFleet.size, "\(seen)")
            for machine in fleet.machines {
                #expect(try await lab.boots(of: machine.name).count == 2, "\(machine.name) was rebooted once")
            }
        }
    }

    @Test("machines that somebody power-cycles in the middle boot what they are assigned")
    func cycledByHand() async throws {
        try await RollFleet.with { fleet in
            let lab = fleet.lab
            let (first, second) = try await twoReleases(fleet)
            let (_, seen) = try await AvailabilitySampler(lab: lab).sampling {
                #expect(try await fleet.run(["roll", "web"]).status == 0)
                // One that waits, and the canary in the middle of its turn.
                let began = try await fleet.roll("has its canary rebooted") { !$0.names(in: "rebooting").isEmpty }
                let canary = try #require(began.names(in: "rebooting").first)
                let waiting = try #require(began.names(in: "waiting").last)
                try await fleet.machine(waiting).tell("reset")
                try await lab.wait(for: "boot of \(canary) on the new image") { client in
                    try await RunningLab.boots(of: canary, client).first { $0.image == second && $0.state == "up" }
                }
                try await fleet.machine(canary).tell("reset")
                try await lab.wait(for: "\(waiting) that is back") { client in
                    let boots = try await RunningLab.boots(of: waiting, client)
                    return boots.count == 2 && boots[0].state == "healthy" ? true : nil
                }
                #expect(try await lab.boots(of: waiting).map(\.image) == [first, first], "nobody had granted it more")
                try await fleet.roll("is done") { $0.state == "done" }
                #expect(try await lab.boots(of: canary).map(\.image) == [second, second, first])
                #expect(try await lab.boots(of: waiting).map(\.image) == [second, first, first])
            }
            try await fleet.healthy(on: second)
            #expect(seen.most.count <= RollFleet.budget && seen.samples > 50, "\(seen)")
        }
    }

    @Test("abort leaves everybody where they are; rollback takes everybody back")
    func abortAndRollback() async throws {
        try await RollFleet.with { fleet in
            let lab = fleet.lab
            let (first, second) = try await twoReleases(fleet)
            let (_, seen) = try await AvailabilitySampler(lab: lab).sampling {
                #expect(try await fleet.run(["roll", "web"]).status == 0)
                try await fleet.roll("has moved one") { $0.counts.done >= 1 }
                #expect(try await fleet.run(["roll", "abort"]).status == 0)
                let aborted = try await fleet.roll("is aborted") { $0.state == "aborted" }
                let moved = aborted.names(in: "done")
                // Who had their turn already may end on either.
                let inTrial = ["granted", "draining", "rebooting"].flatMap { aborted.names(in: $0) }
                let rest = Set(fleet.machines.map(\.name)).subtracting(moved + inTrial)
                #expect(rest.count >= RollFleet.size - RollFleet.budget - moved.count, "\(aborted)")
                try await fleet.healthy(on: second, moved)
                try await fleet.healthy(on: first, Array(rest))

                // Who was moved already is left out.
                #expect(try await fleet.run(["roll", "web", "--to", "2"]).status == 0)
                try await fleet.roll("has moved two") { $0.state == "running" && $0.counts.done >= 2 }
                let back = try await fleet.run(["roll", "rollback", "--watch"])
                #expect(back.status == 0 && back.output.contains("back from web@2"), "\(back.output)")
                try await fleet.healthy(on: first, Array(rest))
                try await fleet.healthy(on: second, moved)
            }
            #expect(seen.most.count <= RollFleet.budget && seen.samples > 50, "\(seen)")
        }
    }

    /// Boots the fleet on its first release, and makes the second.
    private func twoReleases(_ fleet: RollFleet) async throws -> (first: String, second: String) {
        try await fleet.apply(.init(name: "1"))
        let first = try await fleet.boot()
        try await fleet.apply(.init(name: "2"))
        return (first, try await fleet.newestImage())
    }
}

extension RollFleet {
    fileprivate func machine(_ name: String) throws -> SwitchedMachine {
        try #require(machines.first { $0.name == name })
    }
}
