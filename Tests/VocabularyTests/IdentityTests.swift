import Testing
import Vocabulary

@Suite struct DigestTests {
    static let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    @Test(arguments: [hex, "sha256:" + hex])
    func `both spellings are one digest`(text: String) throws {
        let digest = try #require(Digest(text))
        #expect(digest.hex == Self.hex)
        #expect(digest.description == "sha256:" + Self.hex)
        #expect(digest.short == "e3b0c44298fc")
        #expect(Digest(octets: digest.octets) == digest)
    }

    @Test(arguments: ["", "sha256:", hex.uppercased(), String(hex.dropLast()), hex + "0", "sha512:" + hex, "../" + hex])
    func `everything else is none`(text: String) {
        #expect(Digest(text) == nil)
    }
}

@Suite struct MachineUUIDTests {
    /// QEMU with -uuid 11112222-3333-4444-5555-666677778888 sends option 97 in SMBIOS order (captured).
    @Test func `option 97 is read in SMBIOS order`() throws {
        let sent = try #require(parseHexadecimal("22221111333344445555666677778888"))
        #expect(MachineUUID(option97: sent)?.description == "11112222-3333-4444-5555-666677778888")
    }

    @Test func `text round-trips and swapping twice is nothing`() throws {
        let uuid = try #require(MachineUUID("4C4C4544-0042-3510-8051-B4C04F4D3132"))
        #expect(uuid.description == "4c4c4544-0042-3510-8051-b4c04f4d3132")
        #expect(uuid.byteSwapped.description == "44454c4c-4200-1035-8051-b4c04f4d3132")
        #expect(uuid.byteSwapped.byteSwapped == uuid)
    }

    @Test(arguments: [
        "", "-", "11112222333344445555666677778888", "11112222-3333-4444-5555-66667777888",
        "11112222-3333-4444-5555-6666777788889", "11112222-3333-4444-5555-66667777888g",
        "1111222-23333-4444-5555-666677778888", "11112222-3333-4444-5555-666677778888-",
        "{1112222-3333-4444-5555-66667777888}",
        "11112222-3333-4444--555-666677778888", "\u{e9}111222-3333-4444-5555-666677778888",
    ])
    func `what is not spelled as a UUID is none`(text: String) {
        #expect(MachineUUID(text) == nil)
    }

    @Test(arguments: [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
    ])
    func `135 a UUID that many boards share is no identity`(text: String) throws {
        #expect(try #require(MachineUUID(text)).isPlaceholder)
        #expect(MachineIdentity(uuid: MachineUUID(text)).uuid == nil)
    }
}

@Suite struct MachineIdentityTests {
    @Test(arguments: [
        "To be filled by O.E.M.", "Default string", "0123456789", "", "   ", "None", "00000000", "xxxxxxxx",
        "System Serial Number",
    ])
    func `136 a filler is no serial number`(text: String) {
        #expect(MachineIdentity(serial: text).serial == nil)
    }

    @Test func `a real serial number loses only the blanks around it`() {
        #expect(MachineIdentity(serial: " VMware-56 4d 12 \t").serial == "VMware-56 4d 12")
    }
}

@Suite struct BootIDTests {
    struct Fixed: RandomNumberGenerator {
        var value: UInt64
        func next() -> UInt64 { value }
    }

    @Test func `an id sorts by its time and reads back`() throws {
        let early = BootID(milliseconds: 1_700_000_000_000)
        let late = BootID(milliseconds: 1_700_000_000_001)
        #expect(early < late)
        #expect(early.rawValue.utf8.count == 26)
        #expect(BootID(early.rawValue) == early)
        #expect(early != BootID(milliseconds: 1_700_000_000_000))
    }

    @Test func `all 80 random bits are in it`() {
        var ones = Fixed(value: .max)
        #expect(BootID(milliseconds: 0, using: &ones).rawValue == "0000000000zzzzzzzzzzzzzzzz")
        var zeros = Fixed(value: 0)
        #expect(BootID(milliseconds: 32, using: &zeros).rawValue == "00000000100000000000000000")
    }

    @Test(arguments: ["", "PREVIEW", "0000000000zzzzzzzzzzzzzzz", "0000000000zzzzzzzzzzzzzzzu", "../../etc/passwd"])
    func `everything else is none`(text: String) {
        #expect(BootID(text) == nil)
    }
}

@Suite struct BytePathTests {
    @Test func `names are equal only byte by byte`() {
        #expect(BytePath("caf\u{e9}") != BytePath("cafe\u{301}"))
        #expect(BytePath([0xff]) != BytePath([0xfe]))
        #expect(Set([BytePath([0xff]), BytePath([0xfe]), BytePath([0xff])]).count == 2)
    }

    @Test(
        arguments: [
            ("/a//b/./c", ["a", "b", "c"]), ("", []), ("...", ["..."]), ("a/../b", nil), ("..", nil), ("a/\0", nil),
        ] as [(String, [BytePath]?)]
    )
    func `components never climb`(path: String, expected: [BytePath]?) {
        #expect(BytePath(path).components == expected)
    }

    @Test func `what is not printable is shown unambiguously`() {
        #expect(BytePath(Array("a\r\n\\".utf8) + [0xff]).description == "a\\x0d\\x0a\\x5c\\xff")
    }
}

@Suite struct ArchitectureTests {
    @Test(arguments: [
        ("x86_64", Architecture.amd64), ("amd64", .amd64), ("aarch64", .arm64), ("ARM64", .arm64), ("i386", .i386),
        ("riscv64", .riscv64),
    ])
    func `every usual name is known`(name: String, expected: Architecture) {
        #expect(Architecture(name) == expected)
    }

    @Test func `an unknown name is none`() {
        #expect(Architecture("vax") == nil)
    }
}
