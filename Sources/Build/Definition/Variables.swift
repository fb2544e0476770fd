import StrictYAML
import Vocabulary

/// The values that stand for `${name}` in a definition: `--set name=value`, and a profile's `vars`.
///
/// Only names that were declared are replaced; every other `${…}` stays byte for byte, for the shells of the machine.
/// `${name:-text}` of a declared name is `text` when its value is empty, as in a shell. `$${` is how `${` is written
/// where it would be replaced. It happens in the scalars of the parsed YAML, so that no value can become a list, a second
/// key or a comment.
public struct Variables: Hashable, Sendable {
    public var values: [String: String]

    public init(_ values: [String: String] = [:]) { self.values = values }

    public func replace(in text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result: [UInt8] = []
        replace(in: Array(text.utf8)[...], into: &result)
        return String(decoding: result, as: UTF8.self)
    }

    private func replace(in text: ArraySlice<UInt8>, into result: inout [UInt8]) {
        var rest = text
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.starts(with: "$${".utf8) {
                result += "${".utf8
                rest = rest.dropFirst(3)
            } else if rest.starts(with: "${".utf8), let end = use(rest.dropFirst(2), into: &result) {
                rest = rest[(end + 1)...]
            } else {
                result.append(UInt8(ascii: "$"))
                rest = rest.dropFirst()
            }
        }
        result += rest
    }

    /// Writes what stands for the use of a variable.
    ///
    /// - Parameter text: what follows `${`.
    /// - Returns: the place of the brace that ends the use; nil when nothing is to be replaced.
    private func use(_ text: ArraySlice<UInt8>, into result: inout [UInt8]) -> Int? {
        let end = text.firstIndex { !VariableName.isPart($0) } ?? text.endIndex
        guard end < text.endIndex, let value = values[String(decoding: text[..<end], as: UTF8.self)] else { return nil }
        if text[end] == UInt8(ascii: "}") {
            result += value.utf8
            return end
        }
        guard text[end...].starts(with: ":-".utf8), let close = Self.closingBrace(of: text[(end + 2)...]) else {
            return nil
        }
        if value.isEmpty {
            replace(in: text[(end + 2)..<close], into: &result)
        } else {
            result += value.utf8
        }
        return close
    }

    /// The brace that no `${` in the text before it opened.
    private static func closingBrace(of text: ArraySlice<UInt8>) -> Int? {
        var open = 0
        for (index, byte) in zip(text.indices, text) {
            if byte == UInt8(ascii: "{"), index > text.startIndex, text[index - 1] == UInt8(ascii: "$") { open += 1 }
            guard byte == UInt8(ascii: "}") else { continue }
            if open == 0 { return index }
            open -= 1
        }
        return nil
    }

    func replace(in node: Node) -> Node {
        switch node {
        case .scalar(var scalar):
            let text = replace(in: scalar.string)
            guard text != scalar.string else { return node }
            scalar.string = text
            // `uid: ${id}` is a number and `version: ${v}` is text, whatever the value looks like.
            scalar.isReplaced = scalar.isPlain && scalar.tag == nil
            return .scalar(scalar)
        case .mapping(let mapping):
            let pairs = mapping.map { (key: replace(in: $0.key), value: replace(in: $0.value)) }
            return .mapping(Node.Mapping(pairs, mark: mapping.mark))
        case .sequence(let sequence):
            return .sequence(Node.Sequence(sequence.map { replace(in: $0) }, mark: sequence.mark))
        }
    }
}
