import Testing
import Yams

@testable import StrictYAML

@Suite("YAML: types of scalars")
struct ScalarTypeTests {
    @Test(
        arguments: [
            ("5", .integer), ("-1", .integer), ("0x1f", .integer), ("0o17", .integer), ("0777", .integer),
            ("1_000", .integer),
            ("1.5", .float), ("1e3", .float), (".inf", .float), (".nan", .float),
            ("true", .bool), ("False", .bool), ("yes", .text), ("on", .text), ("y", .text),
            ("~", .null), ("null", .null), ("", .null),
            ("'5'", .text), ("\"true\"", .text), ("''", .text), ("!!str 5", .text), ("!!int '5'", .integer),
            ("52:54:00", .text), ("12:30", .text), ("0x", .text), ("1.2.3", .text), ("08", .float), ("+", .text),
            ("2001-01-01", .text), ("CAP_X", .text),
        ] as [(String, ScalarType)]
    )
    func type(of text: String, is type: ScalarType) throws {
        let node = try compose(yaml: "- \(text)")
        let scalar = try #require(node?.sequence?.first?.scalar)
        #expect(scalar.type == type)
    }
}
