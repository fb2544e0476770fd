import Control
import Foundation
import Testing
import Vocabulary

@testable import muster

/// What people type, what the server does, what they read, and the status that programs see.
@Suite("Rolls from the command line", .serialized)
struct RollRoundTripTests {
    @Test("plan, roll, status, why, and abort: two machines, of which one has moved")
    func abort() async throws {
        try await RollingFleet.with { fleet in
            try await fleet.describe(machines: 2, settle: "100ms")
            try await fleet.release(1)
            try await fleet.bootAll(2)
            let settled = try await fleet.muster("plan", "web")
            #expect(settled.status == 0, "\(settled.errors)")
            #expect(settled.output.hasPrefix("web@1: no machine would change\n"))
            #expect(settled.output.contains("\nalready there (2)\n  n[1-2]\n"))
            #expect(try await fleet.muster("roll", "web").status == 0)

            try await fleet.release(2)
            let plan = try await fleet.muster("plan", "web")
            #expect(plan.status == 2, "\(plan.errors)")
            #expect(plan.output.hasPrefix("web@2: 2 of 2 machines would change, in 2 stages"))
            #expect(plan.output.contains("\ncanary  1  n1\nwave 1  1  n2\n"))
            #expect(plan.output.contains("\n  web  at most 1 of 2 unavailable, none is now\n"))
            #expect(plan.output.contains("\ncommand line  -release=1 +release=2\n"))
            #expect(try await fleet.muster("roll", "web", "--dry-run").status == 2)
            let refused = try await fleet.muster("roll", "web", "--max-unavailable", "0")
            #expect(refused.status == 3)
            #expect(refused.errors.contains("no machine of web may ever be unavailable"))

            let begun = try await fleet.muster("roll", "web", "--tries", "2", "--reason", "a test")
            #expect(begun.status == 0, "\(begun.errors)")
            #expect(begun.output.contains("roll 1 has begun"))
            try await fleet.eventually("the canary is granted") {
                let why = try await fleet.muster("why", "machine", "n1")
                return why.output.contains("because roll 1 granted it web@2, canary (try 1 of 2)")
            }
            let waits = try await fleet.muster("why", "machine", "n2")
            #expect(waits.output.contains("web@2 is what roll 1 has for it in wave 1; its turn has not come"))
            let again = try await fleet.muster("roll", "web")
            #expect(again.status == 3)
            #expect(again.output.contains("in a roll that is open") || again.errors.contains("in a roll that is open"))

            try await fleet.boot(1)
            try await fleet.eventually("the canary is done") { try await fleet.roll(1).done == 1 }
            let list = try await fleet.muster("get", "rollouts")
            #expect(list.output.contains("web@2"))
            let aborted = try await fleet.muster("roll", "abort")
            #expect(aborted.status == 0, "\(aborted.errors)")
            #expect(aborted.output.hasPrefix("roll 1: web@2  aborted, took "))
            #expect(aborted.output.contains("  1 of 2\n1 done, 0 in trial, 0 waiting, 1 skipped"))
            // What is meant is where they came from, and not the newest.
            let meant = try await fleet.muster("why", "machine", "n2").output
            #expect(meant.contains("web's machines are meant to have release 1, made "), "\(meant)")
            #expect(meant.contains(", though 2 is the newest"), "\(meant)")
            #expect(try await fleet.muster("roll", "status", "1").status == 0)
            #expect(try await fleet.muster("roll", "status", "1", "-w").status == 1)
            let over = try await fleet.muster("roll", "resume", "1")
            #expect(over.status == 3)
            #expect(over.errors.contains("roll 1 is over"))
            #expect(try await fleet.muster("roll", "pause").status == 1)
            #expect(try await fleet.muster("roll", "status", "7").errors.contains("there is no roll 7"))
        }
    }

