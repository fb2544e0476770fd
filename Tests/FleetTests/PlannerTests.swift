import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("What machines are meant to have follows what is written, although it is kept")
struct PlannerTests {
    let fixture: FleetFixture
    let web: Digest
    let db: Digest
    var fleet: FleetService { fixture.fleet }

    init() async throws {
        fixture = try await FleetFixture.make()
        web = try fixture.image("web", "web")
        db = try fixture.image("db", "db")
        try await fixture.profile("web")
        try await fixture.profile("db")
        try await assign("web")
        try await fixture.machine(1, profile: nil)
    }

    private func assign(_ profile: String, priority: Int = 0) async throws {
        let selector = Assignment.Selector(isDefault: true)
        try await fleet.withInventory {
            try await $0.apply([.assignment(Assignment(selector: selector, profile: profile, priority: priority))])
        }
    }

    private func desired(_ number: UInt8 = 1) async -> Digest? {
        _ = await fleet.ask(number)
        return fleet.standing(of: "n\(number)")?.state.desired
    }

    @Test("Another profile behind the same rule")
    func assignment() async throws {
        #expect(await desired() == web)
        #expect(await desired() == web)
        try await assign("db", priority: 0)
        #expect(await desired() == db)
    }

    @Test("A profile of its own, and none again")
    func own() async throws {
        #expect(await desired() == web)
        try await fleet.withInventory { try await $0.assign("db", to: ["n1"]) }
        #expect(await desired() == db)
        try await fleet.withInventory { try await $0.assign(nil, to: ["n1"]) }
        #expect(await desired() == web)
    }

    @Test("Another image of the same name")
    func image() async throws {
        #expect(await desired() == web)
        let newer = try fixture.image("web", "newer")
        #expect(await desired() == newer)
    }

    @Test("A machine that is retired, and one that is removed")
    func machine() async throws {
        #expect(await fleet.ask(1).boot?.image == web)
        try await fleet.setState(.retired, of: ["n1"])
        #expect(await fleet.ask(1).lines.contains("retired"))
        try await fleet.withInventory { try await $0.removeMachines(["n1"]) }
        #expect(await fleet.ask(1).lines.contains("not known yet"))
    }

    @Test("An image and kernelArgs that are too long together are granted to nobody, and every screen says so")
    func tooLong() async throws {
        try await fixture.profile("long", image: "web", kernelArgs: [String(repeating: "a", count: 1_850)])
        try await fixture.machine(2, profile: "long")
        #expect(await fleet.ask(2).lines.contains("kernel takes 2047"))
        #expect(fleet.standing(of: "n2")?.state.assigned == nil)
        let why = try await fleet.explain("n2")
        guard case .pause(let lines) = why.answer else {
            Issue.record("\(why.answer)")
            return
        }
        #expect(lines.joined().contains("kernelArgs of its profile 'long'"))
        #expect(try await fixture.boots(2).isEmpty)
    }
}
