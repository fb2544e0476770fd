import Rollout
import Testing
import Vocabulary

@Suite("Canary, waves, bakes and gates")
struct RollStageTests {
    static func staged(_ change: (inout RollSpec) -> Void = { _ in }) -> RollSpec {
        quick {
            $0.canary.count = .count(1)
            $0.waves = [.percent(50), .percent(100)]
            $0.maxUnavailable = .count(10)
            $0.bake = .minutes(10)
            change(&$0)
        }
    }

    @Test("one machine, then half of all, then the rest, each baked")
    func waves() throws {
        var story = FleetStory(6)
        _ = try story.start(Self.staged())
        #expect(story.granted == ["n01"])
        story.reboot()
        #expect(story["n01"].part?.phase == .done)
        story.wait(.minutes(9))
        #expect(story.granted.isEmpty)
        story.wait(.minutes(2))
        #expect(story.granted == ["n02", "n03"])
        story.reboot()
        story.wait(.minutes(11))
        #expect(story.granted == ["n04", "n05", "n06"])
        story.reboot()
        story.wait(.minutes(11))
        #expect(story.roll.status == .ended(.done))
        #expect(story.rows.machines.allSatisfy { $0.boot.lastGood == b && $0.boot.desired == b })
    }

    @Test(
        "a wave bakes while its last machine in twenty comes up, if that may fail, and waits for it all the same",
        arguments: [(1, true), (0, false)]
    )
    func lastOfWave(mayFail: Int, bakes: Bool) throws {
        var story = FleetStory(42)
        _ = try story.start(
            Self.staged {
                $0.canary.count = .count(2)
                $0.maxUnavailable = .count(30)
                $0.maxFailures = .count(mayFail)
            }
        )
        story.boot("n01")
        story.tick()
        #expect(story.roll.bakeUntil == nil, "a canary is waited for")
        story.reboot()
        story.wait(.minutes(11))
        let wave = story.granted
        #expect(wave.count == 19)
        story.reboot()
        story.wait(.minutes(11))
        let last = story.granted
        #expect(last.count == 21)
        for name in last.dropFirst(2) { story.boot(name) }
        story.tick()
        #expect(story.roll.bakeUntil == nil, "two of 21 are more than one in twenty")
        story.boot(last[1])
        story.tick()
        #expect((story.roll.bakeUntil != nil) == bakes)
        story.wait(.minutes(9))
        #expect(story.roll.isRunning && story.roll.stage == 2)
        story.boot(last[0])
        story.tick()
        #expect(story.roll.isRunning)
        story.wait(.minutes(2))
        #expect((story.roll.status == .ended(.done)) == bakes)
    }

    @Test("the canary is the preferred one, and one of each model with onePerModel")
    func canaries() throws {
        var story = FleetStory(6, models: ["m1", "m2", "m3"])
        story.rows.change("n04") { $0.labels["canary"] = "true" }
        _ = try story.start(
            Self.staged { $0.canary = .init(count: .count(1), prefer: .init("canary", "true"), onePerModel: true) }
        )
        #expect(story.granted == ["n02", "n03", "n04"])
    }

    @Test("a failed canary holds the roll, and nothing but retry, abort and rollback goes on")
    func canaryFails() throws {
        var story = FleetStory(4)
        let id = try story.start(Self.staged())
        story.reboot(FleetStory.silent)
        story.boot("n01", FleetStory.silent)
        story.boot("n01")
        story.tick()
        #expect(story["n01"].boot.running == a)
        guard case .held(let hold) = story.roll.status else { throw Unexpected(story.roll.status) }
        #expect(hold.cause == .canaryFailed)
        #expect(throws: RollRefusal.self) { try story.rows.perform(.resume, on: id) }
        #expect(throws: RollRefusal.self) { try story.rows.perform(.promote, on: id) }
        story.wait(.minutes(60))
        #expect(story.granted.isEmpty)
        try story.rows.perform(.retry, on: id)
        story.tick()
        #expect(story.granted == ["n01"])
    }

