/// Lines at the bottom of a terminal that are drawn again in the same place. It says what to write and writes nothing.
struct Repainter {
    /// The lengths of the lines that stand there.
    private var drawn: [Int] = []

    /// - Parameter window: in columns and rows; lines are cut to it, so that each takes one row, and those that it has no
    ///   row for are counted in its last one.
    mutating func paint(_ lines: [String], in window: Terminal.Window) -> String {
        // A window that was made narrower since has broken lines into several rows.
        let rows = drawn.reduce(0) { $0 + max(1, ($1 + window.width - 1) / window.width) }
        let room = max(1, window.height - 1)
        var shown = Array(lines.prefix(room))
        if lines.count > room, room > 1 { shown[room - 1] = "… and \(lines.count - room + 1) more lines" }
        shown = shown.map { line in
            line.count < window.width ? line : line.prefix(max(0, window.width - 2)) + "…"
        }
        drawn = shown.map(\.count)
        let up = rows > 0 ? "\u{1b}[\(rows)A" : ""
        return up + shown.map { $0 + "\u{1b}[K\n" }.joined() + "\u{1b}[J"
    }
}
