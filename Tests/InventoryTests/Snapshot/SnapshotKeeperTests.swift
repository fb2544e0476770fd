import Foundation
import Testing
import Vocabulary

@testable import Inventory

@Suite struct SnapshotKeeperTests {
    private let scratch: Scratch
    private var path: String { scratch.file("snapshot") }

    init() throws { scratch = try Scratch() }

    private func size() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: path)).count }

    private func change(_ keeper: SnapshotKeeper, _ number: Int, profile: String? = nil) {
        var machine = SnapshotTests.machine(number)
        machine.profile = profile
        let sequence = keeper.snapshot.read { $0.sequence } + 1
        #expect(keeper.snapshot.apply(InventoryDelta(sequence: sequence, changes: [.machine(machine)])))
    }

    private func expectSame(_ keeper: SnapshotKeeper) {
        let again = SnapshotKeeper(path: path)
        #expect(again.damage == nil)
        #expect(comparable(again.snapshot.read { copy $0 }) == comparable(keeper.snapshot.read { copy $0 }))
    }

    /// A keeper whose file has 500 machines.
    private func filled() async throws -> SnapshotKeeper {
        let keeper = SnapshotKeeper(path: path)
        #expect(keeper.snapshot.advance(to: SnapshotTests.filled(500)))
        try await keeper.write()
        return keeper
    }

    @Test func aChangeIsWrittenBehindWhatIsThere() async throws {
        let keeper = try await filled()
        expectSame(keeper)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        change(keeper, 7, profile: "p")
        try await keeper.write()
        let after = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(after.prefix(before.count) == before)
        #expect(after.count - before.count < 400)
        expectSame(keeper)
        try await keeper.write()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == after)
    }

    @Test func aRestartGoesOnWhereTheFileEnds() async throws {
        let keeper = try await filled()
        change(keeper, 7, profile: "p")
        try await keeper.write()
        let before = try size()
        let again = SnapshotKeeper(path: path)
        change(again, 8, profile: "p")
        change(again, 900)
        try await again.write()
        #expect(try size() - before < 800)
        expectSame(again)
        #expect(SnapshotKeeper(path: path).snapshot.read { $0.machineCount } == 501)
    }

    @Test func whatAPowerCutLeftOfACommitIsMadeGood() async throws {
        let keeper = try await filled()
        change(keeper, 7, profile: "p")
        try await keeper.write()
        change(keeper, 8, profile: "p")
        try await keeper.write()
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try whole.dropLast(11).write(to: URL(fileURLWithPath: path))
        let again = SnapshotKeeper(path: path)
        #expect(again.damage?.code == .corrupt)
        #expect(again.snapshot.read { $0.machine(named: "n7") }?.profile == "p")
        #expect(again.snapshot.read { $0.machine(named: "n8") }?.profile == nil)
        change(again, 9, profile: "p")
        try await again.write()
        expectSame(again)
    }

    @Test func manyChangesAreFoldedIntoANewFile() async throws {
        let keeper = SnapshotKeeper(path: path)
        #expect(keeper.snapshot.advance(to: SnapshotTests.filled(20)))
        try await keeper.write()
        let base = try size()
        let text = String(repeating: "x", count: 100_000)
        for number in 0..<30 {
            var machine = SnapshotTests.machine(number % 3)
            machine.labels["note"] = text
            let delta = InventoryDelta(sequence: Int64(number) + 2, changes: [.machine(machine)])
            #expect(keeper.snapshot.apply(delta))
            try await keeper.write()
            #expect(try size() < base + 300_000 + (1 << 20) + 300_000)
        }
        expectSame(keeper)
    }

    @Test func asManyChangesAsMachinesAreNotKeptInMemory() async throws {
        let keeper = try await filled()
        for number in 0..<2000 { change(keeper, number % 500, profile: "p\(number)") }
        try await keeper.write()
        expectSame(keeper)
    }

    @Test func aFileThatWasTakenAwayIsWrittenAnew() async throws {
        let keeper = try await filled()
        try FileManager.default.removeItem(atPath: path)
        change(keeper, 1, profile: "p")
        await #expect(throws: InventoryError.self) { try await keeper.write() }
        try await keeper.write()
        expectSame(keeper)
    }

    @Test func whatCouldNotBeWrittenIsWrittenLater() async throws {
        let keeper = try await filled()
        change(keeper, 1, profile: "p")
        try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        await #expect(throws: InventoryError.self) { try await keeper.write() }
        change(keeper, 2, profile: "p")
        await #expect(throws: InventoryError.self) { try await keeper.write() }
        try FileManager.default.removeItem(atPath: path)
        try await keeper.write()
        expectSame(keeper)
    }

    @Test func aSnapshotThatTakesOverAnotherIsWrittenWhole() async throws {
        let keeper = try await filled()
        change(keeper, 1, profile: "p")
        var other = SnapshotTests.filled(3)
        for sequence in 2...9 {
            let follows = other.apply(InventoryDelta(sequence: Int64(sequence), changes: []))
            #expect(follows)
        }
        #expect(keeper.snapshot.advance(to: other))
        change(keeper, 2, profile: "p")
        try await keeper.write()
        expectSame(keeper)
        #expect(SnapshotKeeper(path: path).snapshot.read { $0.machineCount } == 3)
    }
}
