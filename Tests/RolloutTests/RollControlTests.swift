import Foundation
import Rollout
import Testing
import Vocabulary

@Suite("What people and the brake say")
struct RollControlTests {
    @Test("a pause gives no turns and lets those who have theirs go on")
    func pause() throws {
        var story = FleetStory(3)
        let id = try story.start()
        try story.rows.perform(.pause, on: id)
        story.reboot()
        story.wait(.minutes(10))
        #expect(story["n01"].part?.phase == .done)
        #expect(story.granted.isEmpty)
        try story.rows.perform(.resume, on: id)
        story.tick()
        #expect(story.granted == ["n02"])
    }

    @Test("abort takes back what nobody booted, and the intent")
    func abort() throws {
        var story = FleetStory(4)
        let id = try story.start(
            quick {
                $0.maxUnavailable = .count(2)
                $0.reboot = .none
            }
        )
        let reasons = story.rows.waitingFor(id, now: story.wall, zones: story.zones).map(\.description)
        #expect(reasons.first == "2 having their turn (n01, n02); nobody reboots n01, n02 but they themselves")
        story.boot("n02")
        story.tick()
        try story.rows.perform(.abort, on: id)
        story.tick()
        #expect(story.granted.isEmpty)
        for name in ["n01", "n03", "n04"] {
            #expect(story[name].boot.assigned == a && story[name].boot.desired == a, "\(name)")
        }
        #expect(story["n02"].boot.assigned == b && story["n02"].boot.desired == b)
    }

    @Test("rollback brings back newest first, under the same budget")
    func rollback() throws {
        var story = FleetStory(5)
        let id = try story.start()
        for _ in 0..<3 { story.reboot() }
        #expect(story.granted == ["n04"])
        try story.rows.perform(.rollback, on: id)
        story.tick()
        #expect(story["n04"].boot.assigned == a, "was granted and never booted")
        #expect(story.granted == ["n04"], "its reboot was asked for: it may go down any moment")
        story.reboot()
        #expect(story["n04"].part?.phase == .done)
        #expect(story.granted == ["n03"])
        story.reboot()
        #expect(story.granted == ["n02"])
        story.goOn()
        story.wait(.minutes(1))
        #expect(story.roll.status == .ended(.done))
        #expect(story.rows.machines.allSatisfy { $0.boot.running == a && $0.boot.desired == a })
    }

    @Test("a reboot that was asked for before a rollback is the rollback's: done once, and in its budget")
    func rollbackOfReboot() throws {
        var story = FleetStory(3)
        let id = try story.start()
        let number = try #require(story["n01"].part?.errand?.number)
        let asked = story.errands().map(\.machine)
        try story.rows.perform(.rollback, on: id)
        story.tick()
        #expect(story.errands().map(\.machine) == asked, "it is the same errand")
        try story.rows.record(.done, of: "n01", number: number, epoch: story.epoch)
        story.tick()
        #expect(story.errands().isEmpty && story["n01"].isUnavailable && story.roll.isOpen)
        story.boot("n01")
        story.tick()
        #expect(story["n01"].part?.phase == .done && story["n01"].boot.running == a)
        #expect(story.roll.status == .ended(.done))
    }

    @Test("a rollback does not wait for a machine whose reboot was refused")
    func rollbackOfRefusedReboot() throws {
        var story = FleetStory(3)
        let id = try story.start()
        try story.rows.record(
            .refused("no session"),
            of: "n01",
            number: try #require(story["n01"].part?.errand?.number),
            epoch: story.epoch
        )
        try story.rows.perform(.rollback, on: id)
        story.tick()
        #expect(story["n01"].part?.phase == .done && story["n01"].boot.assigned == a && story.errands().isEmpty)
        #expect(story.roll.status == .ended(.done))
    }

