import Foundation
import PXE
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

@Suite("Orders to machines")
struct OrderTests {
    let desk = OrderDesk(after: 100)
    let boot = BootID(milliseconds: 7)

    /// What machines were answered.
    final class Replies: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }

        func take(_ answer: MachineCallAnswer) {
            guard case .state(let bytes) = answer else {
                Issue.record("\(answer)")
                return
            }
            texts.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
        }
    }

    /// Gives an order, and does `body` when the desk has it.
    private func giving(
        _ kind: MachineOrder,
        at now: Duration,
        _ body: () async throws -> Void
    ) async throws -> Bool {
        async let told = desk.give(kind, to: boot, now: now)
        while desk.contents.withLock({ $0.given[boot]?.given != now }) { await Task.yield() }
        try await body()
        return await told
    }

    @Test func aMachineThatWaitsIsToldAtOnce() async {
        let replies = Replies()
        desk.poll(boot, wait: .seconds(25), now: .zero, reply: replies.take)
        #expect(replies.all.isEmpty)
        #expect(await desk.give(.reboot, to: boot, now: .seconds(1)))
        #expect(replies.all == [#"{"order":"reboot","id":101}"# + "\n"])
        #expect(desk.waiting == 0)
    }

    @Test func aMachineThatAsksLaterIsToldThenAndAgainUnderTheSameNumber() async throws {
        let replies = Replies()
        let told = try await giving(.poweroff, at: .zero) {
            desk.poll(boot, wait: .zero, now: .seconds(5), reply: replies.take)
        }
        #expect(told)
        // The answer may have been lost; but who asks at once has it.
        desk.poll(boot, wait: .zero, now: .seconds(6), reply: replies.take)
        desk.poll(boot, wait: .zero, now: .seconds(9), reply: replies.take)
        let order = #"{"order":"poweroff","id":101}"# + "\n"
        #expect(replies.all == [order, #"{"order":"none","id":0}"# + "\n", order])
    }

    @Test func anOrderThatWasToldIsForgottenAfterAWhile() async {
        let replies = Replies()
        desk.poll(boot, wait: .seconds(25), now: .zero, reply: replies.take)
        #expect(await desk.give(.reboot, to: boot, now: .zero))
        desk.expire(now: OrderDesk.repeating)
        desk.poll(boot, wait: .zero, now: OrderDesk.repeating, reply: replies.take)
        #expect(replies.all.last == #"{"order":"none","id":0}"# + "\n")
    }

    @Test func aMachineThatDoesNotAskInTimeNeverHearsOfIt() async throws {
        let replies = Replies()
        let told = try await giving(.reboot, at: .zero) {
            desk.expire(now: OrderDesk.patience - .milliseconds(1))
            #expect(desk.contents.withLock { $0.given[boot] != nil })
            desk.expire(now: OrderDesk.patience)
        }
        #expect(!told)
        desk.poll(boot, wait: .zero, now: OrderDesk.patience, reply: replies.take)
        #expect(replies.all == [#"{"order":"none","id":0}"# + "\n"])
    }

    @Test func aLaterOrderTakesAnEarlierOnesPlace() async throws {
        let replies = Replies()
        let first = try await giving(.reboot, at: .zero) {
            let second = try await giving(.poweroff, at: .seconds(1)) {
                desk.poll(boot, wait: .zero, now: .seconds(2), reply: replies.take)
            }
            #expect(second)
        }
        #expect(!first)
        #expect(replies.all == [#"{"order":"poweroff","id":102}"# + "\n"])
    }

    @Test func whoStopsWaitingTakesTheOrderBack() async {
        let task = Task { await desk.give(.reboot, to: boot, now: .zero) }
        while desk.contents.withLock({ $0.given.isEmpty }) { await Task.yield() }
        task.cancel()
        #expect(await !task.value)
        #expect(desk.contents.withLock { $0.given.isEmpty })
    }

    @Test func anOrderAndAQuestionAboutLogsGoTogether() async throws {
        let replies = Replies()
        let asking = Task { try await desk.ask(LogQuestion(lines: 3), of: "n1", in: boot, now: .zero) }
        while desk.questions == 0 { await Task.yield() }
        let told = try await giving(.reboot, at: .zero) {
            desk.poll(boot, wait: .zero, now: .zero, reply: replies.take)
        }
        #expect(told)
        #expect(replies.all == [#"{"order":"reboot","id":102,"logs":[{"request":101,"lines":3}]}"# + "\n"])
        asking.cancel()
        await #expect(throws: CancellationError.self) { _ = try await asking.value }
    }
}
