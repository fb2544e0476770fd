import Control

/// A roll's machines as one bar: `=` done, `>` having their turn, `x` failed, `-` passed over, `.` waiting.
enum RollBar {
    /// Each kind that there is has at least one cell, and all of them together `width`.
    static func text(_ counts: RolloutView.Counts, width: Int) -> String {
        let kinds: [(mark: Character, count: Int)] = [
            ("=", counts.done), (">", counts.inTrial), ("x", counts.failed), ("-", counts.skipped),
            (".", counts.waiting),
        ]
        guard counts.total > 0 else { return "[" + String(repeating: " ", count: width) + "]" }
        var cells = kinds.map { kind in kind.count == 0 ? 0 : max(1, kind.count * width / counts.total) }
        // What rounding left over or took too much is the largest kind's.
        let largest = kinds.indices.max { kinds[$0].count < kinds[$1].count } ?? 0
        cells[largest] += width - cells.reduce(0, +)
        return "[" + zip(kinds, cells).map { String(repeating: $0.mark, count: max(0, $1)) }.joined() + "]"
    }
}
