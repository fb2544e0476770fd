import Foundation
import Testing
import Vocabulary

@testable import PXE

@Suite("Values in scripts")
struct QuotingTests {
    private func spelled(_ quote: ([UInt8], inout [UInt8]) -> Void, _ bytes: [UInt8]) -> String {
        var script: [UInt8] = []
        quote(bytes, &script)
        return String(decoding: script, as: UTF8.self)
    }

    @Test(
        "111: text under iPXE",
        arguments: [
            ("plain (text) 5% a=b", "plain (text) 5% a=b"),
            ("a\r\nset x", #"a\x0d\x0aset x"#),
            ("a\nb", #"a\x0ab"#),
            ("x || reboot", #"x \x7c\x7c reboot"#),
            ("x && reboot", #"x \x26\x26 reboot"#),
            ("x ; reboot", #"x \x3b reboot"#),
            ("a||b;c&&d", "a||b;c&&d"),
            ("# gone", #"\x23 gone"#),
            ("a#b", "a#b"),
            ("${net0/mac}", #"\x24{net0/mac}"#),
            ("$${x}", #"$\x24{x}"#),
            ("cost 5$", #"cost 5\x24"#),
            ("ends in \\", #"ends in \x5c"#),
            ("a\tb\u{b}c\u{1b}[2J", #"a\x09b\x0bc\x1b[2J"#),
            ("\u{e9}", #"\xc3\xa9"#),
            ("e\u{301}", #"e\xcc\x81"#),
        ]
    )
    func ipxeText(value: String, expected: String) {
        #expect(spelled({ IPXEQuoting.appendText($0, to: &$1) }, Array(value.utf8)) == expected)
    }

    @Test(
        "111: bytes that are no text stay apart: ff is not fe, and NFC is not NFD",
        arguments: [([0xff], #"\xff"#), ([0xfe], #"\xfe"#), ([0x41, 0x80], #"A\x80"#)] as [([UInt8], String)]
    )
    func bytes(value: [UInt8], expected: String) {
        #expect(spelled({ IPXEQuoting.appendText($0, to: &$1) }, value) == expected)
        #expect(spelled({ GRUBQuoting.appendText($0, to: &$1) }, value) == "'\(expected)'")
    }

    @Test(
        "111: a word under iPXE stays one word",
        arguments: [("n12", "n12"), ("a b", #"a\x20b"#), ("||", #"\x7c\x7c"#), ("#x", #"\x23x"#), ("a\n", #"a\x0a"#)]
    )
    func ipxeWord(value: String, expected: String) {
        #expect(spelled({ IPXEQuoting.appendWord($0, to: &$1) }, Array(value.utf8)) == expected)
    }

    @Test(
        "111: GRUB takes everything between single quotes as it is",
        arguments: [
            ("plain", "'plain'"),
            ("it's; reboot", #"'it'\''s; reboot'"#),
            ("$x ${y} \"z\" \\", #"'$x ${y} "z" \'"#),
            ("a\r\nreboot", #"'a\x0d\x0areboot'"#),
            ("{ a } < b > c # d", "'{ a } < b > c # d'"),
            ("", "''"),
        ]
    )
    func grubWord(value: String, expected: String) {
        #expect(spelled({ GRUBQuoting.appendWord($0, to: &$1) }, Array(value.utf8)) == expected)
    }

    @Test("arguments under GRUB are quoted one by one")
    func grubArguments() {
        let line = Array(#"console=ttyS0  dyndbg="file a.c +p" x='y'"#.utf8)
        #expect(
            spelled({ GRUBQuoting.appendArguments($0, to: &$1) }, line)
                == #"'console=ttyS0' 'dyndbg="file' 'a.c' '+p"' 'x='\''y'\'''"#
        )
    }

    @Test(
        "111: no machine's name becomes a kernel argument",
        arguments: [
            ("a b init=/bin/sh", #"muster.machine=a\x20b\x20init=/bin/sh "#),
            ("a\" init=/bin/sh \"", #"muster.machine=a\x22\x20init=/bin/sh\x20\x22 "#),
            ("a\ninit=x", #"muster.machine=a\x0ainit=x "#),
        ]
    )
    func machineName(name: String, expected: String) {
        let line = KernelCommandLine(
            arguments: "",
            boot: .preview,
            machine: name,
            mac: BootRequest.sampleMAC,
            url: "http://192.0.2.1",
            hasInitrd: false,
            image: BootInstructions.sample().image
        )
        #expect(String(decoding: line.bytes, as: UTF8.self).contains(expected))
    }

    static let hostile = [
        "x\nreboot", "x\r\nreboot", "x\rreboot", "x || reboot", "x && reboot", "x ; reboot", "|| reboot", "; reboot",
        "${net0/mac}", "${${x}}", "$", "\\", "'", "\"", "';reboot;'", "\";reboot;\"", "# x", "{", "}", "--help", "-n",
        "\u{0}", "\u{1b}[2J", "\u{85}", "\u{2028}", "e\u{301}", "\u{e9}", "`reboot`", "$(reboot)", "x\\\nreboot",
    ]

    /// The commands that iPXE would run: lines, continued by backslashes, cut at its separators.
    private func ipxeCommands(_ script: [UInt8]) -> [[String]] {
        var commands: [[String]] = []
        for line in script.split(separator: UInt8(ascii: "\n")) {
            var command: [String] = []
            for word in line.split(whereSeparator: { [0x20, 0x09, 0x0b, 0x0c, 0x0d].contains($0) }) {
                if word.first == UInt8(ascii: "#") { break }
                let text = String(decoding: word, as: UTF8.self)
                if ["||", "&&", ";"].contains(text) {
                    commands.append(command)
                    command = []
                } else {
                    command.append(text)
                }
            }
            if line.last == UInt8(ascii: "\\") { command.append("CONTINUED") }
            commands.append(command)
        }
        return commands.filter { !$0.isEmpty }
    }

    @Test("111: with hostile values iPXE runs the same commands as with plain ones", arguments: hostile)
    func ipxeCommandsStay(value: String) {
        let renderer = ScriptRenderer()
        let expected: [(BootAnswer, BootAnswer)] = [
            (.boot(.sample(machine: value)), .boot(.sample(machine: "plain"))),
            (.boot(.sample(commandLine: value)), .boot(.sample(commandLine: "plain"))),
            (.pause(Pause(lines: [value], seconds: 5)), .pause(Pause(lines: ["plain"], seconds: 5))),
        ]
        for (hostile, plain) in expected {
            let found = ipxeCommands(renderer.render(hostile, for: .ipxe()))
            let wanted = ipxeCommands(renderer.render(plain, for: .ipxe()))
            #expect(found.map { $0[0] } == wanted.map { $0[0] })
            let expansions = found.joined().filter { $0.contains("${") }
            #expect(expansions == wanted.joined().filter { $0.contains("${") })
            #expect(!found.joined().contains("CONTINUED"))
        }
    }

    @Test("111: with hostile values every GRUB configuration parses", arguments: hostile + ["plain"])
    func grubParses(value: String) throws {
        let renderer = ScriptRenderer()
        let answers: [BootAnswer] = [
            .boot(.sample(machine: value, commandLine: value)), .pause(Pause(lines: [value, value], seconds: 5)),
        ]
        for script in answers.map({ renderer.render($0, for: .grub()) }) + [renderer.start(for: .grub(mac: nil))] {
            let file = FileManager.default.temporaryDirectory.appending(path: "muster-grub-\(UUID()).cfg")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data(script).write(to: file)
            let check = Process()
            check.executableURL = URL(filePath: "/usr/bin/grub-script-check")
            check.arguments = [file.path]
            try check.run()
            check.waitUntilExit()
            #expect(check.terminationStatus == 0)
        }
    }
}
