/// The newest lines that a container wrote, as many as fit.
struct LogRing: Equatable {
    /// In bytes; at most twice as many are kept for a moment.
    static let capacity = 64 << 10
    /// In bytes; what is longer becomes several lines.
    static let longestLine = 1024

    private var bytes: [UInt8] = []
    private var line: [UInt8] = []
    /// Of all lines that there ever were.
    private(set) var count = 0

    /// Takes what was read.
    /// - Returns: the lines that it completes, each with its newline.
    mutating func append(_ input: ArraySlice<UInt8>) -> [UInt8] {
        var complete: [UInt8] = []
        for byte in input {
            if byte != UInt8(ascii: "\n") { line.append(byte) }
            if byte == UInt8(ascii: "\n") || line.count >= Self.longestLine {
                complete += line + [UInt8(ascii: "\n")]
                line.removeAll(keepingCapacity: true)
                count += 1
            }
        }
        keep(complete)
        return complete
    }

    /// The line that has no end, when nothing follows.
    mutating func finish() -> [UInt8] { line.isEmpty ? [] : append([UInt8(ascii: "\n")]) }

    private mutating func keep(_ lines: [UInt8]) {
        bytes += lines
        guard bytes.count > 2 * Self.capacity else { return }
        let rest = bytes.suffix(Self.capacity)
        let begin = rest.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? rest.startIndex
        bytes = Array(rest[begin...])
    }

    /// All lines that are kept, oldest first.
    var contents: [UInt8] { bytes }

    /// The newest lines, at most `wanted`, and none of the first `passed` that there ever were.
    func last(_ wanted: Int, after passed: Int = 0) -> [[UInt8]] {
        let lines = Array(bytes.suffix((wanted + 1) * (Self.longestLine + 1))).split(
            separator: UInt8(ascii: "\n"),
            omittingEmptySubsequences: false
        )
        return lines.dropLast().suffix(min(wanted, max(0, count - passed))).map { Array($0) }
    }
}
