import Testing

@testable import Init

@Suite("Where a root is asked for")
struct FetchLifeTests {
    @Test("the next source finishes what one has begun")
    func resumes() {
        var life = FetchLife(size: 100, sources: 2)
        equal(life.begin(), .ask(source: 0, offset: 0))
        life.received(60)
        equal(life.ended("gone"), .ask(source: 1, offset: 60))
        life.received(40)
        equal(life.ended(""), .whole)
        equal(life.verified(true), .done)
    }

    @Test("who gave wrong bytes alone is never asked again")
    func barred() {
        var life = FetchLife(size: 10, sources: 2)
        _ = life.begin()
        life.received(10)
        equal(life.ended(""), .whole)
        equal(life.verified(false), .ask(source: 1, offset: 0))
        // The other one is away for a while: still only that one is asked.
        equal(life.ended("away"), .wait(1000))
        equal(life.resume(), .ask(source: 1, offset: 0))
        life.received(10)
        equal(life.ended(""), .whole)
        guard case .failed = life.verified(false) else {
            Issue.record("a root was hoped for from nobody")
            return
        }
    }

    @Test("wrong bytes of two sources: each has to give all of them alone")
    func alone() {
        var life = FetchLife(size: 10, sources: 2)
        _ = life.begin()
        life.received(4)
        equal(life.ended("gone"), .ask(source: 1, offset: 4))
        life.received(6)
        equal(life.ended(""), .whole)
        equal(life.verified(false), .ask(source: 0, offset: 0))
        life.received(4)
        // It goes on where it stopped, from the same source.
        equal(life.ended("gone"), .ask(source: 0, offset: 4))
        // And when that gives nothing more, the other one begins anew.
        equal(life.ended("gone"), .ask(source: 1, offset: 0))
        life.received(10)
        equal(life.ended(""), .whole)
        equal(life.verified(true), .done)
    }

    @Test("pauses grow, and end in words")
    func pauses() {
        var life = FetchLife(size: 10, sources: 2)
        _ = life.begin()
        var pauses: [Int64] = []
        var step = life.ended("refused")
        for _ in 0..<100 {
            if case .wait(let pause) = step {
                pauses.append(pause)
                equal(life.resume(), .ask(source: 0, offset: 0))
            }
            if case .failed(let reason) = step {
                #expect(reason.contains("refused"))
                #expect(pauses == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000])
                return
            }
            step = life.ended("refused")
        }
        Issue.record("it never ends")
    }

    @Test("a byte brings hope back")
    func hope() {
        var life = FetchLife(size: 1000, sources: 1)
        _ = life.begin()
        for offset in 1..<100 {
            life.received(1)
            equal(life.ended("gone"), .wait(1000))
            equal(life.resume(), .ask(source: 0, offset: UInt64(offset)))
        }
    }

    @Test("nobody to ask")
    func nobody() {
        var life = FetchLife(size: 10, sources: 0)
        guard case .failed = life.begin() else {
            Issue.record("asked nobody")
            return
        }
    }
}
