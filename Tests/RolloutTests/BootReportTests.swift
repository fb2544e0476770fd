import Rollout
import Testing
import Vocabulary

/// What a system reported, in the words of the tables.
private enum Word: Sendable {
    case up, healthy
    case failed(String)
}

extension Story {
    fileprivate mutating func report(_ word: Word, decides: Bool = true) -> BootRules.Reported {
        guard var boot = open else { return .known }
        switch word {
        case .up:
            let reported = rules.reportedUp(&state, open: &boot, now: second(now))
            open = boot
            return reported
        case .healthy:
            let reported = rules.reportedHealthy(&state, open: &boot, decides: decides, now: second(now))
            open = boot
            return reported
        case .failed(let why):
            return rules.reportedFailed(&state, open: &open, reason: why, now: second(now))
        }
    }

    /// A machine that fetched its first image whole.
    fileprivate static func fetched(lastGood: Digest? = nil) -> Story {
        var story = Story()
        story.state = MachineBootState(desired: b, assigned: lastGood, lastGood: lastGood)
        story.rules.grant(b, to: &story.state)
        _ = story.script()
        story.fetch()
        return story
    }
}

@Suite("What a system says of itself")
struct BootReportTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        fileprivate var words: [Word]
        var decides = true
        fileprivate var last: BootRules.Reported
        var lastGood: Digest?
        var isOpen = true
    }

    static let cases: [Case] = [
        Case(testDescription: "up is not healthy", words: [.up], last: .up),
        Case(testDescription: "up twice", words: [.up, .up], last: .known),
        Case(testDescription: "up and healthy", words: [.up, .healthy], last: .healthy, lastGood: b),
        Case(testDescription: "healthy at once", words: [.healthy], last: .healthy, lastGood: b),
        Case(testDescription: "healthy twice", words: [.healthy, .healthy], last: .known, lastGood: b),
        Case(testDescription: "up after healthy is old news", words: [.healthy, .up], last: .known, lastGood: b),
        Case(
            testDescription: "its word does not count where the profile asks elsewhere",
            words: [.healthy],
            decides: false,
            last: .up
        ),
        Case(
            testDescription: "nor a second time",
            words: [.healthy, .healthy],
            decides: false,
            last: .known
        ),
        Case(
            testDescription: "not well after it was healthy: the boot goes on, the image stays good",
            words: [.healthy, .failed("disk")],
            last: .ailing,
            lastGood: b
        ),
        Case(
            testDescription: "the same said again",
            words: [.healthy, .failed("disk"), .failed("disk")],
            last: .known,
            lastGood: b
        ),
        Case(
            testDescription: "well again",
            words: [.healthy, .failed("disk"), .healthy],
            last: .healthy,
            lastGood: b
        ),
    ]

    @Test("Reports in order", arguments: cases)
    func order(_ example: Case) {
        var story = Story.fetched()
        var last = BootRules.Reported.known
        for word in example.words { last = story.report(word, decides: example.decides) }
        #expect(last == example.last)
        #expect(story.state.lastGood == example.lastGood)
        #expect((story.open != nil) == example.isOpen)
        #expect(story.state.triesLeft == 1)
    }

    @Test("Failed before it was healthy ends the boot, once, with one try", arguments: [true, false])
    func failing(isUp: Bool) {
        var story = Story.fetched(lastGood: a)
        if isUp { _ = story.report(.up) }
        guard case .failed(let closed) = story.report(.failed("dhcp: no lease")) else {
            Issue.record("not failed")
            return
        }
        #expect(closed.outcome == .failed && closed.reason == "dhcp: no lease" && closed.boot.image == b)
        #expect(story.open == nil && story.state.triesLeft == 1 && story.state.phase == .granted)
        #expect(story.report(.failed("dhcp: no lease")) == .known)
        #expect(story.rules.choice(story.state, now: second(0)) == .trial(b))
        _ = story.script()
        story.fetch()
        _ = story.report(.failed("dhcp: no lease"))
        #expect(story.state.phase == .reverted && story.rules.choice(story.state, now: second(0)) == .lastGood(a))
    }

    @Test("A system that reports has fetched everything, whether that was seen or not")
    func unseen() {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        #expect(story.report(.up) == .up)
        #expect(story.open?.fetched != nil && story.state.triesLeft == 1 && story.state.phase == .probation)
    }

    @Test("One that should report and is silent is said to be, and still counts when it speaks")
    func silence() {
        var story = Story.fetched()
        guard let open = story.open else { return }
        #expect(story.rules.foundSilent(&story.state, open: open))
        #expect(story.state.reason?.contains("has not said that it is up within 10 minutes") == true)
        #expect(story.state.phase == .probation)
        #expect(story.report(.healthy) == .healthy)
        #expect(story.state.reason == nil && story.state.lastGood == b)
        guard let healthy = story.open else { return }
        #expect(!story.rules.foundSilent(&story.state, open: healthy))
    }

    @Test("A script after what was handed out once begins another boot, and nobody failed")
    func handedOut() {
        var story = Story()
        _ = story.rules.intend(a, for: &story.state)
        _ = story.script()
        let first = story.open
        story.open?.isHandedOut = true
        #expect(story.discover() == nil, "an operating system that has not come to report is not closed by DHCP")
        guard case .begin(let second, let closing) = story.script() else {
            Issue.record("no other boot")
            return
        }
        #expect(second.id != first?.id && closing?.outcome == .superseded && closing?.boot.id == first?.id)
        #expect(story.state.triesLeft == 2)
    }
}
