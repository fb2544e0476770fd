import Foundation

/// The value that `bytes` spell in JSON.
///
/// - Parameter name: what the document is called in errors, such as `the manifest sha256:…`.
/// - Throws: `BuildError` `.invalidInput` with the place in the document.
func decodeJSON<Value: Decodable>(
    _ type: Value.Type,
    from bytes: [UInt8],
    name: String
) throws(BuildError) -> Value {
    do {
        return try JSONDecoder().decode(Value.self, from: Data(bytes))
    } catch {
        throw BuildError(.invalidInput, "cannot read \(name): \(explainDecoding(error))")
    }
}

/// What a decoder did not like, with the place of it.
func explainDecoding(_ error: any Error) -> String {
    func place(_ context: DecodingError.Context) -> String {
        context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    switch error as? DecodingError {
    case .keyNotFound(let key, let context):
        let place = place(context)
        return (place.isEmpty ? "it" : place) + " has no '\(key.stringValue)'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
        let place = place(context)
        return place.isEmpty ? context.debugDescription : "\(place): \(context.debugDescription)"
    default:
        return "\(error)"
    }
}
