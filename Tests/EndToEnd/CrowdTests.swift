import Testing
import Vocabulary

@testable import muster

/// Machines without an agent, four of them at the same moment, and a stranger who asks in the name of one.
@Suite("Four machines ask for an image that is not built")
struct CrowdTests {
    @Test("one build, all healthy; what a stranger asks a thousand times changes nothing")
    func crowd() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .site) { lab in
            try await Site(settle: 2, machines: [1, 2, 3, 4]).apply(to: lab)
            var machines: [LabMachine] = []
            for number in 1...4 { machines.append(try await LabMachine(number, in: lab)) }
            let victim = machines[0]
            let stranger = Stranger(lab: lab)

            try await stranger.ask(for: victim, count: 100, cable: "early")
            #expect(try await lab.boots().isEmpty)
            #expect(try await lab.count(of: "build.started", "site") == 0, "nobody builds because of a stranger")

            let boots = try await withThrowingTaskGroup(of: RunningLab.Boot.self) { group in
                for machine in machines { group.addTask { try await machine.bootsHealthily() } }
                let opened = try await lab.wait(for: "boot of \(victim.name)") {
                    try await RunningLab.boots(of: victim.name, $0).first
                }
                #expect(opened.state == "open")
                try await stranger.ask(for: victim, count: 900, cable: "late")
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(boots.map(\.machine)) == ["lab-1", "lab-2", "lab-3", "lab-4"])
            #expect(Set(boots.map(\.image)).count == 1)
            #expect(try await lab.count(of: "build.started", "site") == 1)
            #expect(try await lab.count(of: "build.failed", "site") == 0)
            #expect(try await lab.boots().count == 4, "one power-on is one boot")
            try await expectEqualLives(of: machines, in: lab)
            let why = try await lab.why("lab-1")
            #expect(why.contains("the machine was healthy on it"))
        }
    }

    /// The one in whose name the stranger asked is as the others are.
    private func expectEqualLives(of machines: [LabMachine], in lab: RunningLab) async throws {
        for machine in machines {
            let description = try await lab.describe(machine.name)
            let boot = try await lab.boots(of: machine.name).first
            let stages = boot?.timeline.map(\.stage) ?? []
            #expect(stages == ["dhcp", "loader", "script", "kernel", "initrd", "healthy"], "no agent says up")
            #expect(description.images.triesLeft == 1, "one of two is spent")
            #expect(description.images.lastGood == boot?.image)
            #expect(description.events.map(\.kind) == ["boot.healthy", "machine.granted"])
        }
    }
}
