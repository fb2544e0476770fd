/// Decodes a value from the one string that prints it.
func decodeDescription<Value: LosslessStringConvertible>(
    from decoder: any Decoder,
    expecting expected: String
) throws -> Value {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let value = Value(text) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "found '\(text)', expected \(expected)")
    }
    return value
}

func encodeDescription(of value: some LosslessStringConvertible, to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value.description)
}
