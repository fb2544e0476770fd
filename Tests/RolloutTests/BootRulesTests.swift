import Rollout
import Testing
import Vocabulary

/// Short names for the images and times of the tables.
func image(_ digit: Character) -> Digest { Digest(hex: String(repeating: digit, count: 64))! }
let a = image("a"), b = image("b"), c = image("c")
func second(_ count: Int64) -> Timestamp { Timestamp(milliseconds: 1_000_000_000_000 + count * 1000) }

/// A machine and what happens to it, so that a test reads like the story of a boot.
struct Story {
    var state = MachineBootState()
    var open: OpenBoot?
    var adopt = BootRules.Adoption.roll
    var rules = BootRules()
    var now: Int64 = 0
    private var made: UInt64 = 0

    mutating func script() -> BootRules.ScriptDecision {
        made += 1
        let id = BootID(milliseconds: made)
        return rules.scriptRequested(&state, open: &open, adopt: adopt, now: second(now), makeID: { id })
    }
    mutating func discover() -> ClosedBoot? { rules.discovered(&state, open: &open, now: second(now)) }
    mutating func fetch() {
        guard var boot = open else { return }
        _ = rules.fetchedWhole(&state, open: &boot, now: second(now))
        open = boot
    }
    mutating func heal() {
        guard var boot = open else { return }
        _ = rules.foundHealthy(&state, open: &boot, now: second(now))
        open = boot
    }
    /// A boot that is fetched whole, and comes back before it is healthy.
    mutating func fail() -> ClosedBoot? {
        _ = script()
        fetch()
        return discover()
    }
}

@Suite("What a machine gets if it boots now")
struct ChoiceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var assigned: Digest?
        var lastGood: Digest?
        var triesLeft = 0
        var deadline: Timestamp?
        var expected: BootRules.Choice
    }

    static let cases: [Case] = [
        Case(testDescription: "nothing was ever granted", expected: .nothing),
        Case(testDescription: "proven", assigned: a, lastGood: a, expected: .proven(a)),
        Case(
            testDescription: "proven, whatever tries say",
            assigned: a,
            lastGood: a,
            triesLeft: 2,
            expected: .proven(a)
        ),
        Case(testDescription: "unproven with tries", assigned: b, lastGood: a, triesLeft: 1, expected: .trial(b)),
        Case(testDescription: "unproven without tries", assigned: b, lastGood: a, expected: .lastGood(a)),
        Case(testDescription: "first image with tries", assigned: a, triesLeft: 2, expected: .trial(a)),
        Case(
            testDescription: "first image without tries waits",
            assigned: a,
            deadline: second(30),
            expected: .held(until: second(30))
        ),
        Case(testDescription: "and is tried again", assigned: a, deadline: second(0), expected: .trial(a)),
        Case(
            testDescription: "a clock set back holds nobody",
            assigned: a,
            deadline: second(86_400),
            expected: .trial(a)
        ),
        Case(testDescription: "withdrawn after it was good", lastGood: a, expected: .lastGood(a)),
    ]

    @Test("The choice", arguments: cases)
    func choice(_ example: Case) {
        let state = MachineBootState(
            assigned: example.assigned,
            lastGood: example.lastGood,
            triesLeft: example.triesLeft,
            deadline: example.deadline
        )
        #expect(BootRules().choice(state, now: second(10)) == example.expected)
    }
}

@Suite("What makes a boot, joins it and closes it")
struct BootBoundaryTests {
    @Test("A script with a kernel makes a boot; one without makes none")
    func making() {
        var story = Story()
        guard case .wait(.nothing, nil) = story.script() else {
            Issue.record("nothing granted, yet a boot")
            return
        }
        #expect(story.open == nil && story.state.bootEpoch == 0)
        _ = story.rules.intend(a, for: &story.state)
        guard case .begin(let boot, nil) = story.script() else {
            Issue.record("no boot was begun")
            return
        }
        #expect(boot.image == a && boot.isTrial && story.open == boot)
        #expect(story.state.bootEpoch == 1 && story.state.phase == .booting)
    }

