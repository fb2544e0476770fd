import Testing
import Vocabulary

@testable import Inventory

@Suite struct AssignmentResolverTests {
    static let subject = AssignmentSubject(
        macs: [MACAddress("52:54:00:12:34:56")!, MACAddress("02:00:00:00:00:01")!],
        uuid: MachineUUID("11112222-3333-4444-5555-666677778888"),
        serial: "ABC-123",
        addresses: [IPv4Address(10, 1, 2, 3)],
        labels: ["role": "web", "rack": "r7", "site": "x"],
        architecture: .arm64
    )

    /// The contract's order, the strongest first. Each matches the subject.
    static let order: [Assignment.Selector] = [
        .init(mac: MACPattern("52:54:00:12:34:56")),
        .init(uuid: MachineUUID("11112222-3333-4444-5555-666677778888")),
        .init(serial: SerialPattern("ABC-123")),
        .init(mac: MACPattern("52:54:00:12:34:5*")),
        .init(mac: MACPattern("52:54:00*")),
        .init(mac: MACPattern("5*")),
        .init(mac: MACPattern("*")),
        .init(serial: SerialPattern("ABC-*")),
        .init(serial: SerialPattern("A*")),
        .init(subnet: IPv4Network("10.1.2.0/24")),
        .init(subnet: IPv4Network("10.0.0.0/8")),
        .init(subnet: IPv4Network("0.0.0.0/0")),
        .init(labels: ["role": "web", "rack": "r7"]),
        .init(labels: ["role": "web"]),
        .init(architecture: .arm64),
        .init(isDefault: true),
    ]

    @Test(arguments: order.indices)
    func theStrongestRuleWins(_ first: Int) {
        // The weaker a rule is the higher its priority, which only decides between equals.
        let rules = Self.order[first...].enumerated().map {
            Assignment(selector: $1, profile: "p\($0)", priority: $0)
        }
        #expect(AssignmentResolver(rules.shuffled()).resolve(Self.subject)?.profile == "p0")
        #expect(AssignmentResolver(rules).matching(Self.subject).map(\.profile) == rules.map(\.profile))
    }

    @Test func severalPartsGoByTheStrongestAndThenByTheNext() {
        let rules = [
            Assignment(selector: .init(labels: ["role": "web"]), profile: "label"),
            Assignment(selector: .init(labels: ["role": "web"], architecture: .arm64), profile: "both"),
            Assignment(selector: .init(architecture: .arm64), profile: "arch"),
        ]
        #expect(AssignmentResolver(rules).matching(Self.subject).map(\.profile) == ["both", "label", "arch"])
    }

    @Test func equalsGoByPriority() {
        let rules = [
            Assignment(selector: .init(labels: ["role": "web"]), profile: "low", priority: -1),
            Assignment(selector: .init(labels: ["rack": "r7"]), profile: "high", priority: 3),
            Assignment(selector: .init(labels: ["site": "x"]), profile: "middle"),
        ]
        #expect(AssignmentResolver(rules).resolve(Self.subject)?.profile == "high")
    }

    static let strangers: [Assignment.Selector] = [
        Assignment.Selector(mac: MACPattern("52:54:00:12:34:57")), .init(mac: MACPattern("53*")),
        .init(uuid: MachineUUID("22112222-3333-4444-5555-666677778888")), .init(serial: SerialPattern("ABC-1234*")),
        .init(serial: SerialPattern("abc-123")), .init(subnet: IPv4Network("10.2.0.0/16")),
        .init(labels: ["role": "db"]), .init(labels: ["role": "web", "none": ""]), .init(architecture: .amd64),
        .init(mac: MACPattern("52*"), architecture: .amd64), .init(),
    ]

    @Test(arguments: strangers)
    func whatDoesNotMatchDoesNotWin(_ selector: Assignment.Selector) {
        let rules = [
            Assignment(selector: selector, profile: "wrong"),
            Assignment(selector: .init(isDefault: true), profile: "p"),
        ]
        #expect(AssignmentResolver(rules).resolve(Self.subject)?.profile == "p")
    }

    @Test func rulesComeAndGo() {
        var resolver = AssignmentResolver()
        let rule = Assignment(name: "r", selector: .init(mac: MACPattern("52*")), profile: "a")
        resolver.insert(rule)
        resolver.insert(Assignment(name: "r", selector: .init(architecture: .arm64), profile: "b"))
        #expect(resolver.matching(Self.subject).map(\.profile) == ["b"])
        resolver.remove("r")
        resolver.remove("r")
        #expect(resolver.resolve(Self.subject) == nil)
    }

