import Testing

@testable import StrictYAML

@Suite("YAML: documents")
struct DocumentReaderTests {
    /// What a text is, in a notation of brackets; the problem's text when it is none.
    private func read(_ text: String) -> String {
        let log = ProblemLog(path: "f")
        var documents: [String] = []
        log.readDocuments(text) { node in
            documents.append(Self.describe(node))
            return true
        }
        return (documents + log.problems.map(\.description)).joined(separator: " | ")
    }

    private static func describe(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): scalar.string
        case .sequence(let sequence): "[" + sequence.map(describe).joined(separator: " ") + "]"
        case .mapping(let mapping):
            "{" + mapping.map { "\(describe($0.key)):\(describe($0.value))" }.joined(separator: " ") + "}"
        }
    }

    @Test(
        "what a text says",
        arguments: [
            ("a: 1\nb: [x, y]", "{a:1 b:[x y]}"), ("", ""), ("# nothing", ""), ("---\n", ""), ("a\n---\nb\n", "a | b"),
            (#"{"a": {"b": [1, "two\n", null, true]}}"#, "{a:{b:[1 two\n null true]}}"),
            ("{\n\t\"a\": 1\n}", "{a:1}"), ("\u{FEFF}a: 1", "{a:1}"), ("a: 1\r\nb: 2\r\n", "{a:1 b:2}"),
            ("a: |\n  x\n   y\nb: >-\n  x\n  y\n", "{a:x\n y\n b:x y}"), ("a: 'it''s'", "{a:it's}"),
            ("!!binary aGVsbG8=", "hello"), ("!!str 5", "5"), ("!!seq [a]", "[a]"),
            ("a: !!binary /w==", "f:1:4: found !!binary that is no UTF-8 text"),
            ("a: !x b", "f:1:4: found the tag '!x'"),
            ("a: !!set {b}", "f:1:4: found the tag 'tag:yaml.org,2002:set'"),
            // Anchors, aliases, merges.
            ("a: &x [1]\nb: *x\nc: [*x, *x]", "{a:[1] b:[1] c:[[1] [1]]}"),
            ("a: &x 1\nb: &x 2\nc: *x", "{a:1 b:2 c:2}"),
            ("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}", "{a:{b:1 c:2} d:{c:3 b:1}}"),
            ("d: {<<: [{a: 1}, {a: 2, b: 3}]}", "{d:{a:1 b:3}}"), ("{'<<': 1}", "{<<:1}"),
            ("a: &x {b: 1}\n--- \nb: *x", "{a:{b:1}} | f:3:4: found the alias '*x', expected one whose anchor"),
            ("? a\n: b", "{a:b}"), ("*x : 1", "f:1:1: found the alias '*x'"),
            ("a: &a [*a]", "f:1:8: found the alias '*a'"),
            // What is none.
            ("a: [", "f:2:1: found broken YAML: did not find expected node content"),
            ("a: b: c", "f:1:5: found broken YAML: mapping values are not allowed in this context"),
            ("a: ä\nbö: \u{1}", "f:2:5: found a control character, number 1, expected text without any"),
            ("a: b\n\tc: d", "f:2:1: found broken YAML"), ("%YAML 3.0\n---\na", "f:1:1: found broken YAML"),
            ("a: 1\nb: 2\na: 3", "f:3:1: found 'a' twice in one mapping, expected it once; the first is on line 1"),
            ("[a: {b: 1, 'b': 2}]", "f:1:12: found 'b' twice"),
            ("? [a]\n: b", "f:1:3: found a list as a key, expected a name"),
            ("{{a: b}: c}", "f:1:2: found a mapping as a key, expected a name"),
            ("a: {<<: 1}", "f:1:5: found '1' under '<<', expected a mapping or a list of mappings"),
            ("\"\\ud800\"", "f:1:4: found broken YAML"), ("'", "f:1:2: found broken YAML"),
        ]
    )
    func reading(_ text: String, gives expected: String) {
        let found = read(text)
        #expect(expected.isEmpty ? found.isEmpty || found == "" : found.hasPrefix(expected), "\(found)")
    }

    @Test("places are those of the text, in Unicode scalars")
    func places() throws {
        let node = try #require(ProblemLog(path: "f").firstDocument("ä: 1\nb:\n  - ö: 'x'\n    z: |\n      t\n"))
        let list = try #require(node.mapping?["b"]?.sequence)
        let inner = try #require(list.first?.mapping)
        #expect(list.mark == Mark(line: 3, column: 3))
        #expect(inner["ö"]?.mark == Mark(line: 3, column: 8))
        #expect(inner["z"]?.mark == Mark(line: 4, column: 8))
        #expect(node.mapping?["ä"]?.mark == Mark(line: 1, column: 4))
    }

    @Test("aliases that multiply end in an error", arguments: [9, 20, 200])
    func bomb(levels: Int) {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...levels {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(read(text).hasSuffix("found aliases that repeat more than 100000 values, expected fewer"))
    }

    @Test("aliases that deepen end in an error")
    func deepening() {
        var text = "a0: &a0 []\n"
        for level in 1...100_000 { text += "a\(level): &a\(level) [[*a\(level - 1)]]\n" }
        #expect(read(text).hasSuffix("found more than 100 levels of nesting, expected fewer"))
    }

    private static let nested: [String: String] = [
        "flow lists": String(repeating: "[", count: 1_000_000),
        "flow mappings": String(repeating: "{a: ", count: 100_000),
        "lists": String(repeating: "- ", count: 100_000),
        "keys": String(repeating: "? ", count: 100_000),
        "mappings": (0..<2000).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n"),
    ]

    @Test("nesting ends in an error", arguments: nested.keys.sorted())
    func nesting(_ name: String) {
        let found = read(Self.nested[name]!)
        #expect(found.hasSuffix("found more than 100 levels of nesting, expected fewer"), "\(found.prefix(100))")
    }

    @Test("a hundred levels are read")
    func hundred() {
        let text = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(read(text) == text)
    }

    @Test("a mapping of many keys is read in a moment")
    func wide() {
        let text = (0..<100_000).map { "k\($0): v\n" }.joined()
        var pairs = 0
        ProblemLog(path: "f").readDocuments(text) { node in
            pairs = node.mapping?.count ?? 0
            return true
        }
        #expect(pairs == 100_000)
    }

    @Test("reading stops where it is told to")
    func stopping() {
        let log = ProblemLog(path: "f")
        #expect(log.firstDocument("a\n---\n[")?.scalar?.string == "a")
        #expect(log.problems.isEmpty)
        #expect(log.onlyDocument("a\n---\nb")?.scalar?.string == "a")
        #expect(log.problems.map(\.description) == ["f:3:1: found a second document, expected one"])
    }
}