    @Test("a machine that is healthy on the new image after its rollback was granted boots the old one all the same")
    func rollbackOfTrial() throws {
        var story = FleetStory(3)
        let id = try story.start()
        story.answer("n01", .done)
        story.boot("n01", FleetStory.silent)
        story.tick()
        try story.rows.perform(.rollback, on: id)
        story.tick()
        #expect(story["n01"].boot.assigned == a && story.granted == ["n01"])
        story.heal("n01")
        story.tick()
        #expect(story["n01"].boot.lastGood == b)
        story.reboot()
        #expect(story["n01"].part?.phase == .done && story["n01"].boot.running == a && story["n01"].boot.lastGood == a)
        #expect(story.roll.status == .ended(.done))
    }

    @Test("a frozen fleet has no grants and no power actions")
    func freeze() throws {
        var story = FleetStory(3)
        _ = try story.start()
        story.rows.freeze("storm")
        story.wait(.minutes(60))
        #expect(story.errands().isEmpty)
        #expect(story["n01"].part?.reboots == 1)
        #expect(story.rows.alarms[.frozen]?.message == "the fleet is frozen: storm")
        story.rows.thaw()
        story.tick()
        #expect(story.rows.alarms[.frozen] == nil)
        #expect(!story.errands().isEmpty)
    }

    @Test("too many machines that turn sick at once freeze the fleet; a few, or slowly, do not")
    func brake() throws {
        var story = FleetStory(20)
        for name in ["n01", "n02", "n03", "n04"] { story.lose(name) }
        story.tick()
        #expect(story.rows.freeze == nil)
        story.wait(.minutes(11))
        story.lose("n05")
        story.tick()
        #expect(story.rows.freeze == nil)
        for name in ["n06", "n07", "n08", "n09"] { story.lose(name) }
        story.tick()
        #expect(story.rows.freeze == FleetRows.Freeze(.brake, "5 of 20 machines turned sick within 10m"))
        story.rows.thaw()
        story.tick()
        #expect(story.rows.freeze == nil, "the same machines do not freeze it twice")
    }

    @Test("a roll's own reboots do not pull the brake")
    func brakeKnowsRolls() throws {
        var story = FleetStory(10)
        _ = try story.start(quick { $0.maxUnavailable = .count(10) })
        for name in story.granted { story.begin(name) }
        story.tick()
        #expect(story.rows.freeze == nil)
    }

    @Test("who lost the lease writes nothing")
    func fenced() throws {
        var story = FleetStory(3)
        _ = try story.rows.start(
            RollRequest(profile: "web", title: "web@2", images: [.amd64: b], spec: quick()),
            now: story.wall,
            zones: story.zones
        )
        let decided = story.rows.decide(now: story.wall, zones: story.zones)
        #expect(decided == [.grant(machine: "n01", roll: RollID(rawValue: 1), generation: 1)])
        let epoch = story.rows.lease.take("there")
        let before = story.rows
        #expect(throws: DriverFenced.self) {
            try story.rows.apply(decided, epoch: epoch - 1)
        }
        #expect(story.rows == before)
        try story.rows.apply(decided, epoch: epoch)
        let once = story.rows
        try story.rows.apply(decided, epoch: epoch)
        #expect(story.rows == once, "stored twice is stored once")
    }

    @Test("the lease is free after its holder was silent, by one's own clock")
    func watch() {
        var lease = DriverLease()
        let epoch = lease.take("a")
        var watch = LeaseWatch(patience: .seconds(15))
        var free = [100, 114].map { watch.isFree(lease, uptime: .seconds($0)) }
        let renewed = lease.renew(epoch: epoch)
        free += [115, 129, 130].map { watch.isFree(lease, uptime: .seconds($0)) }
        #expect(free == [false, false, false, false, true])
        #expect(renewed)
        _ = lease.take("b")
        let renewedLate = lease.renew(epoch: epoch)
        #expect(!renewedLate)
    }

    @Test("a plan says who goes when, who does not and why, and what would refuse it")
    func plan() {
        var story = FleetStory(12, perRack: 3)
        story.rows.change("n02") { $0.state = .maintenance }
        story.rows.change("n03") { $0.isPinned = true }
        var spec = RollSpec()
        spec.per = ["rack": .count(1)]
        spec.waves = [.percent(50)]
        let request = RollRequest(profile: "web", title: "web@2", images: [.amd64: b], spec: spec)
        let plan = story.rows.plan(request, now: story.wall, zones: story.zones)
        #expect(plan.hasCanary)
        #expect(plan.stages == [["n01"], ["n04", "n07", "n10", "n05"], ["n08", "n11", "n06", "n09", "n12"]])
        #expect(plan.excluded.map { "\($0.machine) \($0.reason)" } == ["n02 is in maintenance", "n03 is pinned"])
        #expect(plan.refusals.isEmpty)
        let budget = plan.budgets.first
        #expect(budget?.place == "web" && budget?.limit == 1 && budget?.population == 11 && budget?.unavailable == 0)
        // Turns of 0 s + 2 m: 1, 4 and 5 of them one after the other; three bakes of 10 m.
        #expect(plan.estimate == .minutes(10 * 2 + 30))
        spec.maxUnavailable = .percent(0)
        spec.window = Window(timeZone: "Mars/Base")
        let refused = RollRequest(profile: "web", title: "web@2", images: [.amd64: b], spec: spec)
        #expect(
            story.rows.plan(refused, now: story.wall, zones: story.zones).refusals
                == ["no machine of web may ever be unavailable", "nobody here knows the time zone Mars/Base"]
        )
    }
}

