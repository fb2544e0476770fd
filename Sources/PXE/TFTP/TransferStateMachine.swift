/// The server's side of one TFTP transfer (RFC 1350, 2347, 7440), without socket, clock or file.
///
/// It counts blocks from 1 without end; the 16 bits on the wire roll over to 0 beneath it. Times are nanoseconds of
/// any clock that does not step back. The shell performs what the calls return and calls `timedOut` at `deadline`.
struct TransferStateMachine: Sendable {
    /// How long and how often to try.
    struct Patience: Hashable, Sendable {
        /// Nanoseconds until the first repetition; each next one takes twice as long (RFC 1123 4.2.3.2).
        var initialTimeout: UInt64 = 1_000_000_000
        var longestTimeout: UInt64 = 8_000_000_000
        /// Repetitions in a row without any progress.
        var retries = 5
        /// Repetitions to a peer that never answered: it may never have asked (a forged source address).
        var unansweredRetries = 3
        /// Nanoseconds without progress after which a transfer ends whatever the client's `timeout` says.
        var silence: UInt64 = 60_000_000_000
        /// Nanoseconds between the single blocks of a window after two lost windows.
        var pace: UInt64 = 3_000_000
    }

    enum Action: Hashable, Sendable {
        case nothing
        /// Send the option acknowledgement.
        case sendOptions
        /// Send `count` blocks from `first` on.
        case send(first: UInt64, count: Int)
        case finish(Outcome)
    }

    enum Outcome: Hashable, Sendable {
        /// The client has every block.
        case complete
        /// The client said so; nothing is answered (RFC 1350 7).
        case aborted(TFTPError.Code)
        case timedOut
    }

    private enum Phase: Sendable {
        /// The option acknowledgement is out; ACK 0 leads to `sending`, an ERROR or silence to `finished`.
        case offering
        /// Blocks are out; their last ACK, an ERROR or silence lead to `finished`.
        case sending
        case finished
    }

    private let window: UInt64
    private let patience: Patience
    /// The client's own, which is neither adapted nor doubled (RFC 2349).
    private let fixedTimeout: UInt64?

    private var phase: Phase
    /// The last block that the client has in order, with all before it.
    private(set) var acknowledged: UInt64 = 0
    /// The last block that was sent of the window as it is being sent now.
    private var sent: UInt64 = 0
    /// The last block that was ever sent: its ACK may still come after the window was begun again.
    private var farthest: UInt64 = 0
    /// The last block of the window that is being sent.
    private var goal: UInt64 = 0
    /// The short block that ends the file; nil while nobody knows which that is (netascii).
    private(set) var lastBlock: UInt64?

    /// Whether all that is missing is the ACK of the end, which has left. A client sends that once and is gone, as GRUB
    /// that starts its kernel: when it is lost, the file most likely is not (RFC 1350 6).
    var lacksOnlyItsLastAcknowledgement: Bool {
        guard isAnswered, let lastBlock, farthest == lastBlock else { return false }
        return lastBlock - acknowledged <= window
    }

    /// When to call `timedOut`.
    private(set) var deadline: UInt64 = 0
    /// When the client last got further, or the transfer began.
    private(set) var lastProgress: UInt64
    /// Whether the client ever answered.
    private(set) var isAnswered = false
    /// Times that something was sent again.
    private(set) var repetitions = 0

    private var retries = 0
    private var timeout: UInt64
    private var sentAt: UInt64 = 0
    private var smoothedRoundTrip: UInt64 = 0
    /// What was acknowledged cannot be timed after a repetition (Karn's rule).
    private var isRepeated = false
    /// One repeated ACK may wind a window back; the copies of it must not multiply the windows (RFC 7440 4).
    private var hasWoundBack = false
    private var losses = 0
    private var cleanWindows = 0

    /// After two losses a window is sent block by block: the next one at once when the client acknowledges each,
    /// else at a pace that a ROM with few receive buffers can follow. Never faster again in this transfer.
    private var isPaced: Bool { losses >= 2 && window > 1 }

    /// - Parameter lastBlock: nil when only the translation will tell; then `ended(at:)` must be called.
    init(options: TransferOptions, lastBlock: UInt64?, patience: Patience, now: UInt64) {
        window = UInt64(options.windowSize)
        self.patience = patience
        self.lastBlock = lastBlock
        fixedTimeout = options.timeout.map { UInt64($0) * 1_000_000_000 }
        timeout = fixedTimeout ?? patience.initialTimeout
        phase = options.acknowledged.isEmpty ? .sending : .offering
        lastProgress = now
    }

    /// The first thing to send.
    mutating func start(now: UInt64) -> Action {
        guard phase == .sending else {
            expect(within: timeout, now)
            return .sendOptions
        }
        return beginWindow(now)
    }

