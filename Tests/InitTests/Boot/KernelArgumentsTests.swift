import Testing

@testable import Init

@Suite("Arguments of the kernel")
struct KernelArgumentsTests {
    @Test("words, values, quotes, the last of two")
    func words() {
        let line =
            "console=ttyS0 quiet muster.machine=n1 muster.machine=n2 a=\"b c\" \"d=e f\" muster.url=http://1.2.3.4:80\n"
        let arguments = KernelArguments(Array(line.utf8))
        #expect(arguments["quiet"] == "")
        #expect(arguments.value("quiet") == nil)
        #expect(arguments["muster.machine"] == "n2")
        #expect(arguments["a"] == "b c")
        #expect(arguments["d"] == "e f")
        #expect(arguments["muster.url"] == "http://1.2.3.4:80")
        #expect(arguments["missing"] == nil)
    }

    @Test(
        "the card that the machine booted from",
        arguments: [
            ("BOOTIF=01-52-54-00-77-0A-01", "52:54:00:77:0a:01"), ("BOOTIF=52-54-00-77-00-01", nil), ("BOOTIF=", nil),
            ("BOOTIF=01-52-54-00-77-00-0g", nil), ("BOOTIF=01-5-254-00-77-00-01", nil), ("", nil),
        ] as [(String, String?)]
    )
    func bootInterface(line: String, mac: String?) {
        #expect(KernelArguments(Array(line.utf8)).bootInterface == mac)
    }
}

@Suite("The machine's name for itself")
struct HostnameTests {
    @Test(
        "file, then machine, then hardware address",
        arguments: [
            ("web", "n1", "52:54:00:00:00:01", "web"), (nil, "n1", "52:54:00:00:00:01", "n1"),
            ("", nil, "52:54:00:00:00:01", "muster-525400000001"), ("a b", "n1", nil, "n1"), (nil, nil, nil, "muster"),
            (String(repeating: "x", count: 65), "n1", nil, "n1"),
        ] as [(String?, String?, String?, String)]
    )
    func chosen(file: String?, machine: String?, mac: String?, name: String) {
        #expect(Hostname.choose(file: file, machine: machine, mac: mac) == name)
    }
}

@Suite("Capabilities of files")
struct FileCapabilitiesTests {
    @Test("the builder's list is read; lines that are none are left out")
    func parsed() {
        let list = "0100000200200000 usr/bin/ping\n00ff a\\x20b\\x5cc\nxyz d\n01 \\x\n\n0 e\n"
        let entries = FileCapabilities.parse(Array(list.utf8))
        #expect(
            entries == [
                .init(path: Array("usr/bin/ping".utf8), value: [1, 0, 0, 2, 0, 0x20, 0, 0]),
                .init(path: Array("a b\\c".utf8), value: [0, 0xff]),
                .init(path: Array("\\x".utf8), value: [1]),
            ]
        )
    }
}
