// libyaml as Yams brings it along.
internal import CYaml

/// A value that is written as YAML, or as JSON by whoever knows how.
public indirect enum YAMLValue: Hashable, Sendable {
    case bool(Bool)
    case integer(Int128)
    case string(String)
    case list([YAMLValue])
    /// In the order in which they are written.
    case members([Member])

    public struct Member: Hashable, Sendable {
        public var name: String
        public var value: YAMLValue

        public init(_ name: String, _ value: YAMLValue) {
            self.name = name
            self.value = value
        }
    }
}

extension YAMLValue {
    /// The document as Go's yaml.v2 writes it: blocks indented by two, lists not indented, lines folded at 80, quotes
    /// where readers of YAML 1.1 would see no text.
    ///
    /// - Returns: UTF-8, with a newline at the end.
    public var yaml: [UInt8] {
        let writer = Writer()
        writer.emit { yaml_stream_start_event_initialize(&$0, YAML_UTF8_ENCODING) }
        writer.emit { yaml_document_start_event_initialize(&$0, nil, nil, nil, 1) }
        write(to: writer)
        writer.emit { yaml_document_end_event_initialize(&$0, 1) }
        writer.emit { yaml_stream_end_event_initialize(&$0) }
        return writer.bytes
    }

    private func write(to writer: Writer) {
        switch self {
        case .bool(let value): writer.scalar(value ? "true" : "false", YAML_PLAIN_SCALAR_STYLE)
        case .integer(let value): writer.scalar(String(value), YAML_PLAIN_SCALAR_STYLE)
        case .string(let text): writer.text(text)
        case .list(let values):
            writer.emit { yaml_sequence_start_event_initialize(&$0, nil, nil, 1, YAML_BLOCK_SEQUENCE_STYLE) }
            for value in values { value.write(to: writer) }
            writer.emit { yaml_sequence_end_event_initialize(&$0) }
        case .members(let members):
            writer.emit { yaml_mapping_start_event_initialize(&$0, nil, nil, 1, YAML_BLOCK_MAPPING_STYLE) }
            for member in members {
                writer.text(member.name)
                member.value.write(to: writer)
            }
            writer.emit { yaml_mapping_end_event_initialize(&$0) }
        }
    }

    /// The owner of a libyaml emitter.
    private final class Writer {
        private let emitter: UnsafeMutablePointer<yaml_emitter_t>
        private(set) var bytes: [UInt8] = []

        init() {
            emitter = .allocate(capacity: 1)
            emitter.initialize(to: yaml_emitter_t())
            precondition(yaml_emitter_initialize(emitter) == 1, "no memory for a YAML emitter")
            yaml_emitter_set_unicode(emitter, 1)
            let me = Unmanaged.passUnretained(self).toOpaque()
            yaml_emitter_set_output(
                emitter,
                { me, buffer, size in
                    let writer = Unmanaged<Writer>.fromOpaque(me!).takeUnretainedValue()
                    writer.bytes += UnsafeBufferPointer(start: buffer, count: size)
                    return 1
                },
                me
            )
        }

        deinit {
            yaml_emitter_delete(emitter)
            emitter.deallocate()
        }

        /// Fails only without memory, or for events in a wrong order.
        func emit(_ initialize: (inout yaml_event_t) -> Int32) {
            var event = yaml_event_t()
            precondition(initialize(&event) == 1 && yaml_emitter_emit(emitter, &event) == 1, "YAML cannot be written")
        }

        func text(_ text: String) {
            let style =
                text.utf8.contains(UInt8(ascii: "\n"))
                ? YAML_LITERAL_SCALAR_STYLE
                : text.isTextToAll ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE
            scalar(text, style)
        }

        func scalar(_ text: String, _ style: yaml_scalar_style_t) {
            var text = text
            text.withUTF8 { bytes in
                emit { event in
                    yaml_scalar_event_initialize(&event, nil, nil, bytes.baseAddress, Int32(bytes.count), 1, 1, style)
                }
            }
        }
    }
}

extension String {
    /// Whether a plain scalar of it is text by YAML 1.1 and 1.2, to every reader.
    fileprivate var isTextToAll: Bool {
        let words: Set = [
            "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "+.inf", "-.inf",
            "<<",
        ]
        guard !words.contains(lowercased()) else { return false }
        guard Node.Scalar(self, isPlain: true, tag: nil, mark: Mark(line: 0, column: 0)).type == .text else {
            return false
        }
        guard let first = utf8.first, "+-.0123456789".utf8.contains(first) else { return true }
        // Sexagesimal numbers and dates.
        return !utf8.allSatisfy { "+-.:_ 0123456789TtZz".utf8.contains($0) }
            || !utf8.contains { (0x30...0x39).contains($0) }
            || !(utf8.contains(UInt8(ascii: ":")) || utf8.filter { $0 == UInt8(ascii: "-") }.count >= 2)
    }
}
