import Inventory
import PXE
import Testing
import Vocabulary

@testable import Fleet

/// What pools are told about addresses that are somebody's.
@Suite struct ReservationTests {
    @Test("an address is its machine's card's, until it is taken from it")
    func holder() async throws {
        let fixture = try await FleetFixture.make()
        let (card, address) = (MACAddress("52:54:00:00:00:01")!, IPv4Address(192, 0, 2, 12))
        let other = MACAddress("52:54:00:00:00:02")!
        func describe(_ address: IPv4Address?) async throws {
            let nics: [Machine.NIC] = [.init(mac: other), .init(mac: card, address: address)]
            let machine = MachineResource(machine: Machine(name: "n1", nics: nics))
            try await fixture.fleet.withInventory { try await $0.apply([.machine(machine)]) }
        }
        let authority: any BootAuthority = fixture.fleet.authority
        try await describe(address)
        #expect(authority.reservation(of: address) == card)
        #expect(authority.host(for: MachineIdentity(mac: card))?.address == address)
        #expect(authority.reservation(of: IPv4Address(192, 0, 2, 13)) == nil)
        try await describe(nil)
        #expect(authority.reservation(of: address) == nil)
    }
}