    @Test("a canary that fails holds the roll: the watch ends with 2, and says how far it came; rollback ends it")
    func hold() async throws {
        try await RollingFleet.with { fleet in
            try await fleet.describe(machines: 2, settle: "100ms")
            try await fleet.release(1)
            try await fleet.bootAll(2)
            try await fleet.describe(machines: 2, settle: "1h")
            try await fleet.release(2)
            #expect(try await fleet.muster("roll", "web", "--tries", "1").status == 0)
            try await fleet.eventually("the canary has the new image") {
                let machine: MachineDescription = try await fleet.client.machine("n1")
                return machine.machine.images.assigned != machine.machine.images.lastGood
            }
            let new = try #require(try await fleet.boot(1))
            let old = try #require(try await fleet.boot(1))
            #expect(new != old)
            let held = try await fleet.muster("roll", "status", "-w")
            #expect(held.status == 2, "\(held.errors)")
            #expect(held.output.contains("\nheld: a canary failed: n1"))
            #expect(held.output.contains("\nfailed: 1 fetched the image, and did not come up\n  n1  "))
            let resumed = try await fleet.muster("roll", "resume", "web")
            #expect(resumed.status == 3)
            #expect(resumed.errors.contains("retry, abort or rollback"))
            let why = try await fleet.muster("why", "machine", "n1")
            #expect(why.output.contains("roll 1 granted it web@2, canary, and it failed"))
            let back = try await fleet.muster("roll", "rollback", "--json")
            #expect(back.status == 0, "\(back.errors)")
            let view = try JSONDecoder().decode(RolloutView.self, from: Data(back.output.utf8))
            #expect(view.rollbackOf == 1)
            #expect(try await fleet.roll(1).state == .rolledBack)
        }
    }

    @Test("what is frozen or pinned is not touched, and everybody who looks reads it")
    func exceptions() async throws {
        try await RollingFleet.with { fleet in
            try await fleet.describe(machines: 2, settle: "100ms")
            try await fleet.release(1)
            try await fleet.bootAll(2)
            try await fleet.release(2)
            let pinned = try await fleet.muster("pin", "n1")
            #expect(pinned.output.hasPrefix("n1 is pinned to "), "\(pinned.errors)")
            #expect(try await fleet.muster("plan", "web").output.contains("left out (1)\n  n1  is pinned\n"))
            #expect(try await fleet.muster("why", "machine", "n1").output.contains("a person pinned it to "))
            #expect(try await fleet.muster("pin", "n[1-2]", "web@1").status == 0)
            #expect(try await fleet.muster("pin", "n1", "web@9").errors.contains("there is no release web@9"))
            #expect(try await fleet.muster("unpin", "n[1-2]").status == 0)
            #expect(try await fleet.muster("unpin", "n1").output.contains("n1 was not pinned"))

            let reason = "the cooling is broken"
            #expect(try await fleet.muster("freeze", reason).output == "the fleet is frozen: \(reason)\n")
            #expect(try await fleet.muster("get", "machines").errors.contains(reason))
            #expect(try await fleet.muster("why", "machine", "n2").output.contains(reason))
            let roll = try await fleet.muster("roll", "web")
            #expect(roll.status == 3)
            #expect((roll.output + roll.errors).contains(reason))
            let power = try await fleet.muster("power", "off", "n1")
            #expect(power.status == 3)
            #expect(power.errors.contains(reason))
            #expect(try await fleet.muster("thaw").status == 0)
            #expect(!(try await fleet.muster("get", "machines").errors.contains(reason)))

            let budget = try await fleet.muster("power", "reboot", "n[1-2]")
            #expect(budget.status == 3)
            #expect(budget.errors.contains("web"))
            let rescue = try await fleet.muster("rescue", "n1")
            #expect(rescue.status == 3)
            #expect(rescue.errors.contains("no rescue image is configured"))
        }
    }

    @Test("over ten machines power asks, and without anybody to ask it refuses")
    func manyMachines() async throws {
        try await RollingFleet.with { fleet in
            try await fleet.describe(machines: 11, settle: "100ms")
            let refused = try await fleet.muster("power", "on", "n[1-11]")
            #expect(refused.status == 3)
            #expect(refused.errors.contains("on 11 machines (n[1-11]): refused without --yes"))
            let done = try await fleet.muster("power", "on", "n[1-11]", "--yes")
            #expect(done.status == 1)
            #expect(done.output.contains("n11       failed: nothing can switch it"))
            #expect(try await fleet.muster("power", "status", "n[1-11]").errors == "")
        }
    }
}
