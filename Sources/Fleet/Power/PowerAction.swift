/// What can be done to a machine's power.
public enum PowerAction: String, CaseIterable, Codable, Sendable {
    case on
    /// Its system is asked to go down where that is possible; what does not go down is switched off.
    case off
    /// Off and on again without asking its system; on, when it is off.
    case cycle
    /// Its system is asked to restart where that is possible; else as `cycle`.
    case reboot
    /// Says whether it is on.
    case status
}

/// What came of a `PowerAction` on one machine. That a machine was switched does not mean that it boots: what it asks for
/// next tells.
public struct PowerResult: Hashable, Sendable, Codable {
    public var machine: String
    /// What did it, or tried last: `agent`, `redfish`, `ipmi`, `exec` or `wake-on-lan`; nil when there was nothing.
    public var driver: String?
    /// `on`, `off` or `unknown`, where it was asked for or seen.
    public var state: String?
    /// Why it was not done, every driver's reason; nil when it was.
    public var failure: String?
    /// What did not go as it should, though it was done: a boot override that did not hold.
    public var note: String?

    public init(
        machine: String,
        driver: String? = nil,
        state: String? = nil,
        failure: String? = nil,
        note: String? = nil
    ) {
        self.machine = machine
        self.driver = driver
        self.state = state
        self.failure = failure
        self.note = note
    }
}
