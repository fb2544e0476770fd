import Testing

@testable import Init

@Suite("The life of a service")
struct ServiceLifeTests {
    private static func running(_ restart: SupervisionSettings.Restart, at time: Int64 = 0) -> ServiceLife {
        var life = ServiceLife(restart: restart)
        equal(life.begin(), .start)
        life.started(at: time)
        return life
    }

    @Test(
        "restarts as it was told",
        arguments: [
            (.always, 0, true), (.always, 1, true), (.onFailure, 0, false), (.onFailure, 137, true), (.never, 0, false),
            (.never, 1, false),
        ] as [(SupervisionSettings.Restart, Int, Bool)]
    )
    func restarts(restart: SupervisionSettings.Restart, code: Int, again: Bool) {
        var life = Self.running(restart)
        let action = life.ended(ExitStatus(code: code), at: 5)
        #expect(action == (again ? .startAfter(1000) : .none))
        #expect(life.state == (again ? .paused : .ended(ExitStatus(code: code))))
    }

    @Test("short lives pause ever longer, up to a minute; a long one begins anew")
    func backoff() {
        var life = Self.running(.always)
        var pauses: [ServiceLife.Action] = []
        for _ in 0..<8 {
            pauses.append(life.ended(ExitStatus(code: 1), at: 10))
            equal(life.begin(), .start)
            life.started(at: 0)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 32, 60, 60].map { .startAfter($0 * 1000) })
        #expect(!life.isLooping)
        equal(life.ended(ExitStatus(code: 1), at: ServiceLife.steady), .startAfter(1000))
        #expect(!life.isLooping)
    }

    @Test("five short lives are a loop")
    func loop() {
        var life = Self.running(.onFailure)
        for number in 1...5 {
            _ = life.ended(ExitStatus(code: 1), at: 10)
            #expect(life.isLooping == (number == 5))
            _ = life.begin()
            life.started(at: 0)
        }
    }

    @Test("after a short life, the next one is on trial")
    func trial() {
        var life = Self.running(.always)
        #expect(!life.isTried)
        _ = life.ended(ExitStatus(code: 1), at: 10)
        _ = life.begin()
        life.started(at: 2000)
        #expect(life.isTried)
        life.lasted(since: 0)
        #expect(life.isTried)
        life.lasted(since: 2000)
        #expect(!life.isTried)
    }

    @Test("who does not start is tried again, or has failed")
    func notStarted() {
        var kept = ServiceLife(restart: .always)
        _ = kept.begin()
        equal(kept.notStarted("no runc"), .startAfter(1000))
        #expect(kept.lastReason == "did not start: no runc")
        var single = ServiceLife(restart: .never)
        _ = single.begin()
        equal(single.notStarted("no runc"), .none)
        #expect(single.state == .failed("no runc"))
        equal(single.begin(), .none)
    }

    @Test("statuses are told as people know them")
    func statuses() {
        #expect(ExitStatus(code: 3).text == "ended with status 3")
        #expect(ExitStatus(code: 137).text == "was ended by signal 9")
    }
}

@Suite("The health of a service")
struct HealthLifeTests {
    @Test("healthy with the first answer, sick with the third failure in a row, healthy again")
    func states() {
        var health = HealthLife(interval: 10_000)
        #expect(health.nextProbe == 1000)
        for _ in 0..<10 { equal(health.probed("no"), false) }
        #expect(health.state == .unknown)
        equal(health.probed(nil), true)
        #expect(health.nextProbe == 10_000)
        equal(health.probed("no"), false)
        equal(health.probed("no"), false)
        equal(health.probed(nil), false)
        equal(health.probed("no"), false)
        equal(health.probed("no"), false)
        equal(health.probed("no"), true)
        #expect(health.state == .sick("no"))
        #expect(health.nextProbe == 1000)
        equal(health.probed("no"), false)
        equal(health.probed(nil), true)
        #expect(health.state == .healthy)
        health.forget()
        #expect(health.state == .unknown)
    }
}

@Suite("The order of services")
struct StartOrderTests {
    @Test(
        "who waits for itself is stuck, and who waits for such",
        arguments: [
            ([:], []), (["a": ["b"], "b": []], []), (["a": ["a"]], ["a"]), (["a": ["missing"]], []),
            (["a": ["b"], "b": ["c"], "c": ["b"], "d": []], ["a", "b", "c"]),
        ] as [([String: [String]], Set<String>)]
    )
    func stuck(after: [String: [String]], expected: Set<String>) {
        #expect(StartOrder.stuck(after) == expected)
    }
}
