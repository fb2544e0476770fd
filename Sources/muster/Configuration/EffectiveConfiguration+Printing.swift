extension EffectiveConfiguration {
    /// The configuration as a `muster.yml` of its own, each value with its origin in a comment.
    var yaml: String {
        var lines: [(text: String, comment: String?)] = []
        var open: [Substring] = []
        for setting in settings {
            var path = setting.key.split(separator: ".")
            let name = path.removeLast()
            let shared = zip(path, open).prefix { $0 == $1 }.count
            for depth in shared..<path.count {
                lines.append((indentation(depth) + path[depth] + ":", nil))
            }
            open = path
            let text = "\(indentation(path.count))\(name): \(flowText(setting.content))"
            lines.append((text, setting.origin.description))
        }
        let width = lines.lazy.filter { $0.comment != nil }.map(\.text.count).filter { $0 <= 48 }.max() ?? 0
        return
            lines.map { line in
                guard let comment = line.comment else { return line.text + "\n" }
                let padding = String(repeating: " ", count: max(0, width - line.text.count))
                return "\(line.text)\(padding)  # \(comment)\n"
            }.joined()
    }

    private func indentation(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    /// A value as YAML in one line.
    private func flowText(_ content: SettingsNode.Content) -> String {
        switch content {
        case .null: "~"
        case .scalar(let text): quoted(text)
        case .sequence(let items): "[" + items.map { flowText($0.content) }.joined(separator: ", ") + "]"
        case .mapping(let entries) where entries.isEmpty: "{}"
        case .mapping(let entries):
            "{ " + entries.map { "\(quoted($0.key)): \(flowText($0.value.content))" }.joined(separator: ", ") + " }"
        }
    }

    /// A scalar, in quotes unless everybody reads it the same without them.
    private func quoted(_ text: String) -> String {
        let isPlain =
            text.utf8.first.map { $0 != UInt8(ascii: "-") } ?? false
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"),
                    UInt8(ascii: "-"), UInt8(ascii: ":"):
                    true
                default: false
                }
            } && !text.hasSuffix(":")
        guard !isPlain else { return text }
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }
}

extension SettingsReader.Origin: CustomStringConvertible {
    var description: String {
        switch self {
        case .standard: "default"
        case .given(let place): place
        }
    }
}

extension EffectiveConfiguration: Encodable {
    private enum CodingKeys: CodingKey { case file, settings, strayVariables }

    private struct Entry: Encodable {
        var key: String
        var value: Value
        var origin: String
        var variable: String
    }

    private enum Value: Encodable {
        case content(SettingsNode.Content)

        func encode(to encoder: any Encoder) throws {
            guard case .content(let content) = self else { return }
            switch content {
            case .null:
                var container = encoder.singleValueContainer()
                try container.encodeNil()
            case .scalar(let text):
                var container = encoder.singleValueContainer()
                if let flag = Bool(text) {
                    try container.encode(flag)
                } else if let number = Int(text), String(number) == text {
                    try container.encode(number)
                } else {
                    try container.encode(text)
                }
            case .sequence(let items):
                var container = encoder.unkeyedContainer()
                for item in items { try container.encode(Value.content(item.content)) }
            case .mapping(let entries):
                try Dictionary(uniqueKeysWithValues: entries.map { ($0.key, Value.content($0.value.content)) })
                    .encode(to: encoder)
            }
        }
    }

    /// `{"file": …, "settings": [{"key", "value", "origin", "variable"}…], "strayVariables": […]}`.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(file, forKey: .file)
        try container.encode(strayVariables, forKey: .strayVariables)
        try container.encode(
            settings.map {
                Entry(
                    key: $0.key,
                    value: .content($0.content),
                    origin: $0.origin.description,
                    variable: SettingsReader.variable(for: $0.key)
                )
            },
            forKey: .settings
        )
    }
}
