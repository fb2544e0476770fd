/// What is tried to switch a machine by Redfish, one after the other.
enum ResetStep: Hashable, Sendable {
    /// A `ResetType` that is done when it is accepted.
    case reset(String)
    /// One that asks the system, which has a grace period to follow.
    case ask(String)
    /// ForceOff, and On when it is off.
    case offThenOn

    /// What is remembered of one that says nothing by the machine's power state.
    var way: String {
        switch self {
        case .reset(let type), .ask(let type): type
        case .offThenOn: Self.strongest
        }
    }

    var asksTheSystem: Bool { if case .ask = self { true } else { false } }

    private static let strongest = "ForceOff and On"

    /// - Parameters:
    ///   - allowed: what the controller says it can; nil when it does not say.
    ///   - record: what came of earlier resets of a machine that is on.
    static func ladder(
        for action: PowerAction,
        isOn: Bool,
        allowed: Set<String>?,
        after record: ResetRecord = ResetRecord()
    ) -> [ResetStep] {
        let hard = record.order(["ForceRestart", "PowerCycle", strongest], strongest: strongest).map { way in
            way == strongest ? ResetStep.offThenOn : .reset(way)
        }
        let steps: [ResetStep]
        switch (action, isOn) {
        case (.status, _), (.on, true), (.off, false): steps = []
        case (.on, false), (.cycle, false), (.reboot, false):
            steps = [.reset("On"), .reset("ForceOn"), .reset("PushPowerButton")]
        case (.off, true): steps = [.ask("GracefulShutdown"), .reset("ForceOff"), .reset("PushPowerButton")]
        // A system that is reset and does not come back is not there to be asked.
        case (.reboot, true): steps = (record.fruitless.isEmpty ? [.ask("GracefulRestart")] : []) + hard
        case (.cycle, true): steps = hard
        }
        guard let allowed else { return steps }
        return steps.filter { step in
            switch step {
            case .reset(let type), .ask(let type): allowed.contains(type)
            case .offThenOn: allowed.contains("ForceOff") && allowed.contains("On")
            }
        }
    }
}
