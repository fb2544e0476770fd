import Vocabulary

/// Who is unavailable where: every budget that anything open must keep, with what is used of it.
struct Tally {
    /// One budget: of a profile or of the whole fleet, everywhere or in one failure domain.
    struct Room {
        /// Nil for the fleet's, which the server's configuration sets.
        let profile: String?
        /// The domain's label and value; nil for everywhere.
        let domain: (label: String, value: String)?
        var population = 0
        var unavailable = 0
        var inFlight = 0
        var limit = 0
    }

    /// The limits of one label (or of everywhere), and the rooms that they make.
    private struct Measure {
        let label: String?
        var limits: [Share]
        var rooms: [String: Int] = [:]
    }

    private(set) var rooms: [Room] = []
    private var fleet: [Measure]
    private var profiles: [String: [Measure]] = [:]
    /// For each machine `width` numbers of rooms, -1 for none.
    private var membership: [Int32] = []
    private var width = 0

    init(_ rows: FleetRows) {
        fleet = Self.measures(rows.ceilings)
        for roll in rows.rolls where roll.isOpen { Self.add(roll.spec, to: &profiles[roll.profile, default: []]) }
        width = fleet.count + (profiles.values.map(\.count).max() ?? 0)
        guard !profiles.isEmpty else { return }
        membership = Array(repeating: -1, count: rows.machines.count * width)
        for (place, machine) in rows.machines.enumerated() { enter(machine, at: place) }
        setLimits()
    }

    private static func measures(_ ceilings: FleetRows.Ceilings) -> [Measure] {
        let everywhere = ceilings.maxUnavailable.map { [Measure(label: nil, limits: [$0])] } ?? []
        let domains = ceilings.per.sorted { $0.key < $1.key }
        return everywhere + domains.map { Measure(label: $0.key, limits: [$0.value]) }
    }

    /// Rolls of one profile share its budgets: the smallest limit holds for all of them.
    private static func add(_ spec: RollSpec, to measures: inout [Measure]) {
        let domains = spec.per.sorted { $0.key < $1.key }.map { (label: String?.some($0.key), limit: $0.value) }
        for (label, limit) in [(label: nil, limit: spec.maxUnavailable)] + domains {
            if let place = measures.firstIndex(where: { $0.label == label }) {
                measures[place].limits.append(limit)
            } else {
                measures.append(Measure(label: label, limits: [limit]))
            }
        }
    }

    private mutating func enter(_ machine: MachineRow, at place: Int) {
        var column = place * width
        for measure in fleet.indices {
            membership[column] = Self.room(of: machine, in: &fleet[measure], of: nil, &rooms)
            column += 1
        }
        if var measures = profiles[machine.profile] {
            profiles[machine.profile] = nil
            for measure in measures.indices {
                membership[column] = Self.room(of: machine, in: &measures[measure], of: machine.profile, &rooms)
                column += 1
            }
            profiles[machine.profile] = measures
        }
        let counts = machine.isCounted, isUnavailable = machine.isUnavailable, isInFlight = machine.isInFlight
        eachRoom(of: place) { tally, room in
            if counts { tally.rooms[room].population += 1 }
            if isUnavailable { tally.rooms[room].unavailable += 1 }
            if isInFlight { tally.rooms[room].inFlight += 1 }
        }
    }

    /// The machine's room in one measure, which is made when it is the first in it.
    private static func room(
        of machine: MachineRow,
        in measure: inout Measure,
        of profile: String?,
        _ rooms: inout [Room]
    ) -> Int32 {
        let value = measure.label.map { machine.domain($0) } ?? ""
        if let known = measure.rooms[value] { return Int32(known) }
        rooms.append(Room(profile: profile, domain: measure.label.map { ($0, value) }))
        measure.rooms[value] = rooms.count - 1
        return Int32(rooms.count - 1)
    }

    private mutating func setLimits() {
        for measure in fleet + profiles.values.flatMap(\.self) {
            for room in measure.rooms.values {
                let population = rooms[room].population
                rooms[room].limit = measure.limits.map { $0.count(of: population) }.min() ?? 0
            }
        }
    }

    private mutating func eachRoom(of place: Int, _ body: (inout Tally, Int) -> Void) {
        for column in (place * width)..<((place + 1) * width) where membership[column] >= 0 {
            body(&self, Int(membership[column]))
        }
    }
}

extension Tally {
    /// The first room that is too full for the machine to have its turn; nil when there is room in all of them.
    ///
    /// Who is available takes a place among the unavailable. Who is not has it already; but where only machines that
    /// are down have a turn (`cures`: a rollback), as many as the budget has places may have theirs at once, however
    /// many are down.
    func obstacle(to machine: MachineRow, at place: Int, cures: Bool) -> Int? {
        for column in (place * width)..<((place + 1) * width) where membership[column] >= 0 {
            let room = rooms[Int(membership[column])]
            let fits =
                machine.isUnavailable
                ? room.inFlight + 1 <= room.limit && (cures || room.unavailable <= room.limit)
                : room.unavailable + 1 <= room.limit
            if !fits { return Int(membership[column]) }
        }
        return nil
    }

    /// The machines that take the places of a room, by name.
    func unavailable(in room: Int, of rows: FleetRows) -> [MachineRow] {
        rows.machines.indices.lazy
            .filter { place in
                rows.machines[place].isUnavailable
                    && membership[(place * width)..<((place + 1) * width)].contains(Int32(room))
            }
            .map { rows.machines[$0] }
    }

    /// The machine has its turn from now on.
    mutating func take(_ machine: MachineRow, at place: Int) {
        let wasUnavailable = machine.isUnavailable
        eachRoom(of: place) { tally, room in
            tally.rooms[room].inFlight += 1
            if !wasUnavailable { tally.rooms[room].unavailable += 1 }
        }
    }
}
