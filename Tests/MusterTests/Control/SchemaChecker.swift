import Inventory

/// Checks values against the JSON schemas of an OpenAPI document, as far as ours use them; what a schema does not
/// describe is a fault.
struct SchemaChecker {
    let root: JSONValue

    init(_ root: JSONValue) throws { self.root = root }

    func faults(ofAnswer value: JSONValue, method: String, path: String) -> [String] {
        let operation = root["paths"]?[path]?[method]
        let schema = operation?["responses"]?["200"]?["content"]?["application/json"]?["schema"]
        guard let schema else { return ["\(method) \(path) has no schema"] }
        return faults(of: value, against: schema)
    }

    /// - Parameter place: where the value stands.
    func faults(of value: JSONValue, against schema: JSONValue, at place: String = "") -> [String] {
        if schema == .bool(true) { return [] }
        if let reference = schema["$ref"]?.text {
            let found = reference.split(separator: "/").dropFirst().reduce(root as JSONValue?) { $0?[String($1)] }
            return found.map { faults(of: value, against: $0, at: place) } ?? ["\(reference) is not there"]
        }
        if let choices = schema["enum"]?.elements, !choices.contains(value) {
            return ["\(place) is none of its choices"]
        }
        guard let type = schema["type"]?.text else { return [] }
        guard value.isOf(type) else { return ["\(place) is no \(type)"] }
        if let elements = value.elements, let schema = schema["items"] {
            return elements.enumerated().flatMap { faults(of: $1, against: schema, at: "\(place)[\($0)]") }
        }
        guard let fields = value.fields else { return [] }
        let known = schema["properties"]?.fields ?? [:]
        var result = (schema["required"]?.elements ?? []).compactMap(\.text).filter { fields[$0] == nil }
            .map { "\(name($0, in: place)) is missing" }
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            guard let schema = known[key] ?? schema["additionalProperties"] else {
                result.append("\(name(key, in: place)) is not described")
                continue
            }
            result += faults(of: value, against: schema, at: name(key, in: place))
        }
        return result
    }

    private func name(_ key: String, in place: String) -> String { place.isEmpty ? key : "\(place).\(key)" }
}

extension JSONValue {
    subscript(key: String) -> JSONValue? { fields?[key] }

    var fields: [String: JSONValue]? { if case .object(let fields) = self { fields } else { nil } }

    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    var text: String? { if case .string(let text) = self { text } else { nil } }

    fileprivate func isOf(_ type: String) -> Bool {
        switch (self, type) {
        case (.null, "null"), (.bool, "boolean"), (.integer, "integer"), (.integer, "number"), (.number, "number"),
            (.string, "string"), (.array, "array"), (.object, "object"):
            true
        default: false
        }
    }
}
