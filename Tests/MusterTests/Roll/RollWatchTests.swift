import Control
import Foundation
import Testing
import Vocabulary

@testable import muster

#if canImport(Glibc)
import Glibc
#endif

/// `muster roll status -w` as somebody sees it who sits before it.
@Suite("A roll that is watched", .serialized)
struct RollWatchTests {
    private static let wide = Terminal.Window(width: 100, height: 24)

    // MARK: To the end

    @Test("One picture stands on the terminal from the canary's turn to the end, and the status is 0")
    func done() async throws {
        try await RollingFleet.withRoll { fleet in
            let terminal = try fleet.watch(in: Self.wide)
            try await fleet.shows(
                terminal,
                [
                    "roll 1: web@2  running, canary, stage 1 of 2 (0 of 1), began # ago",
                    "[>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>..............................]  0 of 2",
                    "0 done, 1 in trial, 1 waiting; 1 unavailable, at most 1",
                    "waits: 1 having their turn (n1); nobody reboots n1 but they themselves",
                    "about # left",
                ]
            )
            // Drawn again as time goes by: it is still one.
            let drawn = terminal.screen.wipes
            try await fleet.eventually("it is drawn twice more") { terminal.screen.wipes >= drawn + 2 }
            try await fleet.boot(1)
            try fleet.becomeHealthy(1)
            try await fleet.shows(
                terminal,
                [
                    "roll 1: web@2  running, wave 1, stage 2 of 2 (0 of 1), began # ago",
                    "[==============================>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>]  1 of 2",
                    "1 done, 1 in trial, 0 waiting; 1 unavailable, at most 1",
                    "waits: 1 having their turn (n2); nobody reboots n2 but they themselves",
                    "# machines, about # left",
                ]
            )
            try await fleet.boot(2)
            try fleet.becomeHealthy(2)
            try await fleet.ends(terminal, .exited(0))
            try await fleet.shows(terminal, Self.whole("roll 1: web@2"))
            Self.isAsItWas(terminal)
            #expect(terminal.screen.scrolledOff == [])
        }
    }

