import Inventory
import Vocabulary

/// What a type's JSON looks like, read off its `Decodable` conformance: nothing to keep beside the type.
///
/// A type that is decoded from one string says so by `DescribedInJSON`.
struct JSONSchema {
    /// The types that have a name, by that name: what `#/components/schemas` holds.
    private(set) var components: [String: JSONValue] = [:]
    /// The types that are being described.
    private var open: Set<ObjectIdentifier> = []

    /// The schema of a type, with its named parts among the components.
    ///
    /// - Throws: when a type's decoding takes more than its own keys say; such a type conforms to `DescribedInJSON`.
    mutating func schema(of type: any Decodable.Type) throws -> JSONValue { try described(type).schema }

    /// A type's schema and a value of it, which has everything that may be missing.
    mutating func described<Value: Decodable>(_ type: Value.Type) throws -> (schema: JSONValue, value: Value) {
        if let known = type as? any DescribedInJSON.Type {
            let (schema, sample) = try described(known)
            if let value = sample as? Value { return (schema, value) }
        }
        if let choice = type as? any (CaseIterable & RawRepresentable & Decodable).Type {
            guard let (names, first) = Self.names(of: choice), let value = first as? Value else {
                throw JSONSchemaError(type)
            }
            return (["type": "string", "enum": .array(names.map(JSONValue.string))], value)
        }
        // A number of a width that nobody described decodes itself.
        guard open.insert(ObjectIdentifier(type)).inserted else { throw JSONSchemaError(type) }
        let decoder = SchemaDecoder(self)
        let value = try Value(from: decoder)
        self = decoder.schema
        open.remove(ObjectIdentifier(type))
        guard decoder.isObject else {
            guard let only = decoder.only else { throw JSONSchemaError(type) }
            return (only, value)
        }
        let name = Self.name(of: type)
        components[name] = .object([
            "type": "object", "properties": .object(decoder.properties),
            "required": .array(decoder.asked.subtracting(decoder.optional).sorted().map(JSONValue.string)),
        ])
        return (["$ref": .string("#/components/schemas/" + name)], value)
    }

    private mutating func described<Known: DescribedInJSON>(
        _ type: Known.Type
    ) throws -> (schema: JSONValue, sample: Any) {
        let (schema, sample) = try Known.described(in: &self)
        return (schema, sample)
    }

    /// `BootView.Step`, without its module; of a generic type `Change_Swift.UInt64_`.
    private static func name(of type: Any.Type) -> String {
        let name = String(reflecting: type).split(separator: ".").dropFirst().joined(separator: ".")
        return String(name.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "_" })
    }

    private static func names<Choice: CaseIterable & RawRepresentable>(
        of type: Choice.Type
    ) -> (names: [String], first: Any)? {
        let names = type.allCases.compactMap { $0.rawValue as? String }
        guard names.count == type.allCases.count, let first = type.allCases.first else { return nil }
        return (names, first)
    }

    /// A value of a type, its schema being noted.
    fileprivate mutating func value<Value: Decodable>(
        of type: Value.Type,
        schema: inout JSONValue?
    ) throws -> Value {
        let described = try described(type)
        schema = described.schema
        return described.value
    }
}

/// A type whose JSON cannot be read off its keys.
protocol DescribedInJSON: Decodable {
    static func described(in schema: inout JSONSchema) throws -> (schema: JSONValue, sample: Self)
}

struct JSONSchemaError: Error, CustomStringConvertible {
    let description: String

    init(_ type: Any.Type) { description = "\(type) cannot be described: let it conform to DescribedInJSON" }
}

// MARK: A decoder that notes what is asked of it

/// Answers every question for a value with some value of that type.
private final class SchemaDecoder: Decoder {
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]
    var schema: JSONSchema
    var isObject = false
    var properties: [String: JSONValue] = [:]
    var asked: Set<String> = []
    var optional: Set<String> = []
    /// Of a value that is no object.
    var only: JSONValue?

    init(_ schema: JSONSchema) { self.schema = schema }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        isObject = true
        return KeyedDecodingContainer(Keyed(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw JSONSchemaError([Any].self) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(decoder: self) }

    struct Keyed<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let decoder: SchemaDecoder
        let codingPath: [any CodingKey] = []
        let allKeys: [Key] = []

        func contains(_ key: Key) -> Bool { true }

        /// Only asked of what may be missing.
        func decodeNil(forKey key: Key) throws -> Bool {
            decoder.optional.insert(key.stringValue)
            return false
        }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            decoder.asked.insert(key.stringValue)
            return try decoder.schema.value(of: type, schema: &decoder.properties[key.stringValue])
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            decoder.optional.insert(key.stringValue)
            return try decode(type, forKey: key)
        }

        func nestedContainer<Nested: CodingKey>(
            keyedBy type: Nested.Type,
            forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> { throw JSONSchemaError(Nested.self) }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw JSONSchemaError(Key.self)
        }

        func superDecoder() throws -> any Decoder { throw JSONSchemaError(Key.self) }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw JSONSchemaError(Key.self) }
    }

    struct Single: SingleValueDecodingContainer {
        let decoder: SchemaDecoder
        let codingPath: [any CodingKey] = []

        func decodeNil() -> Bool { false }

        func decode<T: Decodable>(_ type: T.Type) throws -> T {
            try decoder.schema.value(of: type, schema: &decoder.only)
        }
    }
}
