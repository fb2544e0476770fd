import Foundation
import Testing
import Vocabulary

@testable import Inventory

/// A directory of its own for one test, removed with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/muster-inventory-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }
}

extension MACAddress {
    static func test(_ number: Int) -> MACAddress { MACAddress(rawValue: 0x5254_0000_0000 + UInt64(number)) }
}

extension Digest {
    static func test(_ number: UInt8) -> Digest { Digest(octets: [UInt8](repeating: number, count: 32))! }
}

extension BootID {
    static func test(_ number: UInt64) -> BootID {
        var constant = Constant()
        return BootID(milliseconds: number, using: &constant)
    }

    private struct Constant: RandomNumberGenerator {
        mutating func next() -> UInt64 { 0x0123_4567_89ab_cdef }
    }
}

extension Timestamp {
    static func test(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + seconds * 1000) }
}

/// The resources that a text describes; it has to be right.
func resources(_ text: String) throws -> [Resource] {
    try ResourceFile.parse([.init(path: "fleet.yml", text: text)])
}

/// Everything that a snapshot shows, in an order of its own.
func comparable(_ snapshot: Snapshot) -> [String] {
    ["\(snapshot.sequence)"]
        + snapshot.machines.map { "\($0.document.json) \(String(describing: $0.facts))" }.sorted()
        + snapshot.profiles.values.map(\.document.json).sorted()
        + snapshot.assignments.assignments.map(\.document.json)
        + snapshot.releases.values.flatMap { $0 }.map { "\($0.profile) \($0.number) \($0.images)" }.sorted()
        + snapshot.meantReleases.map { "\($0.key) is meant to have \($0.value)" }.sorted()
}

/// The code of what `body` throws; nil when it throws nothing or something else.
func code(of body: () async throws -> Void) async -> InventoryError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? InventoryError)?.code
    }
}
