import Vocabulary

extension BootRules {
    /// The fleet's wish for the machine changed, or the machine is new.
    ///
    /// A machine that has no last good image is granted it at once: there is nothing it could lose. For others nothing
    /// changes but `desired`, until a roll, a reboot (`nextBoot`) or a person grants it.
    /// - Returns: true when `state` changed.
    public func intend(_ image: Digest?, for state: inout MachineBootState) -> Bool {
        if image == state.desired, state.lastGood != nil || state.assigned == image { return false }
        let before = state
        state.desired = image
        if state.lastGood == nil, state.assigned != image {
            if let image {
                grant(image, to: &state)
            } else {
                withdraw(&state)
            }
        }
        return state != before
    }

    /// The machine's turn has come: it gets `image` if it boots now, with new tries unless it is proven here.
    /// - Parameter tries: nil for the rules' own number.
    public func grant(_ image: Digest, to state: inout MachineBootState, tries: Int? = nil) {
        state.assigned = image
        state.generation += 1
        state.triesLeft = image == state.lastGood ? 0 : max(1, tries ?? self.tries)
        state.phase = image == state.lastGood && image == state.running ? .steady : .granted
        state.failures = 0
        state.isRescued = false
        state.deadline = nil
        state.reason = nil
    }

    /// Takes up what is desired on the way into a boot, with one try. What failed here stays assigned without tries, and
    /// so is not taken up again by itself.
    func adopt(_ state: inout MachineBootState) {
        guard let desired = state.desired, desired != state.assigned else { return }
        grant(desired, to: &state, tries: 1)
    }

    private func withdraw(_ state: inout MachineBootState) {
        state.assigned = nil
        state.triesLeft = 0
        state.generation += 1
        state.phase = .steady
        state.deadline = nil
        state.reason = nil
    }
}
