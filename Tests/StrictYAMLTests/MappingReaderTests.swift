import Testing

@testable import StrictYAML

@Suite("YAML: mappings read strictly")
struct MappingReaderTests {
    private enum Colour: String, CaseIterable { case red, green }

    /// What `body` reads of a mapping, and what is wrong with it.
    private func read<Value>(_ text: String, _ body: (MappingReader) -> Value?) throws -> (Value?, [String]) {
        let log = ProblemLog(path: "f")
        let node = try #require(log.firstDocument(text))
        let value = MappingReader(node, known: ["name", "size", "flag", "colour", "list", "map"], log: log).flatMap(
            body
        )
        return (value, log.problems.map(\.description))
    }

    @Test("values of their types")
    func values() throws {
        let text = "{name: 'a', size: 0x10, flag: true, colour: red, list: [a, b], map: {x: '1', y: '2'}}"
        #expect(try read(text) { $0.string("name") }.0 == "a")
        #expect(try read(text) { $0.integer("size", as: UInt8.self) }.0 == 16)
        #expect(try read(text) { $0.bool("flag") }.0 == true)
        #expect(try read(text) { $0.choice("colour") as Colour? }.0 == .red)
        #expect(try read(text) { $0.strings("list") }.0 == ["a", "b"])
        #expect(
            try read(text) { reader in reader.mapping("map", of: "x") { reader.log.string($0) } }.0 == [
                "x": "1", "y": "2",
            ]
        )
        #expect(try read("{}") { $0.string("name") }.1 == [])
    }

    @Test(
        "what has another type",
        arguments: [
            ("name: 5", "f:1:7: found a number 5, expected text (in quotes)"),
            ("name: true", "f:1:7: found a truth value true, expected text (in quotes)"),
            ("name: 1.5", "f:1:7: found a fraction 1.5, expected text (in quotes)"),
            ("name: ~", "f:1:7: found nothing, expected text (in quotes)"),
            ("name: [a]", "f:1:7: found a list, expected text"),
            ("name: {a: b}", "f:1:7: found a mapping, expected text"),
            ("size: '5'", "f:1:7: found '5', expected a whole number from 0 to 255"),
            ("size: 256", "f:1:7: found '256', expected a whole number from 0 to 255"),
            ("size: -1", "f:1:7: found '-1', expected a whole number"),
            ("flag: 'true'", "f:1:7: found 'true', expected true or false"),
            ("flag: yes", "f:1:7: found 'yes', expected true or false"),
            ("flag: !!bool yes", "f:1:7: found 'yes', expected true"),
            ("colour: blue", "f:1:9: found 'blue', expected one of red, green"),
            ("list: a", "f:1:7: found 'a', expected a list of texts"),
            ("list: [a, 5]", "f:1:11: found a number 5, expected text"),
            ("map: [a]", "f:1:6: found a list, expected a mapping of x"),
            ("map: {'': a}", "f:1:7: found '', expected a name"), ("map: {\"a\\n\": a}", "expected a name"),
            ("[a]", "f:1:1: found a list, expected a mapping with name, size, "),
            ("nme: a", "f:1:1: found unknown key 'nme', expected one of name, "),
            ("nme: a", "; did you mean 'name'?"), ("? 5\n: a", "found unknown key '5'"),
            ("~: a", "found unknown key nothing"),
            ("name: \(String(repeating: "x", count: 100))\nname: b", "f:2:1: found 'name' twice"),
        ]
    )
    func mistakes(_ text: String, _ expected: String) throws {
        let log = ProblemLog(path: "f")
        if let node = log.firstDocument(text) {
            let known = ["name", "size", "flag", "colour", "list", "map"]
            if let reader = MappingReader(node, known: known, log: log) {
                _ = reader.string("name")
                _ = reader.integer("size", as: UInt8.self)
                _ = reader.bool("flag")
                let _: Colour? = reader.choice("colour")
                _ = reader.strings("list")
                _ = reader.mapping("map", of: "x") { $0.scalar?.string }
            }
        }
        let problems = log.problems.map(\.description)
        #expect(problems.contains { $0.contains(expected) }, "\(problems)")
    }

    @Test("what is required and missing has the mapping's place")
    func required() throws {
        let (_, problems) = try read("  {size: 5}") { $0.required("name", "a name") }
        #expect(problems == ["f:1:3: found no 'name', expected a name"])
    }

    @Test(
        "the nearest known word",
        arguments: [
            ("servces", "services"), ("Services", "services"), ("sevrices", "services"), ("kernal", "kernel"),
            ("x", nil),
            ("completely", nil), ("", nil), (String(repeating: "s", count: 100_000), nil),
        ] as [(String, String?)]
    )
    func nearestWord(_ word: String, is expected: String?) {
        #expect(nearest(to: word, in: ["kernel", "services", "files"]) == expected)
    }
}
