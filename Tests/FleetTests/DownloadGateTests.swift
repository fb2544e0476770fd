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

    @Test("Small images share a place: a thousand of them are let in at once, and large ones beside them are not")
    func shares() {
        var gate = gate(64)
        for index in 0..<1000 { #expect(gate.ask("\(index)", bytes: 320 << 10, now: .zero) == .admitted) }
        for index in 1000..<1044 { #expect(gate.ask("\(index)", bytes: 1 << 30, now: .zero) == .admitted) }
        #expect(gate.ask("large", bytes: 1 << 30, now: .zero) != .admitted)
        for index in 0..<1000 { gate.finished("\(index)") }
        #expect(gate.ask("large", bytes: 1 << 30, now: .seconds(1)) == .admitted)
        for index in 1000..<1044 { gate.finished("\(index)") }
        gate.finished("large")
        #expect(gate.load == (0, 0))
        for index in 0..<64 { #expect(gate.ask("\(index)", now: .seconds(2)) == .admitted, "no share is left over") }
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

    @Test("A thousand machines at once: all get through, those that died with their scripts cost 15 s a place")
    func thousand() {
        var storm = GateStorm(machines: 1000)
        storm.run(until: .seconds(600))
        #expect(storm.finished.count == 1000 && storm.gate.load == (0, 0))
        #expect(storm.mostAtOnce == DownloadGate.Limits().concurrent)
        // Five rounds of 30 s, a dead place for 15 s in each, and at most 10 s until the next in line asks again.
        #expect(storm.now < .seconds(5 * (30 + 15 + 10)))
        // Nobody that came a place's length of line earlier was let in later.
        let live = storm.firstAdmitted.filter { $0.key % 10 != 0 }
        for (machine, time) in live {
            guard let later = live[machine + 200] else { continue }
            #expect(time <= later, "m\(machine) came before m\(machine + 200)")
        }
    }
}

/// Machines that were switched on together and do as their screens say: each asks, waits as it is told, downloads for
/// 30 s, and every tenth dies with its first script and is back two minutes later.
private struct GateStorm {
    var gate = DownloadGate(limits: DownloadGate.Limits())
    var now = Duration.zero
    var finished: Set<Int> = []
    var firstAdmitted: [Int: Duration] = [:]
    var mostAtOnce = 0
    private var asks: [Int: Duration]
    private var downloads: [Int: Duration] = [:]

    init(machines: Int) {
        asks = Dictionary(uniqueKeysWithValues: (0..<machines).map { ($0, Duration.milliseconds($0)) })
    }

    mutating func run(until end: Duration) {
        while now < end, !(asks.isEmpty && downloads.isEmpty) {
            for (machine, start) in downloads.sorted(by: { $0.key < $1.key }) {
                gate.progressed("m\(machine)", now: now)
                guard now - start >= .seconds(30) else { continue }
                gate.finished("m\(machine)")
                downloads[machine] = nil
                finished.insert(machine)
            }
            for (machine, _) in asks.filter({ $0.value <= now }).sorted(by: { $0.value < $1.value }) { ask(machine) }
            mostAtOnce = max(mostAtOnce, gate.load.downloading)
            now += .milliseconds(500)
        }
    }

    private mutating func ask(_ machine: Int) {
        switch gate.ask("m\(machine)", now: now) {
        case .wait(_, let seconds): asks[machine] = now + .seconds(seconds)
        case .admitted where machine % 10 == 0 && firstAdmitted[machine] == nil:
            firstAdmitted[machine] = now
            asks[machine] = now + .seconds(120)
        case .admitted:
            if firstAdmitted[machine] == nil { firstAdmitted[machine] = now }
            asks[machine] = nil
            downloads[machine] = now
        }
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
