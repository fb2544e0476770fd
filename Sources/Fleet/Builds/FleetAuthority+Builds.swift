import PXE
import Vocabulary

/// Machines that wait for an image to be built.
extension FleetAuthority {
    /// How long a machine waits to hear whether an image that it could boot is still the newest.
    private static let patience: Duration = .seconds(10)

    /// The screen of a machine that has to wait for its profile's image; nil when it goes on with what there is.
    ///
    /// Who proved an image here under `adopt: roll` waits for nothing: nothing changes for it until a roll does.
    /// - Parameter begins: whether a build that is needed begins; false for whoever only looks.
    func awaitBuild(_ ask: ScriptAsk, begins: Bool) -> Pause? {
        guard let profile = ask.plan.profile, let definition = profile.definition, !ask.plan.isPinned,
            book.wantsNewest(ask.machine, ask.plan)
        else { return nil }
        let architecture = ask.plan.architecture.map(ProfilePlan.buildable) ?? .amd64
        let isMade = profile.isMade(for: architecture)
        let status =
            begins
            ? builds.ask(
                definition,
                architecture,
                isMade: isMade,
                made: profile.released,
                cause: .machine(ask.machine),
                now: ask.now
            )
            : builds.look(definition, architecture, isMade: isMade, made: profile.released, now: ask.now)
        let what = "the profile \(profile.name) (\(architecture))"
        switch status {
        case .current: return nil
        case .underWay(let lines, let age):
            if isMade, age > Self.patience { return nil }
            return .building(what, lines: lines, age: age)
        case .unmade: return hasSomething(ask) ? nil : .unbuilt(what)
        case .failed(let reason, let attempts, let pause):
            return hasSomething(ask) ? nil : .buildFailed(what, reason: reason, attempts: attempts, pause: pause)
        }
    }

    private func hasSomething(_ ask: ScriptAsk) -> Bool { book.preview(ask).image != nil }
}

extension Pause {
    /// Columns of a screen that every loader has, less our margin.
    private static let width = 76

    static func building(_ what: String, lines: [String], age: Duration) -> Pause {
        let seconds = age.components.seconds
        return Pause(
            lines: ["The image of \(what) is being built, for \(seconds) s so far:"]
                + lines.map { "  " + $0.prefix(Self.width - 2) },
            seconds: seconds < 5 ? 1 : seconds < 60 ? 2 : 3
        )
    }

    static func unbuilt(_ what: String) -> Pause {
        Pause(lines: ["The image of \(what) is built", "when this machine asks for it."], seconds: 5)
    }

    static func buildFailed(_ what: String, reason: String, attempts: Int, pause: Duration) -> Pause {
        let seconds = Int(pause.components.seconds) + 1
        let times = attempts == 1 ? "once" : "\(attempts) times"
        return Pause(
            lines: ["The image of \(what) could not be built:"]
                + wrapped(reason).prefix(12)
                + ["It was tried \(times), and is again in \(seconds) s."],
            seconds: min(seconds, 30)
        )
    }

    /// Lines no longer than a screen is wide.
    private static func wrapped(_ text: String) -> [String] {
        text.split(separator: "\n").flatMap { line in
            var lines: [String] = []
            var current = ""
            for word in line.split(separator: " ") {
                if !current.isEmpty, current.count + word.count + 1 > width - 2 {
                    lines.append("  " + current)
                    current = ""
                }
                current += (current.isEmpty ? "" : " ") + word
            }
            return lines + ["  " + current]
        }
    }
}
