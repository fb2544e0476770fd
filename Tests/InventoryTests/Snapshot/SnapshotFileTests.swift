import Foundation
import Testing
import Vocabulary

@testable import Inventory

@Suite struct SnapshotFileTests {
    private let scratch: Scratch
    private let file: SnapshotFile

    init() throws {
        scratch = try Scratch()
        file = SnapshotFile(path: scratch.file("snapshot"))
    }

    private static func deltas(_ numbers: ClosedRange<Int64>) -> [InventoryDelta] {
        numbers.map { number in
            var machine = SnapshotTests.machine(Int(number) % 3)
            machine.profile = "p\(number)"
            return InventoryDelta(sequence: number, changes: [.machine(machine)])
        }
    }

    private static func decode(_ bytes: some Collection<UInt8>) throws -> SnapshotFile.Kept {
        var rest = Array(bytes)[...]
        return try SnapshotFile.decode { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }

    @Test func whatIsWrittenIsWhatIsLoaded() throws {
        var snapshot = SnapshotTests.filled(2000)
        var rich = SnapshotTests.machine(3)
        rich.values = ["v": .object(["a": .array([1, -2, .number(2.5), true, false, .null, "ü"])])]
        rich.bmc = ["redfish": "https://10.0.9.12"]
        rich.architecture = .arm64
        rich.state = .maintenance
        rich.loader = "snponly.efi"
        rich.pinnedImage = .test(9)
        rich.facts = MachineFacts(uuid: rich.uuid, serial: "s", architecture: .arm64, lastSeen: .test(-5))
        snapshot.apply(.machine(rich))
        let end = try file.replace(with: snapshot.contents)
        let loaded = try file.load()
        #expect(comparable(loaded.snapshot) == comparable(snapshot))
        #expect(loaded.snapshot.machine(named: "n3") == rich)
        #expect(loaded.snapshot.machine(mac: .test(1999))?.name == "n1999")
        #expect(loaded.end == end)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["snapshot"])
    }

    @Test func everyKindOfChangeIsLoadedAgain() throws {
        var snapshot = SnapshotTests.filled(3)
        var end = try file.replace(with: snapshot.contents)
        let rule = Assignment(selector: .init(labels: ["role": "web"]), profile: "q")
        let changes: [InventoryChange] = [
            .machineRemoved(name: "n0"), .machine(SnapshotTests.machine(9)),
            .profile(Profile(name: "q", image: .definitions(["q.yml"]))), .profileRemoved(name: "p"),
            .assignment(rule),
            .assignmentRemoved(identity: Assignment(selector: .init(isDefault: true), profile: "p").identity),
            .release(Release(profile: "q", number: 7, images: [.arm64: .test(3)], created: .test(4))),
        ]
        for change in changes {
            let delta = InventoryDelta(sequence: snapshot.sequence + 1, changes: [change])
            let follows = snapshot.apply(delta)
            #expect(follows)
            end = try file.append([delta], at: end)
        }
        let loaded = try file.load()
        #expect(comparable(loaded.snapshot) == comparable(snapshot))
        #expect(loaded.snapshot.assignments.assignments == [rule])
        #expect(loaded.end == end)
    }

    /// A commit that takes several frames is there whole or not at all.
    @Test func aLargeCommitIsLoadedOnlyWhole() throws {
        let end = try file.replace(with: Snapshot(sequence: 1).contents)
        let delta = InventoryDelta(sequence: 2, changes: (0..<2000).map { .machine(SnapshotTests.machine($0)) })
        let whole = try file.append([delta], at: end)
        #expect(try file.load().snapshot.machineCount == 2000)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
        #expect(whole.length == bytes.count)
        for length in stride(from: end.length + 1, to: bytes.count, by: 4999) {
            let kept = try Self.decode(bytes.prefix(length))
            #expect(kept.snapshot.machineCount == 0 && kept.snapshot.sequence == 1 && kept.end == nil)
        }
    }

    @Test func everyTruncationAndEveryWrongByteOfTheFirstCommitIsNoticed() throws {
        _ = try file.replace(with: SnapshotTests.filled(2).contents)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
        for length in 0..<bytes.count {
            #expect(throws: InventoryError.self) { try Self.decode(bytes.prefix(length)) }
        }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x40
            #expect(throws: InventoryError.self) { try Self.decode(damaged) }
        }
    }

