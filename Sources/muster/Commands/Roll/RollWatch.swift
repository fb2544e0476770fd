import ArgumentParser
import Control
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// Shows a roll while it goes on: in one place on a terminal, a line a change elsewhere.
struct RollWatch: Sendable {
    let client: ControlClient
    /// One object a line, whenever something changed.
    var asJSON = false

    private static let interval = Duration.seconds(1)
    /// How long a server that does not answer is waited for: it may be starting again.
    private static let patience = Duration.seconds(60)

    /// Shows `roll` until it ends or is held, and the roll that takes its machines back after it.
    ///
    /// - Throws: `ExitCode` 1 when it was aborted or rolled back, 2 when it is held.
    func follow(_ roll: RolloutView) async throws {
        var last = try await show(roll)
        if last.state == .rolledBack, let next = try await successor(of: last) {
            say("roll \(next.id) takes its machines back")
            last = try await show(next)
            if last.state == .done { throw ExitCode(1) }
        }
        switch last.state {
        case .held: throw ExitCode(2)
        case .aborted, .rolledBack: throw ExitCode(1)
        case .done, .running, .paused: return
        }
    }

    /// The roll that takes back the machines of another.
    private func successor(of roll: RolloutView) async throws -> RolloutView? {
        let rolls: [RolloutView] = try await client.get("/v1/rollouts")
        return rolls.first { $0.rollbackOf == roll.id }
    }

    private func show(_ roll: RolloutView) async throws -> RolloutView {
        var view = roll, shown: RolloutView?
        var painter = Repainter()
        /// Since when the server does not answer, and what is said of that.
        var silence: (since: ContinuousClock.Instant, why: String)?
        while true {
            if asJSON {
                if shown.map({ $0.state != view.state || $0.counts != view.counts || $0.stage != view.stage }) ?? true {
                    Terminal.print(try Terminal.json(view, pretty: false))
                    shown = view
                }
            } else if let window = Terminal.window(of: STDOUT_FILENO) {
                var lines = RollText.lines(of: view, at: Moment.now().wall, width: min(60, window.width - 20))
                if let silence { lines.insert(silence.why, at: 1) }
                Terminal.print(painter.paint(lines, in: window), terminator: "")
            } else if Self.isNews(view, after: shown) {
                Terminal.print(RollText.line(of: view))
                shown = view
            }
            if silence == nil, view.state.isOver || view.state == .held { break }
            try await Task.sleep(for: Self.interval)
            do {
                view = try await client.get("/v1/rollouts/\(view.id)")
                silence = nil
            } catch let error as ClientError where error.isPassing {
                if silence == nil {
                    silence = (.now, "as it was: \(error); it is asked again for \(Self.patience.components.seconds) s")
                    if Terminal.window(of: STDOUT_FILENO) == nil { Terminal.warn(silence?.why ?? "") }
                }
                guard let since = silence?.since, ContinuousClock.now - since < Self.patience else { throw error }
            }
        }
        if !asJSON, Terminal.window(of: STDOUT_FILENO) == nil {
            Terminal.print(RollText.lines(of: view, at: Moment.now().wall).joined(separator: "\n"))
        }
        return view
    }

    private func say(_ text: String) { if !asJSON { Terminal.print(text) } }

    /// Whether more has changed than the time that something has taken.
    static func isNews(_ roll: RolloutView, after other: RolloutView?) -> Bool {
        guard let other else { return true }
        return roll.state != other.state || roll.counts != other.counts || roll.stage != other.stage
            || roll.frozen != other.frozen || roll.waiting.map(\.cause) != other.waiting.map(\.cause)
    }
}
