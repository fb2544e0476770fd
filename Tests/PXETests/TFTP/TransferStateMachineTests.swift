import Testing

@testable import PXE

/// The protocol without a network. The numbers in the names are the lines of the list of protocol behaviours.
@Suite struct TransferStateMachineTests {
    typealias Action = TransferStateMachine.Action
    static let second: UInt64 = 1_000_000_000

    static func machine(
        blocks: UInt64 = 100,
        window: Int = 1,
        timeout: Int? = nil,
        acknowledged: [TFTPOption] = []
    ) -> TransferStateMachine {
        var options = TransferOptions()
        options.windowSize = window
        options.timeout = timeout
        options.acknowledged = acknowledged
        return TransferStateMachine(options: options, lastBlock: blocks, patience: .init(), now: 0)
    }

    @Test("every block goes once and in order when nothing is lost", arguments: [1, 4, 16, 64])
    func nothingLost(window: Int) {
        var conversation = TransferConversation(blocks: 1000, window: window)
        conversation.run()
        #expect(conversation.outcome == .complete)
        #expect(conversation.received == 1000)
        #expect(conversation.transmitted == Array(1...1000))
    }

    @Test("9: a repeated ACK in lock-step is not answered, only the timer repeats")
    func sorcerersApprentice() {
        var machine = Self.machine()
        #expect(machine.start(now: 0) == .send(first: 1, count: 1))
        #expect(machine.received(acknowledgement: 1, now: 1) == .send(first: 2, count: 1))
        #expect(machine.received(acknowledgement: 1, now: 2) == .nothing)
        #expect(machine.received(acknowledgement: 1, now: 3) == .nothing)
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 2, count: 1))
    }

    @Test("10: a lost block is repeated ever more slowly, a bounded number of times")
    func backoff() {
        var machine = Self.machine()
        _ = machine.start(now: 0)
        #expect(machine.received(acknowledgement: 1, now: 0) == .send(first: 2, count: 1))
        var waits: [UInt64] = []
        var last: UInt64 = 0
        var action = Action.nothing
        while true {
            waits.append((machine.deadline - last) / Self.second)
            last = machine.deadline
            action = machine.timedOut(now: last)
            guard action == .send(first: 2, count: 1) else { break }
        }
        #expect(action == .finish(.timedOut))
        #expect(waits == [1, 2, 4, 8, 8, 8])
    }

    @Test("10: progress resets the timer and the count")
    func progressResets() {
        var machine = Self.machine()
        _ = machine.start(now: 0)
        _ = machine.received(acknowledgement: 1, now: 0)
        for _ in 0..<5 { #expect(machine.timedOut(now: machine.deadline) == .send(first: 2, count: 1)) }
        let now = machine.deadline - 1
        #expect(machine.received(acknowledgement: 2, now: now) == .send(first: 3, count: 1))
        #expect(machine.deadline == now + Self.second)
    }

    @Test("11: the last ACK may be lost or come twice")
    func lastAcknowledgementLost() {
        var machine = Self.machine(blocks: 1)
        _ = machine.start(now: 0)
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 1, count: 1))
        #expect(machine.received(acknowledgement: 1, now: 1) == .finish(.complete))
        #expect(machine.received(acknowledgement: 1, now: 2) == .nothing)
        #expect(machine.timedOut(now: .max) == .nothing)
    }

    @Test(
        "11: a client that had all but the end, and is silent since the end left, has the file; one that never spoke has not"
    )
    func silentAtTheEnd() {
        for (blocks, acknowledged, isThere) in [(3, 2, true), (3, 1, false), (1, 0, false)] as [(UInt64, UInt16, Bool)]
        {
            var machine = Self.machine(blocks: blocks)
            _ = machine.start(now: 0)
            if acknowledged > 0 {
                for block in 1...acknowledged { _ = machine.received(acknowledgement: block, now: 0) }
            }
            while case .send = machine.timedOut(now: machine.deadline) {}
            #expect(machine.lacksOnlyItsLastAcknowledgement == isThere, "\(acknowledged) of \(blocks)")
        }
    }

    @Test("12, 24: an ERROR ends it without an answer", arguments: [0, 3, 5, 8] as [UInt16])
    func errorEnds(code: UInt16) {
        let code = TFTPError.Code(rawValue: code)
        var machine = Self.machine(acknowledged: [TFTPOption("tsize", "5")])
        #expect(machine.start(now: 0) == .sendOptions)
        #expect(machine.received(error: code) == .finish(.aborted(code)))
        #expect(machine.received(acknowledgement: 0, now: 1) == .nothing)
        #expect(machine.timedOut(now: .max) == .nothing)
    }

    @Test(
        "13: an ACK of something that was never sent changes nothing",
        arguments: [2, 77, 40_000, 65_535] as [UInt16]
    )
    func foreignAcknowledgement(block: UInt16) {
        var machine = Self.machine()
        _ = machine.start(now: 0)
        #expect(machine.received(acknowledgement: block, now: 1) == .nothing)
        #expect(machine.received(acknowledgement: 1, now: 2) == .send(first: 2, count: 1))
    }

    @Test("15, 32: block numbers roll over", arguments: [1, 16, 64])
    func rollover(window: Int) {
        var conversation = TransferConversation(blocks: 200_000, window: window)
        conversation.run()
        #expect(conversation.outcome == .complete)
        #expect(conversation.received == 200_000)
        #expect(conversation.transmitted.count == 200_000)
    }

    @Test("32: a gap right at the rollover is repaired", arguments: [65_530, 65_535, 65_536, 65_540])
    func rolloverWithLoss(block: Int) {
        var conversation = TransferConversation(blocks: 70_000, window: 16)
        conversation.run(data: { $0 == block - 1 ? .lost : .arrives })
        #expect(conversation.outcome == .complete)
        #expect(conversation.received == 70_000)
    }

    @Test("23: after the option acknowledgement only ACK 0 begins the blocks")
    func optionAcknowledgement() {
        var machine = Self.machine(acknowledged: [TFTPOption("blksize", "1468")])
        #expect(machine.start(now: 0) == .sendOptions)
        #expect(machine.received(acknowledgement: 1, now: 1) == .nothing)
        #expect(machine.timedOut(now: machine.deadline) == .sendOptions)
        #expect(machine.received(acknowledgement: 0, now: 2) == .send(first: 1, count: 1))
        #expect(machine.received(acknowledgement: 0, now: 3) == .nothing)
    }

    @Test("27: the client's timeout is the timer, neither doubled nor adapted")
    func negotiatedTimeout() {
        var machine = Self.machine(timeout: 3, acknowledged: [TFTPOption("timeout", "3")])
        _ = machine.start(now: 0)
        #expect(machine.deadline == 3 * Self.second)
        #expect(machine.timedOut(now: machine.deadline) == .sendOptions)
        #expect(machine.deadline == 6 * Self.second)
    }

    @Test("36: a peer that never answers gets few packets and little time")
    func halfOpen() {
        var machine = Self.machine(timeout: 255, acknowledged: [TFTPOption("timeout", "255")])
        _ = machine.start(now: 0)
        #expect(machine.deadline <= 60 * Self.second)
        #expect(machine.timedOut(now: machine.deadline) == .finish(.timedOut))

        var silent = TransferConversation(blocks: 10)
        silent.run(data: { _ in .lost })
        #expect(silent.outcome == .timedOut)
        #expect(silent.transmitted == [1, 1, 1, 1])
        #expect(silent.now < 20 * Self.second)
    }

    @Test("loss, doubling and delay in any mixture end in the whole file", arguments: 0..<200)
    func mishaps(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let fates = (0..<20_000).map { _ -> TransferConversation.Fate in
            switch UInt8.random(in: 0..<100, using: &generator) {
            case 0..<5: .lost
            case 5..<8: .doubled
            default: .arrives
            }
        }
        let window = [1, 2, 16, 64][seed % 4]
        var patience = TransferStateMachine.Patience()
        patience.retries = 20
        patience.silence = .max / 2
        var conversation = TransferConversation(blocks: 1000, window: window, patience: patience)
        conversation.run(data: { fates[$0 % fates.count] }, acknowledgement: { fates[($0 * 7 + 13) % fates.count] })
        #expect(conversation.outcome == .complete)
        #expect(conversation.received == 1000)
        #expect(conversation.transmitted.count < 12_000)
    }
}
