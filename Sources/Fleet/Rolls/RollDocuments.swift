import Foundation
import Inventory
import Rollout
import Vocabulary

/// A roll as the ledger keeps it.
struct RollFile: Hashable, Sendable, Codable {
    var row: RollRow
    /// Where its machines are moved to; nil for a way back to what no release has.
    var release: Int?
    /// Where most of them came from; nil when that is no release of the profile.
    var origin: Int?
    /// Whether only some of the profile's machines were asked for: what the profile is meant to have stays then.
    var isPartial = false
    var began: Timestamp
    var ended: Timestamp?
    /// How many machines ended in which phase; empty while it is open.
    var counts: [String: Int] = [:]
}

/// What the driver knows of a machine beside its boots and its part.
struct MachineHealthFile: Hashable, Sendable, Codable {
    var health: MachineRow.Health
    var bootBegan: ObservedTime?
    var withoutKernelSince: ObservedTime?
    var leftHealth: ObservedTime?

    init(_ row: MachineRow) {
        health = row.health
        bootBegan = row.bootBegan
        withoutKernelSince = row.withoutKernelSince
        leftHealth = row.leftHealth
    }

    func restore(_ row: inout MachineRow) {
        row.health = health
        row.bootBegan = bootBegan
        row.withoutKernelSince = withoutKernelSince
        row.leftHealth = leftHealth
    }
}

/// The driver's own rows, by the names that they have in the ledger.
enum DriverDocument: String {
    case lease, clock, freeze, alarms, bootTimes
    /// What profiles are meant to have and the inventory does not know yet.
    case meant

    func row(_ value: some Encodable) -> LedgerRow { .driver(name: rawValue, document: document(value)) }

    func value<Value: Decodable>(_ documents: [String: String], as type: Value.Type = Value.self) throws -> Value? {
        try documents[rawValue].map { try read($0) }
    }
}

/// What a profile is to be meant to have; no release for the newest.
struct Meaning: Hashable, Sendable, Codable {
    var release: Int?
}

/// One line of JSON with sorted keys.
func document<Value: Encodable>(_ value: Value) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let bytes = try? encoder.encode(value) else {
        preconditionFailure("\(Value.self) has a value that JSON does not know: nothing may be stored for it")
    }
    return String(decoding: bytes, as: UTF8.self)
}

func read<Value: Decodable>(_ document: String, as type: Value.Type = Value.self) throws -> Value {
    do {
        return try JSONDecoder().decode(Value.self, from: Data(document.utf8))
    } catch {
        throw InventoryError(
            .corrupt,
            "the ledger holds a document that this version cannot read: \(document)",
            cause: error
        )
    }
}