    @Test("At the foot of a small window the picture is cut, and what stood above it scrolls and is not drawn over")
    func small() async throws {
        try await RollingFleet.withRoll { fleet in
            let above = (1...20).map { "\($0)" }
            let terminal = try fleet.watch(in: .init(width: 50, height: 5), after: "seq 20")
            func everything(_ picture: [String]) -> [String] { above + [RollingFleet.prompt] + picture }
            try await fleet.eventually("it is drawn three times") { terminal.screen.wipes >= 3 }
            let running = [
                "roll 1: web@2  running, canary, stage 1 of 2 (0 …",
                "[>>>>>>>>>>>>>>>...............]  0 of 2",
                "0 done, 1 in trial, 1 waiting; 1 unavailable, at…",
                "… and 2 more lines",
            ]
            #expect(terminal.screen.scrolledOff + terminal.screen.lines == everything(running))
            try await fleet.boot(1)
            try fleet.becomeHealthy(1)
            try await fleet.eventually("n2 has its turn") { try await fleet.roll(1).done == 1 }
            try await fleet.boot(2)
            try fleet.becomeHealthy(2)
            try await fleet.ends(terminal, .exited(0))
            let after = (terminal.screen.scrolledOff + terminal.screen.lines).map(RollingFleet.masked)
            #expect(
                after
                    == everything([
                        "roll 1: web@2  done, took #, ended # ago", "[==============================]  2 of 2",
                        "2 done, 0 in trial, 0 waiting",
                    ])
            )
            Self.isAsItWas(terminal)
        }
    }

    @Test("A roll that is held ends the watch with 2: the last picture says why, and the roll waits for a person")
    func held() async throws {
        try await RollingFleet.withRoll(tries: 1) { fleet in
            let terminal = try fleet.watch(in: Self.wide)
            try await fleet.eventually("it is drawn") { terminal.screen.wipes > 0 }
            #expect(try await fleet.boot(1) != fleet.boot(1))
            try await fleet.ends(terminal, .exited(2))
            try await fleet.shows(
                terminal,
                [
                    "roll 1: web@2  held, canary, stage 1 of 2 (1 of 1), began # ago",
                    "[xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..............................]  0 of 2",
                    "0 done, 0 in trial, 1 waiting, 1 failed; 1 unavailable, at most 1",
                    "held: a canary failed: n1: restarted 2 times by itself",
                    "failed: 1 fetched the image, and did not come up", "  n1  restarted 2 times by itself",
                ]
            )
            Self.isAsItWas(terminal)
            #expect(try await fleet.roll(1).state == .held)
        }
    }

    @Test("A roll that somebody aborts ends the watch with 1")
    func aborted() async throws {
        try await RollingFleet.withRoll { fleet in
            let terminal = try fleet.watch(in: Self.wide)
            try await fleet.eventually("it is drawn") { terminal.screen.wipes > 0 }
            let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/abort")
            try await fleet.ends(terminal, .exited(1))
            try await fleet.shows(
                terminal,
                [
                    "roll 1: web@2  aborted, took #, ended # ago",
                    "[------------------------------------------------------------]  0 of 2",
                    "0 done, 0 in trial, 0 waiting, 2 skipped",
                ]
            )
            Self.isAsItWas(terminal)
        }
    }

    @Test("A roll that is taken back is watched until everybody is back: a second picture below the first, and 1")
    func rolledBack() async throws {
        try await RollingFleet.withRoll { fleet in
            let terminal = try fleet.watch(in: Self.wide)
            try await fleet.eventually("it is drawn") { terminal.screen.wipes > 0 }
            try await fleet.boot(1)
            try fleet.becomeHealthy(1)
            try await fleet.eventually("n2 has its turn") { try await fleet.roll(1).done == 1 }
            let _: RolloutView = try await fleet.client.post("/v1/rollouts/1/rollback")
            let first = [
                "roll 1: web@2  rolled back, took #, ended # ago",
                "[==============================------------------------------]  1 of 2",
                "1 done, 0 in trial, 0 waiting, 1 skipped", "roll 2 takes its machines back",
            ]
            try await fleet.shows(
                terminal,
                first + [
                    "roll 2: back from web@2  running, wave 1, stage 1 of 1 (1 of 2), began # ago",
                    "[==============================>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>]  1 of 2",
                    "1 done, 1 in trial, 0 waiting; 1 unavailable, at most 1",
                    "waits: 1 having their turn (n1); nobody reboots n1 but they themselves",
                    "# machines, about # left",
                ]
            )
            try await fleet.boot(1)
            try fleet.becomeHealthy(1)
            try await fleet.ends(terminal, .exited(1))
            try await fleet.shows(terminal, first + Self.whole("roll 2: back from web@2"))
            Self.isAsItWas(terminal)
        }
    }

    // MARK: Not to the end

    @Test("Ctrl-C ends the watch at once, as a signal ends a program, and nothing else: the roll goes on to its end")
    func interrupted() async throws {
        try await RollingFleet.withRoll { fleet in
            let terminal = try fleet.watch(in: Self.wide)
            try await fleet.eventually("it is drawn") { terminal.screen.wipes > 0 }
            let (drawn, picture) = (terminal.screen.wipes, terminal.screen.lines)
            // What is typed just after it was drawn finds it asleep.
            try await fleet.eventually("it is drawn again") { terminal.screen.wipes > drawn }
            let before = try await fleet.roll(1)
            try terminal.type("\u{3}")
            // A shell shows this as 130.
            try await fleet.ends(terminal, .killed(by: SIGINT))
            #expect(terminal.written.hasSuffix("\u{1b}[J^C"), "the whole picture, and nothing after it but the echo")
            let lines = terminal.screen.lines.map(RollingFleet.masked)
            #expect(lines == picture.map(RollingFleet.masked) + ["^C"])
            #expect(terminal.screen.isCursorVisible && terminal.screen.unknown == [])
            #expect(terminal.settings == terminal.settingsBefore)

            let after = try await fleet.roll(1)
            #expect(after.state == .running && after.counts == before.counts && after.stage == before.stage)
            for number in 1...2 {
                try await fleet.eventually("n\(number) has its turn") { try await fleet.roll(1).done == number - 1 }
                try await fleet.boot(number)
                try fleet.becomeHealthy(number)
            }
            try await fleet.eventually("the roll is done") { try await fleet.roll(1).state == .done }
        }
    }

    // MARK: Elsewhere

    @Test("Into a pipe it writes a line a change and the whole at the end, and no sequence for a terminal")
    func piped() async throws {
        try await RollingFleet.withRoll { fleet in
            let terminal = try fleet.watch(in: Self.wide, into: "cat")
            var lines = [
                "roll 1  running, canary, stage 1 of 2 (0 of 1)  0 done, 1 in trial, 1 waiting; "
                    + "waits: 1 having their turn (n1); nobody reboots n1 but they themselves"
            ]
            func shows(_ what: Comment) async throws {
                let text = ([RollingFleet.prompt] + lines).map { $0 + "\r\n" }.joined()
                try await fleet.eventually(what) { RollingFleet.masked(terminal.written) == text }
                #expect(RollingFleet.masked(terminal.written) == text, what)
            }
            try await shows("the canary has its turn")
            // Another watch, which looks as often: when it was drawn three times more, this one has looked, too.
            let clock = try fleet.watch(in: Self.wide)
            try await fleet.eventually("the other one is drawn") { clock.screen.wipes >= 4 }
            try await shows("nothing has changed")
            try await fleet.boot(1)
            try fleet.becomeHealthy(1)
            lines.append(
                "roll 1  running, wave 1, stage 2 of 2 (0 of 1)  1 done, 1 in trial, 0 waiting; "
                    + "waits: 1 having their turn (n2); nobody reboots n2 but they themselves"
            )
            try await shows("the other one has its turn")
            try await fleet.boot(2)
            try fleet.becomeHealthy(2)
            try await fleet.ends(terminal, .exited(0))
            lines.append("roll 1  done  2 done, 0 in trial, 0 waiting")
            lines += [
                "roll 1: web@2  done, took #, ended # ago", "[========================================]  2 of 2",
                "2 done, 0 in trial, 0 waiting",
            ]
            try await shows("it is done")
        }
    }

    // MARK: The screen itself

    @Test("The screen that is read here has what a terminal would show")
    func screen() {
        let cases: [(written: String, scrolledOff: [String], lines: [String], row: Int, column: Int)] = [
            ("one\r\ntwo\r\n", [], ["one", "two"], 2, 0),
            ("one\r\n\u{1b}[1Atwo", [], ["two"], 0, 3),
            ("a pile\r\na pile\r\na pile\r\n", ["a pile"], ["a pile", "a pile"], 2, 0),
            ("longer\rs\u{1b}[K\r\n", [], ["s"], 1, 0),
            ("one\r\ntwo\r\n\u{1b}[2Asome\r\n\u{1b}[J", [], ["some"], 1, 0),
            ("eight…at", [], ["eight…at"], 0, 8), ("eight…atX", [], ["eight…at", "X"], 1, 1),
        ]
        for expected in cases {
            var screen = TerminalScreen(width: 8, height: 3)
            // Byte by byte: a terminal has no say in where what it reads is cut.
            for byte in expected.written.utf8 { screen.write([byte]) }
            #expect(screen.scrolledOff == expected.scrolledOff && screen.lines == expected.lines)
            #expect(screen.cursor == (expected.row, expected.column) && screen.unknown == [])
        }
    }

    @Test("What the screen does not know is noted, and a cursor that is hidden stays so until it is shown")
    func strange() {
        var screen = TerminalScreen(width: 8, height: 3)
        screen.write("\u{1b}[31mred\u{1b}[?25l\u{7}\u{1b}7".utf8)
        #expect(screen.unknown == ["[31m", "\\u{07}", "7"] && screen.lines == ["red"] && !screen.isCursorVisible)
        screen.write("\u{1b}[?25h".utf8)
        #expect(screen.isCursorVisible)
    }

    // MARK: What is asserted of all

    /// The last picture of a roll of two machines that is done.
    private static func whole(_ roll: String) -> [String] {
        [
            "\(roll)  done, took #, ended # ago",
            "[============================================================]  2 of 2",
            "2 done, 0 in trial, 0 waiting",
        ]
    }

    /// The next prompt would stand at the beginning of the line below the picture.
    private static func isAsItWas(_ terminal: PseudoTerminal, sourceLocation: SourceLocation = #_sourceLocation) {
        let screen = terminal.screen
        let (cursor, isCursorVisible, unknown) = (screen.cursor, screen.isCursorVisible, screen.unknown)
        #expect(cursor == (screen.lines.count, 0), sourceLocation: sourceLocation)
        #expect(isCursorVisible && unknown == [], sourceLocation: sourceLocation)
        #expect(terminal.settings == terminal.settingsBefore, sourceLocation: sourceLocation)
    }
}

