import Rollout
import Testing
import Vocabulary

/// Lives of a machine, of everything that can happen in any order: what is promised of tries and grants holds in all.
@Suite("What holds for a machine whatever happens to it")
struct BootRulesModelTests {
    private enum Step: CaseIterable {
        case wish, withdraw, grant, script, discover, fetch, heal, up, healthyReport, failedReport, wait
    }

    /// Numbers that look random and are the same in each run (SplitMix64).
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    private struct Life {
        var story = Story()
        var closed: [ClosedBoot] = []

        mutating func live(_ step: Step, _ generator: inout Generator) {
            switch step {
            case .wish: _ = story.rules.intend([a, b, c].randomElement(using: &generator), for: &story.state)
            case .withdraw: _ = story.rules.intend(nil, for: &story.state)
            case .grant: if let wish = story.state.desired { story.rules.grant(wish, to: &story.state) }
            case .script:
                switch story.script() {
                case .begin(_, let closing), .wait(_, let closing): closed += [closing].compactMap(\.self)
                case .join: break
                }
            case .discover: closed += [story.discover()].compactMap(\.self)
            case .fetch: story.fetch()
            case .heal: story.heal()
            case .up, .healthyReport: report(isHealthy: step == .healthyReport)
            case .failedReport:
                let report = story.rules.reportedFailed(
                    &story.state,
                    open: &story.open,
                    reason: "no",
                    now: second(story.now)
                )
                if case .failed(let boot) = report { closed.append(boot) }
            case .wait: story.now += Int64.random(in: 1...90, using: &generator)
            }
        }

        private mutating func report(isHealthy: Bool) {
            guard var boot = story.open else { return }
            let now = second(story.now)
            if isHealthy {
                _ = story.rules.reportedHealthy(&story.state, open: &boot, decides: true, now: now)
            } else {
                _ = story.rules.reportedUp(&story.state, open: &boot, now: now)
            }
            story.open = boot
        }
    }

    @Test("A hundred lives of two hundred steps", arguments: [BootRules.Adoption.roll, .nextBoot])
    func lives(_ adopt: BootRules.Adoption) {
        var generator = Generator(state: adopt == .roll ? 1 : 2)
        for _ in 0..<100 {
            var life = Life()
            life.story.adopt = adopt
            life.story.rules.tries = Int.random(in: 1...3, using: &generator)
            for _ in 0..<200 {
                let step = Step.allCases.randomElement(using: &generator) ?? .script
                let before = life.story
                life.live(step, &generator)
                guard holds(step, before, life.story) else {
                    Issue.record("\(step) made \(before.state), \(String(describing: before.open)) into \(life.story)")
                    return
                }
            }
            let ids = life.closed.map(\.boot.id)
            #expect(Set(ids).count == ids.count, "a boot is closed once")
            #expect(life.closed.allSatisfy { ($0.boot.healthy != nil) == ($0.outcome == .ended) })
        }
    }

    /// Everything that must be true of what one step made.
    private func holds(_ step: Step, _ before: Story, _ after: Story) -> Bool {
        let (old, new) = (before.state, after.state)
        let spent = old.triesLeft - new.triesLeft
        let isNewGrant = new.generation > old.generation
        let losesProof = old.isProven && new.assigned == old.assigned && new.lastGood != old.lastGood
        return new.generation >= old.generation && new.bootEpoch >= old.bootEpoch && new.triesLeft >= 0
            // Only a grant changes what is assigned: of a person, of a first wish, or of a reboot that may take it up.
            && (new.assigned == old.assigned || isNewGrant || step == .heal || step == .healthyReport)
            && (!isNewGrant || mayGrant(step, before))
            // A try is spent when an unproven image was fetched whole, one at a time, and by nothing else.
            && (isNewGrant || losesProof || spent == 0
                || spent == 1 && before.open?.fetched == nil && old.assigned != old.lastGood)
            // An image that was proven until another one was found good has all its tries, as if it were granted anew.
            && (!losesProof || new.triesLeft == after.rules.tries)
            // What is good was found so in the boot that is open.
            && (new.lastGood == old.lastGood || new.lastGood == after.open?.image && after.open?.healthy != nil)
            && answers(after)
    }

