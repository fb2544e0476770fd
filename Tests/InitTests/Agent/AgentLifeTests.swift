import Testing

@testable import Init

@Suite("What the agent says, and when")
struct AgentLifeTests {
    private static let done = HTTPResponse(status: 204, body: [])
    /// Spreads nothing.
    private static let even: UInt32 = 100

    private static func answer(_ text: String) -> HTTPResponse { HTTPResponse(status: 200, body: Array(text.utf8)) }

    @Test("reports go out at once, in order; then heartbeats and orders in turn")
    func order() {
        var life = AgentLife(now: 0)
        #expect(life.due(at: 0) == nil)
        life.add(.init(state: .up))
        life.add(.init(state: .failed, reason: "web"))
        #expect(life.due(at: 1) == .report(.init(state: .up)))
        equal(life.finished(.report(.init(state: .up)), Self.done, at: 2, random: Self.even), nil)
        #expect(life.due(at: 2) == .report(.init(state: .failed, reason: "web")))
        _ = life.finished(.report(.init(state: .failed, reason: "web")), Self.done, at: 3, random: Self.even)
        #expect(life.due(at: 4) == nil)
        #expect(life.nextTime == 10_000)
        #expect(life.due(at: 10_000) == .orders)
        _ = life.finished(.orders, Self.answer(#"{"order":"none","id":0}"#), at: 10_000, random: Self.even)
        #expect(life.nextTime == 20_000)
        #expect(life.due(at: 30_003) == .report(.init(state: .alive)))
        _ = life.finished(.report(.init(state: .alive)), Self.done, at: 30_003, random: Self.even)
        #expect(life.due(at: 30_003) == .orders)
    }

    @Test("a server that is away is asked again, ever later; nothing is lost")
    func away() {
        var life = AgentLife(now: 0)
        life.add(.init(state: .up))
        let request = AgentLife.Request.report(.init(state: .up))
        var now: Int64 = 0
        var pauses: [Int64] = []
        for response in [
            nil, HTTPResponse(status: 503, body: []), HTTPResponse(status: 404, body: []), nil, nil, nil, nil,
        ] {
            #expect(life.due(at: now) == request)
            _ = life.finished(request, response, at: now, random: Self.even)
            pauses.append(life.nextTime - now)
            #expect(life.due(at: life.nextTime - 1) == nil)
            now = life.nextTime
        }
        #expect(pauses == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
        _ = life.finished(request, Self.done, at: now, random: Self.even)
        #expect(life.due(at: now + 1) == .orders)
    }

    @Test("a closed boot and a token that is no longer valid end it", arguments: [401, 403, 409])
    func over(status: Int) {
        var life = AgentLife(now: 0)
        life.add(.init(state: .up))
        _ = life.finished(.report(.init(state: .up)), HTTPResponse(status: status, body: []), at: 0, random: 0)
        #expect(life.isOver)
        #expect(life.nextTime == .max)
        #expect(life.due(at: .max) == nil)
    }

    @Test("a report that the server refuses is not repeated", arguments: [400, 413])
    func refused(status: Int) {
        var life = AgentLife(now: 0)
        life.add(.init(state: .up))
        life.add(.init(state: .healthy))
        _ = life.finished(.report(.init(state: .up)), HTTPResponse(status: status, body: []), at: 0, random: 0)
        #expect(life.due(at: 0) == .report(.init(state: .healthy)))
    }

    @Test("each order is carried out once")
    func orders() {
        var life = AgentLife(now: 0)
        func ask(_ text: String) -> AgentLife.Order? {
            life.finished(.orders, Self.answer(text), at: 0, random: 0)
        }
        equal(ask(#"{"order":"none","id":1}"#), nil)
        equal(ask(#"{"order":"reboot","id":1}"#), .init(kind: .reboot, number: 1))
        equal(ask(#"{"order":"reboot","id":1}"#), nil)
        equal(ask(#"{"order":"kexec","id":2}"#), .init(kind: .kexec, number: 2))
        for text in ["", "[]", #"{"order":"explode","id":3}"#, #"{"order":"reboot"}"#, #"{"id":3}"#] {
            equal(ask(text), nil)
        }
        equal(life.finished(.orders, HTTPResponse(status: 400, body: []), at: 0, random: 0), nil)
    }

    @Test("reports that wait are bounded")
    func bounded() {
        var life = AgentLife(now: 0)
        for number in 0..<40 { life.add(.init(state: .failed, reason: "\(number)")) }
        #expect(life.due(at: 0) == .report(.init(state: .failed, reason: "24")))
    }

    @Test(
        "processors are counted",
        arguments: [("0", 1), ("0-3", 4), ("0-3,8", 5), ("x", nil), ("3-1", nil)] as [(String, Int?)]
    )
    func processors(text: String, count: Int?) {
        #expect(Facts.count(ofRanges: text) == count)
    }
}
