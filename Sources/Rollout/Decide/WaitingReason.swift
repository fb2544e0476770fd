import Vocabulary

/// What a roll waits for, in words: `rack r7 has 1 of 1 unavailable (n713: rebooting)`.
public struct WaitingReason: Hashable, Sendable, CustomStringConvertible {
    /// The same in a word, for programs.
    public enum Cause: String, Hashable, Sendable, Codable, CaseIterable {
        case held, frozen, paused, window, turns, drain, room, ill, bake, gate
        /// Nobody decides: a database is away.
        case away
    }
    public let cause: Cause
    public let description: String

    private init(_ cause: Cause, _ description: String) {
        self.cause = cause
        self.description = description
    }

    /// Nothing is decided, and why.
    public static func away(_ reason: String) -> Self { Self(.away, "nothing is granted: \(reason)") }

    static func held(_ reason: String) -> Self { Self(.held, "held: \(reason)") }
    static func frozen(_ reason: String) -> Self { Self(.frozen, "the fleet is frozen: \(reason)") }
    static let paused = Self(.paused, "paused by a person")
    static func baking(left: TimeSpan) -> Self { Self(.bake, "the stage bakes for another \(left.wholeSeconds)") }
    static func gate(_ number: Int) -> Self { Self(.gate, "gate \(number) has been asked and has not answered") }
    static func ill(_ machine: String) -> Self { Self(.ill, "\(machine) is not healthy") }
    static func unknownTimeZone(_ zone: String) -> Self { Self(.window, "nobody here knows the time zone \(zone)") }

    static func window(opens: Timestamp?) -> Self {
        guard let opens else { return Self(.window, "the window does not open within a week") }
        return Self(.window, "the window opens at \(utc(opens))")
    }

    /// - Parameter mayReboot: whether the roll reboots machines, where somebody can.
    static func turns(_ machines: [MachineRow], mayReboot: Bool) -> Self {
        let alone = machines.filter { $0.part?.phase == .granted && !(mayReboot && $0.canBeRebooted) }
        let left = alone.isEmpty ? "" : "; nobody reboots \(few(alone.map(\.name))) but they themselves"
        return Self(.turns, "\(machines.count) having their turn (\(few(machines.map(\.name))))\(left)")
    }

    /// nil for a machine whose drain hook has said nothing yet.
    static func drain(_ machine: MachineRow, _ spec: RollSpec, at now: ObservedTime) -> Self? {
        guard let part = machine.part, part.phase == .draining, let reason = part.errand?.reason,
            let deadline = part.deadline
        else { return nil }
        let end = spec.drain?.onTimeout == .force ? "it is rebooted all the same" : "it is passed over"
        return Self(
            .drain,
            "\(machine.name) is not drained: \(reason); in \((deadline - now).wholeSeconds) \(end)"
        )
    }

    static func room(_ number: Int, _ tally: Tally, _ rows: FleetRows) -> Self {
        let room = tally.rooms[number]
        let place = room.domain.map { "\($0.label) \($0.value)" } ?? room.profile ?? "the fleet"
        let who = tally.unavailable(in: number, of: rows).map { "\($0.name): \($0.absence(at: rows.clock.observed))" }
        let names = who.isEmpty ? "" : " (\(few(who)))"
        let used = "\(place) has \(room.unavailable) of \(room.limit) unavailable\(names)"
        return Self(.room, room.profile == nil ? "\(used), the server's ceiling" : used)
    }

    private static func few(_ names: [String]) -> String {
        names.count <= 3 ? names.joined(separator: ", ") : names.prefix(3).joined(separator: ", ") + " …"
    }
}

/// `2026-11-21T18:00Z`, by the civil calendar (Howard Hinnant's days-from-civil, inverted).
private func utc(_ time: Timestamp) -> String {
    let minutes = time.milliseconds / 60_000
    let days = minutes / 1440 + 719_468
    let era = days / 146_097
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(year)-\(two(month))-\(two(day))T\(two(minutes / 60 % 24)):\(two(minutes % 60))Z"
}

extension MachineRow {
    /// Why it is unavailable, in a few words.
    fileprivate func absence(at now: ObservedTime) -> String {
        if let part, part.phase.isInFlight { return "\(part.phase.rawValue) for \((now - part.since).wholeSeconds)" }
        guard case .ill(let since, let ailment) = health else { return "healthy" }
        return "\(ailment ?? "not healthy") for \((now - since).wholeSeconds)"
    }
}

extension TimeSpan {
    /// What people read: nobody waits for milliseconds.
    fileprivate var wholeSeconds: TimeSpan { .seconds(milliseconds / 1000) }
}
