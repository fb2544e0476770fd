import Rollout
import Testing
import Vocabulary

@Suite("One machine's turn")
struct RollMachineTests {
    @Test("a machine that used up its tries failed, and is back on its last good by itself")
    func reverted() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.reboot(FleetStory.silent)
        story.boot("n01", FleetStory.silent)
        story.boot("n01")
        story.tick()
        #expect(story["n01"].part?.phase == .failed)
        #expect(story["n01"].boot.running == a)
        guard case .held(let hold) = story.roll.status else { throw Unexpected(story.roll.status) }
        #expect(hold == .init(.failures, "1 machines failed, and 0 may"))
    }

    @Test("failures up to maxFailures are no reason to stop")
    func tolerated() throws {
        var story = FleetStory(3)
        _ = try story.start(quick { $0.maxFailures = .count(1) })
        story.reboot(FleetStory.silent)
        story.boot("n01", FleetStory.silent)
        story.boot("n01")
        story.tick()
        #expect(story.roll.isRunning)
        #expect(story.granted == ["n02"])
    }

    @Test("a silent machine is rebooted once more by power, and failed after that")
    func silent() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.reboot(FleetStory.silent)
        story.wait(.seconds(590))
        #expect(story.errands().isEmpty)
        story.wait(.seconds(30))
        #expect(story.errands().map(\.kind) == [.reboot(hard: true)])
        story.reboot(FleetStory.silent)
        story.wait(.minutes(11))
        #expect(story["n01"].part?.phase == .failed)
        #expect(story["n01"].part?.reason == "fetched everything and said nothing in time")
        #expect(BootRules().choice(story["n01"].boot, now: story.wall) == .lastGood(a))
    }

    @Test("time in which no report could arrive fails nobody")
    func outage() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.reboot(FleetStory.silent)
        story.reportsArrive = false
        story.wait(.minutes(120))
        story.reportsArrive = true
        story.wait(.minutes(9))
        #expect(story["n01"].part?.phase == .rebooting)
        #expect(story["n01"].part?.reboots == 1)
        story.wait(.minutes(2))
        #expect(story["n01"].part?.reboots == 2)
    }

    @Test("a script without a kernel is the network's failure: no try is spent, and there is an alarm")
    func network() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.answer("n01", .done)
        story.begin("n01")
        story.wait(.minutes(6))
        #expect(story.rows.alarms[.network(machine: "n01")] != nil)
        #expect(story["n01"].boot.triesLeft == 2)
        story.wait(.minutes(5))
        story.answer("n01", .done)
        story.begin("n01")
        story.wait(.minutes(11))
        #expect(story["n01"].part?.reason == "network: its script went out, and its kernel was never fetched")
        story.boot("n01")
        story.tick()
        #expect(story.rows.alarms[.network(machine: "n01")] == nil)
    }

    @Test("an image that is healthy and then is not goes back to the one before it")
    func relapse() throws {
        var story = FleetStory(3)
        _ = try story.start(quick { $0.minHealthy = .minutes(2) })
        story.reboot()
        story.report("n01", failed: "out of memory")
        story.tick()
        #expect(story["n01"].part?.reason == "said that it is not well: out of memory")
        #expect(story["n01"].boot.assigned == a)
    }

    @Test(
        "a machine that turns sick after it was done is a failure; an image bad everywhere is not reverted everywhere"
    )
    func relapses() throws {
        var story = FleetStory(6)
        _ = try story.start(
            quick {
                $0.maxUnavailable = .count(6)
                $0.bake = .minutes(30)
                $0.maxFailures = .count(1)
            }
        )
        story.reboot()
        #expect(story.rows.machines.allSatisfy { $0.part?.phase == .done })
        // Few enough at a time for the brake.
        for name in ["n01", "n02", "n03"] { story.report(name, failed: "disk") }
        story.tick()
        #expect(story.rows.machines.count { $0.part?.phase == .failed } == 2)
        #expect(!story.roll.isRunning)
    }

    @Test("a machine whose reboot is refused twice failed and keeps its image")
    func refused() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.answer("n01", .refused("no such user"))
        #expect(story.errands().map(\.kind) == [.reboot(hard: true)])
        story.answer("n01", .refused("no such user"))
        #expect(story["n01"].part?.reason == "its reboot was refused: no such user")
        #expect(BootRules().choice(story["n01"].boot, now: story.wall).image == a)
    }

    @Test("a machine that boots before it is rebooted is not rebooted")
    func bootedFirst() throws {
        var story = FleetStory(3)
        _ = try story.start()
        #expect(story.errands().count == 1)
        story.begin("n01")
        #expect(story.errands().isEmpty)
    }

    @Test("reboot: none waits for the machine's own reboot, within the budget and without a deadline")
    func rebootNone() throws {
        var story = FleetStory(4)
        _ = try story.start(
            quick {
                $0.reboot = .none
                $0.maxUnavailable = .count(2)
            }
        )
        #expect(story.granted == ["n01", "n02"])
        story.wait(.minutes(24 * 60))
        #expect(story.errands().isEmpty)
        #expect(story.granted == ["n01", "n02"])
        story.boot("n02")
        story.tick()
        #expect(story.granted == ["n01", "n03"])
    }

    @Test("a machine taken into maintenance leaves the roll with its old image")
    func maintenance() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.rows.change("n01") { $0.state = .maintenance }
        story.tick()
        #expect(story["n01"].part?.reason == "is in maintenance")
        #expect(story["n01"].boot.assigned == a)
        #expect(story.granted == ["n02"])
    }

    @Test("a machine that is pinned when its reboot was asked for counts until it went down, and has its turn no more")
    func pinned() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.answer("n01", .done)
        story.rows.change("n01") { $0.isPinned = true }
        story.tick()
        #expect(story.granted == ["n01"] && story["n01"].isUnavailable)
        story.begin("n01")
        story.tick()
        #expect(story["n01"].part?.reason == "is pinned")
        #expect(story.granted.isEmpty, "it is down, and takes the one place")
        story.boot("n01")
        story.tick()
        #expect(story.granted == ["n02"])
    }

    @Test("a reboot that was not asked for yet is not, once the machine is pinned; it does not count for ever")
    func pinnedInTime() throws {
        var story = FleetStory(3)
        _ = try story.start()
        #expect(story.errands().map(\.machine) == ["n01"])
        story.rows.change("n01") { $0.isPinned = true }
        #expect(story.errands().isEmpty)
        story.wait(.minutes(11))
        #expect(story["n01"].part?.reason == "is pinned" && story["n01"].boot.assigned == a)
        #expect(story.granted == ["n02"])
    }

    @Test("a machine that is healthy when its second reboot was asked for is not done before it went down or stays up")
    func lateHealth() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.reboot(FleetStory.silent)
        story.wait(.minutes(11))
        story.answer("n01", .done)
        story.heal("n01")
        story.tick()
        #expect(story["n01"].part?.phase == .rebooting && story.granted == ["n01"])
        story.boot("n01")
        story.tick()
        #expect(story["n01"].part?.phase == .done && story.granted == ["n02"])
    }

    @Test("a canary that used up its tries failed, though a person pins it before anybody looks")
    func pinnedAfterFailure() throws {
        var story = FleetStory(3)
        _ = try story.start(quick { $0.canary.count = .count(1) })
        story.reboot(FleetStory.silent)
        story.boot("n01", FleetStory.silent)
        story.boot("n01")
        story.rows.change("n01") { $0.isPinned = true }
        story.tick()
        #expect(story["n01"].part?.phase == .failed)
        guard case .held(let hold) = story.roll.status else { throw Unexpected(story.roll.status) }
        #expect(hold.cause == .canaryFailed)
    }

    @Test("a system that says that it is not well is rebooted after a minute, not when a boot would be late")
    func farewell() throws {
        var story = FleetStory(3)
        _ = try story.start(quick { $0.minHealthy = .minutes(30) })
        story.reboot()
        story.report("n01", failed: "out of memory")
        story.tick()
        #expect(story["n01"].part?.phase == .failed)
        story.wait(.seconds(30))
        #expect(story.errands().isEmpty)
        story.wait(.seconds(30))
        #expect(story.errands().map(\.kind) == [.reboot(hard: true)])
        story.reboot()
        #expect(story["n01"].boot.running == a && story["n01"].isHealthy)
    }
}

