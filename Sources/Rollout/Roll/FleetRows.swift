import Vocabulary

/// Everything that the engine decides from, as the store keeps it.
public struct FleetRows: Hashable, Sendable {
    /// What no roll may exceed, whoever asks: from the server's configuration, over machines of all profiles.
    public struct Ceilings: Hashable, Sendable, Codable {
        public var maxUnavailable: Share?
        public var per: [String: Share]

        public init(maxUnavailable: Share? = nil, per: [String: Share] = [:]) {
            self.maxUnavailable = maxUnavailable
            self.per = per
        }
    }

    /// So many machines that turn sick at once, without our doing, freeze the fleet.
    public struct Brake: Hashable, Sendable, Codable {
        public var share = Share.percent(20)
        public var atLeast = 3
        public var within = TimeSpan.minutes(10)

        public init() {}
    }

    /// No grant, no drain and no power action until somebody thaws it; boots are answered as ever.
    public struct Freeze: Hashable, Sendable, Codable {
        /// Who froze it: a person, or the brake.
        public enum Cause: String, Hashable, Sendable, Codable { case person, brake }
        public var cause: Cause
        public var reason: String

        public init(_ cause: Cause, _ reason: String) {
            self.cause = cause
            self.reason = reason
        }
    }

    public private(set) var machines: [MachineRow]
    /// By number, oldest first.
    public var rolls: [RollRow] = []
    public var clock = ReportClock()
    public var freeze: Freeze?
    public var brake = Brake()
    public var ceilings = Ceilings()
    /// By hardware model.
    public var bootTimes: [String: BootTimes] = [:]
    /// Never less than this for a boot, whatever was learned.
    public var bootDeadlineFloor = TimeSpan.minutes(10)
    public var alarms: [Alarm.Key: Alarm] = [:]
    public var lease = DriverLease()
    private var places: [String: Int]

    /// - Parameter machines: no two of one name.
    public init(machines: [MachineRow] = []) {
        self.machines = machines.sorted { $0.name < $1.name }
        places = [:]
        index()
    }

    private mutating func index() {
        places = Dictionary(uniqueKeysWithValues: machines.enumerated().map { ($1.name, $0) })
    }

    public func place(of machine: String) -> Int? { places[machine] }

    public subscript(machine: String) -> MachineRow? { places[machine].map { machines[$0] } }

    /// Adds a machine, or replaces what people wrote of it; its boots and its part in a roll stay.
    public mutating func put(_ machine: MachineRow) {
        if let place = places[machine.name] {
            machines[place] = machine
        } else {
            machines.append(machine)
            machines.sort { $0.name < $1.name }
            index()
        }
    }

    /// The same for many at once.
    public mutating func put(_ described: [MachineRow]) {
        var isNew = false
        for machine in described {
            if let place = places[machine.name] {
                machines[place] = machine
            } else {
                machines.append(machine)
                isNew = true
            }
        }
        guard isNew else { return }
        machines.sort { $0.name < $1.name }
        index()
    }

    public mutating func remove(_ names: Set<String>) {
        guard names.contains(where: { places[$0] != nil }) else { return }
        machines.removeAll { names.contains($0.name) }
        index()
    }

    /// Changes a machine's row in place.
    public mutating func change(_ machine: String, _ body: (inout MachineRow) -> Void) {
        guard let place = places[machine] else { return }
        body(&machines[place])
    }

    /// Takes over what the ledger says of a machine now, and learns how long its model boots.
    public mutating func observe(_ machine: String, boot: MachineBootState, open: OpenBoot?, isHeard: Bool = true) {
        guard let place = places[machine] else { return }
        let took = machines[place].observe(boot: boot, open: open, isHeard: isHeard, at: clock.observed)
        if let took { bootTimes[machines[place].model, default: BootTimes()].add(took) }
    }

    /// The number of the roll that is started next.
    public var nextRoll: RollID { RollID(rawValue: (rolls.last?.id.rawValue ?? 0) + 1) }

    public func roll(_ id: RollID) -> RollRow? { rolls.firstIndex { $0.id == id }.map { rolls[$0] } }

    mutating func change(_ id: RollID, _ body: (inout RollRow) -> Void) {
        guard let place = rolls.lastIndex(where: { $0.id == id }) else { return }
        body(&rolls[place])
    }

    /// How long the machine may take from its reboot until it is healthy.
    public func bootDeadline(of machine: MachineRow, _ spec: RollSpec) -> TimeSpan {
        if let said = spec.bootDeadline { return said }
        return bootTimes[machine.model]?.deadline(floor: bootDeadlineFloor) ?? bootDeadlineFloor
    }
}

/// What a person should know of; it stands until its cause is gone.
public struct Alarm: Hashable, Sendable, Codable {
    /// What it is about; there is one alarm of a key at a time.
    public enum Key: Hashable, Sendable, Codable {
        case frozen
        case held(RollID)
        /// Its script went out and its kernel was never fetched.
        case network(machine: String)
        /// No image left to try.
        case stuck(machine: String)
        /// A hook was never told that the machine is back.
        case undrain(machine: String)
    }
    public var key: Key
    public var message: String

    public init(_ key: Key, _ message: String) {
        self.key = key
        self.message = message
    }
}
