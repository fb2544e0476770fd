import Build
import Vocabulary

/// How images differ, for people: `-` is only before, `+` only after, `~` both and not the same.
enum DifferenceText {
    static func text(of difference: ImageDifference) -> String {
        guard !difference.isEmpty else { return "no difference: both are \(difference.old)" }
        var lines = [
            "image         \(difference.old.short)  →  \(difference.new.short)",
            "size          \(sizes(difference.size))",
        ]
        if let change = difference.architecture {
            lines.append("architecture  \(text(change.old?.rawValue))  →  \(text(change.new?.rawValue))")
        }
        if let change = difference.kernel { lines.append("kernel        \(blobs(change))") }
        let removed = difference.removedArguments.map { "-\($0)" }
        let added = difference.addedArguments.map { "+\($0)" }
        if !removed.isEmpty || !added.isEmpty {
            lines.append("command line  \((removed + added).map(Table.printable).joined(separator: " "))")
        }
        lines += section("labels", difference.labels) { label in
            (mark(label.change), [label.name, "\(text(label.change.old))  →  \(text(label.change.new))"])
        }
        lines += section("parts", difference.parts) { (mark($0.change), [$0.name, blobs($0.change)]) }
        lines += section("packages", difference.packages) { package in
            let versions = [package.change.old, package.change.new].compactMap(\.self).joined(separator: "  →  ")
            return (mark(package.change), [package.name, versions, package.root == "" ? "" : "in /\(package.root)"])
        }
        lines += section("files", difference.files) { file in
            (mark(file.change), ["/\(file.path)", sizes(file), aspects(file)])
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

    private static func mark<Value>(_ change: ImageDifference.Change<Value>) -> String {
        switch (change.old, change.new) {
        case (nil, _): "+"
        case (_, nil): "-"
        default: "~"
        }
    }

    private static func text(_ value: String?) -> String { value ?? "(none)" }

    /// `3.1 MiB → 3.2 MiB (+102 KiB)`, or the one that is there.
    private static func sizes(_ change: ImageDifference.Change<UInt64>) -> String {
        guard let old = change.old, let new = change.new else { return byteCount(change.old ?? change.new ?? 0) }
        guard old != new else { return byteCount(old) }
        let difference = new > old ? "+\(byteCount(new - old))" : "-\(byteCount(old - new))"
        return "\(byteCount(old))  →  \(byteCount(new))  (\(difference))"
    }

    private static func blobs(_ change: ImageDifference.Change<Blob>) -> String {
        let digests = [change.old, change.new].compactMap { $0?.digest.short }.joined(separator: "  →  ")
        return "\(digests)  \(sizes(.init(old: change.old?.size, new: change.new?.size)))"
    }

    /// Nothing for what has no content.
    private static func sizes(_ file: ImageDifference.File) -> String {
        let isFile = { (file: ImageContents.File?) in file?.digest != nil }
        guard isFile(file.change.old) || isFile(file.change.new) else { return "" }
        let old = isFile(file.change.old) ? file.change.old?.size : nil
        let new = isFile(file.change.new) ? file.change.new?.size : nil
        return sizes(.init(old: old, new: new))
    }

    private static func aspects(_ file: ImageDifference.File) -> String {
        guard let old = file.change.old, let new = file.change.new else { return "" }
        return file.aspects.map { aspect in
            switch aspect {
            case "mode": "mode \(octal(old.permissions))→\(octal(new.permissions))"
            case "owner": "owner \(old.owner):\(old.group)→\(new.owner):\(new.group)"
            case "target": "target \(text(old.target?.description))→\(text(new.target?.description))"
            default: aspect
            }
        }.joined(separator: ", ")
    }

    private static func octal(_ permissions: UInt32) -> String { FileText.octal(permissions) }
}
