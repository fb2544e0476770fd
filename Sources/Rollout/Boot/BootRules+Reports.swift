import Vocabulary

/// What a running system says of itself, and what comes of it. Saying the same again changes nothing.
extension BootRules {
    /// What a report changed.
    public enum Reported: Hashable, Sendable {
        /// Nothing: it was known.
        case known
        /// It runs.
        case up
        /// It is healthy, for the first time or again.
        case healthy
        /// It was healthy and is not any more; the boot goes on.
        case ailing
        /// It never was healthy, and its boot is over.
        case failed(ClosedBoot)
    }

    /// The system runs: whatever was not seen of its downloads, it has them.
    public func reportedUp(_ state: inout MachineBootState, open: inout OpenBoot, now: Timestamp) -> Reported {
        guard open.up == nil else { return .known }
        _ = fetchedWhole(&state, open: &open, now: now)
        open.up = now
        state.reason = nil
        return .up
    }

    /// The system says that it is well.
    ///
    /// - Parameter decides: whether the profile takes the system's own word for its health.
    public func reportedHealthy(
        _ state: inout MachineBootState,
        open: inout OpenBoot,
        decides: Bool,
        now: Timestamp
    ) -> Reported {
        let wasUp = open.up != nil
        if !wasUp { _ = reportedUp(&state, open: &open, now: now) }
        if open.ailment != nil {
            open.ailment = nil
            return .healthy
        }
        guard decides, foundHealthy(&state, open: &open, now: now) else { return wasUp ? .known : .up }
        return .healthy
    }

    /// The system says that it is not well, and why. Before it was healthy that is the end of its boot, whichever way
    /// its health is found out; afterwards only rolls and people care.
    public func reportedFailed(
        _ state: inout MachineBootState,
        open: inout OpenBoot?,
        reason: String,
        now: Timestamp
    ) -> Reported {
        guard var boot = open else { return .known }
        guard boot.healthy == nil else {
            guard boot.ailment != reason else { return .known }
            boot.ailment = reason
            open = boot
            return .ailing
        }
        _ = fetchedWhole(&state, open: &boot, now: now)
        open = nil
        fail(&state, boot: boot, now: now)
        return .failed(ClosedBoot(boot: boot, outcome: .failed, reason: reason))
    }

    /// A system that should have reported has not for `silence`. It may be cut off and well, so its boot stays open.
    /// - Returns: false when it has reported, or is not running yet.
    public func foundSilent(_ state: inout MachineBootState, open: OpenBoot) -> Bool {
        guard open.fetched != nil, open.up == nil, open.healthy == nil else { return false }
        let minutes = silence.components.seconds / 60
        state.reason = "\(open.image.short) has not said that it is up within \(minutes) minutes"
        return true
    }
}
