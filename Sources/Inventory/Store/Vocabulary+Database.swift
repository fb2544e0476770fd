import Foundation
public import GRDB
public import Vocabulary

// How vocabulary is kept in columns: addresses and times as INTEGER, digests and UUIDs as BLOB, names as TEXT.

extension MACAddress: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { Int64(rawValue).databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> MACAddress? {
        Int64.fromDatabaseValue(value).map { MACAddress(rawValue: UInt64(truncatingIfNeeded: $0)) }
    }
}

extension IPv4Address: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { Int64(rawValue).databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> IPv4Address? {
        UInt32.fromDatabaseValue(value).map(IPv4Address.init(rawValue:))
    }
}

extension Timestamp: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { milliseconds.databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> Timestamp? {
        Int64.fromDatabaseValue(value).map(Timestamp.init(milliseconds:))
    }
}

extension Digest: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { Data(octets).databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> Digest? {
        Data.fromDatabaseValue(value).flatMap { Digest(octets: $0) }
    }
}

extension MachineUUID: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { Data(octets).databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> MachineUUID? {
        Data.fromDatabaseValue(value).flatMap { MachineUUID(octets: $0) }
    }
}

extension BootID: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { rawValue.databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> BootID? {
        String.fromDatabaseValue(value).flatMap { BootID($0) }
    }
}

extension Architecture: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { rawValue.databaseValue }
    public static func fromDatabaseValue(_ value: DatabaseValue) -> Architecture? {
        String.fromDatabaseValue(value).map(Architecture.init(rawValue:))
    }
}

extension Row {
    /// A column that has to be there and to be what it should; otherwise the file is damaged.
    func required<Value: DatabaseValueConvertible>(_ column: String, as: Value.Type = Value.self) throws -> Value {
        let stored: DatabaseValue = self[column] ?? .null
        guard let value = Value.fromDatabaseValue(stored) else {
            throw InventoryError(.corrupt, "column \(column) holds \(stored), which is no \(Value.self)")
        }
        return value
    }

    /// A column that may be NULL; anything else has to be what it should.
    func optional<Value: DatabaseValueConvertible>(_ column: String, as: Value.Type = Value.self) throws -> Value? {
        let stored: DatabaseValue = self[column] ?? .null
        return stored.isNull ? nil : try required(column)
    }

    /// A column with the spelling of one of `Value`'s cases.
    func spelled<Value: RawRepresentable<String>>(_ column: String, as: Value.Type = Value.self) throws -> Value {
        let text = try required(column, as: String.self)
        guard let value = Value(rawValue: text) else {
            throw InventoryError(.corrupt, "column \(column) holds '\(text)', which is no \(Value.self)")
        }
        return value
    }
}