    private func mayGrant(_ step: Step, _ before: Story) -> Bool {
        switch step {
        case .grant: true
        case .wish, .withdraw: before.state.lastGood == nil
        case .script: before.adopt == .nextBoot
        default: false
        }
    }

    /// What the machine gets now is what it is assigned while that is proven or has tries left, else its last good one.
    private func answers(_ story: Story) -> Bool {
        let state = story.state
        switch story.rules.choice(state, now: second(story.now)) {
        case .proven(let image): return image == state.assigned && image == state.lastGood
        case .trial(let image):
            return image == state.assigned && image != state.lastGood && (state.triesLeft > 0 || state.lastGood == nil)
        case .lastGood(let image): return image == state.lastGood && image != state.assigned && state.triesLeft == 0
        case .nothing: return state.assigned == nil && state.lastGood == nil
        case .held(let until): return state.lastGood == nil && state.triesLeft == 0 && until > second(story.now)
        }
    }
}

/// Each way to know health, by how the life of a first image goes on: what is good then, and what a second boot gets.
@Suite("Proving a second image, by adoption and by what happens")
struct OutcomeTableTests {
    enum Ending: CaseIterable { case healthy, cameBack, reportedFailed, cutWhileFetching }

    struct Case: CustomTestStringConvertible {
        var adopt: BootRules.Adoption
        var ending: Ending
        /// After one boot of the new image, and after two.
        var expected: [BootRules.Choice]
        var testDescription: String { "\(adopt) \(ending)" }
    }

    /// A machine that is good on a and gets b: by a grant with two tries, or by rebooting with one.
    static let cases: [Case] = [
        Case(adopt: .roll, ending: .healthy, expected: [.proven(b), .proven(b)]),
        Case(adopt: .roll, ending: .cameBack, expected: [.trial(b), .lastGood(a)]),
        Case(adopt: .roll, ending: .reportedFailed, expected: [.trial(b), .lastGood(a)]),
        Case(adopt: .roll, ending: .cutWhileFetching, expected: [.trial(b), .trial(b)]),
        Case(adopt: .nextBoot, ending: .healthy, expected: [.proven(b), .proven(b)]),
        Case(adopt: .nextBoot, ending: .cameBack, expected: [.lastGood(a), .lastGood(a)]),
        Case(adopt: .nextBoot, ending: .reportedFailed, expected: [.lastGood(a), .lastGood(a)]),
        Case(adopt: .nextBoot, ending: .cutWhileFetching, expected: [.trial(b), .trial(b)]),
    ]

    @Test("What the machine gets afterwards", arguments: cases)
    func outcome(_ example: Case) {
        var story = Story()
        story.adopt = example.adopt
        story.state = MachineBootState(desired: a, assigned: a, lastGood: a)
        _ = story.rules.intend(b, for: &story.state)
        if example.adopt == .roll { story.rules.grant(b, to: &story.state) }
        for expected in example.expected {
            _ = story.script()
            switch example.ending {
            case .healthy:
                story.fetch()
                story.heal()
                _ = story.discover()
            case .cameBack:
                story.fetch()
                _ = story.discover()
            case .reportedFailed:
                _ = story.rules.reportedFailed(&story.state, open: &story.open, reason: "no", now: second(0))
            case .cutWhileFetching: _ = story.discover()
            }
            #expect(story.rules.choice(story.state, now: second(1)) == expected)
        }
    }

    @Test("Reverted, a machine is proven on its last good image again, which stays; another wish is another chance")
    func afterReverting() {
        var story = Story()
        story.state = MachineBootState(desired: b, assigned: b, lastGood: a, triesLeft: 0, phase: .reverted)
        for _ in 0..<5 {
            _ = story.script()
            #expect(story.open?.image == a && story.open?.isTrial == false)
            story.fetch()
            story.heal()
            #expect(story.state.phase == .reverted && story.state.assigned == b)
        }
        _ = story.rules.intend(c, for: &story.state)
        #expect(story.rules.choice(story.state, now: second(0)) == .lastGood(a), "roll: not by itself")
        story.rules.grant(c, to: &story.state)
        #expect(story.rules.choice(story.state, now: second(0)) == .trial(c))
    }
}
