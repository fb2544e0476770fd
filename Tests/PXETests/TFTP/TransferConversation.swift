@testable import PXE

/// A TFTP client without a network (RFC 1350, RFC 7440): takes what the state machine sends, answers as a client
/// does, loses what it is told to lose, and keeps the time.
struct TransferConversation {
    /// What becomes of one datagram.
    enum Fate: Hashable, Sendable {
        case arrives
        case lost
        case doubled
    }

    static let millisecond: UInt64 = 1_000_000

    var machine: TransferStateMachine
    let blocks: UInt64
    let window: Int
    var now: UInt64 = 1

    /// Blocks that the client has in order.
    private(set) var received: UInt64 = 0
    /// DATA packets that left the server, in order of leaving.
    private(set) var transmitted: [UInt64] = []
    private(set) var optionAcknowledgements = 0
    private(set) var outcome: TransferStateMachine.Outcome?

    private var inWindow = 0
    private var hasComplained = false

    init(
        blocks: UInt64,
        window: Int = 1,
        options: [TFTPOption]? = nil,
        patience: TransferStateMachine.Patience = .init()
    ) {
        var agreed = TransferOptions()
        agreed.windowSize = window
        agreed.acknowledged = options ?? (window > 1 ? [TFTPOption("windowsize", "\(window)")] : [])
        self.blocks = blocks
        self.window = window
        machine = TransferStateMachine(options: agreed, lastBlock: blocks, patience: patience, now: now)
    }

    /// Runs to the end.
    /// - Parameters:
    ///   - data: the fate of the nth DATA packet.
    ///   - acknowledgement: the fate of the nth packet of the client.
    mutating func run(
        data: (Int) -> Fate = { _ in .arrives },
        acknowledgement: (Int) -> Fate = { _ in .arrives },
        steps: Int = 1_000_000
    ) {
        var answers: [UInt16] = []
        var sentAnswers = 0
        perform(machine.start(now: now), data, &answers)
        for _ in 0..<steps where outcome == nil {
            guard !answers.isEmpty else {
                now = max(now, machine.deadline)
                perform(machine.timedOut(now: now), data, &answers)
                continue
            }
            let answer = answers.removeFirst()
            let fate = acknowledgement(sentAnswers)
            sentAnswers += 1
            now += Self.millisecond
            for _ in 0..<(fate == .lost ? 0 : fate == .doubled ? 2 : 1) {
                perform(machine.received(acknowledgement: answer, now: now), data, &answers)
            }
        }
    }

    private mutating func perform(
        _ action: TransferStateMachine.Action,
        _ fate: (Int) -> Fate,
        _ answers: inout [UInt16]
    ) {
        switch action {
        case .nothing: break
        case .sendOptions:
            optionAcknowledgements += 1
            if received == 0 { answers.append(0) }
        case .finish(let result): outcome = result
        case .send(let first, let count):
            hasComplained = false
            for block in first..<first + UInt64(count) {
                let fate = fate(transmitted.count)
                transmitted.append(block)
                for _ in 0..<(fate == .lost ? 0 : fate == .doubled ? 2 : 1) { receive(block, &answers) }
            }
        }
    }

    /// RFC 7440 4: acknowledge the last of a window, the last of the file, and for what was not expected the last one
    /// in order, once for each burst.
    private mutating func receive(_ block: UInt64, _ answers: inout [UInt16]) {
        guard block == received + 1 else {
            if !hasComplained {
                hasComplained = true
                inWindow = 0
                answers.append(UInt16(truncatingIfNeeded: received))
            }
            return
        }
        received = block
        inWindow += 1
        if inWindow == window || block == blocks {
            inWindow = 0
            answers.append(UInt16(truncatingIfNeeded: block))
        }
    }
}

/// A generator that gives the same numbers in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
