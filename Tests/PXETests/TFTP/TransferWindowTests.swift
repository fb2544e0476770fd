import Testing

@testable import PXE

/// Windows of blocks (RFC 7440).
@Suite struct TransferWindowTests {
    private func machine(window: Int, blocks: UInt64 = 1000) -> TransferStateMachine {
        var machine = TransferStateMachineTests.machine(
            blocks: blocks,
            window: window,
            acknowledged: [TFTPOption("windowsize", "\(window)")]
        )
        _ = machine.start(now: 0)
        return machine
    }

    @Test("30: a window goes out whole, and the next one after the ACK of its last block")
    func wholeWindows() {
        var machine = machine(window: 4, blocks: 10)
        #expect(machine.received(acknowledgement: 0, now: 1) == .send(first: 1, count: 4))
        #expect(machine.received(acknowledgement: 4, now: 2) == .send(first: 5, count: 4))
        #expect(machine.received(acknowledgement: 8, now: 3) == .send(first: 9, count: 2))
        #expect(machine.received(acknowledgement: 10, now: 4) == .finish(.complete))
    }

    @Test("30: the ACK of a block inside the window begins a window after it")
    func gap() {
        var machine = machine(window: 8)
        _ = machine.received(acknowledgement: 0, now: 1)
        #expect(machine.received(acknowledgement: 5, now: 2) == .send(first: 6, count: 8))
    }

    @Test("31: a lost first block winds back once, copies of that ACK do nothing")
    func repeatedAcknowledgement() {
        var machine = machine(window: 8)
        _ = machine.received(acknowledgement: 0, now: 1)
        #expect(machine.received(acknowledgement: 8, now: 2) == .send(first: 9, count: 8))
        #expect(machine.received(acknowledgement: 8, now: 3) == .send(first: 9, count: 8))
        #expect(machine.received(acknowledgement: 8, now: 4) == .nothing)
        #expect(machine.received(acknowledgement: 8, now: 5) == .nothing)
        #expect(machine.received(acknowledgement: 16, now: 6) == .send(first: 17, count: 8))
    }

    @Test("31: a client that acknowledges a gap many times gets no more than two windows for it")
    func noMultiplication() {
        var conversation = TransferConversation(blocks: 200, window: 16)
        conversation.run(data: { $0 == 40 ? .lost : .arrives }, acknowledgement: { _ in .doubled })
        #expect(conversation.outcome == .complete)
        // Every ACK comes twice; a second window for the copy would double everything from there on.
        #expect(conversation.transmitted.count < 200 + 64 * 8)
    }

    @Test("33: after two lost windows blocks go one by one")
    func fallsBack() {
        var machine = machine(window: 16)
        _ = machine.received(acknowledgement: 0, now: 1)
        #expect(machine.received(acknowledgement: 3, now: 2) == .send(first: 4, count: 16))
        #expect(machine.received(acknowledgement: 6, now: 3) == .send(first: 7, count: 1))
        #expect(machine.received(acknowledgement: 7, now: 4) == .send(first: 8, count: 1))
    }

    @Test("33: a client that only acknowledges whole windows gets the rest of it at a pace")
    func pacing() {
        var machine = machine(window: 4)
        _ = machine.received(acknowledgement: 0, now: 1)
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 1, count: 1))
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 2, count: 3))
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 1, count: 1))
        let sentAt = machine.deadline
        #expect(machine.timedOut(now: sentAt) == .send(first: 2, count: 1))
        #expect(machine.deadline == sentAt + TransferStateMachine.Patience().pace)
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 3, count: 1))
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 4, count: 1))
        #expect(machine.deadline > sentAt + TransferStateMachineTests.second)
        #expect(machine.received(acknowledgement: 4, now: machine.deadline) == .send(first: 5, count: 1))
    }

    @Test("33: single losses far apart do not slow a transfer down")
    func forgets() {
        var conversation = TransferConversation(blocks: 4000, window: 16)
        conversation.run(data: { $0 % 900 == 7 ? .lost : .arrives })
        #expect(conversation.outcome == .complete)
        #expect(conversation.now < 3000 * TransferConversation.millisecond)
    }

    @Test("a ROM with room for eight packets still gets everything")
    func overrun() {
        var conversation = TransferConversation(blocks: 500, window: 16)
        var burst = 0
        conversation.run(data: { index in
            burst = index % 16
            return burst < 8 || index > 100 ? .arrives : .lost
        })
        #expect(conversation.outcome == .complete)
        #expect(conversation.received == 500)
    }

    @Test("what did not fit into the socket goes out a little later, and is no repetition")
    func heldBack() {
        var machine = machine(window: 64)
        #expect(machine.received(acknowledgement: 0, now: 1) == .send(first: 1, count: 64))
        machine.held(back: 20, now: 1)
        #expect(machine.deadline == 1 + TransferStateMachine.Patience().pace)
        #expect(machine.timedOut(now: machine.deadline) == .send(first: 45, count: 20))
        #expect(machine.repetitions == 0)
        #expect(machine.received(acknowledgement: 64, now: 9_000_000) == .send(first: 65, count: 64))
    }

    @Test(
        "a window of which nothing fitted into the socket goes out a little later too, until the client was silent for long"
    )
    func heldBackWhole() {
        var machine = machine(window: 64)
        #expect(machine.received(acknowledgement: 0, now: 1) == .send(first: 1, count: 64))
        let silence = TransferStateMachine.Patience().silence
        var attempts = 0
        while machine.deadline < silence {
            machine.held(back: 64, now: machine.deadline)
            #expect(machine.timedOut(now: machine.deadline) == .send(first: 1, count: 64))
            attempts += 1
            guard attempts < 3 else { break }
        }
        #expect(attempts == 3 && machine.repetitions == 0)
        machine.held(back: 64, now: machine.deadline)
        #expect(machine.timedOut(now: 1 + silence) == .finish(.timedOut))
    }
}