    @Test func whateverTheEndLooksLikeWhatIsBeforeItIsLoaded() throws {
        let base = try file.replace(with: SnapshotTests.filled(3).contents)
        let first = try file.append(Self.deltas(2...2), at: base)
        let last = try file.append(Self.deltas(3...4), at: first)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
        #expect(bytes.count == last.length)
        #expect(try Self.decode(bytes).snapshot.sequence == 4)
        for length in base.length...bytes.count {
            let kept = try Self.decode(bytes.prefix(length))
            #expect((1...4).contains(kept.snapshot.sequence))
            #expect(kept.snapshot.machineCount == 3)
            // Only where a commit ends can another be written.
            #expect(kept.end.map { $0.length == length } ?? true)
            if kept.snapshot.sequence > 1 {
                let number = kept.snapshot.sequence
                #expect(kept.snapshot.machine(named: "n\(number % 3)")?.profile == "p\(number)")
            }
        }
        for index in base.length..<bytes.count {
            var damaged = bytes
            damaged[index] ^= 0x40
            let kept = try Self.decode(damaged)
            #expect(kept.end == nil)
            #expect(kept.snapshot.sequence == (index < first.length ? 1 : kept.snapshot.sequence))
            #expect(kept.snapshot.sequence < 4)
        }
    }

    @Test func commitsOfAnotherFileAreNotTaken() throws {
        let other = SnapshotFile(path: scratch.file("other"))
        let end = try file.replace(with: SnapshotTests.filled(3).contents)
        var same = SnapshotTests.filled(3)
        same.apply(.machineRemoved(name: "n2"))
        let elsewhere = try other.replace(with: same.contents)
        _ = try other.append(Self.deltas(2...2), at: elsewhere)
        let frames = try Data(contentsOf: URL(fileURLWithPath: other.path)).dropFirst(elsewhere.length)
        let kept = try Self.decode(try Data(contentsOf: URL(fileURLWithPath: file.path)) + frames)
        #expect(kept.end == nil && kept.snapshot.sequence == 1)
        #expect(try file.load().end == end)
    }

    @Test func nothingIsWrittenBehindAFileThatEndsElsewhere() throws {
        let end = try file.replace(with: SnapshotTests.filled(1).contents)
        _ = try file.append(Self.deltas(2...2), at: end)
        #expect(throws: InventoryError.self) { try file.append(Self.deltas(2...2), at: end) }
        #expect(try file.load().snapshot.sequence == 2)
    }

    @Test func bytesWithARightChecksumAreStillChecked() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let junk = (0..<Int.random(in: 0..<200, using: &generator)).map { _ in UInt8.random(in: 0...255) }
            var reader = ByteReader(junk[...])
            _ = try? reader.change()
        }
    }

    @Test func aMissingFileIsSaidToBeMissing() throws {
        let error = #expect(throws: InventoryError.self) { try file.load() }
        #expect(error?.code == .notFound)
    }

    @Test func aFileThatCannotBeWrittenLeavesTheOldOne() throws {
        _ = try file.replace(with: SnapshotTests.filled(1).contents)
        try FileManager.default.createDirectory(
            atPath: scratch.file("snapshot.new"),
            withIntermediateDirectories: false
        )
        #expect(throws: InventoryError.self) { try file.replace(with: SnapshotTests.filled(2).contents) }
        #expect(try file.load().snapshot.machineCount == 1)
    }
}
