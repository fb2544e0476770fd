/// What is tried to switch a machine by Redfish, one after the other.
enum ResetStep: Hashable, Sendable {
    /// A `ResetType` that is done when it is accepted.
    case reset(String)
    /// One that asks the system, which has a grace period to follow.
    case ask(String)
    /// ForceOff, and On when it is off.
    case offThenOn

    /// - Parameter allowed: what the controller says it can; nil when it does not say.
    static func ladder(for action: PowerAction, isOn: Bool, allowed: Set<String>?) -> [ResetStep] {
        let steps: [ResetStep]
        switch (action, isOn) {
        case (.status, _), (.on, true), (.off, false): steps = []
        case (.on, false), (.cycle, false), (.reboot, false):
            steps = [.reset("On"), .reset("ForceOn"), .reset("PushPowerButton")]
        case (.off, true): steps = [.ask("GracefulShutdown"), .reset("ForceOff"), .reset("PushPowerButton")]
        case (.reboot, true):
            steps = [.ask("GracefulRestart"), .reset("ForceRestart"), .reset("PowerCycle"), .offThenOn]
        case (.cycle, true): steps = [.reset("ForceRestart"), .reset("PowerCycle"), .offThenOn]
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
