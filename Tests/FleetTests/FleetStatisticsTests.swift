import Build
import Inventory
import Rollout
import Testing
import Vocabulary

@testable import Fleet

@Suite("What becomes of boots, in figures")
struct FleetStatisticsTests {
    private static let began = Timestamp(milliseconds: 1_000_000)
    private let statistics = FleetStatistics(began: began) { $0 == "n1" ? "R650" : nil }

    private func time(_ seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: Self.began.milliseconds + seconds * 1000)
    }

    private func boot(
        _ number: UInt64,
        image: String = "a",
        profile: String? = "web",
        opened: Int64 = 0
    ) -> BootRecord {
        BootRecord(
            id: BootID(milliseconds: number),
            machine: "n\(number)",
            mac: MACAddress(rawValue: number),
            image: Digest(of: image.utf8),
            profile: profile,
            opened: time(opened)
        )
    }

    private func state(_ boot: BootRecord, assigned: String, lastGood: String?) -> LedgerRow {
        var state = MachineBootState()
        state.assigned = Digest(of: assigned.utf8)
        state.lastGood = lastGood.map { Digest(of: $0.utf8) }
        return .machineState(MachineStateRecord(machine: boot.machine, state))
    }

    @Test("a boot's phases are timed once, however often its row is written")
    func phases() {
        var boot = boot(1)
        statistics.observe([.boot(boot)])
        (boot.state, boot.fetched) = (.fetched, time(3))
        for _ in 0..<3 { statistics.observe([.boot(boot)]) }
        (boot.state, boot.up) = (.up, time(10))
        statistics.observe([.boot(boot)])
        (boot.state, boot.healthy) = (.healthy, time(40))
        for _ in 0..<2 { statistics.observe([.boot(boot)]) }
        let figures = statistics.figures
        #expect(
            figures.phases.mapValues { $0.mapValues(\.count) } == [
                .fetch: ["R650": 1], .start: ["R650": 1], .settle: ["R650": 1],
            ]
        )
        #expect(figures.phases.compactMapValues { $0["R650"]?.sum } == [.fetch: 3, .start: 7, .settle: 30])
        #expect(figures.boots == [.init(profile: "web", outcome: .healthy, lastPhase: .healthy): 1])
    }

    @Test("how a boot ends counts with how far it came; that a healthy machine reboots does not")
    func ends() {
        func end(_ number: UInt64, _ state: BootRecord.State, _ change: (inout BootRecord) -> Void) {
            var boot = boot(number)
            statistics.observe([.boot(boot)])
            change(&boot)
            (boot.state, boot.closed) = (state, time(60))
            statistics.observe([.boot(boot)])
        }
        end(1, .failed) { _ in }
        end(2, .failed) { $0.fetched = time(1) }
        end(3, .failed) { ($0.fetched, $0.up) = (time(1), time(2)) }
        end(4, .closed) { ($0.fetched, $0.healthy) = (time(1), time(2)) }
        end(5, .closed) { _ in }
        #expect(
            statistics.figures.boots == [
                .init(profile: "web", outcome: .failed, lastPhase: .script): 1,
                .init(profile: "web", outcome: .failed, lastPhase: .fetched): 1,
                .init(profile: "web", outcome: .failed, lastPhase: .up): 1,
                .init(profile: "web", outcome: .healthy, lastPhase: .healthy): 1,
                .init(profile: "web", outcome: .superseded, lastPhase: .script): 1,
            ]
        )
    }

    @Test("boots are counted by profile, those of the hundred and first and of none together")
    func profiles() {
        for number in 1...(UInt64(FleetFigures.mostProfiles) + 3) {
            var boot = boot(number, profile: number == 1 ? nil : "p\(number)")
            boot.state = .failed
            statistics.observe([.boot(boot)])
        }
        let counts = statistics.figures.boots.reduce(into: [:]) { $0[$1.key.profile, default: 0] += $1.value }
        #expect(counts.count == FleetFigures.mostProfiles && counts["p2"] == 1 && counts["other"] == 4)
    }

    @Test("why a machine got its image is told by its state")
    func answers() {
        for (number, assigned, lastGood) in [(1, "a", "a"), (2, "a", nil), (3, "b", "a"), (4, "b", "c")]
            as [(UInt64, String, String?)]
        {
            let boot = boot(number)
            statistics.observe([state(boot, assigned: assigned, lastGood: lastGood), .boot(boot)])
        }
        statistics.count(.unknown)
        #expect(statistics.figures.answers == [.steady: 1, .trial: 1, .fallback: 1, .rescue: 1, .unknown: 1])
    }

    @Test("a build's hits and misses count by what was looked for")
    func cache() {
        let events: [BuildEvent] = [
            .resolving(source: "web:1"), .ready(source: "web:1", isCached: true),
            .ready(source: "db:1", isCached: false),
            .stored(part: "kernel", size: 1, isCached: true), .stored(part: "init", size: 1, isCached: true),
            .warning("nothing"),
        ]
        for event in events { statistics.count(event) }
        #expect(statistics.figures.cacheHits == [.source: 1, .segment: 2])
        #expect(statistics.figures.cacheMisses == [.source: 1])
    }

    @Test("a model that nobody knows is `unknown`, and those past the thirtieth are `other`")
    func models() {
        let family = HistogramFamily(Histogram.bootBounds)
        for number in 1...40 { family.observe(.seconds(2), of: "model \(number)") }
        family.observe(.seconds(3), of: "model 7")
        #expect(family.snapshots.count == 31)
        #expect(family.snapshots["model 7"]?.count == 2 && family.snapshots["other"]?.count == 10)
        family.observe(.seconds(3), of: nil)
        #expect(family.snapshots.count == 31 && family.snapshots["other"]?.count == 11)
        let few = HistogramFamily()
        for none in [nil, ""] { few.observe(.zero, of: none) }
        #expect(few.snapshots.mapValues(\.count) == ["unknown": 2])
    }

    @Test("what happened before the server started is not counted again")
    func restart() {
        var boot = boot(1, opened: -100)
        (boot.state, boot.fetched) = (.fetched, time(-90))
        statistics.observe([.boot(boot)])
        (boot.state, boot.up) = (.up, time(5))
        statistics.observe([.boot(boot)])
        let figures = statistics.figures
        #expect(figures.phases.mapValues { $0.mapValues(\.count) } == [.fetch: [:], .start: ["R650": 1], .settle: [:]])
        #expect(figures.answers.isEmpty)
    }
}
