import Testing
import Vocabulary

@testable import muster

/// One machine over several releases of its profile.
@Suite("A changed YAML between two boots")
struct ReleaseTests {
    @Test("adopt: roll changes nothing until it is granted, nextBoot does, and what panics gives way to the last good")
    func releases() async throws {
        try await RunningLab.with(.bios, arguments: ["--machines", "0"], images: .site) { lab in
            var site = Site(machines: [1])
            try await site.apply(to: lab)
            let machine = try await LabMachine(1, in: lab, reboots: true)
            let first = try await machine.bootsHealthily()
            #expect(lab.screen(of: 1).contains("MUSTER-BUILT 1"))

            site.who = "2"
            try await site.apply(to: lab)
            let built = try await lab.muster(["build", "--profile", "site"])
            #expect(built.contains("site has release 2 for amd64"))
            #expect(try await machine.bootsHealthily().image == first.image, "a roll has not granted it")
            #expect(lab.screen(of: 1).contains("MUSTER-BUILT 1"))

            try await lab.muster(["assign", "site", "lab-1", "--now"])
            #expect(try await lab.describe("lab-1").images.triesLeft == 2)
            let second = try await machine.bootsHealthily()
            #expect(second.image != first.image)
            #expect(lab.screen(of: 1).contains("MUSTER-BUILT 2"))

            site.who = "3"
            site.adopt = "nextBoot"
            try await site.apply(to: lab)
            let third = try await machine.bootsHealthily()
            #expect(third.image != second.image)
            #expect(lab.screen(of: 1).contains("MUSTER-BUILT 3"))
            #expect(try await lab.describe("lab-1").images.triesLeft == 0, "one try at a time")

            site.kernel = Site.panics
            site.adopt = "roll"
            // Until then it would be healthy, and it comes back before.
            site.settle = 600
            try await site.apply(to: lab)
            let assigned = try await lab.muster(["assign", "site", "lab-1", "--now"])
            #expect(assigned.contains("lab-1"), "it is built first")
            try await expectFallback(of: machine, to: third, in: lab)
        }
    }

    private func expectFallback(of machine: LabMachine, to good: RunningLab.Boot, in lab: RunningLab) async throws {
        let back = try await machine.whileOn { try await lab.marker(of: 1) }
        let screen = lab.screen(of: 1)
        #expect(screen.components(separatedBy: "Kernel panic").count == 3, "two tries, two panics")
        #expect(Digest(good.image)?.short == back.image)
        let description = try await lab.describe("lab-1")
        let boots = try await lab.boots(of: "lab-1")
        #expect(boots.prefix(3).map(\.state) == ["fetched", "failed", "failed"])
        #expect(boots.first?.id == back.boot)
        #expect(boots.count == 7, "each power-on and each reset is one boot")
        #expect(description.images.triesLeft == 0)
        #expect(description.images.lastGood == good.image)
        let why = try await lab.why("lab-1")
        #expect(why.contains("the assigned image has no tries left, and this is the last that was healthy here"))
        #expect(why.contains("was never healthy and has no tries left; back to \(back.image)"))
        #expect(try await lab.count(of: "machine.reverted", "lab-1") == 1)
    }
}
