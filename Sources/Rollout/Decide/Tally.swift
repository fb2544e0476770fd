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

    /// The limits of one label, or of everywhere.
    private struct Measure {
        let label: String?
        var limits: [Share]
    }

    private(set) var rooms: [Room] = []
    /// For each machine `width` numbers of rooms, -1 for none.
    private var membership: [Int32] = []
    private var width = 0

    init(_ rows: FleetRows) {
        let fleet = Self.measures(rows.ceilings)
        var profiles: [String: [Measure]] = [:]
        for roll in rows.rolls where roll.isOpen { Self.add(roll.spec, to: &profiles[roll.profile, default: []]) }
        guard !profiles.isEmpty else { return }
        width = fleet.count + (profiles.values.map(\.count).max() ?? 0)
        membership = Array(repeating: -1, count: rows.machines.count * width)
        for (column, measure) in fleet.enumerated() { enter(rows.machines, of: nil, measure, column) }
        for (profile, measures) in profiles.sorted(by: { $0.key < $1.key }) {
            for (column, measure) in measures.enumerated() {
                enter(rows.machines, of: profile, measure, fleet.count + column)
            }
        }
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

    /// Makes the rooms of one measure, and counts who is in them.
    private mutating func enter(_ machines: [MachineRow], of profile: String?, _ measure: Measure, _ column: Int) {
        let first = rooms.count
        var known: [String: Int] = [:]
        for place in machines.indices where profile == nil || machines[place].profile == profile {
            var room = first
            if let label = measure.label {
                let value = machines[place].labels[label] ?? MachineRow.noDomain
                room = known[value] ?? rooms.count
                if room == rooms.count {
                    known[value] = room
                    rooms.append(Room(profile: profile, domain: (label, value)))
                }
            } else if rooms.count == first {
                rooms.append(Room(profile: profile, domain: nil))
            }
            membership[place * width + column] = Int32(room)
            if machines[place].isCounted { rooms[room].population += 1 }
            if machines[place].isUnavailable { rooms[room].unavailable += 1 }
            if machines[place].isInFlight { rooms[room].inFlight += 1 }
        }
        for room in first..<rooms.count {
            rooms[room].limit = measure.limits.map { $0.count(of: rooms[room].population) }.min() ?? 0
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