@Suite("Windows")
struct WindowTests {
    static func moment(_ text: String) -> Timestamp {
        let date = ISO8601DateFormatter().date(from: text)!
        return Timestamp(milliseconds: Int64(date.timeIntervalSince1970) * 1000)
    }

    @Test(
        "open by the local clock, summer and winter",
        arguments: [
            ("2026-03-27T08:30:00Z", true), ("2026-03-27T07:59:00Z", false),
            // From the 29th on, Berlin is two hours ahead.
            ("2026-03-30T07:00:00Z", true), ("2026-03-30T06:59:00Z", false), ("2026-03-30T14:00:00Z", false),
            ("2026-10-26T07:30:00Z", false), ("2026-10-26T08:00:00Z", true),
            // A Sunday.
            ("2026-03-29T10:00:00Z", false),
        ]
    )
    func berlin(time: String, isOpen: Bool) throws {
        let days = Set(Window.Day.allCases).subtracting([.saturday, .sunday])
        let window = Window(days: days, from: 9 * 60, to: 16 * 60, timeZone: "Europe/Berlin")
        let moment = Self.moment(time)
        let offset = try #require(ZoneOffsets.system.offset("Europe/Berlin", moment))
        #expect(window.isOpen(at: moment, offset: offset) == isOpen)
    }

    @Test(
        "past midnight it is still the day on which it opened",
        arguments: [
            ("2026-11-20T23:00:00Z", true), ("2026-11-21T03:59:00Z", true), ("2026-11-21T04:00:00Z", false),
            ("2026-11-21T23:00:00Z", false), ("2026-11-20T03:00:00Z", false),
        ]
    )
    func night(time: String, isOpen: Bool) {
        let window = Window(days: [.friday], from: 22 * 60, to: 4 * 60)
        #expect(window.isOpen(at: Self.moment(time), offset: 0) == isOpen)
    }

    @Test("it says when it opens next")
    func opening() {
        let window = Window(days: [.monday], from: 9 * 60, to: 10 * 60, timeZone: "America/New_York")
        let next = window.nextOpening(from: Self.moment("2026-03-07T12:00:00Z"), zones: .system)
        // The clocks went forward on Sunday the 8th: four hours behind, not five.
        #expect(next == Self.moment("2026-03-09T13:00:00Z"))
    }
}