@Suite("Drains")
struct RollDrainTests {
    static func draining(_ timeout: RollSpec.Drain.Timeout = .skip) -> RollSpec {
        quick { $0.drain = .init(hook: .command(["drain"]), deadline: .minutes(5), onTimeout: timeout) }
    }

    @Test("drained, rebooted, and said to be back")
    func drains() throws {
        var story = FleetStory(2)
        _ = try story.start(Self.draining())
        #expect(story.errands().map(\.kind) == [.drain])
        story.answer("n01", .done)
        #expect(story.errands().map(\.kind) == [.reboot(hard: false)])
        story.reboot()
        #expect(story.errands().contains { $0.machine == "n01" && $0.kind == .undrain })
        story.answer("n01", .done)
        #expect(story["n01"].part?.isDrained == false)
    }

    @Test("a hook that says again is asked again after a while")
    func again() throws {
        var story = FleetStory(2)
        _ = try story.start(Self.draining())
        story.answer("n01", .again("3 pods are left"))
        #expect(story.errands().isEmpty)
        story.wait(.seconds(30))
        #expect(story.errands().map(\.kind) == [.drain])
    }

    @Test("who is not drained yet is waited for by its reason, also while its hook is asked again")
    func waitsForDrain() throws {
        var story = FleetStory(2)
        let id = try story.start(Self.draining())
        func waiting() -> [String] {
            story.rows.waitingFor(id, now: story.wall, zones: .utc).filter { $0.cause == .drain }.map(\.description)
        }
        #expect(waiting().isEmpty, "its hook has said nothing yet")
        story.answer("n01", .again("http://drain did not answer: Connection refused"))
        story.wait(.seconds(30))
        #expect(story.errands().map(\.kind) == [.drain])
        let reason = "http://drain did not answer: Connection refused"
        #expect(waiting() == ["n01 is not drained: \(reason); in 4m30s it is passed over"])
        story.wait(.minutes(6))
        #expect(story["n01"].part?.reason == "was not drained within 5m: \(reason)")
    }

