import Control
import Vocabulary

extension RolloutPlanView {
    /// Nobody is to be moved, and nothing but that speaks against it.
    var hasNothingToDo: Bool { members == 0 && refusals.count <= 1 }
}

/// A plan as people read it.
enum PlanText {
    static func text(of plan: RolloutPlanView) -> String {
        var lines = [headline(plan)]
        if !plan.stages.isEmpty { lines.append("") }
        lines += columns(plan.stages.map { [$0.name, "\($0.machines.count)", names($0.machines)] })
        if !plan.budgets.isEmpty { lines += ["", "budgets"] + columns(plan.budgets.map(budget), indented: true) }
        if !plan.hasNothingToDo, !plan.refusals.isEmpty {
            lines += ["", "it would be refused"] + plan.refusals.map { "  " + Table.printable($0) }
        }
        if !plan.excluded.isEmpty {
            let rows = plan.excluded.map { [$0.machine, $0.reason] }
            lines += ["", "left out (\(rows.count))"] + columns(rows, indented: true)
        }
        if !plan.converged.isEmpty {
            lines += ["", "already there (\(plan.converged.count))", "  " + names(plan.converged)]
        }
        for change in plan.changes {
            lines += ["", "\(machines(change.machines)) of \(change.architecture.rawValue)"] + text(of: change)
        }
        return lines.joined(separator: "\n")
    }

    /// What `muster roll` says before it begins.
    static func short(_ plan: RolloutPlanView) -> String {
        var lines = [headline(plan)]
        if !plan.stages.isEmpty {
            lines.append("  " + plan.stages.map { "\($0.name) \($0.machines.count)" }.joined(separator: ", "))
        }
        lines += plan.budgets.map { "  " + budget($0).joined(separator: ": ") }
        let reasons = Dictionary(grouping: plan.excluded, by: \.reason).sorted { $0.key < $1.key }
        lines += reasons.map { "  left out: \($1.map(\.machine).joined(separator: ", ")) \(Table.printable($0))" }
        if !plan.hasNothingToDo { lines += plan.refusals.map { "  refused: \(Table.printable($0))" } }
        return lines.joined(separator: "\n")
    }

    private static func headline(_ plan: RolloutPlanView) -> String {
        let title = Table.printable(plan.title)
        guard plan.members > 0 else { return "\(title): no machine would change" }
        let all = plan.members + plan.converged.count + plan.excluded.count
        let stages = plan.stages.count == 1 ? "1 stage" : "\(plan.stages.count) stages"
        let time = plan.estimate.map { ", about \(RollText.short($0))" } ?? ""
        let reboot = plan.reboot == .none ? ", whenever they reboot by themselves" : ""
        return "\(title): \(plan.members) of \(machines(all)) would change, in \(stages)\(time)\(reboot)"
    }

    private static func budget(_ budget: RolloutPlanView.Budget) -> [String] {
        let now = budget.unavailable == 0 ? "none is now" : "\(budget.unavailable) now"
        return [budget.place, "at most \(budget.limit) of \(budget.population) unavailable, \(now)"]
    }

    private static func text(of change: RolloutPlanView.ImageChange) -> [String] {
        guard let difference = change.difference else {
            let images = "image         \(change.from.short)  →  \(change.to.short)"
            return [images] + (change.failure.map { ["not compared: \(Table.printable($0))"] } ?? [])
        }
        return [DifferenceText.text(of: difference, listsFiles: false)]
    }

    private static func machines(_ count: Int) -> String { count == 1 ? "1 machine" : "\(count) machines" }

    /// As they come, runs of numbers in their short form: `n[1-3], n7`.
    static func names(_ names: [String]) -> String {
        var parts: [(stem: Substring, first: Substring, last: Substring)] = []
        for name in names {
            let digits = name.utf8.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
            let stem = name.dropLast(digits), number = name.suffix(digits)
            if let last = parts.last, last.stem == stem, last.last.count == number.count || !number.hasPrefix("0"),
                !last.last.hasPrefix("0") || last.last.count == number.count,
                let before = Int(last.last), let value = Int(number), value == before + 1
            {
                parts[parts.count - 1].last = number
            } else {
                parts.append((stem, number, number))
            }
        }
        return parts.map { stem, first, last in
            first == last ? "\(stem)\(first)" : "\(stem)[\(first)-\(last)]"
        }.joined(separator: ", ")
    }

    /// Rows whose cells line up; the last one is as long as it is.
    private static func columns(_ rows: [[String]], indented: Bool = false) -> [String] {
        let rows = rows.map { $0.map(Table.printable) }
        guard let count = rows.first?.count else { return [] }
        let widths = (0..<count).map { column in rows.reduce(0) { max($0, $1[column].count) } }
        return rows.map { row in
            var line = indented ? "  " : ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            return line
        }
    }
}
