import Foundation
import Testing
import Vocabulary

@testable import Inventory

@Suite struct SnapshotTests {
    static func machine(_ number: Int) -> Machine {
        Machine(
            name: "n\(number)",
            nics: [.init(mac: .test(number), address: IPv4Address(rawValue: 0x0a00_0000 + UInt32(number)))],
            labels: ["role": "web", "rack": "r\(number % 40)"],
            values: ["disk": "/dev/nvme0n1"],
            uuid: MachineUUID(high: 0x1111_2222_3333_4444, low: UInt64(number)),
            serial: "SN-\(number)"
        )
    }

    static func filled(_ count: Int) -> Snapshot {
        var snapshot = Snapshot(sequence: 1, changes: (0..<count).map { .machine(machine($0)) })
        snapshot.apply(.profile(Profile(name: "p", image: .reference("i"))))
        snapshot.apply(.assignment(Assignment(selector: .init(isDefault: true), profile: "p")))
        snapshot.apply(.release(Release(profile: "p", number: 1, images: [.amd64: .test(1)], created: .test(0))))
        return snapshot
    }

    @Test func aMachineIsFoundByEachOfItsKeys() {
        let snapshot = Self.filled(10)
        let wanted = Self.machine(7)
        #expect(snapshot.machine(named: "n7") == wanted)
        #expect(snapshot.machine(mac: .test(7)) == wanted)
        #expect(snapshot.machine(for: MachineIdentity(mac: .test(7))) == wanted)
        #expect(snapshot.machine(for: MachineIdentity(mac: .test(99), uuid: wanted.uuid)) == wanted)
        #expect(snapshot.machine(for: MachineIdentity(serial: "SN-7")) == wanted)
        #expect(snapshot.reservation(for: .test(7)) == IPv4Address(10, 0, 0, 7))
        #expect(snapshot.holder(of: IPv4Address(10, 0, 0, 7)) == .test(7))
        #expect(snapshot.machine(for: MachineIdentity(mac: .test(99))) == nil)
    }

    /// protocol.md 135: SMBIOS before 2.6 has the first three fields the other way round.
    @Test func aUUIDIsFoundInEitherByteOrder() {
        let snapshot = Self.filled(3)
        #expect(snapshot.machine(for: MachineIdentity(uuid: Self.machine(2).uuid?.byteSwapped))?.name == "n2")
    }

    /// protocol.md 135, 136.
    @Test func whatManyMachinesShareFindsNone() {
        var machine = Self.machine(1)
        machine.uuid = MachineUUID(high: 0, low: 0)
        machine.serial = "To be filled by O.E.M."
        let snapshot = Snapshot(sequence: 1, changes: [.machine(machine)])
        #expect(snapshot.machine(for: MachineIdentity(uuid: machine.uuid, serial: machine.serial)) == nil)
    }

    @Test func aMACBeatsAUUID() {
        let snapshot = Self.filled(3)
        #expect(snapshot.machine(for: MachineIdentity(mac: .test(1), uuid: Self.machine(2).uuid))?.name == "n1")
    }

    @Test func deltasFollowOneAnother() {
        var snapshot = Self.filled(2)
        var changed = Self.machine(1)
        changed.nics = [.init(mac: .test(50))]
        let delta = InventoryDelta(sequence: 2, changes: [.machine(changed), .machineRemoved(name: "n0")])
        let follows = snapshot.apply(delta)
        #expect(follows)
        #expect(snapshot.machine(mac: .test(1)) == nil)
        #expect(snapshot.machine(mac: .test(50)) == changed)
        #expect(snapshot.holder(of: IPv4Address(10, 0, 0, 1)) == nil)
        #expect(snapshot.machine(named: "n0") == nil)
        #expect(snapshot.machineCount == 1)
        // What is in already does nothing; what is missing is noticed.
        let follows2 = snapshot.apply(delta)
        #expect(follows2)
        let follows3 = snapshot.apply(InventoryDelta(sequence: 4, changes: [.machineRemoved(name: "n1")]))
        #expect(!follows3)
        #expect(snapshot.machineCount == 1)
        #expect(snapshot.sequence == 2)
    }

    @Test func machinesSwapTheirMACsInOneCommit() {
        var snapshot = Self.filled(2)
        var (a, b) = (Self.machine(0), Self.machine(1))
        swap(&a.nics, &b.nics)
        let follows4 = snapshot.apply(InventoryDelta(sequence: 2, changes: [.machine(a), .machine(b)]))
        #expect(follows4)
        #expect(snapshot.machine(mac: .test(0)) == b)
        #expect(snapshot.machine(mac: .test(1)) == a)
        #expect(snapshot.holder(of: IPv4Address(10, 0, 0, 1)) == .test(1))
    }

    @Test func aProfileTakesItsReleasesWithIt() {
        var snapshot = Self.filled(1)
        #expect(snapshot.latestRelease(of: "p")?.number == 1)
        snapshot.apply(.release(Release(profile: "p", number: 2, images: [:], created: .test(1))))
        #expect(snapshot.latestRelease(of: "p")?.number == 2)
        #expect(snapshot.release(1, of: "p")?.images == [.amd64: .test(1)])
        snapshot.apply(.profileRemoved(name: "p"))
        #expect(snapshot.latestRelease(of: "p") == nil)
    }

    @Test func removedMachinesLeaveRoomForOthers() {
        var snapshot = Self.filled(100)
        for round in 0..<50 {
            snapshot.apply(.machineRemoved(name: "n\(round)"))
            snapshot.apply(.machine(Self.machine(1000 + round)))
        }
        #expect(snapshot.machineCount == 100)
        #expect(snapshot.machines.reduce(0) { count, _ in count + 1 } == 100)
    }

    @Test func whoHoldsTheContentsKeepsThemAsTheyWere() {
        var snapshot = Self.filled(1000)
        let held = snapshot.contents
        var changed = Self.machine(7)
        changed.profile = "p"
        snapshot.apply(.machine(changed))
        snapshot.apply(.machineRemoved(name: "n900"))
        snapshot.apply(.machine(Self.machine(2000)))
        snapshot.apply(.machine(Self.machine(2001)))
        snapshot.apply(.profileRemoved(name: "p"))
        let names = Set(held.table.machines.map(\.name))
        #expect(names == Set((0..<1000).map { "n\($0)" }))
        #expect(held.table.machines.first { $0.name == "n7" }?.profile == nil)
        #expect(held.profiles.keys.sorted() == ["p"])
        #expect(snapshot.machine(named: "n7") == changed)
        #expect(snapshot.machineCount == 1001)
    }
}
