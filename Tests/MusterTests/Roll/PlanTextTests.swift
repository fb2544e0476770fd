import Build
import Control
import Foundation
import Rollout
import Testing
import Vocabulary

@testable import muster

@Suite("A plan as people read it")
struct PlanTextTests {
    private static func plan() -> RolloutPlanView {
        var plan = RolloutPlanView(profile: "web", release: 41, spec: RollSpec())
        plan.stages = [
            .init(name: "canary", machines: ["n7"]), .init(name: "wave 1", machines: ["n1", "n2", "n3", "n9"]),
        ]
        plan.budgets = [
            .init(place: "web", limit: 1, population: 8, unavailable: 0),
            .init(place: "rack r7", limit: 1, population: 3, unavailable: 1),
        ]
        plan.excluded = [
            .init(machine: "n4", reason: "is pinned"), .init(machine: "n5", reason: "is in maintenance"),
        ]
        plan.converged = ["n6"]
        plan.estimate = TimeSpan(milliseconds: 4_800_000)
        return plan
    }

    @Test("stages with their machines in order, budgets, who is left out and who is there, how long")
    func text() {
        var plan = Self.plan()
        var change = RolloutPlanView.ImageChange(
            architecture: .amd64,
            from: Digest(of: [1]),
            to: Digest(of: [2]),
            machines: 5
        )
        change.failure = "there is no image"
        plan.changes = [change]
        #expect(
            PlanText.text(of: plan) == """
                web@41: 5 of 8 machines would change, in 2 stages, about 1h20m

                canary  1  n7
                wave 1  4  n[1-3], n9

                budgets
                  web      at most 1 of 8 unavailable, none is now
                  rack r7  at most 1 of 3 unavailable, 1 now

                left out (2)
                  n4  is pinned
                  n5  is in maintenance

                already there (1)
                  n6

                5 machines of amd64
                image         \(Digest(of: [1]).short)  →  \(Digest(of: [2]).short)
                not compared: there is no image
                """
        )
    }

    @Test("before a roll begins it says as much in fewer words")
    func short() {
        #expect(
            PlanText.short(Self.plan()) == """
                web@41: 5 of 8 machines would change, in 2 stages, about 1h20m
                  canary 1, wave 1 4
                  web: at most 1 of 8 unavailable, none is now
                  rack r7: at most 1 of 3 unavailable, 1 now
                  left out: n5 is in maintenance
                  left out: n4 is pinned
                """
        )
    }

    @Test("nothing to do is no refusal, and everything that speaks against it is one")
    func refusals() {
        var plan = RolloutPlanView(profile: "web", release: 41, spec: RollSpec())
        plan.converged = ["n1", "n2"]
        plan.refusals = ["no machine of web would change"]
        #expect(plan.hasNothingToDo)
        #expect(PlanText.text(of: plan) == "web@41: no machine would change\n\nalready there (2)\n  n[1-2]")
        plan.refusals.append("1 machines have a part in a roll that is open (n3)")
        #expect(!plan.hasNothingToDo)
        #expect(
            PlanText.text(of: plan).contains("\nit would be refused\n  no machine of web would change\n  1 machines")
        )
        plan = Self.plan()
        plan.refusals = ["no machine of web may ever be unavailable"]
        #expect(!plan.hasNothingToDo)
        #expect(PlanText.short(plan).hasSuffix("\n  refused: no machine of web may ever be unavailable"))
    }

    @Test(
        "names as they come, and runs in their short form, which means the same",
        arguments: [
            (["n1"], "n1"), (["n1", "n2", "n3"], "n[1-3]"), (["n3", "n2", "n1"], "n3, n2, n1"),
            (["n9", "n10", "n11"], "n[9-11]"), (["n09", "n10"], "n[09-10]"), (["n1", "n02"], "n1, n02"),
            (["a1", "b2", "b3"], "a1, b[2-3]"), (["gate", "n1"], "gate, n1"), (["7", "8"], "[7-8]"),
            (["n99", "n100"], "n[99-100]"), (["n099", "n0100"], "n099, n0100"),
            (["n18446744073709551615", "n18446744073709551616"], "n18446744073709551615, n18446744073709551616"),
        ]
    )
    func names(names: [String], text: String) { #expect(PlanText.names(names) == text) }

    @Test("a release that machines take by themselves says so")
    func reboots() {
        var spec = RollSpec()
        spec.reboot = .none
        var plan = RolloutPlanView(profile: "web", release: 2, spec: spec)
        plan.stages = [.init(name: "wave 1", machines: ["n1"])]
        #expect(
            PlanText.text(of: plan).hasPrefix("web@2: 1 of 1 machine would change, in 1 stage, whenever they reboot")
        )
    }
}
