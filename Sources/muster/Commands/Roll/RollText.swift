import Control
import Rollout
import Vocabulary

/// A roll as people read it.
enum RollText {
    /// - Parameter width: of the bar.
    static func lines(of roll: RolloutView, at now: Timestamp, width: Int = 40) -> [String] {
        var lines = ["roll \(roll.id): \(Table.printable(roll.title))  \(state(of: roll)), \(span(of: roll, at: now))"]
        lines.append("\(RollBar.text(roll.counts, width: width))  \(roll.done) of \(roll.total)")
        lines.append(counts(roll.counts) + unavailable(of: roll))
        if let reason = roll.reason { lines.append("held: \(Table.printable(reason))") }
        if let frozen = roll.frozen { lines.append("the fleet is frozen: \(Table.printable(frozen)) (`muster thaw`)") }
        // The hold and the freeze are said already.
        let waiting = roll.waiting.filter { $0.cause != .held && $0.cause != .frozen }
        for (index, wait) in waiting.enumerated() {
            lines.append((index == 0 ? "waits: " : "       ") + Table.printable(wait.reason))
        }
        lines += failures(roll.machines ?? [])
        if let pace = pace(of: roll, at: now) { lines.append(pace) }
        return lines
    }

    /// What changes as a roll goes on, in one line.
    static func line(of roll: RolloutView) -> String {
        let waits = roll.waiting.first.map { "; waits: \(Table.printable($0.reason))" } ?? ""
        return "roll \(roll.id)  \(state(of: roll))  \(counts(roll.counts))" + waits
    }

    /// `running, wave 2 of 4 (3 of 24)`
    static func state(of roll: RolloutView) -> String {
        let word =
            switch roll.state {
            case .running: "running"
            case .paused: "paused"
            case .held: "held"
            case .done: "done"
            case .aborted: "aborted"
            case .rolledBack: "rolled back"
            }
        guard !roll.state.isOver, roll.stages.indices.contains(roll.stage) else { return word }
        let stage = roll.stages[roll.stage]
        return "\(word), \(stage.name), stage \(roll.stage + 1) of \(roll.stages.count) "
            + "(\(stage.over) of \(stage.machines))"
    }

    static func counts(_ counts: RolloutView.Counts) -> String {
        var parts = ["\(counts.done) done", "\(counts.inTrial) in trial", "\(counts.waiting) waiting"]
        if counts.failed > 0 { parts.append("\(counts.failed) failed") }
        if counts.skipped > 0 { parts.append("\(counts.skipped) skipped") }
        return parts.joined(separator: ", ")
    }

    private static func unavailable(of roll: RolloutView) -> String {
        guard let unavailable = roll.unavailable, let budget = roll.budget else { return "" }
        return "; \(unavailable) unavailable, at most \(budget)"
    }

    /// Machines that failed, by how far their last boot of the new image came.
    static func failures(_ machines: [RolloutView.Member]) -> [String] {
        let failed = Dictionary(grouping: machines.filter { $0.phase == .failed }) {
            $0.lastStep ?? MachineRow.Step.none
        }
        let steps: [(step: MachineRow.Step, words: String)] = [
            (.none, "never asked for the new image"), (.script, "got its script, not the whole image"),
            (.fetched, "fetched the image, and did not come up"), (.up, "came up, and was not healthy"),
            (.healthy, "was healthy, and did not stay so"),
        ]
        return steps.flatMap { step, words -> [String] in
            guard let members = failed[step] else { return [] }
            let shown = members.prefix(5).map { "  \($0.machine)  \(Table.printable($0.reason ?? ""))" }
            let rest = members.count - shown.count
            return ["failed: \(members.count) \(words)"] + shown + (rest > 0 ? ["  and \(rest) more"] : [])
        }
    }

    private static func span(of roll: RolloutView, at now: Timestamp) -> String {
        let began = "began \(age(of: roll.began.timestamp, at: now)) ago"
        guard let ended = roll.ended?.timestamp else { return began }
        return "took \(age(of: roll.began.timestamp, at: ended)), ended \(age(of: ended, at: now)) ago"
    }

    /// `12 machines an hour, about 2h left`
    private static func pace(of roll: RolloutView, at now: Timestamp) -> String? {
        guard !roll.state.isOver else { return nil }
        var parts: [String] = []
        let seconds = (now - roll.began.timestamp).components.seconds
        if roll.done > 0, seconds > 0 {
            let perHour = Int64(roll.done) * 3600 / seconds
            parts.append(perHour >= 120 ? "\(perHour / 60) machines a minute" : "\(perHour) machines an hour")
        }
        if let estimate = roll.estimate { parts.append("about \(short(estimate)) left") }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// A time with its largest two units: `1h20m`, `45s`.
    static func short(_ span: TimeSpan) -> String {
        let seconds = (span.milliseconds + 999) / 1000
        let unit: Int64 =
            switch seconds {
            case ..<3600: 1
            case ..<86_400: 60
            default: 3600
            }
        return TimeSpan.seconds((seconds + unit - 1) / unit * unit).description
    }
}
