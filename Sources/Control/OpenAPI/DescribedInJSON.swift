import Fleet
import Inventory
import Vocabulary

extension DescribedInJSON {
    fileprivate static func text(_ example: String, format: String? = nil) -> JSONValue {
        var schema: [String: JSONValue] = ["type": "string", "examples": .array([.string(example)])]
        schema["format"] = format.map(JSONValue.string)
        return .object(schema)
    }
}

extension String: DescribedInJSON {
    static var sample: String { "" }
    static func schema(in schema: inout JSONSchema) -> JSONValue { ["type": "string"] }
}

extension Bool: DescribedInJSON {
    static var sample: Bool { false }
    static func schema(in schema: inout JSONSchema) -> JSONValue { ["type": "boolean"] }
}

extension Int: DescribedInJSON {
    static var sample: Int { 0 }
    static func schema(in schema: inout JSONSchema) -> JSONValue { ["type": "integer"] }
}

extension Int64: DescribedInJSON {
    static var sample: Int64 { 0 }
    static func schema(in schema: inout JSONSchema) -> JSONValue { ["type": "integer"] }
}

extension UInt64: DescribedInJSON {
    static var sample: UInt64 { 0 }
    static func schema(in schema: inout JSONSchema) -> JSONValue { ["type": "integer", "minimum": 0] }
}

extension Double: DescribedInJSON {
    static var sample: Double { 0 }
    static func schema(in schema: inout JSONSchema) -> JSONValue { ["type": "number"] }
}

extension Optional: DescribedInJSON where Wrapped: Decodable {
    static var sample: Wrapped? { nil }
    static func schema(in schema: inout JSONSchema) throws -> JSONValue {
        ["anyOf": .array([try schema.schema(of: Wrapped.self), ["type": "null"]])]
    }
}

extension Array: DescribedInJSON where Element: Decodable {
    static var sample: [Element] { [] }
    static func schema(in schema: inout JSONSchema) throws -> JSONValue {
        ["type": "array", "items": try schema.schema(of: Element.self)]
    }
}

extension Dictionary: DescribedInJSON where Key == String, Value: Decodable {
    static var sample: [String: Value] { [:] }
    static func schema(in schema: inout JSONSchema) throws -> JSONValue {
        ["type": "object", "additionalProperties": try schema.schema(of: Value.self)]
    }
}

extension JSONValue: DescribedInJSON {
    static var sample: JSONValue { .null }
    static func schema(in schema: inout JSONSchema) -> JSONValue { true }
}

extension Time: DescribedInJSON {
    static var sample: Time { Time(Timestamp(milliseconds: 1_795_000_000_000)) }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)", format: "date-time") }
}

extension TimeSpan: DescribedInJSON {
    static var sample: TimeSpan { .minutes(10) }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)") }
}

extension MACAddress: DescribedInJSON {
    static var sample: MACAddress { MACAddress(rawValue: 0x5254_0000_0001) }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)") }
}

extension IPv4Address: DescribedInJSON {
    static var sample: IPv4Address { .loopback }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)", format: "ipv4") }
}

extension MachineUUID: DescribedInJSON {
    static var sample: MachineUUID { MachineUUID("4c4c4544-0051-4d10-8052-b7c04f4e3732")! }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)", format: "uuid") }
}

extension Digest: DescribedInJSON {
    static var sample: Digest { Digest(of: []) }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)") }
}

extension BootID: DescribedInJSON {
    static var sample: BootID { .preview }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)") }
}

extension Architecture: DescribedInJSON {
    static var sample: Architecture { .amd64 }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text(sample.rawValue) }
}

extension Share: DescribedInJSON {
    static var sample: Share { .percent(10) }
    static func schema(in schema: inout JSONSchema) -> JSONValue { text("\(sample)") }
}