    @Test("123: Scripts and DISCOVERs join until everything was fetched whole, however late they come")
    func joining() throws {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        let first = try #require(story.open)
        for later in [1, 60, 3600, 1_000_000] as [Int64] {
            story.now = later
            #expect(story.discover() == nil)
            #expect(story.script() == .join(first))
        }
        #expect(story.state.triesLeft == 2 && story.state.bootEpoch == 1)
    }

    @Test("Fetching everything spends a try, once")
    func spending() {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        story.fetch()
        #expect(story.state.triesLeft == 1 && story.state.phase == .probation && story.state.running == a)
        story.fetch()
        #expect(story.state.triesLeft == 1)
    }

    @Test("A proven image spends none")
    func sparing() {
        var story = Story()
        story.state = MachineBootState(assigned: a, lastGood: a, triesLeft: 0)
        _ = story.script()
        story.fetch()
        #expect(story.state.triesLeft == 0)
        #expect(story.rules.choice(story.state, now: second(0)) == .proven(a))
    }

    @Test("After it, a DISCOVER or a script closes the boot", arguments: [true, false], [true, false])
    func closing(byDiscover: Bool, healthy: Bool) throws {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        story.fetch()
        if healthy { story.heal() }
        let first = try #require(story.open)
        let closed: ClosedBoot?
        if byDiscover {
            closed = story.discover()
            #expect(story.open == nil)
        } else {
            guard case .begin(let next, let closing) = story.script() else {
                Issue.record("no next boot")
                return
            }
            #expect(next.id != first.id)
            closed = closing
        }
        #expect(closed?.boot.id == first.id)
        #expect(closed?.outcome == (healthy ? .ended : .failed))
    }

    @Test("Another image granted before anything was fetched begins another boot, and nobody failed")
    func superseding() {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        story.rules.grant(b, to: &story.state)
        guard case .begin(let boot, let closed) = story.script() else {
            Issue.record("no boot of b")
            return
        }
        #expect(boot.image == b && closed?.outcome == .superseded)
        #expect(story.state.triesLeft == 2)
    }
}

@Suite("How an image is proven, and what becomes of one that is not")
struct ProvingTests {
    @Test("Healthy makes it the last good one")
    func proving() {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        story.fetch()
        story.heal()
        #expect(story.state.lastGood == a && story.state.phase == .steady && story.state.reason == nil)
        #expect(story.rules.choice(story.state, now: second(0)) == .proven(a))
    }

    @Test("Two failures of a new image take the machine back to its last good one")
    func reverting() {
        var story = Story()
        story.state = MachineBootState(desired: b, assigned: a, lastGood: a)
        story.rules.grant(b, to: &story.state)
        #expect(story.fail()?.outcome == .failed)
        #expect(story.rules.choice(story.state, now: second(0)) == .trial(b))
        #expect(story.state.phase == .granted)
        #expect(story.fail()?.outcome == .failed)
        #expect(story.rules.choice(story.state, now: second(0)) == .lastGood(a))
        #expect(story.state.phase == .reverted)
        _ = story.script()
        story.fetch()
        story.heal()
        #expect(story.state.phase == .reverted && story.state.lastGood == a && story.state.assigned == b)
    }

    @Test("Without a last good one the machine is held, longer each time, and tried again")
    func holding() {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.fail()
        _ = story.fail()
        #expect(story.state.phase == .stuck)
        var waits: [Duration] = []
        for _ in 0..<6 {
            guard case .held(let until) = story.rules.choice(story.state, now: second(story.now)) else {
                Issue.record("not held")
                return
            }
            waits.append(until - second(story.now))
            guard case .wait(.held, nil) = story.script() else {
                Issue.record("booted while held")
                return
            }
            story.now += waits.last!.milliseconds / 1000
            #expect(story.fail()?.outcome == .failed)
        }
        #expect(waits == [5, 10, 20, 40, 60, 60].map { .seconds($0) })
    }

    @Test("A proven image that fails stays, and says how often")
    func provenFailing() {
        var story = Story()
        story.state = MachineBootState(desired: a, assigned: a, lastGood: a)
        _ = story.fail()
        _ = story.fail()
        #expect(story.rules.choice(story.state, now: second(0)) == .proven(a))
        #expect(story.state.failures == 2 && story.state.reason?.contains("2 boots") == true)
    }