    @Test("a hook that does not take note that a machine is back is an alarm, raised once, until it does")
    func undrains() throws {
        var story = FleetStory(2)
        _ = try story.start(Self.draining())
        story.answer("n01", .done)
        story.reboot()
        let alarm = Alarm.Key.undrain(machine: "n01")
        #expect(story.rows.alarms[alarm] == nil)
        story.answer("n01", .again("nobody there"))
        #expect(story.rows.alarms[alarm]?.message.hasSuffix("nobody there") == true)
        story.wait(.seconds(90))
        #expect(story.errands().contains { $0.machine == "n01" && $0.kind == .undrain })
        #expect(story.rows.alarms[alarm] != nil, "it stands while the hook is asked again")
        story.answer("n01", .refused("no such node"))
        #expect(story.rows.alarms[alarm]?.message.hasSuffix("no such node") == true)
        story.wait(.seconds(90))
        story.answer("n01", .done)
        #expect(story.rows.alarms[alarm] == nil && story["n01"].part?.isDrained == false)
    }

    @Test("a drain that is refused or late leaves the machine out and gives it back")
    func skips() throws {
        var story = FleetStory(3)
        _ = try story.start(Self.draining())
        story.answer("n01", .refused("last replica"))
        #expect(story["n01"].part?.reason == "its drain was refused: last replica")
        #expect(story["n01"].boot.assigned == a)
        #expect(story.errands().contains { $0.machine == "n01" && $0.kind == .undrain })
        story.wait(.minutes(6))
        #expect(story["n02"].part?.reason == "was not drained within 5m")
    }

    @Test("onTimeout: force reboots it all the same")
    func forces() throws {
        var story = FleetStory(2)
        _ = try story.start(Self.draining(.force))
        story.wait(.minutes(6))
        #expect(story.errands().map(\.kind) == [.reboot(hard: false)])
    }
}
