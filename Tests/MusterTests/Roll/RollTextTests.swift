import Control
import Foundation
import Rollout
import Testing
import Vocabulary

@testable import muster

@Suite("A roll as people read it")
struct RollTextTests {
    private static let began = Timestamp(milliseconds: 1_795_000_000_000)

    private static func counts(
        _ done: Int,
        _ inTrial: Int,
        _ failed: Int,
        _ skipped: Int,
        _ waiting: Int
    ) -> RolloutView.Counts {
        var counts = RolloutView.Counts()
        (counts.done, counts.inTrial, counts.failed) = (done, inTrial, failed)
        (counts.skipped, counts.waiting) = (skipped, waiting)
        return counts
    }

    private static func roll(_ state: RolloutView.State, _ counts: RolloutView.Counts) -> RolloutView {
        var roll = RolloutView(
            id: 42,
            profile: "web",
            title: "web@41",
            release: 41,
            state: state,
            counts: counts,
            began: Time(began)
        )
        roll.stages = [
            .init(name: "canary", machines: 1, over: 1), .init(name: "wave 1", machines: 5, over: 2),
            .init(name: "wave 2", machines: counts.total - 6, over: 0),
        ]
        roll.stage = 1
        return roll
    }

    private static func after(_ seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: began.milliseconds + seconds * 1000)
    }

    @Test(
        "the bar has a cell for each kind that there is, and always its width",
        arguments: [
            (counts(0, 0, 0, 0, 10), "[..........]"), (counts(10, 0, 0, 0, 0), "[==========]"),
            (counts(5, 1, 1, 1, 2), "[=====>x-..]"), (counts(998, 1, 1, 0, 0), "[========>x]"),
            (counts(1, 0, 0, 0, 999), "[=.........]"), (counts(0, 0, 0, 0, 0), "[          ]"),
            (counts(1, 1, 1, 0, 0), "[====>>>xxx]"), (counts(1, 1, 1, 1, 1), "[==>>xx--..]"),
            (counts(33, 33, 0, 0, 34), "[===>>>....]"),
        ]
    )
    func bar(counts: RolloutView.Counts, text: String) {
        #expect(RollBar.text(counts, width: 10) == text)
    }

    @Test("every bar of every small roll is as wide as it is meant to be, and shows every kind")
    func bars() {
        for number in 0..<3125 {
            let digits = [number % 5, number / 5 % 5, number / 25 % 5, number / 125 % 5, number / 625]
            let counts = Self.counts(digits[0], digits[1], digits[2], digits[3], digits[4])
            let text = RollBar.text(counts, width: 12)
            #expect(text.count == 14)
            for (mark, count) in zip("=>x-.", digits) { #expect(text.contains(mark) == (count > 0)) }
        }
    }

    @Test("what a running roll waits for, what failed where, how fast it is and how long it takes")
    func running() {
        var roll = Self.roll(.running, Self.counts(36, 4, 3, 1, 76))
        roll.waiting = [
            .init(cause: .turns, reason: "4 having their turn (n1, n2, n3 …)"),
            .init(cause: .room, reason: "rack r7 has 1 of 1 unavailable (n713: rebooting for 14m)"),
        ]
        roll.estimate = TimeSpan(milliseconds: 5_234_567)
        (roll.unavailable, roll.budget) = (5, 12)
        roll.machines = [
            .init(machine: "n1", stage: "canary", phase: .done),
            .init(machine: "n2", stage: "wave 1", phase: .failed, reason: "used up its tries", lastStep: .fetched),
            .init(machine: "n3", stage: "wave 1", phase: .failed, reason: "unwell\u{1b}[2J", lastStep: .healthy),
            .init(machine: "n4", stage: "wave 1", phase: .failed, reason: "used up its tries", lastStep: .fetched),
        ]
        let lines = RollText.lines(of: roll, at: Self.after(720), width: 10)
        #expect(
            lines == [
                "roll 42: web@41  running, wave 1, stage 2 of 3 (2 of 5), began 12m ago",
                "[===>x-....]  36 of 120",
                "36 done, 4 in trial, 76 waiting, 3 failed, 1 skipped; 5 unavailable, at most 12",
                "waits: 4 having their turn (n1, n2, n3 …)",
                "       rack r7 has 1 of 1 unavailable (n713: rebooting for 14m)",
                "failed: 2 fetched the image, and did not come up",
                "  n2  used up its tries",
                "  n4  used up its tries",
                "failed: 1 was healthy, and did not stay so",
                "  n3  unwell?[2J",
                "3 machines a minute, about 1h28m left",
            ]
        )
    }

    @Test("a held roll says why once, a frozen fleet stands on it, and a roll that is over has no pace")
    func held() {
        var roll = Self.roll(.held, Self.counts(0, 0, 1, 0, 9))
        roll.reason = "a canary failed: n1: used up its tries"
        roll.waiting = [.init(cause: .held, reason: "held: a canary failed: n1: used up its tries")]
        roll.frozen = "the cooling is broken"
        let lines = RollText.lines(of: roll, at: Self.after(60), width: 10)
        #expect(lines.dropFirst(3).first == "held: a canary failed: n1: used up its tries")
        #expect(lines.filter { $0.contains("a canary failed") }.count == 1)
        #expect(lines.contains("the fleet is frozen: the cooling is broken (`muster thaw`)"))

        var done = Self.roll(.done, Self.counts(10, 0, 0, 0, 0))
        done.ended = Time(Self.after(300))
        let last = RollText.lines(of: done, at: Self.after(360), width: 10)
        #expect(
            last == [
                "roll 42: web@41  done, took 5m, ended 60s ago", "[==========]  10 of 10",
                "10 done, 0 in trial, 0 waiting",
            ]
        )
    }

    @Test("many failures of one kind are counted, and the first of them named")
    func manyFailures() {
        let machines = (1...8).map {
            RolloutView.Member(machine: "n\($0)", stage: "wave 1", phase: .failed, reason: "r", lastStep: .up)
        }
        let lines = RollText.failures(machines)
        #expect(lines.first == "failed: 8 came up, and was not healthy")
        #expect(lines.last == "  and 3 more")
        #expect(lines.count == 7)
        #expect(RollText.failures([.init(machine: "n1", stage: "wave 1", phase: .done)]) == [])
    }

    @Test("without a terminal a line is news when more than a time in it changed")
    func news() {
        var roll = Self.roll(.running, Self.counts(1, 1, 0, 0, 8))
        roll.waiting = [.init(cause: .room, reason: "rack r7 has 1 of 1 unavailable (n7: rebooting for 1m)")]
        #expect(RollWatch.isNews(roll, after: nil))
        var later = roll
        later.waiting = [.init(cause: .room, reason: "rack r7 has 1 of 1 unavailable (n7: rebooting for 2m)")]
        later.estimate = .minutes(3)
        #expect(!RollWatch.isNews(later, after: roll))
        later.counts = Self.counts(2, 0, 0, 0, 8)
        #expect(RollWatch.isNews(later, after: roll))
        later = roll
        later.waiting = []
        #expect(RollWatch.isNews(later, after: roll))
        later = roll
        later.state = .paused
        #expect(RollWatch.isNews(later, after: roll))
    }

    @Test("lines are drawn again in their place, cut to the window, and what is below is wiped")
    func repainting() {
        var painter = Repainter()
        let window = Terminal.Window(width: 24, height: 4)
        #expect(painter.paint(["one", "two"], in: window) == "one\u{1b}[K\ntwo\u{1b}[K\n\u{1b}[J")
        let long = String(repeating: "x", count: 30)
        let cut = String(repeating: "x", count: 22) + "…"
        #expect(painter.paint([long], in: window) == "\u{1b}[2A\(cut)\u{1b}[K\n\u{1b}[J")
        #expect(
            painter.paint(["1", "2", "3", "4"], in: window)
                == "\u{1b}[1A1\u{1b}[K\n2\u{1b}[K\n… and 2 more lines\u{1b}[K\n\u{1b}[J"
        )
        // Three lines of 1, 1 and 18 in a window of 12 take four rows.
        let narrow = Terminal.Window(width: 12, height: 4)
        #expect(painter.paint(["1"], in: narrow) == "\u{1b}[4A1\u{1b}[K\n\u{1b}[J")
    }

    @Test(
        "times have their largest two units",
        arguments: [
            (0, "0s"), (999, "1s"), (61_000, "1m1s"), (3_600_001, "1h1m"), (86_400_000, "1d"), (90_061_000, "1d2h"),
        ]
    )
    func times(milliseconds: Int64, text: String) {
        #expect(RollText.short(TimeSpan(milliseconds: milliseconds)) == text)
    }
}
