import Fleet
import Foundation
import Rollout
import Testing
import Vocabulary

@testable import Control

@Suite("What a roll has to do with a machine, in words")
struct RollReasonsTests {
    private static func reasons(_ phase: RollPart.Phase, stage: Int = 2, reason: String? = nil) -> RollReasons {
        var spec = RollSpec()
        spec.tries = 2
        let row = RollRow(
            id: RollID(rawValue: 42),
            profile: "web",
            title: "web@41",
            spec: spec,
            stages: 4,
            hasCanary: true
        )
        var part = RollPart(roll: row.id, stage: stage, order: 7, target: Digest(of: [2]), from: Digest(of: [1]))
        part.phase = phase
        part.reason = reason
        return RollReasons(part: part, row: row)
    }

    @Test(
        "which try it is",
        arguments: [
            (2, true, "try 1 of 2"), (2, false, "try 1 of 2"), (1, false, "try 1 of 2"), (1, true, "try 2 of 2"),
            (0, false, "try 2 of 2"),
        ]
    )
    func tries(left: Int, isFetching: Bool, text: String) {
        var reasons = Self.reasons(.granted)
        reasons.triesLeft = left
        reasons.isFetching = isFetching
        #expect(reasons.sentences == ["roll 42 granted it web@41, wave 2 (\(text))"])
    }

    @Test(
        "a sentence for each phase",
        arguments: [
            (RollPart.Phase.waiting, "web@41 is what roll 42 has for it in wave 2; its turn has not come"),
            (.draining, "roll 42 granted it web@41, wave 2; its work is being taken away"),
            (.rebooting, "roll 42 granted it web@41 and had it reboot, wave 2 (try 2 of 2)"),
            (.done, "roll 42 granted it web@41, wave 2 (done)"),
            (.failed, "roll 42 granted it web@41, wave 2, and it failed: why"),
            (.skipped, "roll 42 passed it over, wave 2: why"),
        ]
    )
    func phases(phase: RollPart.Phase, text: String) {
        #expect(Self.reasons(phase, reason: "why").sentences == [text])
    }

    @Test("the canary has a name, and a turn that never came is over with its roll")
    func stages() {
        #expect(Self.reasons(.done, stage: 0).sentences == ["roll 42 granted it web@41, canary (done)"])
        var over = Self.reasons(.waiting)
        over.row.status = .ended(.aborted)
        #expect(over.sentences == [])
    }

    @Test("overrides change what they say and nothing else, and what no roll can have is refused")
    func overrides() throws {
        var spec = RollSpec()
        spec.per = ["rack": .count(2), "row": .count(3)]
        spec.canary.onePerModel = true
        var overrides = RolloutOverrides()
        #expect(try overrides.applied(to: spec) == spec)
        overrides.per = ["rack": .count(1)]
        overrides.canary = .count(3)
        let applied = try overrides.applied(to: spec)
        #expect(applied.per == ["rack": .count(1), "row": .count(3)])
        #expect(applied.canary == .init(count: .count(3), onePerModel: true))
        #expect(applied.bake == spec.bake)
        overrides.tries = 0
        #expect(throws: ControlError.self) { try overrides.applied(to: spec) }
        overrides.tries = nil
        overrides.waves = []
        #expect(throws: ControlError.self) { try overrides.applied(to: spec) }
    }
}
