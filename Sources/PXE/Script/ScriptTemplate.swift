/// A script with placeholders, cut into pieces once so that rendering only appends bytes.
///
/// The language is as small as it can be: `{{name}}` stands for a value and nothing else is special. A line is left
/// out when its placeholder has no value, and repeated when it has several. A placeholder stands as a word of its
/// own, and never as the first of its line, so that a value can neither be glued to what would change its meaning
/// nor be a command.
public struct ScriptTemplate: Sendable {
    enum Segment: Hashable, Sendable {
        case literal([UInt8])
        case placeholder(ScriptPlaceholder)
    }

    /// Consecutive lines without placeholders, or one line with some.
    struct Passage: Hashable, Sendable {
        var segments: [Segment]
        /// Those of `segments`, in order.
        let placeholders: [ScriptPlaceholder]

        init(segments: [Segment]) {
            self.segments = segments
            placeholders = segments.compactMap { if case .placeholder(let name) = $0 { name } else { nil } }
        }
    }

    let passages: [Passage]
    /// The bytes of all literals: what a rendered script is at least as long as.
    let literalCount: Int

    /// - Parameters:
    ///   - bytes: The template as it was read.
    ///   - file: Its name, for errors.
    /// - Throws: `ScriptTemplateError` at the first thing that is not as it must be.
    public init(
        parsing bytes: [UInt8],
        file: String,
        kind: ScriptKind,
        dialect: BootRequest.Dialect
    ) throws(ScriptTemplateError) {
        if dialect == .ipxe, !bytes.starts(with: "#!ipxe\n".utf8) {
            throw ScriptTemplateError(file: file, line: 1, column: 1, message: "expected the first line to be #!ipxe")
        }
        var passages: [Passage] = []
        var number = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLastIfEmpty() {
            number += 1
            var parser = LineParser(line: line, number: number, file: file, kind: kind)
            let passage = Passage(segments: try parser.parse())
            if passage.placeholders.isEmpty, case .literal(let bytes)? = passage.segments.first,
                case .literal(let before)? = passages.last?.segments.last, passages.last?.placeholders.isEmpty == true
            {
                passages[passages.count - 1].segments = [.literal(before + bytes)]
            } else {
                passages.append(passage)
            }
        }
        let found = Set(passages.flatMap(\.placeholders))
        if let missing = kind.required(in: dialect).subtracting(found).min(by: { $0.rawValue < $1.rawValue }) {
            let message =
                "{{\(missing.rawValue)}} is missing: a machine would be stranded without it. The built-in template has it "
                + "in the line: \(BuiltInTemplate.line(with: missing, of: kind, dialect))"
            throw ScriptTemplateError(file: file, line: 0, column: 0, message: message)
        }
        self.passages = passages
        literalCount = passages.reduce(0) { sum, passage in
            passage.segments.reduce(sum) { if case .literal(let bytes) = $1 { $0 + bytes.count } else { $0 } }
        }
    }

    /// Appends the script to `script`.
    func render(_ values: some ScriptValues, into script: inout [UInt8]) {
        for passage in passages {
            for index in 0..<times(passage, values) {
                for segment in passage.segments {
                    switch segment {
                    case .literal(let bytes): script.append(contentsOf: bytes)
                    case .placeholder(let name): values.append(name, index: index, to: &script)
                    }
                }
            }
        }
    }

    /// How often a passage is written: once, but never when one of its values is absent.
    private func times(_ passage: Passage, _ values: some ScriptValues) -> Int {
        var times = 1
        for name in passage.placeholders {
            let count = values.count(of: name)
            if count == 0 { return 0 }
            times = max(times, count)
        }
        return times
    }
}

/// What a template is filled with: each value already in the spelling that its dialect can hold.
protocol ScriptValues {
    /// 0 leaves the line out, more than 1 repeats it.
    func count(of name: ScriptPlaceholder) -> Int
    /// - Parameter index: Which of several values; single values ignore it.
    func append(_ name: ScriptPlaceholder, index: Int, to script: inout [UInt8])
}
