import Vocabulary

/// The ledger's rules: what a machine gets, what makes a boot, what joins it, what closes it and what proves an image.
///
/// Values in, values out. The caller keeps `state` and `open` for each machine and writes them down after each call
/// that changed them, before anybody is told.
public struct BootRules: Hashable, Sendable {
    /// Boots that may fetch a newly granted image whole before it counts as bad.
    public var tries: Int
    /// How long a fetched boot must stay alone to be healthy, where health is `fetched`.
    public var settle: Duration
    /// How long a machine without any image left to try waits the first time; doubles with every failure.
    public var firstHold: Duration
    public var longestHold: Duration
    /// How long after its last byte a system that reports may be silent before somebody should look.
    public var silence: Duration

    public init(
        tries: Int = 2,
        settle: Duration = .seconds(300),
        firstHold: Duration = .seconds(5),
        longestHold: Duration = .seconds(60),
        silence: Duration = .seconds(600)
    ) {
        self.tries = max(1, tries)
        self.settle = settle
        self.firstHold = firstHold
        self.longestHold = longestHold
        self.silence = silence
    }

    /// When a machine takes up what it is meant to have.
    public enum Adoption: String, Hashable, Sendable, Codable {
        /// Nothing changes until a roll grants it.
        case roll
        /// Whoever reboots gets it, one try at a time.
        case nextBoot
    }

    /// What a machine gets if it boots now.
    public enum Choice: Hashable, Sendable {
        /// The assigned image, proven here.
        case proven(Digest)
        /// The assigned image, with a try to spend on it.
        case trial(Digest)
        /// The last good image: the assigned one has no tries left.
        case lastGood(Digest)
        /// Nothing: no image was ever granted.
        case nothing
        /// Nothing until then: the assigned image has no tries left, and there is no last good one.
        case held(until: Timestamp)

        public var image: Digest? {
            switch self {
            case .proven(let image), .trial(let image), .lastGood(let image): image
            case .nothing, .held: nil
            }
        }
    }

    /// What a script request comes to.
    public enum ScriptDecision: Hashable, Sendable {
        /// It belongs to the boot that is open.
        case join(OpenBoot)
        /// It begins a boot, and may close the one before.
        case begin(OpenBoot, closing: ClosedBoot?)
        /// It begins none, and may close the one before.
        case wait(Choice, closing: ClosedBoot?)
    }
}

extension BootRules {
    /// What the machine gets if it boots now: the assigned image while it is proven or has tries left, else the last
    /// good one, else nothing for a while.
    public func choice(_ state: MachineBootState, now: Timestamp) -> Choice {
        guard let assigned = state.assigned else {
            return state.lastGood.map(Choice.lastGood) ?? .nothing
        }
        if assigned == state.lastGood { return .proven(assigned) }
        if state.triesLeft > 0 { return .trial(assigned) }
        if let lastGood = state.lastGood { return .lastGood(lastGood) }
        // A clock that was set back must not hold a machine for longer than the rules would.
        if let deadline = state.deadline, deadline > now, deadline - now <= longestHold {
            return .held(until: deadline)
        }
        return .trial(assigned)
    }

    /// A script was asked for by the machine itself, and can be answered.
    ///
    /// - Parameters:
    ///   - rescue: the image for a machine whose last good one fails again and again; nil when there is none.
    ///   - makeID: called when a boot begins.
    public func scriptRequested(
        _ state: inout MachineBootState,
        open: inout OpenBoot?,
        adopt: Adoption,
        rescue: Digest? = nil,
        now: Timestamp,
        makeID: () -> BootID
    ) -> ScriptDecision {
        let expected = choice(state, now: now)
        if let boot = open, boot.mayBeJoined,
            boot.image == self.rescue(rescue, for: expected, state) ?? expected.image
        {
            return .join(boot)
        }
        let closing = closeForNext(&state, open: &open, now: now)
        if adopt == .nextBoot { self.adopt(&state) }
        let choice = choice(state, now: now)
        let relief = self.rescue(rescue, for: choice, state)
        guard let image = relief ?? choice.image else { return .wait(choice, closing: closing) }
        var boot = OpenBoot(id: makeID(), image: image, isTrial: relief == nil && image != state.lastGood, begun: now)
        boot.isRescue = relief != nil
        open = boot
        state.bootEpoch += 1
        state.phase = .booting
        state.running = nil
        state.deadline = nil
        return .begin(boot, closing: closing)
    }

