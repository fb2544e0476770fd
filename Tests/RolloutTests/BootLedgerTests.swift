import Rollout
import Testing
import Vocabulary

@Suite("Learned deadlines and the clock that they go by")
struct BootDeadlineTests {
    @Test("three times the 99th percentile, and never under the floor")
    func deadline() {
        var times = BootTimes()
        #expect(times.deadline() == .minutes(10))
        for second in 1...100 { times.add(.seconds(Int64(second))) }
        #expect(times.p99 == .seconds(99))
        #expect(times.deadline() == .minutes(10))
        for _ in 0..<2 { times.add(.minutes(8)) }
        #expect(times.deadline() == .minutes(24))
    }

    @Test("old boots are forgotten")
    func forgets() {
        var times = BootTimes()
        times.add(.minutes(60))
        for _ in 0..<256 { times.add(.minutes(4)) }
        #expect(times.deadline() == .minutes(12))
    }

    @Test("only time in which reports could arrive goes by")
    func clock() {
        var clock = ReportClock()
        clock.advance(uptime: .seconds(1000), reportsArrive: true)
        clock.advance(uptime: .seconds(1010), reportsArrive: true)
        #expect(clock.observed.milliseconds == 10_000)
        clock.advance(uptime: .seconds(1020), reportsArrive: false)
        clock.advance(uptime: .seconds(1030), reportsArrive: true)
        clock.advance(uptime: .seconds(1040), reportsArrive: true)
        #expect(clock.observed.milliseconds == 20_000)
        clock.advance(uptime: .seconds(9000), reportsArrive: true)
        #expect(clock.observed.milliseconds == 20_000, "who did not look for so long was away")
        clock.resume()
        clock.advance(uptime: .seconds(3), reportsArrive: true)
        clock.advance(uptime: .seconds(4), reportsArrive: true)
        #expect(clock.observed.milliseconds == 21_000)
    }
}

@Suite("The rescue image")
struct RescueTests {
    /// A machine whose last good image a has failed so many times in a row.
    static func failing(_ times: Int) -> (state: MachineBootState, open: OpenBoot?) {
        var state = MachineBootState(desired: a, assigned: a, lastGood: a)
        var open: OpenBoot?
        for number in 0..<times { _ = boot(&state, &open, UInt64(number)) }
        return (state, open)
    }

    static func boot(_ state: inout MachineBootState, _ open: inout OpenBoot?, _ number: UInt64) -> Digest? {
        let rules = BootRules()
        _ = rules.scriptRequested(
            &state,
            open: &open,
            adopt: .roll,
            rescue: c,
            now: second(0),
            makeID: { BootID(milliseconds: number + 1) }
        )
        guard var boot = open else { return nil }
        _ = rules.fetchedWhole(&state, open: &boot, now: second(0))
        open = boot
        return boot.image
    }

    @Test("after three failures in a row of the last good image, not before", arguments: [(3, a), (4, c)])
    func after(boots: Int, expected: Digest) {
        var (state, open) = Self.failing(boots - 1)
        #expect(Self.boot(&state, &open, 100) == expected)
    }

    @Test("it proves nothing and spends nothing, and a grant leads out of it")
    func provesNothing() throws {
        var (state, open) = Self.failing(3)
        #expect(Self.boot(&state, &open, 100) == c)
        var boot = try #require(open)
        let rules = BootRules()
        #expect(rules.foundHealthy(&state, open: &boot, now: second(9)))
        #expect(state.lastGood == a && state.phase == .stuck)
        open = boot
        #expect(Self.boot(&state, &open, 101) == c)
        rules.grant(b, to: &state)
        #expect(Self.boot(&state, &open, 102) == b)
    }

    @Test("a person forgives")
    func forgives() {
        var (state, open) = Self.failing(3)
        BootRules().forgive(&state)
        open = nil
        #expect(Self.boot(&state, &open, 100) == a)
    }

    @Test("none is configured: the last good image, again and again")
    func none() {
        let (state, _) = Self.failing(9)
        #expect(BootRules().rescue(nil, for: .proven(a), state) == nil)
    }
}
