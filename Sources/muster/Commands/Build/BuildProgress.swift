import Build
import Vocabulary

/// What a person sees of a build while it runs: a line for each image and each part of the initrd.
///
/// It says what to write and writes nothing itself. On a terminal, lines of what is under way stand at the bottom and
/// are drawn again as they change; what is done moves up and stays. Elsewhere a line is written when something begins
/// or ends, and none in between.
struct BuildProgress {
    enum Style: Hashable {
        case lines
        /// In columns and rows.
        case terminal(width: Int, height: Int)
    }

    /// Of two drawings of numbers that only count up.
    private static let interval = Duration.milliseconds(100)

    private let style: Style
    /// What is under way, in the order in which it began.
    private var rows: [Row] = []
    private var drawn = 0
    private var lastDrawing: Duration?

    private struct Row {
        var name: String
        var state: String
    }

    init(style: Style) { self.style = style }

    /// Takes one event in.
    /// - Parameter now: of a clock that only goes forward.
    /// - Returns: what to write now, perhaps nothing.
    mutating func take(_ event: BuildEvent, at now: Duration) -> String {
        switch event {
        case .resolving(let source): update(source, "resolving", verb: "resolving", at: now)
        case .pulling(let source, let received, let total):
            update(source, "pulling \(Self.amount(received, of: total))", verb: "pulling", at: now)
        case .unpacking(let source, let read, let total) where read >= total: remove(source, at: now)
        case .unpacking(let source, let read, let total):
            update(source, "unpacking \(Self.amount(read, of: total))", verb: "unpacking", at: now)
        case .ready(let source, let isCached): finish(source, isCached ? "cached" : "ready", at: now)
        case .compressing(let part, let read, let total):
            update(part, "compressing \(Self.amount(read, of: total))", verb: "compressing", at: now)
        case .stored(let part, let size, let isCached):
            finish(part, isCached ? "cached, \(byteCount(size))" : byteCount(size), at: now)
        case .writing(let format): finish(format, "writing", at: now)
        case .warning(let text): write(["warning: \(text)"], at: now)
        }
    }

    /// Takes the lines of what is under way off the terminal.
    mutating func end() -> String {
        rows = []
        return draw(above: [], at: lastDrawing ?? .zero)
    }

    private static func amount(_ count: UInt64, of total: UInt64?) -> String {
        total.map { "\(byteCount(count)) of \(byteCount($0))" } ?? byteCount(count)
    }

    private mutating func update(_ name: String, _ state: String, verb: String, at now: Duration) -> String {
        let index = rows.firstIndex { $0.name == name }
        let isNew = index.map { !rows[$0].state.hasPrefix(verb) } ?? true
        if let index { rows[index].state = state } else { rows.append(Row(name: name, state: state)) }
        switch style {
        case .lines: return isNew ? "\(Table.printable(name)): \(verb)\n" : ""
        case .terminal:
            if !isNew, let lastDrawing, now - lastDrawing < Self.interval { return "" }
            return draw(above: [], at: now)
        }
    }

    /// Takes away what is over and not worth a line.
    private mutating func remove(_ name: String, at now: Duration) -> String {
        rows.removeAll { $0.name == name }
        return draw(above: [], at: now)
    }

    private mutating func finish(_ name: String, _ state: String, at now: Duration) -> String {
        rows.removeAll { $0.name == name }
        return write(["\(name): \(state)"], at: now)
    }

    private mutating func write(_ lines: [String], at now: Duration) -> String {
        let lines = lines.map(Table.printable)
        return style == .lines ? lines.map { $0 + "\n" }.joined() : draw(above: lines, at: now)
    }

    /// Draws the lines under way again, below `lines`, which stay.
    private mutating func draw(above lines: [String], at now: Duration) -> String {
        guard case .terminal(let width, let height) = style else { return "" }
        lastDrawing = now
        let up = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
        let below = bottom(width: width, height: height)
        drawn = below.count
        let all = (lines + below).map { $0 + "\u{1b}[K\n" }.joined()
        return up + all + (up.isEmpty && all.isEmpty ? "" : "\u{1b}[J")
    }

    /// As many of the lines under way as there is room for, cut to the terminal's width.
    private func bottom(width: Int, height: Int) -> [String] {
        let room = max(1, height - 2)
        let shown = rows.count > room ? Array(rows.prefix(room - 1)) : rows
        let column = shown.reduce(0) { max($0, min($1.name.count, width / 2)) }
        var lines = shown.map { row in
            let name = Self.fitted(Table.printable(row.name), column)
            let gap = String(repeating: " ", count: column - name.count + 2)
            return Self.fitted("  " + name + gap + row.state, width - 1)
        }
        if shown.count < rows.count { lines.append("  and \(rows.count - shown.count) more") }
        return lines
    }

    /// The end of a name says more than its beginning.
    private static func fitted(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : "…" + text.suffix(max(0, width - 1))
    }
}
