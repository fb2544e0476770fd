import StrictYAML
internal import Yams

/// The values that stand for `${name}` in a definition: `--set name=value`, and a profile's `vars`.
///
/// Only names that were declared are replaced; `${HOME}` and `${x:-y}` stay as they are, and `$${` is how `${` is
/// written where it would be replaced. It happens in the scalars of the parsed YAML, so that no value can become a key,
/// a list or a comment.
public struct Variables: Hashable, Sendable {
    public var values: [String: String]

    public init(_ values: [String: String] = [:]) { self.values = values }

    /// A letter or `_`, and then letters, digits, `_`, `-` and `.`.
    public static func isName(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first) || first == UInt8(ascii: "_"),
            !(0x30...0x39).contains(first)
        else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || "_-.".utf8.contains($0) }
    }

    public func replace(in text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.starts(with: "$${".utf8) {
                result += "${".utf8
                rest = rest.dropFirst(3)
            } else if rest.starts(with: "${".utf8), let end = rest.firstIndex(of: UInt8(ascii: "}")),
                let value = values[String(decoding: rest[(dollar + 2)..<end], as: UTF8.self)]
            {
                result += value.utf8
                rest = rest[(end + 1)...]
            } else {
                result.append(UInt8(ascii: "$"))
                rest = rest.dropFirst()
            }
        }
        return String(decoding: result + rest, as: UTF8.self)
    }

    func replace(in node: Node) -> Node {
        switch node {
        case .scalar(var scalar):
            let text = replace(in: scalar.string)
            guard text != scalar.string else { return node }
            scalar.string = text
            // `uid: ${id}` is a number and `version: ${v}` is text, whatever the value looks like.
            if scalar.style == .plain { scalar.tag = Tag(.replaced) }
            return .scalar(scalar)
        case .mapping(var mapping):
            let pairs = mapping.map { (replace(in: $0.key), replace(in: $0.value)) }
            mapping = Node.Mapping(pairs, mapping.tag, mapping.style, mapping.mark, mapping.anchor)
            return .mapping(mapping)
        case .sequence(let sequence):
            let nodes = sequence.map { replace(in: $0) }
            return .sequence(Node.Sequence(nodes, sequence.tag, sequence.style, sequence.mark, sequence.anchor))
        case .alias:
            return node
        }
    }
}