    /// A firmware or iPXE of the machine asked for an address: it is at the start of a boot. Before everything was
    /// fetched that is the boot that is open; afterwards it closes it.
    public func discovered(_ state: inout MachineBootState, open: inout OpenBoot?, now: Timestamp) -> ClosedBoot? {
        guard open?.fetched != nil else { return nil }
        return closeForNext(&state, open: &open, now: now)
    }

    /// Kernel and every initrd left for the machine whole: an unproven image has had a try.
    /// - Returns: false when that was known already.
    public func fetchedWhole(_ state: inout MachineBootState, open: inout OpenBoot, now: Timestamp) -> Bool {
        guard open.fetched == nil else { return false }
        open.fetched = now
        if !open.isRescue, open.image != state.lastGood, open.image == state.assigned, state.triesLeft > 0 {
            state.triesLeft -= 1
        }
        state.running = open.image
        state.phase = .probation
        return true
    }

    /// The machine was found healthy in this boot: what it runs is proven on it.
    /// - Returns: false when that was known already.
    public func foundHealthy(_ state: inout MachineBootState, open: inout OpenBoot, now: Timestamp) -> Bool {
        guard open.healthy == nil else { return false }
        if open.fetched == nil { _ = fetchedWhole(&state, open: &open, now: now) }
        open.healthy = now
        if open.isRescue {
            state.phase = .stuck
            state.reason =
                state.isRescued
                ? "runs the rescue image, as somebody wanted"
                : "runs the rescue image: \(state.lastGood?.short ?? "") failed \(state.failures) times in a row"
            return true
        }
        // Something else was granted while this boot went on: what the machine was good on before is tried like any other.
        if state.isProven, open.image != state.assigned { state.triesLeft = tries }
        state.lastGood = open.image
        state.failures = 0
        state.deadline = nil
        if state.assigned == nil { state.assigned = open.image }
        if state.isProven {
            state.phase = .steady
            state.reason = nil
        } else {
            state.phase = state.triesLeft > 0 ? .granted : .reverted
        }
        return true
    }

    /// The machine was taken away or replaced: its boot is over and nobody's failure unless it was fetched.
    public func abandon(_ state: inout MachineBootState, open: inout OpenBoot?, reason: String) -> ClosedBoot? {
        guard let boot = open else { return nil }
        open = nil
        state.running = nil
        return ClosedBoot(boot: boot, outcome: boot.healthy == nil ? .superseded : .ended, reason: reason)
    }

    private func closeForNext(
        _ state: inout MachineBootState,
        open: inout OpenBoot?,
        now: Timestamp
    ) -> ClosedBoot? {
        guard let boot = open else { return nil }
        open = nil
        state.running = nil
        if boot.fetched == nil {
            let reason = boot.isHandedOut ? "asked again before everything had arrived" : "another image was granted"
            return ClosedBoot(boot: boot, outcome: .superseded, reason: reason)
        }
        if boot.healthy != nil {
            return ClosedBoot(boot: boot, outcome: .ended, reason: "the machine booted again")
        }
        fail(&state, boot: boot, now: now)
        return ClosedBoot(boot: boot, outcome: .failed, reason: "booted again before it was healthy")
    }

    func fail(_ state: inout MachineBootState, boot: OpenBoot, now: Timestamp) {
        state.failures += 1
        let image = boot.image.short
        guard boot.image == state.assigned, !state.isProven else {
            state.reason = "\(image) was not healthy in \(state.failures) boots in a row"
            return
        }
        if state.triesLeft > 0 {
            state.phase = .granted
            state.reason = "\(image) was not healthy; \(state.triesLeft) more tries"
            return
        }
        if let lastGood = state.lastGood {
            state.phase = .reverted
            state.reason = "\(image) was never healthy and has no tries left; back to \(lastGood.short)"
        } else {
            state.phase = .stuck
            state.reason = "\(image) was never healthy, and there is no last good image to go back to"
            state.deadline = now + hold(afterFailures: state.failures)
        }
    }

    private func hold(afterFailures failures: Int) -> Duration {
        let doublings = max(0, min(failures - tries, 16))
        return min(longestHold, firstHold * (1 << doublings))
    }
}
