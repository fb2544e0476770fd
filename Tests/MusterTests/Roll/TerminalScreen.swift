/// What stands on a terminal after what was written to it: as much of an xterm as our programs make use of. What else comes
/// is noted and drawn nowhere.
struct TerminalScreen: Sendable {
    let width: Int
    let height: Int
    /// What went out at the top, oldest first.
    private(set) var scrolledOff: [String] = []
    private(set) var isCursorVisible = true
    /// Sequences that this does not know.
    private(set) var unknown: [String] = []
    /// How often everything below the cursor was wiped: a picture that is drawn again in its place ends so.
    private(set) var wipes = 0
    /// In rows and columns from the upper left corner; the column after the last one is where a line that is full ends.
    private(set) var cursor = (row: 0, column: 0)

    private var cells: [[Unicode.Scalar]]
    /// A sequence that has begun, without its ESC; nil outside of one.
    private var sequence: String?
    /// The beginning of a character in UTF-8.
    private var pending: [UInt8] = []

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        cells = Array(repeating: [], count: height)
    }

    /// From the top down to the last row on which something stands.
    var lines: [String] {
        let lines = cells.map(Self.text)
        return Array(lines.prefix((lines.lastIndex { !$0.isEmpty } ?? -1) + 1))
    }

    mutating func write(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            pending.append(byte)
            guard let text = String(validating: pending, as: UTF8.self) else {
                // Four bytes that are no character are none with a fifth.
                if pending.count == 4 {
                    unknown.append("\(pending)")
                    pending = []
                }
                continue
            }
            pending = []
            for scalar in text.unicodeScalars { take(scalar) }
        }
    }

    private static func text(of row: [Unicode.Scalar]) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: row)
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private mutating func take(_ scalar: Unicode.Scalar) {
        if var sequence {
            sequence.unicodeScalars.append(scalar)
            self.sequence = sequence
            // ECMA-48 5.4: parameters and intermediates are below `@`, and the bracket is the introducer.
            if sequence.count > 1 ? scalar >= "@" : scalar != "[" { end(sequence) }
            return
        }
        switch scalar {
        case "\u{1b}": sequence = ""
        case "\r": cursor.column = 0
        case "\n": down()
        case _ where scalar.value < 0x20 || scalar.value == 0x7f: unknown.append("\(scalar.escaped(asASCII: true))")
        default: draw(scalar)
        }
    }

    private mutating func draw(_ scalar: Unicode.Scalar) {
        if cursor.column == width {
            cursor.column = 0
            down()
        }
        let gap = cursor.column - cells[cursor.row].count
        if gap >= 0 { cells[cursor.row] += Array(repeating: " ", count: gap + 1) }
        cells[cursor.row][cursor.column] = scalar
        cursor.column += 1
    }

    private mutating func down() {
        guard cursor.row + 1 == height else {
            cursor.row += 1
            return
        }
        scrolledOff.append(Self.text(of: cells.removeFirst()))
        cells.append([])
    }

    private mutating func end(_ sequence: String) {
        self.sequence = nil
        switch sequence {
        case "[K": cells[cursor.row].removeLast(max(0, cells[cursor.row].count - cursor.column))
        case "[J":
            wipes += 1
            cells[cursor.row].removeLast(max(0, cells[cursor.row].count - cursor.column))
            for row in (cursor.row + 1)..<max(cursor.row + 1, height) { cells[row] = [] }
        case "[?25l": isCursorVisible = false
        case "[?25h": isCursorVisible = true
        default:
            guard let up = sequence.wholeMatch(of: /\[([0-9]+)A/).flatMap({ Int($0.output.1) }) else {
                return unknown.append(sequence)
            }
            cursor.row = max(0, cursor.row - up)
        }
    }
}
