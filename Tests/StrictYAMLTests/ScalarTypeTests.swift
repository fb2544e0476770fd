import Testing

@testable import StrictYAML

@Suite("YAML: types of scalars")
struct ScalarTypeTests {
    @Test(
        arguments: [
            ("5", .integer), ("-1", .integer), ("0x1f", .integer), ("0X1F", .integer), ("0o17", .integer),
            ("0777", .integer), ("1_000", .integer), ("+5", .integer), ("18446744073709551615", .integer),
            ("1.5", .float), ("1e3", .float), (".inf", .float), ("-.Inf", .float), (".nan", .float), ("08", .float),
            ("true", .bool), ("False", .bool), ("yes", .text), ("on", .text), ("y", .text),
            ("~", .null), ("null", .null), ("", .null), ("Null", .null), ("nULL", .text),
            ("'5'", .text), ("\"true\"", .text), ("''", .text), ("!!str 5", .text), ("!!int '5'", .integer),
            ("! 5", .text), ("52:54:00", .text), ("12:30", .text), ("0x", .text), ("1.2.3", .text), ("+", .text),
            ("2001-01-01", .text), ("CAP_X", .text), ("0x-5", .text), ("1-2", .text), ("e5", .text),
            ("5 5", .text), ("_5", .text), ("infinity", .text), ("nan", .text), ("0x1p4", .text), ("٣", .text),
        ] as [(String, ScalarType)]
    )
    func type(of text: String, is type: ScalarType) throws {
        let node = ProblemLog(path: "a").firstDocument("key: \(text)")
        let scalar = try #require(node?.mapping?["key"]?.scalar)
        #expect(scalar.type == type)
    }

    @Test(
        arguments: [
            ("5", 5), ("-5", -5), ("+5", 5), ("0777", 511), ("0o777", 511), ("0b101", 5), ("0x_1f", 31),
            ("1_000", 1000),
            ("1e3", 1000), ("08", 8), ("2.0", 2), ("2.5", nil), ("9223372036854775807", .max),
            ("-9223372036854775808", .min), ("9223372036854775808", nil), ("1e30", nil), ("-0", 0),
            (String(repeating: "9", count: 500), nil),
        ] as [(String, Int64?)]
    )
    func wholeNumber(_ text: String, is number: Int64?) throws {
        let scalar = try #require(ProblemLog(path: "a").firstDocument("key: \(text)")?.mapping?["key"]?.scalar)
        #expect(scalar.integer(as: Int64.self) == number)
    }

    @Test("numbers keep to the type that their reader has")
    func ranges() throws {
        let scalar = try #require(ProblemLog(path: "a").firstDocument("18446744073709551615")?.scalar)
        #expect(scalar.integer(as: UInt64.self) == .max)
        #expect(scalar.integer(as: Int64.self) == nil)
        #expect(scalar.integer(as: UInt8.self) == nil)
    }
}
