/// Rows under headings, in columns that line up.
struct Table {
    private var rows: [[String]]

    init(_ headings: String...) { rows = [headings] }

    /// - Parameter cells: one for each heading; an empty one is shown as `-`.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == rows[0].count, "a row has a cell for each heading")
        rows.append(cells.map { $0.isEmpty ? "-" : $0 })
    }

    /// The lines without a newline at the end. Text from outside cannot move the cursor: control characters become `?`.
    var text: String {
        var widths = [Int](repeating: 0, count: rows[0].count)
        let clean = rows.map { $0.map(Self.printable) }
        for row in clean {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.count) }
        }
        return clean.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 3) }
            }
            return line
        }.joined(separator: "\n")
    }

    static func printable(_ text: String) -> String {
        let isClean = text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
        guard !isClean else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
            result.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return result
    }
}
