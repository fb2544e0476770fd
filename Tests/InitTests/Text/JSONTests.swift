import Testing

@testable import Init

@Suite("JSON in the init")
struct JSONTests {
    @Test(
        "is written as it was read",
        arguments: [
            #"{"a":[1,-2.5e3,"x"],"b":null,"c":{"d":true,"e":false}}"#, "[]", "{}", "0", "-0", "0.5", #""""#,
            #""a\"b\\cü""#,
        ]
    )
    func roundTrip(text: String) throws {
        #expect(try JSONParser.parse(Array(text.utf8)).bytes == Array(text.utf8))
    }

    @Test("escapes stand for their characters")
    func escapes() throws {
        let value = try JSONParser.parse(Array(#""\u0041\n\/\ud83d\ude00\t""#.utf8))
        #expect(value.text == "A\n/😀\t")
        #expect(JSON.string("a\u{1}\n").bytes == Array(#""a\u0001\u000a""#.utf8))
    }

    @Test(
        "everything else is refused",
        arguments: [
            "", "{", "[1,]", #"{"a":1,"a":2}"#, "01", "1 2", "tru", #""\x""#, #""\ud800""#, #""\udc00""#, "\"\n\"", "-",
            "{1:2}", #"{"a" 1}"#, "1.", "1e", String(repeating: "[", count: 100), #""abc"#,
        ]
    )
    func refused(text: String) {
        #expect(throws: InitError.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test("text that is no UTF-8 is refused")
    func bytes() {
        for byte: UInt8 in [0xff, 0xfe, 0xc3] {
            #expect(throws: InitError.self) { try JSONParser.parse([0x22, byte, 0x22]) }
        }
    }

    @Test("every truncation is refused")
    func truncations() {
        let whole = Array(#"{"a":["x",{"b":true}]}"#.utf8)
        for count in 0..<whole.count {
            #expect(throws: InitError.self) { try JSONParser.parse(Array(whole[..<count])) }
        }
    }

    @Test("members are found and put")
    func members() throws {
        var value = try JSONParser.parse(Array(#"{"root":{"path":"rootfs"},"n":7}"#.utf8))
        #expect(value["root"]?["path"]?.text == "rootfs")
        #expect(value["n"]?.integer == 7)
        #expect(value["none"] == nil)
        value.set("n", .integer(8))
        value.set("m", .bool(true))
        #expect(value.bytes == Array(#"{"root":{"path":"rootfs"},"n":8,"m":true}"#.utf8))
    }
}
