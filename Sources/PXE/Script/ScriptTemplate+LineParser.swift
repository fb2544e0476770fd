import Vocabulary

extension ScriptTemplate {
    /// Cuts one line, without its newline, into literals and placeholders.
    struct LineParser {
        let line: ArraySlice<UInt8>
        let number: Int
        let file: String
        let kind: ScriptKind
        private var segments: [Segment] = []
        private var literal: [UInt8] = []

        init(line: ArraySlice<UInt8>, number: Int, file: String, kind: ScriptKind) {
            self.line = line
            self.number = number
            self.file = file
            self.kind = kind
        }

        mutating func parse() throws(ScriptTemplateError) -> [Segment] {
            var index = line.startIndex
            while index < line.endIndex {
                if isPair(UInt8(ascii: "{"), at: index) {
                    index = try parsePlaceholder(at: index)
                } else if isPair(UInt8(ascii: "}"), at: index) {
                    throw failure(at: index, "found }} without {{ before it")
                } else {
                    let byte = line[index]
                    guard byte >= 0x20 && byte != 0x7f || byte == UInt8(ascii: "\t") else {
                        throw failure(at: index, "found the control character \(hex(byte)), expected text")
                    }
                    literal.append(byte)
                    index += 1
                }
            }
            literal.append(UInt8(ascii: "\n"))
            segments.append(.literal(literal))
            return segments
        }

        private mutating func parsePlaceholder(at start: Int) throws(ScriptTemplateError) -> Int {
            guard let end = (start + 2..<line.endIndex).first(where: { isPair(UInt8(ascii: "}"), at: $0) }) else {
                throw failure(at: start, "found {{ without }} after it")
            }
            let name = String(decoding: line[start + 2..<end], as: UTF8.self)
            guard let placeholder = ScriptPlaceholder(rawValue: name), kind.placeholders.contains(placeholder) else {
                let known = kind.placeholders.map(\.rawValue).sorted().joined(separator: ", ")
                throw failure(at: start, "found {{\(BytePath(name))}}, expected one of \(known)")
            }
            guard literal.contains(where: { !isBlank($0) }) || !segments.isEmpty else {
                throw failure(at: start, "{{\(name)}} cannot be a command: expected a word before it")
            }
            guard let before = literal.last, isBlank(before) else {
                throw failure(at: start, "expected a blank before {{\(name)}}")
            }
            if end + 2 < line.endIndex {
                let after = line[end + 2]
                let isEnd = isBlank(after) || after == UInt8(ascii: ";")
                guard isEnd || placeholder.mayPrefixPath && after == UInt8(ascii: "/") else {
                    throw failure(at: end + 2, "expected a blank or the end of the line after {{\(name)}}")
                }
            }
            segments += [.literal(literal), .placeholder(placeholder)]
            literal = []
            return end + 2
        }

        private func isPair(_ byte: UInt8, at index: Int) -> Bool {
            index + 1 < line.endIndex && line[index] == byte && line[index + 1] == byte
        }

        private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

        private func hex(_ byte: UInt8) -> String { "0x" + hexadecimal([byte]) }

        private func failure(at index: Int, _ message: String) -> ScriptTemplateError {
            ScriptTemplateError(file: file, line: number, column: index - line.startIndex + 1, message: message)
        }
    }
}

extension Array where Element == ArraySlice<UInt8> {
    /// Without what follows the last newline, when nothing does.
    func dropLastIfEmpty() -> ArraySlice<ArraySlice<UInt8>> {
        last?.isEmpty == true ? dropLast() : self[...]
    }
}
