import Build
import Fleet
import Inventory
import Vocabulary

extension DescribedInJSON where Self: CustomStringConvertible {
    /// A type that is written as one text.
    fileprivate static func text(_ sample: Self, format: String? = nil) -> (schema: JSONValue, sample: Self) {
        var schema: [String: JSONValue] = ["type": "string", "examples": [.string("\(sample)")]]
        schema["format"] = format.map(JSONValue.string)
        return (.object(schema), sample)
    }
}

extension String: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: String) {
        (["type": "string"], "")
    }
}

extension Bool: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Bool) {
        (["type": "boolean"], false)
    }
}

extension Int: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Int) { (["type": "integer"], 0) }
}

extension Int64: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Int64) {
        (["type": "integer"], 0)
    }
}

extension UInt64: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: UInt64) {
        (["type": "integer", "minimum": 0], 0)
    }
}

extension Double: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Double) {
        (["type": "number"], 0)
    }
}

extension Array: DescribedInJSON where Element: Decodable {
    static func described(in schema: inout JSONSchema) throws -> (schema: JSONValue, sample: [Element]) {
        let element = try schema.described(Element.self)
        return (["type": "array", "items": element.schema], [element.value])
    }
}

extension Dictionary: DescribedInJSON where Key == String, Value: Decodable {
    static func described(in schema: inout JSONSchema) throws -> (schema: JSONValue, sample: [String: Value]) {
        let value = try schema.described(Value.self)
        return (["type": "object", "additionalProperties": value.schema], ["key": value.value])
    }
}

extension JSONValue: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: JSONValue) { (true, .null) }
}

extension Time: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Time) {
        text(Time(Timestamp(milliseconds: 1_795_000_000_000)), format: "date-time")
    }
}

extension TimeSpan: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: TimeSpan) {
        text(.minutes(10))
    }
}

extension MACAddress: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: MACAddress) {
        text(MACAddress(rawValue: 0x5254_0000_0001))
    }
}

extension IPv4Address: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: IPv4Address) {
        text(.loopback, format: "ipv4")
    }
}

extension MachineUUID: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: MachineUUID) {
        text(MachineUUID(high: 0x4c4c_4544_0051_4d10, low: 0x8052_b7c0_4f4e_3732), format: "uuid")
    }
}

extension Digest: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Digest) {
        text(Digest(of: []))
    }
}

extension BootID: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: BootID) {
        text(.preview)
    }
}

extension Architecture: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Architecture) {
        text(.amd64)
    }
}

extension Share: DescribedInJSON {
    static func described(in schema: inout JSONSchema) -> (schema: JSONValue, sample: Share) {
        text(.percent(10))
    }
}