extension RollingFleet {
    /// What stands above what the program writes.
    fileprivate static let prompt = "$ muster roll status -w"

    /// Two machines, of which the canary has its turn. Nobody becomes healthy by waiting.
    fileprivate static func withRoll(
        tries: Int? = nil,
        _ body: @Sendable @escaping (RollingFleet) async throws -> Void
    ) async throws {
        try await with { fleet in
            try await fleet.describe(machines: 2, settle: "1h")
            try await fleet.release(1)
            for number in 1...2 {
                try await fleet.eventually("n\(number) boots") { try await fleet.boot(number) != nil }
                try fleet.becomeHealthy(number)
            }
            try await fleet.release(2)
            var options = RolloutOverrides()
            options.tries = tries
            let request = RolloutRequest(profile: "web", options: options)
            let _: RolloutView = try await fleet.client.post("/v1/rollouts", request)
            try await fleet.eventually("the canary has its turn") { try await fleet.roll(1).counts.inTrial == 1 }
            try await body(fleet)
        }
    }

    /// - Parameters:
    ///   - command: what a shell on the same terminal does before it.
    ///   - reader: the program that its output goes through; nil for none.
    fileprivate func watch(
        in window: Terminal.Window,
        after command: String = ":",
        into reader: String? = nil
    ) throws -> PseudoTerminal {
        let call = reader.map { #"set -o pipefail; "$0" "$@" | \#($0)"# } ?? #"exec "$0" "$@""#
        let words = [try ExecutableUnderTest.path, "roll", "status", "-w", "--data", directory.path]
        let script = "\(command); echo '\(Self.prompt)'; \(call)"
        return try PseudoTerminal(window: window, "/bin/bash", ["-c", script] + words)
    }

    /// Waits until the terminal shows the prompt and this picture, and nothing else.
    fileprivate func shows(
        _ terminal: PseudoTerminal,
        _ picture: [String],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var lines: [String] = []
        try await eventually("the terminal shows it") {
            lines = terminal.screen.lines.map(Self.masked)
            return lines == [Self.prompt] + picture
        }
        #expect(lines == [Self.prompt] + picture, sourceLocation: sourceLocation)
    }

    fileprivate func ends(
        _ terminal: PseudoTerminal,
        _ end: PseudoTerminal.End,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await eventually("the program ends") { terminal.end != nil }
        #expect(terminal.end == end, "\(terminal.written)", sourceLocation: sourceLocation)
    }

    /// Without what depends on how long something took.
    fileprivate static func masked(_ text: String) -> String {
        text.replacing(/[0-9]+ machines an? (?:minute|hour)/, with: "# machines")
            .replacing(/\b(?:[0-9]+[hm])?[0-9]+[hms]\b/, with: "#")
    }
}
