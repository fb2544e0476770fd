extension HTTPResponse {
    /// What comes before a response's body (RFC 9112 section 4 and 5).
    struct Head: Equatable {
        var status: Int
        /// In bytes, of the body; nil when the response does not say.
        var length: Int?
        var isChunked: Bool

        enum Parsed: Equatable {
            case needsMore
            /// With the index of the body's first byte.
            case complete(Head, end: Int)
            case invalid
        }

        /// - Parameter bytes: what has come so far; interim responses are passed over.
        static func parse(_ bytes: [UInt8]) -> Parsed {
            var begin = 0
            while true {
                guard let last = end(of: bytes, from: begin) else {
                    return bytes.count - begin > HTTPResponse.longest ? .invalid : .needsMore
                }
                let lines = Array(bytes[begin..<last]).lines.map { $0.trimmed }
                guard let status = lines.first.flatMap({ Self.status($0) }) else { return .invalid }
                begin = last + 4
                if 100..<200 ~= status { continue }
                let coding = field("transfer-encoding", in: lines.dropFirst())
                var length: Int?
                if let value = field("content-length", in: lines.dropFirst()) {
                    guard value.allSatisfy({ $0.isDigit }), let number = Int(String(value)) else { return .invalid }
                    length = number
                }
                let isChunked = coding == Array("chunked".utf8)
                return .complete(Head(status: status, length: length, isChunked: isChunked), end: begin)
            }
        }

        private static func end(of bytes: [UInt8], from begin: Int) -> Int? {
            let mark = Array("\r\n\r\n".utf8)
            guard bytes.count >= begin + 4 else { return nil }
            return (begin...(bytes.count - 4)).first { bytes[$0] == 0x0d && bytes[$0...].starts(with: mark) }
        }

        private static func status(_ line: [UInt8]) -> Int? {
            let words = line.words
            guard words.count >= 2, words[0].starts(with: "HTTP/1."), words[1].count == 3,
                let status = Int(String(words[1])), 100..<600 ~= status
            else { return nil }
            return status
        }

        private static func field(_ name: String, in lines: ArraySlice<[UInt8]>) -> [UInt8]? {
            for line in lines {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
                if line[..<colon].map({ $0.lowercased }).elementsEqual(name.utf8) {
                    return Array(line[(colon + 1)...]).trimmed.map { $0.lowercased }
                }
            }
            return nil
        }
    }
}
