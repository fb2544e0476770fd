import Control
import Vocabulary

/// How images differ, for people: `-` is only before, `+` only after, `~` both and not the same.
enum DifferenceText {
    /// - Parameter listsFiles: or only says how many differ.
    static func text(of difference: DifferenceView, listsFiles: Bool = true) -> String {
        guard !difference.isEmpty else { return "no difference: both are \(difference.old)" }
        var lines = [
            "image         \(difference.old.short)  →  \(difference.new.short)",
            "size          \(sizes(difference.size.old, difference.size.new))",
        ]
        if let change = difference.architecture {
            lines.append("architecture  \(text(change.old))  →  \(text(change.new))")
        }
        if let change = difference.kernel { lines.append("kernel        \(blobs(change.old, change.new))") }
        let arguments = difference.commandLine.removed.map { "-\($0)" } + difference.commandLine.added.map { "+\($0)" }
        if !arguments.isEmpty {
            lines.append("command line  \(arguments.map(Table.printable).joined(separator: " "))")
        }
        lines += section("labels", difference.labels) { label in
            (mark(label.old, label.new), [label.name, "\(text(label.old))  →  \(text(label.new))"])
        }
        lines += section("parts", difference.parts) { (mark($0.old, $0.new), [$0.name, blobs($0.old, $0.new)]) }
        lines += section("packages", difference.packages) { package in
            let versions = [package.old, package.new].compactMap(\.self).joined(separator: "  →  ")
            let root = package.root == "/" ? "" : "in \(package.root)"
            return (mark(package.old, package.new), [package.name, versions, root])
        }
        if listsFiles {
            lines += section("files", difference.files) { file in
                (mark(file.old, file.new), [file.path, sizes(file), aspects(file)])
            }
        } else if difference.filesDiffering > 0 {
            lines += ["", "files (\(difference.filesDiffering))"]
        }
        return lines.joined(separator: "\n")
    }

    private static func section<Row>(
        _ title: String,
        _ rows: [Row],
        _ cells: (Row) -> (mark: String, cells: [String])
    ) -> [String] {
        guard !rows.isEmpty else { return [] }
        let rows = rows.map { row in
            let (mark, cells) = cells(row)
            return (mark, cells.map(Table.printable))
        }
        let columns = rows[0].1.count
        let widths = (0..<columns).map { column in rows.reduce(0) { max($0, $1.1[column].count) } }
        let lines = rows.map { mark, cells in
            var line = "  \(mark)"
            var gap = 1
            for (cell, width) in zip(cells, widths) {
                if !cell.isEmpty { line += String(repeating: " ", count: gap) + cell }
                gap = (cell.isEmpty ? gap + width : width - cell.count) + 2
            }
            return line
        }
        return ["", "\(title) (\(rows.count))"] + lines
    }

    private static func mark<Value>(_ old: Value?, _ new: Value?) -> String {
        switch (old, new) {
        case (nil, _): "+"
        case (_, nil): "-"
        default: "~"
        }
    }

    private static func text(_ value: String?) -> String { value ?? "(none)" }

    /// `3.1 MiB → 3.2 MiB (+102 KiB)`, or the one that is there.
    private static func sizes(_ old: UInt64?, _ new: UInt64?) -> String {
        guard let old, let new else { return byteCount(old ?? new ?? 0) }
        guard old != new else { return byteCount(old) }
        let difference = new > old ? "+\(byteCount(new - old))" : "-\(byteCount(old - new))"
        return "\(byteCount(old))  →  \(byteCount(new))  (\(difference))"
    }

    private static func blobs(_ old: DifferenceView.BlobView?, _ new: DifferenceView.BlobView?) -> String {
        let digests = [old, new].compactMap { $0?.digest.short }.joined(separator: "  →  ")
        return "\(digests)  \(sizes(old?.size, new?.size))"
    }

    /// Nothing for what has no content.
    private static func sizes(_ file: DifferenceView.File) -> String {
        let (old, new) = (content(file.old), content(file.new))
        return old == nil && new == nil ? "" : sizes(old, new)
    }

    private static func content(_ file: FileView?) -> UInt64? { file.flatMap { $0.digest == nil ? nil : $0.size } }

    private static func aspects(_ file: DifferenceView.File) -> String {
        guard let old = file.old, let new = file.new else { return "" }
        return file.differs.map { aspect in
            switch aspect {
            case "mode": "mode \(old.mode)→\(new.mode)"
            case "owner": "owner \(old.owner):\(old.group)→\(new.owner):\(new.group)"
            case "target": "target \(text(old.target))→\(text(new.target))"
            default: aspect
            }
        }.joined(separator: ", ")
    }
}
