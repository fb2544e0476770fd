import Rollout
import Testing
import Vocabulary

@Suite("A turn needs room in every budget")
struct RollBudgetTests {
    @Test(
        "as many as the profile's budget has places",
        arguments: [(.count(3), 3), (.percent(10), 1), (.percent(25), 2), (.percent(1), 1)] as [(Share, Int)]
    )
    func profile(limit: Share, expected: Int) throws {
        var story = FleetStory(10)
        _ = try story.start(quick { $0.maxUnavailable = limit })
        #expect(story.granted.count == expected)
    }

    @Test("who is down takes a place, for whatever reason")
    func downCounts() throws {
        var story = FleetStory(10)
        story.lose("n05")
        _ = try story.start(quick { $0.maxUnavailable = .count(2) })
        #expect(story.granted == ["n01"])
        let reasons = story.rows.waitingFor(story.roll.id, now: story.wall, zones: story.zones).map(\.description)
        #expect(
            reasons == [
                "1 having their turn (n01)",
                "web has 2 of 2 unavailable (n01: rebooting for 0s, n05: not healthy for 0s)",
            ]
        )
    }

    @Test("retired machines and those in maintenance take none", arguments: [MachineRow.State.maintenance, .retired])
    func outOfService(state: MachineRow.State) throws {
        var story = FleetStory(10)
        story.lose("n05")
        story.rows.change("n05") { $0.state = state }
        _ = try story.start(quick { $0.maxUnavailable = .count(2) })
        #expect(story.granted == ["n01", "n02"])
    }

    @Test("one in each rack, and the rest of the roll goes past the full ones")
    func domains() throws {
        var story = FleetStory(9, perRack: 3)
        story.lose("n05")
        _ = try story.start(
            quick {
                $0.maxUnavailable = .count(9)
                $0.per = ["rack": .count(1)]
            }
        )
        #expect(story.granted == ["n01", "n07"])
    }

    @Test("machines without the label share a domain")
    func noLabel() throws {
        var story = FleetStory(4)
        for name in ["n01", "n02", "n03", "n04"] { story.rows.change(name) { $0.labels = [:] } }
        _ = try story.start(
            quick {
                $0.maxUnavailable = .count(4)
                $0.per = ["rack": .count(2)]
            }
        )
        #expect(story.granted.count == 2)
    }

    @Test("rolls of one profile share the smaller of their budgets")
    func shared() throws {
        var story = FleetStory(8)
        _ = try story.start(quick { $0.maxUnavailable = .count(2) }, only: ["n01", "n02", "n03", "n04"])
        _ = try story.start(quick { $0.maxUnavailable = .count(5) }, only: ["n05", "n06", "n07", "n08"])
        #expect(story.granted == ["n01", "n02"])
    }

    @Test("the server's ceilings hold over all profiles")
    func ceilings() throws {
        var story = FleetStory(8)
        for name in ["n05", "n06", "n07", "n08"] { story.rows.change(name) { $0.profile = "db" } }
        story.rows.ceilings = .init(maxUnavailable: .count(3))
        _ = try story.start(quick { $0.maxUnavailable = .count(2) })
        _ = try story.start(quick { $0.maxUnavailable = .count(4) }, profile: "db")
        #expect(story.granted == ["n01", "n02", "n05"])
    }

    @Test("a machine that is down has no turn, and is passed over at the end")
    func illIsPassedOver() throws {
        var story = FleetStory(3)
        story.lose("n01")
        _ = try story.start(quick { $0.maxUnavailable = .count(2) })
        #expect(story.granted == ["n02"])
        story.goOn()
        #expect(story["n03"].part?.phase == .done)
        #expect(story["n01"].part?.phase == .waiting)
        story.wait(.minutes(11))
        #expect(story["n01"].part?.reason == "has not been healthy for 10m")
        #expect(story.roll.status == .ended(.done))
    }

    @Test("without room for an hour the roll is held, and says what is in the way")
    func stalls() throws {
        var story = FleetStory(4)
        story.lose("n04")
        _ = try story.start()
        #expect(story.granted.isEmpty)
        story.wait(.minutes(59))
        #expect(story.roll.isRunning)
        story.wait(.minutes(2))
        guard case .held(let hold) = story.roll.status else { throw Unexpected(story.roll.status) }
        #expect(hold.cause == .stalled)
        #expect(hold.reason.contains("web has 1 of 1 unavailable (n04: not healthy for"))
    }
}

struct Unexpected: Error {
    let found: String
    init(_ found: Any) { self.found = "\(found)" }
}
