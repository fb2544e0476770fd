import Vocabulary

/// A last good image that fails again and again is not good any more: the machine gets what a person can look at.
extension BootRules {
    /// Boots in a row of a proven image that never became healthy, after which the rescue image has its turn.
    public static let failuresBeforeRescue = 3

    /// The rescue image, when the machine should get it instead of what it was good on.
    ///
    /// - Parameter rescue: the one that is configured, if any. It never becomes a last good image, and the machine
    ///   leaves it with the next grant or when somebody forgives the failures.
    public func rescue(_ rescue: Digest?, for choice: Choice, _ state: MachineBootState) -> Digest? {
        if state.isRescued { return rescue }
        guard let rescue, state.failures >= Self.failuresBeforeRescue, let lastGood = state.lastGood,
            choice.image == lastGood
        else { return nil }
        return rescue
    }

    /// What the machine gets if it boots now, the rescue image included; nil for nothing.
    public func image(_ state: MachineBootState, rescue: Digest?, now: Timestamp) -> Digest? {
        let choice = choice(state, now: now)
        return self.rescue(rescue, for: choice, state) ?? choice.image
    }

    /// A person looked at the machine: its last good image has its turn again.
    public func forgive(_ state: inout MachineBootState) {
        state.failures = 0
        state.isRescued = false
        state.reason = nil
    }

    /// Whatever tries are left, the image is bad here: the next boot is of the last good one.
    func giveUp(on state: inout MachineBootState) {
        guard let lastGood = state.lastGood, let assigned = state.assigned, assigned != lastGood else { return }
        state.triesLeft = 0
        state.phase = .reverted
        state.deadline = nil
        state.reason = state.reason ?? "\(assigned.short) was given up; back to \(lastGood.short)"
    }
}
