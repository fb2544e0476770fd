import Testing

@testable import Inventory

@Suite struct NameRangeTests {
    @Test(arguments: [
        ("n12", ["n12"]), ("n[1-3]", ["n1", "n2", "n3"]), ("n[01-03,20]", ["n01", "n02", "n03", "n20"]),
        ("n[9-11]", ["n9", "n10", "n11"]), ("n[08-10]", ["n08", "n09", "n10"]), ("a,b[1-2]", ["a", "b1", "b2"]),
        ("r[1-2]n[1-2]", ["r1n1", "r1n2", "r2n1", "r2n2"]), ("n[7]-x", ["n7-x"]),
    ])
    func namesInTheShortForm(_ text: String, _ names: [String]) throws {
        #expect(try NameRange(text).names == names)
    }

    @Test(arguments: [
        "", "n[", "n]", "n[1-", "n[]", "n[2-1]", "n[a-b]", "n[1-2-3]", "n[1]]", "a,,b", "n[0-99999999]", "n[-1]",
    ])
    func whatIsNoShortForm(_ text: String) { #expect(throws: InventoryError.self) { try NameRange(text) } }

    @Test func argumentsGiveEachNameOnce() throws {
        #expect(try NameRange.expand(["n[1-2]", "n2", "x"]) == ["n1", "n2", "x"])
    }
}

@Suite struct LabelSelectorTests {
    static let labels = ["role": "web", "rack": "r7"]

    @Test(arguments: [
        ("role=web", true), ("role==web", true), ("role=db", false), ("role!=db", true), ("role!=web", false),
        ("none!=x", true), ("role=web,rack=r7", true), ("role=web,rack!=r7", false), ("role in (web,db)", true),
        ("role in (db, lb)", false), ("role notin (db)", true), ("none notin (a)", true), ("none in (a)", false),
        ("role", true), ("none", false), ("!none", true), ("!role", false), (" role = web , rack ", true),
        ("none=", false),
    ])
    func termsAreAllMet(_ text: String, _ matches: Bool) throws {
        #expect(try LabelSelector(text).matches(Self.labels) == matches)
    }

    @Test(arguments: ["", ",", "=web", "role in web", "role in (web", "a b=c", "role on (a)", "!=", "in (a)"])
    func whatIsNoSelector(_ text: String) { #expect(throws: InventoryError.self) { try LabelSelector(text) } }
}
