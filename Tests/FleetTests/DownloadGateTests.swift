import Testing
import Vocabulary

@testable import Fleet

@Suite("Who may download")
struct DownloadGateTests {
    private func gate(_ concurrent: Int) -> DownloadGate { DownloadGate(limits: .init(concurrent: concurrent)) }

    @Test("As many as there are places, then in the order in which they came")
    func order() {
        var gate = gate(2)
        #expect(gate.ask("a", now: .zero) == .admitted)
        #expect(gate.ask("b", now: .zero) == .admitted)
        #expect(gate.ask("a", now: .zero) == .admitted)
        for (index, name) in ["c", "d", "e"].enumerated() {
            guard case .wait(index + 1, _) = gate.ask(name, now: .zero) else {
                Issue.record("\(name)")
                return
            }
        }
        gate.finished("a")
        // The place is c's, although d, e and a newcomer ask first.
        for name in ["e", "d", "f"] { #expect(gate.ask(name, now: .seconds(1)) != .admitted) }
        #expect(gate.ask("c", now: .seconds(2)) == .admitted)
        gate.finished("b")
        #expect(gate.ask("e", now: .seconds(3)) != .admitted)
        #expect(gate.ask("d", now: .seconds(3)) == .admitted)
    }

    @Test("Nobody waits for ever: who stopped, never started or fell silent gives up the place")
    func giving() {
        var gate = gate(1)
        #expect(gate.ask("a", now: .zero) == .admitted)
        #expect(gate.ask("b", now: .seconds(14)) != .admitted)
        gate.progressed("a", now: .seconds(14))
        #expect(gate.ask("b", now: .seconds(30)) != .admitted)
        #expect(gate.ask("b", now: .seconds(75)) == .admitted, "a stood still for a minute")
        #expect(gate.ask("c", now: .seconds(76)) != .admitted)
        #expect(gate.ask("d", now: .seconds(76)) != .admitted)
        gate.finished("b")
        #expect(gate.ask("d", now: .seconds(97)) == .admitted, "c has not asked for 20 s")
    }

    @Test("No limit lets everybody in")
    func unlimited() {
        var gate = gate(0)
        for index in 0..<1000 { #expect(gate.ask("\(index)", now: .zero) == .admitted) }
    }

    @Test("A storm passes through ten places, each machine once and none starved")
    func storm() {
        var gate = gate(10)
        var rest = (0..<500).map { "m\($0)" }
        var now = Duration.zero
        var order: [String] = []
        while !rest.isEmpty, now < .seconds(600) {
            let admitted = rest.filter { gate.ask($0, now: now) == .admitted }
            #expect(gate.load.downloading <= 10)
            for name in admitted { gate.finished(name) }
            order += admitted
            rest.removeAll { admitted.contains($0) }
            now += .seconds(2)
        }
        #expect(rest.isEmpty && order == (0..<500).map { "m\($0)" })
    }
}

@Suite("Admission of machines")
struct AdmissionTests {
    @Test("Past the limit machines wait without a boot, and get one as soon as another is done")
    func admission() async throws {
        let fixture = try await FleetFixture.make(downloads: 1)
        try fixture.image("web")
        try await fixture.profile("web")
        for number in 1...3 as ClosedRange<UInt8> { try await fixture.machine(number) }
        let first = try #require(await fixture.fleet.ask(1).boot)
        #expect(await fixture.fleet.ask(2).lines.contains("number 1 in line"))
        #expect(await fixture.fleet.ask(3).lines.contains("number 2 in line"))
        #expect(try await fixture.boots(2).isEmpty)
        #expect(fixture.fleet.status.downloading == 1 && fixture.fleet.status.queued == 2)
        fixture.fetch(first, number: 1)
        #expect(await fixture.fleet.ask(3).boot == nil)
        #expect(await fixture.fleet.ask(2).boot != nil)
    }
}

@Suite("What is due when")
struct DeadlineQueueTests {
    @Test("Comes out in order, and nothing before its time")
    func order() {
        var queue = DeadlineQueue<Int>()
        for value in [5, 3, 9, 1, 7, 3, 8] { queue.insert(value, due: .seconds(value)) }
        #expect(queue.popDue(.zero) == nil && queue.next == .seconds(1))
        var seen: [Int] = []
        while let value = queue.popDue(.seconds(7)) { seen.append(value) }
        #expect(seen == [1, 3, 3, 5, 7] && queue.next == .seconds(8))
    }
}