    /// An ACK of the 16-bit number of the last block that the client has.
    mutating func received(acknowledgement wire: UInt16, now: UInt64) -> Action {
        let ahead = UInt64(wire &- UInt16(truncatingIfNeeded: acknowledged))
        switch phase {
        case .finished:
            return .nothing
        case .offering:
            guard wire == 0 else { return .nothing }
            phase = .sending
            progressed(now)
            return beginWindow(now)
        case .sending where ahead == 0:
            return receivedRepeatedAcknowledgement(now)
        case .sending where ahead <= farthest - acknowledged:
            let isWholeWindow = acknowledged + ahead >= sent
            acknowledged += ahead
            note(isWholeWindow: isWholeWindow, now)
            progressed(now)
            guard acknowledged != lastBlock else { return finish(.complete) }
            return beginWindow(now)
        case .sending:
            return .nothing  // a late copy of an old ACK, or of a block that was never sent
        }
    }

    /// The client gives up; also how it says that it only wanted to know the size (ERROR 8, RFC 2347).
    mutating func received(error code: TFTPError.Code) -> Action {
        phase == .finished ? .nothing : finish(.aborted(code))
    }

    /// `deadline` has come.
    mutating func timedOut(now: UInt64) -> Action {
        guard phase != .finished else { return .nothing }
        guard now &- lastProgress < patience.silence else { return finish(.timedOut) }
        if phase == .sending, sent < goal { return sendNext(now) }
        let limit = isAnswered ? patience.retries : patience.unansweredRetries
        guard retries < limit else { return finish(.timedOut) }
        retries += 1
        if fixedTimeout == nil { timeout = min(timeout * 2, patience.longestTimeout) }
        repetitions += 1
        isRepeated = true
        guard phase == .sending else {
            expect(within: timeout, now)
            return .sendOptions
        }
        // The first block alone, and the rest a moment later: a client that has the window says so at once, instead of
        // complaining about each block that it gets again.
        return repeatWindow(now, probing: true)
    }

    /// The last `count` blocks of the send that was just returned did not leave: they go out a little later.
    mutating func held(back count: Int, now: UInt64) {
        sent -= UInt64(count)
        deadline = now &+ patience.pace
    }

    /// The translation came to the file's end in `block`.
    mutating func ended(at block: UInt64) { lastBlock = block }

    // MARK: Windows

    private mutating func beginWindow(_ now: UInt64, probing: Bool = false) -> Action {
        sent = acknowledged
        goal = min(acknowledged + window, lastBlock ?? .max)
        return sendNext(now, probing: probing)
    }

    private mutating func sendNext(_ now: UInt64, probing: Bool = false) -> Action {
        let count = isPaced || probing ? 1 : goal - sent
        let first = sent + 1
        sent += count
        farthest = max(farthest, sent)
        sentAt = now
        expect(within: sent < goal ? patience.pace : timeout, now)
        return .send(first: first, count: Int(count))
    }

    private mutating func repeatWindow(_ now: UInt64, probing: Bool = false) -> Action {
        losses += 1
        cleanWindows = 0
        return beginWindow(now, probing: probing)
    }

    /// In lock-step a repeated ACK is never answered, or every block would go twice from there on (the Sorcerer's
    /// Apprentice, RFC 1123 4.2.3.1). In a window it says that the window's first block was lost (RFC 7440 4).
    private mutating func receivedRepeatedAcknowledgement(_ now: UInt64) -> Action {
        guard window > 1, sent > acknowledged, !hasWoundBack else { return .nothing }
        hasWoundBack = true
        isRepeated = true
        repetitions += 1
        return repeatWindow(now)
    }

    private mutating func note(isWholeWindow: Bool, _ now: UInt64) {
        if isWholeWindow {
            cleanWindows += 1
            if cleanWindows >= 16, !isPaced { losses = 0 }
            if !isRepeated { measure(now &- sentAt) }
        } else if !isPaced, !isRepeated {  // a client that gets a window again answers its first copy: no new loss
            losses += 1
            cleanWindows = 0
            repetitions += 1
        }
    }

    // MARK: Time

    private mutating func progressed(_ now: UInt64) {
        isAnswered = true
        isRepeated = false
        hasWoundBack = false
        retries = 0
        lastProgress = now
        timeout = fixedTimeout ?? min(max(patience.initialTimeout, 4 * smoothedRoundTrip), patience.longestTimeout)
    }

    private mutating func measure(_ roundTrip: UInt64) {
        smoothedRoundTrip =
            smoothedRoundTrip == 0 ? roundTrip : smoothedRoundTrip - smoothedRoundTrip / 8 + roundTrip / 8
    }

    private mutating func expect(within wait: UInt64, _ now: UInt64) {
        deadline = min(now &+ wait, lastProgress &+ patience.silence)
    }

    private mutating func finish(_ outcome: Outcome) -> Action {
        phase = .finished
        return .finish(outcome)
    }
}
