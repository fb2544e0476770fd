/// The newest lines that a container wrote, as many as fit.
struct LogRing: Equatable {
    struct Line: Equatable {
        /// When it was complete, in milliseconds since the machine was started.
        var time: Int64
        /// Without its newline.
        var text: [UInt8]
    }

    /// In bytes, with what a line costs beside its text; at most twice as many are kept for a moment.
    static let capacity = 64 << 10
    static let costOfLine = 48
    /// In bytes; what is longer becomes several lines.
    static let longestLine = 1024

    private var lines: [Line] = []
    private var size = 0
    private var unfinished: [UInt8] = []
    /// Of all lines that there ever were.
    private(set) var count = 0

    /// Takes what was read.
    /// - Returns: the lines that it completes, without their newlines.
    @discardableResult
    mutating func append(_ input: ArraySlice<UInt8>, at time: Int64) -> [[UInt8]] {
        var complete: [[UInt8]] = []
        for byte in input {
            if byte != UInt8(ascii: "\n") { unfinished.append(byte) }
            if byte == UInt8(ascii: "\n") || unfinished.count >= Self.longestLine {
                complete.append(unfinished)
                keep(Line(time: time, text: unfinished))
                unfinished = []
            }
        }
        return complete
    }

    /// The line that has no end, when nothing follows.
    mutating func finish(at time: Int64) -> [[UInt8]] {
        unfinished.isEmpty ? [] : append([UInt8(ascii: "\n")], at: time)
    }

    private mutating func keep(_ line: Line) {
        lines.append(line)
        count += 1
        size += line.text.count + Self.costOfLine
        guard size > 2 * Self.capacity else { return }
        var passed = 0
        while size > Self.capacity {
            size -= lines[passed].text.count + Self.costOfLine
            passed += 1
        }
        lines.removeFirst(passed)
    }

    /// The number of the oldest line that is kept, or of the next one when none is: lines are counted from 0.
    var first: Int { count - lines.count }

    /// The line with that number; nil when it is gone or not there yet.
    subscript(number: Int) -> Line? {
        number >= first && number < count ? lines[number - first] : nil
    }

    /// The newest lines, at most `wanted`, and none of the first `passed` that there ever were.
    func last(_ wanted: Int, after passed: Int = 0) -> [[UInt8]] {
        lines.suffix(max(0, min(wanted, count - passed))).map { $0.text }
    }
}
