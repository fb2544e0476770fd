import Build
import Testing

@testable import muster

@Suite("The progress of a build")
struct BuildProgressTests {
    private static let web = "docker.io/library/web:1"

    /// A build of two images and two parts, an event each 30 ms.
    private static let script: [BuildEvent] = [
        .resolving(source: web),
        .resolving(source: "oci:layout"),
        .ready(source: "oci:layout", isCached: true),
        .pulling(source: web, received: 0, total: nil),
        .pulling(source: web, received: 1024, total: 4096),
        .pulling(source: web, received: 4096, total: 4096),
        .ready(source: web, isCached: false),
        .unpacking(source: web, read: 2048, total: 4096),
        .unpacking(source: web, read: 4096, total: 4096),
        .compressing(part: "init", read: 0, total: 100),
        .stored(part: "services/web", size: 2048, isCached: true),
        .warning("nothing\u{1b}[31m to see"),
        .stored(part: "init", size: 50, isCached: false),
        .writing(format: "kernel+initrd"),
    ]

    private static func output(_ style: BuildProgress.Style, _ events: [BuildEvent] = script) -> [String] {
        var progress = BuildProgress(style: style)
        let pieces = events.enumerated().map { progress.take($1, at: .milliseconds(30 * $0)) }
        return pieces + [progress.end()]
    }

    /// What a terminal shows after `text`.
    private static func screen(_ text: String) -> [String] {
        var (lines, row, column) = ([""], 0, 0)
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\n":
                (row, column) = (row + 1, 0)
                if row == lines.count { lines.append("") }
            case "\u{1b}":
                let end = rest.firstIndex { $0.isLetter }!
                let count = Int(rest[..<end].dropFirst()) ?? 0
                switch rest[end] {
                case "A": row -= count
                case "K": lines[row] = String(lines[row].prefix(column))
                default:
                    lines.removeSubrange((row + 1)...)
                    lines[row] = String(lines[row].prefix(column))
                }
                rest = rest[rest.index(after: end)...]
            default:
                lines[row] = String(lines[row].prefix(column)) + String(character) + lines[row].dropFirst(column + 1)
                column += 1
            }
        }
        return lines
    }

    @Test("without a terminal, a line when something begins or ends, and none in between")
    func lines() {
        #expect(
            Self.output(.lines).joined() == """
                docker.io/library/web:1: resolving
                oci:layout: resolving
                oci:layout: cached
                docker.io/library/web:1: pulling
                docker.io/library/web:1: ready
                docker.io/library/web:1: unpacking
                init: compressing
                services/web: cached, 2.0 KiB
                warning: nothing?[31m to see
                init: 50 B
                kernel+initrd: writing

                """
        )
    }

    @Test("on a terminal, what is under way stands below what is done")
    func terminal() {
        let pieces = Self.output(.terminal(width: 60, height: 24))
        #expect(
            Self.screen(pieces[..<2].joined()) == [
                "  docker.io/library/web:1  resolving", "  oci:layout               resolving", "",
            ]
        )
        #expect(
            Self.screen(pieces[..<5].joined()) == ["oci:layout: cached", "  docker.io/library/web:1  pulling 0 B", ""],
            "numbers are drawn ten times a second, not 33"
        )
        #expect(Self.screen(pieces[..<8].joined())[2] == "  docker.io/library/web:1  unpacking 2.0 KiB of 4.0 KiB")
        #expect(Self.screen(pieces[..<9].joined())[2...] == [""])
        #expect(
            Self.screen(pieces.joined()) == [
                "oci:layout: cached", "docker.io/library/web:1: ready", "services/web: cached, 2.0 KiB",
                "warning: nothing?[31m to see", "init: 50 B", "kernel+initrd: writing", "",
            ]
        )
    }

    @Test("numbers that count up are drawn again after a tenth of a second")
    func numbers() {
        var progress = BuildProgress(style: .terminal(width: 60, height: 24))
        _ = progress.take(.pulling(source: "a", received: 0, total: 9), at: .milliseconds(0))
        #expect(progress.take(.pulling(source: "a", received: 1, total: 9), at: .milliseconds(99)) == "")
        #expect(
            progress.take(.pulling(source: "a", received: 2, total: 9), at: .milliseconds(100)).contains("2 B of 9 B")
        )
    }

    @Test("more than there is room for is counted, and long names keep their ends")
    func narrow() {
        let events = (0..<9).map {
            BuildEvent.resolving(source: "registry.example.org/team/a-long-name-of-an-image:\($0)")
        }
        var progress = BuildProgress(style: .terminal(width: 40, height: 6))
        let text = events.map { progress.take($0, at: .zero) }.joined()
        let screen = Self.screen(text)
        #expect(screen.count == 5)
        #expect(screen[0] == "  …-name-of-an-image:0  resolving")
        #expect(screen.allSatisfy { $0.count < 40 })
        #expect(screen[3] == "  and 6 more")
        #expect(Self.screen(text + progress.end()) == [""])
    }
}