    @Test("a canary that was passed over proves nothing")
    func canarySkipped() throws {
        var story = FleetStory(4)
        _ = try story.start(Self.staged())
        story.rows.change("n01") { $0.state = .maintenance }
        story.tick()
        guard case .held(let hold) = story.roll.status else { throw Unexpected(story.roll.status) }
        #expect(hold.cause == .canaryUnproven)
    }

    @Test("a machine counts when it has been healthy for minHealthy")
    func minHealthy() throws {
        var story = FleetStory(2)
        _ = try story.start(quick { $0.minHealthy = .minutes(2) })
        story.reboot()
        story.wait(.seconds(90))
        #expect(story["n01"].part?.phase == .rebooting)
        story.wait(.seconds(30))
        #expect(story["n01"].part?.phase == .done)
    }

    @Test("a gate that passes opens the next wave; each stage asks anew")
    func gatePasses() throws {
        var story = FleetStory(4)
        _ = try story.start(Self.staged { $0.gates = [.http(url: "http://gate")] })
        story.reboot()
        story.wait(.minutes(20))
        #expect(story.granted.isEmpty)
        #expect(story.rows.work().count == 1)
        story.answerGates(.pass)
        #expect(story.granted == ["n02"])
        story.reboot()
        story.wait(.minutes(20))
        #expect(story.rows.work().count == 1)
    }

    @Test(
        "a gate that fails holds or rolls back, one that does not know holds",
        arguments: [
            (.fail("errors"), .hold, .gateFailed), (.unknown("no answer"), .hold, .gateUnknown),
            (.unknown("no answer"), .rollback, .gateUnknown),
        ] as [(RollRow.GateOutcome, RollSpec.FailureAction, RollRow.Hold.Cause)]
    )
    func gateHolds(outcome: RollRow.GateOutcome, action: RollSpec.FailureAction, cause: RollRow.Hold.Cause) throws {
        var story = FleetStory(4)
        let id = try story.start(
            Self.staged {
                $0.gates = [.command(["true"])]
                $0.onFailure = action
            }
        )
        story.reboot()
        story.wait(.minutes(20))
        story.answerGates(outcome)
        guard case .held(let hold) = story.roll.status else { throw Unexpected(story.roll.status) }
        #expect(hold.cause == cause)
        try story.rows.perform(.resume, on: id)
        story.tick()
        #expect(story.rows.work().count == 1, "asked again")
        story.answerGates(.pass)
        #expect(story.granted == ["n02"])
    }

    @Test("a failed gate rolls back where that is wanted")
    func gateRollsBack() throws {
        var story = FleetStory(4)
        _ = try story.start(
            Self.staged {
                $0.gates = [.command(["false"])]
                $0.onFailure = .rollback
            }
        )
        story.reboot()
        story.wait(.minutes(20))
        story.answerGates(.fail("exit status 1"))
        #expect(story.rows.rolls.map(\.status) == [.ended(.rolledBack), .running])
        #expect(story.granted == ["n01"])
        story.reboot()
        story.wait(.minutes(1))
        #expect(story.roll.status == .ended(.done))
        #expect(story["n01"].boot.running == a && story["n01"].boot.desired == a)
    }

    @Test("promote ends a bake")
    func promote() throws {
        var story = FleetStory(4)
        let id = try story.start(Self.staged())
        #expect(throws: RollRefusal.self) { try story.rows.perform(.promote, on: id) }
        story.reboot()
        try story.rows.perform(.promote, on: id)
        story.tick()
        #expect(story.granted == ["n02"])
    }

    @Test("outside of the window nobody begins, and who has begun goes on")
    func window() throws {
        var story = FleetStory(3)
        // second(0) is 2001-09-09, a Sunday, 01:46:40 UTC.
        _ = try story.start(quick { $0.window = Window(days: [.sunday], from: 60, to: 120) })
        #expect(story.granted == ["n01"])
        story.wait(.minutes(14))
        story.reboot()
        story.wait(.minutes(30))
        #expect(story["n01"].part?.phase == .done)
        #expect(story.granted.isEmpty)
        let reasons = story.rows.waitingFor(story.roll.id, now: story.wall, zones: story.zones)
        #expect(reasons.map(\.description) == ["the window opens at 2001-09-16T01:00Z"])
    }
}