    /// protocol.md 131.
    @Test func everyCardOfAMachineHasTheSameProfile() {
        var machine = Machine(name: "n1", nics: Self.subject.macs.map { .init(mac: $0) })
        machine.nics[0].address = IPv4Address(10, 0, 0, 1)
        machine.nics[1].address = IPv4Address(10, 0, 0, 2)
        let changes: [InventoryChange] = [
            .machine(machine), .assignment(Assignment(selector: .init(mac: MACPattern("02:00*")), profile: "p")),
        ]
        let snapshot = Snapshot(sequence: 1, changes: changes)
        for nic in machine.nics {
            let found = snapshot.machine(for: MachineIdentity(mac: nic.mac))
            #expect(found.flatMap { snapshot.profileName(of: $0) } == "p")
            #expect(snapshot.reservation(for: nic.mac) == nic.address)
        }
    }

    @Test func theExplanationSaysWhyEachLost() {
        let rules = [
            Assignment(selector: .init(labels: ["role": "web"]), profile: "a", priority: 2),
            Assignment(selector: .init(labels: ["rack": "r7"]), profile: "b"),
            Assignment(selector: .init(isDefault: true), profile: "c"),
        ]
        let explained = AssignmentResolver(rules).explain(Self.subject, ownProfile: nil)
        #expect(explained.profile == "a")
        #expect(
            explained.candidates.map(\.reason) == [
                "the most specific rule that matches",
                "as specific as 'labels=role=web', but priority 0 is below 2",
                "less specific than 'labels=role=web'",
            ]
        )
        let own = AssignmentResolver(rules).explain(Self.subject, ownProfile: "mine")
        #expect(own.profile == "mine")
        #expect(own.candidates.count == 4)
        #expect(own.candidates.filter(\.wins).count == 1)
    }

    @Test func aLookUpOpensOnlyTheDrawersOfItsValues() {
        let rules = (0..<20_000).map {
            Assignment(selector: .init(mac: MACPattern(MACAddress.test($0))), profile: "p\($0)")
        }
        let resolver = AssignmentResolver(rules)
        let subject = AssignmentSubject(macs: [.test(777)])
        #expect(resolver.resolve(subject)?.profile == "p777")
        #expect(resolver.matching(subject).count == 1)
    }
}

@Suite struct AssignmentAmbiguityTests {
    static let pairs: [(Assignment.Selector, Assignment.Selector, Bool)] = [
        (Assignment.Selector(labels: ["role": "web"]), Assignment.Selector(labels: ["rack": "r7"]), true),
        (.init(labels: ["role": "web"]), .init(labels: ["role": "db"]), false),
        (.init(labels: ["role": "web"]), .init(labels: ["role": "web", "rack": "r7"]), false),
        (.init(labels: ["a": "1", "b": "2"]), .init(labels: ["b": "3", "c": "2"]), false),
        (.init(labels: ["a": "1", "b": "2"]), .init(labels: ["b": "2", "c": "2"]), true),
        (.init(architecture: .arm64), .init(architecture: .amd64), false),
        (.init(isDefault: true), .init(isDefault: true), true),
        (.init(mac: MACPattern("52:54*")), .init(mac: MACPattern("52:55*")), false),
        (.init(mac: MACPattern("52:54*")), .init(mac: MACPattern("52-54-*")), true),
        (.init(subnet: IPv4Network("10.0.0.0/8")), .init(subnet: IPv4Network("11.0.0.0/8")), false),
    ]

    @Test(arguments: pairs)
    func equalRulesThatOneMachineCouldMatch(_ a: Assignment.Selector, _ b: Assignment.Selector, _ isAmbiguous: Bool) {
        let first = Assignment(name: "a", selector: a, profile: "p")
        var second = Assignment(name: "b", selector: b, profile: "q")
        #expect((AssignmentAmbiguity.first(in: [first, second]) != nil) == isAmbiguous)
        second.priority = 1
        #expect(AssignmentAmbiguity.first(in: [first, second]) == nil)
        second = Assignment(name: "b", selector: b, profile: "p")
        #expect(AssignmentAmbiguity.first(in: [first, second]) == nil)
    }
}

@Suite struct PatternTests {
    @Test(arguments: [
        ("52:54:00:12:34:56", "52:54:00:12:34:56"), ("52-54-00-12-34-56", "52:54:00:12:34:56"), ("52:54:*", "52:54:*"),
        ("52:54*", "52:54:*"), ("52:5*", "52:5*"), ("5254*", "52:54:*"), ("*", "*"), ("52-54-0*", "52:54:0*"),
    ])
    func aMACPatternIsReadAndPrinted(_ text: String, _ printed: String) {
        #expect(MACPattern(text)?.description == printed)
    }

    @Test(arguments: [
        "", "52:5*4", "52::54*", "5:2*", "zz*", "52:54:00:12:34:56*", "52:54:00:12:34", "**", "52:54-00*",
    ])
    func whatIsNoMACPattern(_ text: String) { #expect(MACPattern(text) == nil) }

    @Test(arguments: ["", "None", "0000000", "To be filled by O.E.M."])
    func aFillerIsNoSerial(_ text: String) { #expect(SerialPattern(text) == nil) }
}
