/// The head of an answer to a request for a file from some byte on (RFC 9110 section 14).
struct RangeAnswer: Equatable {
    enum Parsed: Equatable {
        case needsMore
        case answer(RangeAnswer)
        /// What is wrong with it, as the end of a sentence about who answers.
        case refused(String)
    }

    /// Where the body begins among the bytes.
    var body: Int
    /// Bytes of the body that were not asked for: of who knows no ranges.
    var skipped: UInt64

    private static let longestHead = 16 << 10

    /// - Parameters:
    ///   - offset: what was asked for.
    ///   - size: of the whole file.
    static func parse(_ bytes: [UInt8], offset: UInt64, size: UInt64) -> Parsed {
        guard let end = headEnd(bytes) else {
            return bytes.count > longestHead ? .refused("answers what is no HTTP") : .needsMore
        }
        let lines = Array(bytes[..<end]).lines.map { $0.trimmed }
        let words = lines.first?.words ?? []
        guard words.count >= 2, words[0].starts(with: "HTTP/1."), let status = Int(String(words[1])) else {
            return .refused("answers what is no HTTP")
        }
        guard field("transfer-encoding", in: lines) == nil, let text = field("content-length", in: lines),
            let length = UInt64(String(text))
        else { return .refused("answers \(status) without a length") }
        switch status {
        case 200:
            guard length == size else { return .refused("has \(length) bytes instead of \(size)") }
            return .answer(RangeAnswer(body: end, skipped: offset))
        case 206:
            let expected = "bytes \(offset)-\(size - 1)/\(size)"
            guard let range = field("content-range", in: lines), range.elementsEqual(expected.utf8),
                length == size - offset
            else { return .refused("answers another range than \(expected)") }
            return .answer(RangeAnswer(body: end, skipped: 0))
        default: return .refused("answers \(status)")
        }
    }

    private static func headEnd(_ bytes: [UInt8]) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard bytes.count >= end.count else { return nil }
        for begin in 0...(bytes.count - end.count) where bytes[begin...].starts(with: end) { return begin + end.count }
        return nil
    }

    private static func field(_ name: String, in lines: [[UInt8]]) -> [UInt8]? {
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            guard line[..<colon].map({ $0.lowercased }).elementsEqual(name.utf8) else { continue }
            return Array(line[(colon + 1)...]).trimmed.map { $0.lowercased }
        }
        return nil
    }
}
