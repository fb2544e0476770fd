/// Lines at the bottom of a terminal that are drawn again in the same place. It says what to write and writes nothing.
struct Repainter {
    private var drawn = 0

    /// - Parameter window: in columns and rows; lines are cut to it, so that each takes one row.
    mutating func paint(_ lines: [String], in window: Terminal.Window) -> String {
        let shown = lines.prefix(max(1, window.height - 1)).map { line in
            line.count < window.width ? line : line.prefix(max(0, window.width - 2)) + "…"
        }
        let up = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
        drawn = shown.count
        return up + shown.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J"
    }
}