    @Test("Who is granted the last good image while a boot of another settles gets it, though that is healthy")
    func lateHealthOfTrial() {
        var story = Story()
        story.state = MachineBootState(desired: b, assigned: a, lastGood: a)
        story.rules.grant(b, to: &story.state)
        _ = story.script()
        story.fetch()
        story.rules.grant(a, to: &story.state)
        story.heal()
        #expect(story.state.lastGood == b && story.state.assigned == a && story.state.phase == .granted)
        #expect(story.state.triesLeft == story.rules.tries)
        #expect(story.rules.choice(story.state, now: second(0)) == .trial(a))
    }

    @Test("An image that was replaced while its boot settled is still proven")
    func lateHealth() {
        var story = Story()
        story.state = MachineBootState(desired: a, assigned: a, lastGood: a)
        _ = story.script()
        story.fetch()
        story.rules.grant(b, to: &story.state)
        story.heal()
        #expect(story.state.lastGood == a && story.state.assigned == b && story.state.phase == .granted)
        #expect(story.rules.choice(story.state, now: second(0)) == .trial(b))
    }
}

@Suite("Who is granted what, and when")
struct GrantTests {
    @Test("A machine without a last good image is granted its wish at once, and a changed one too")
    func firstWish() {
        var story = Story()
        #expect(story.rules.intend(a, for: &story.state))
        #expect(story.state.assigned == a && story.state.triesLeft == 2 && story.state.generation == 1)
        #expect(!story.rules.intend(a, for: &story.state))
        #expect(story.rules.intend(b, for: &story.state))
        #expect(story.state.assigned == b && story.state.generation == 2)
        #expect(story.rules.intend(nil, for: &story.state))
        #expect(story.rules.choice(story.state, now: second(0)) == .nothing)
    }

    @Test("With one, a wish changes nothing until it is granted", arguments: [b, c, nil])
    func staged(_ wish: Digest?) {
        var story = Story()
        story.state = MachineBootState(desired: a, assigned: a, lastGood: a)
        #expect(story.rules.intend(wish, for: &story.state))
        #expect(story.state.desired == wish && story.state.assigned == a)
        _ = story.script()
        #expect(story.open?.image == a)
    }

    @Test("adopt: nextBoot takes it up on the way into a boot, with one try")
    func nextBoot() {
        var story = Story()
        story.adopt = .nextBoot
        story.state = MachineBootState(desired: a, assigned: a, lastGood: a)
        _ = story.rules.intend(b, for: &story.state)
        #expect(story.state.assigned == a)
        #expect(story.fail()?.boot.image == b)
        #expect(story.state.phase == .reverted)
        for _ in 0..<3 {
            _ = story.script()
            #expect(story.open?.image == a, "what failed is not taken up again by itself")
            story.fetch()
            story.heal()
        }
        _ = story.rules.intend(c, for: &story.state)
        _ = story.script()
        #expect(story.open?.image == c)
    }

    @Test("A boot that is being fetched is not changed under the machine by nextBoot")
    func nextBootJoins() throws {
        var story = Story()
        story.adopt = .nextBoot
        story.state = MachineBootState(desired: a, assigned: a, lastGood: a)
        _ = story.script()
        let boot = try #require(story.open)
        _ = story.rules.intend(b, for: &story.state)
        #expect(story.script() == .join(boot))
    }

    @Test("Granting again gives new tries; granting what is proven needs none")
    func granting() {
        var story = Story()
        story.state = MachineBootState(desired: b, assigned: b, lastGood: a, triesLeft: 0)
        story.rules.grant(b, to: &story.state)
        #expect(story.state.triesLeft == 2)
        story.rules.grant(a, to: &story.state)
        #expect(story.state.triesLeft == 0 && story.rules.choice(story.state, now: second(0)) == .proven(a))
        #expect(story.state.generation == 2)
    }

    @Test("A machine that is taken away fails nothing")
    func abandoning() {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        story.fetch()
        let closed = story.rules.abandon(&story.state, open: &story.open, reason: "removed")
        #expect(closed?.outcome == .superseded && story.open == nil && story.state.failures == 0)
    }
}
