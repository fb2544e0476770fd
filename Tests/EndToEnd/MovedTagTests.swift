import Foundation
import Testing

@testable import muster

/// A tag in a real registry that comes to mean another image.
@Suite("A tag moves in a registry")
struct MovedTagTests {
    @Test("the profile gets a new release, and its machines as adopt says")
    func moved() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .site) { lab in
            let registry = LabRegistry(lab: lab)
            try await registry.whileServing {
                try await registry.push("init.tar", as: "init:1")
                let start = "\(LabRegistry.address)/init:1"
                try await Site(name: "keeps", adopt: "roll", start: start, machines: [1]).apply(to: lab)
                try await Site(name: "takes", adopt: "nextBoot", start: start, machines: [2]).apply(to: lab)
                let machines = [try await LabMachine(1, in: lab), try await LabMachine(2, in: lab)]
                let before = try await Self.boot(machines)
                for number in [1, 2] { #expect(lab.screen(of: number).contains("MUSTER-INIT 1")) }

                try await registry.push("init-2.tar", as: "init:1")
                for profile in ["keeps", "takes"] {
                    let built = try await lab.muster(["build", "--profile", profile])
                    #expect(built.contains("\(profile) has release 2 for amd64"))
                }
                let after = try await Self.boot(machines)
                #expect(after[0].image == before[0].image)
                #expect(lab.screen(of: 1).contains("MUSTER-INIT 1"))
                #expect(after[1].image != before[1].image)
                #expect(lab.screen(of: 2).contains("MUSTER-INIT 2"))
                let why = try await lab.why("lab-1")
                #expect(why.contains("the newest release of keeps is 2"))
            }
        }
    }

    private static func boot(_ machines: [LabMachine]) async throws -> [RunningLab.Boot] {
        async let first = machines[0].bootsHealthily()
        async let second = machines[1].bootsHealthily()
        return try await [first, second]
    }
}
