import Foundation
import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

@Suite("Machines that nobody described")
struct UnknownMachineTests {
    let fixture: FleetFixture
    var fleet: FleetService { fixture.fleet }

    init() async throws {
        fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web")
        fixture.network[peer(9)] = mac(9)
    }

    @Test("Wait, are recorded once, and boot as soon as they are accepted")
    func acceptance() async throws {
        for _ in 0..<3 {
            let answer = await fleet.ask(9)
            #expect(answer.lines.contains("52:54:00:00:00:09"))
        }
        try await fixture.flush()
        #expect(try await fleet.records.waiting().map(\.mac) == [mac(9)])
        #expect(try await fleet.records.events().filter { $0.kind == "machine.waiting" }.count == 1)
        #expect(fleet.status.waiting == 1)
        let machines = try await fleet.accept(["m525400000009"], profile: "web", name: "fresh")
        #expect(machines.map(\.name) == ["fresh"])
        #expect(await fleet.ask(9).boot?.machine == "fresh")
        #expect(fleet.status.waiting == 0)
        try await fixture.flush()
        #expect(try await fleet.records.waiting().isEmpty)
    }

    @Test("Are accepted by MAC too, and rejected ones boot nothing until they are accepted")
    func rejection() async throws {
        _ = await fleet.ask(9)
        try await fleet.reject([mac(9).description])
        #expect(await fleet.ask(9).lines.contains("rejected"))
        _ = try await fleet.accept([mac(9).description], profile: "web")
        #expect(await fleet.ask(9).boot?.machine == "m525400000009")
        await #expect(throws: FleetError.self) { try await fleet.accept(["nobody"]) }
    }

    @Test("Are not recorded for somebody else")
    func foreign() async throws {
        let answer = await fleet.ask(MachineIdentity(mac: mac(8)), from: peer(9))
        #expect(answer.lines.contains("52:54:00:00:00:08") && fleet.status.waiting == 0)
    }

    @Test("That say nothing and have no known address are told so")
    func nameless() async {
        #expect(await fleet.ask(MachineIdentity(), from: IPv4Address(172, 16, 0, 1)).lines.contains("did not say"))
    }
}

@Suite("Which machine it is")
struct IdentityTests {
    @Test("UUIDs count in both byte orders, placeholders and fillers never")
    func identity() async throws {
        let fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web")
        let uuid = try #require(MachineUUID("11112222-3333-4444-5555-666677778888"))
        let machine = Machine(name: "n1", nics: [.init(mac: mac(1))], profile: "web", uuid: uuid, serial: "S1")
        let twin = Machine(name: "n2", nics: [.init(mac: mac(2))], profile: "web")
        try await fixture.fleet.withInventory {
            try await $0.apply([
                .machine(MachineResource(machine: machine)), .machine(MachineResource(machine: twin)),
            ])
        }
        func name(_ identity: MachineIdentity) -> String? { fixture.fleet.authority.host(for: identity)?.name }
        #expect(name(MachineIdentity(uuid: uuid)) == "n1")
        #expect(name(MachineIdentity(uuid: uuid.byteSwapped)) == "n1")
        #expect(name(MachineIdentity(serial: " S1 ")) == "n1")
        #expect(name(MachineIdentity(mac: mac(2), uuid: uuid, serial: "S1")) == "n2", "the card comes first")
        #expect(name(MachineIdentity(uuid: MachineUUID(high: 0, low: 0), serial: "To be filled by O.E.M.")) == nil)
        #expect(name(MachineIdentity(uuid: MachineUUID(high: .max, low: .max))) == nil)
    }
}

@Suite("Machines that get a screen instead of a kernel")
struct PauseTests {
    @Test("Retired machines and those without profile or image are told why")
    func screens() async throws {
        let fixture = try await FleetFixture.make()
        try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.profile("empty", image: "nothing")
        try await fixture.machine(1, state: .retired)
        try await fixture.machine(2, profile: nil)
        try await fixture.machine(3, profile: "empty")
        try await fixture.machine(4, state: .maintenance)
        #expect(await fixture.fleet.ask(1).lines.contains("retired"))
        #expect(await fixture.fleet.ask(2).lines.contains("no profile"))
        #expect(await fixture.fleet.ask(3).lines.contains("nothing"))
        #expect(await fixture.fleet.ask(4).boot != nil)
        for number in 1...3 as ClosedRange<UInt8> { #expect(try await fixture.boots(number).isEmpty) }
        try fixture.image("nothing")
        #expect(await fixture.fleet.ask(3).boot != nil, "it boots as soon as there is an image")
    }

    @Test("An image that lost its bytes is explained")
    func missingBlob() async throws {
        let fixture = try await FleetFixture.make()
        let image = try fixture.image("web")
        try await fixture.profile("web")
        try await fixture.machine(1)
        let kernel = try fixture.fleet.images.manifest(image).kernel.digest
        try FileManager.default.removeItem(atPath: fixture.fleet.images.blobs.path(of: kernel))
        #expect(await fixture.fleet.ask(1).lines.contains("cannot be served"))
    }
}
