import Testing

@testable import Init

@Suite("What the agent says, and when")
struct ReportLifeTests {
    private static let done = HTTPResponse(status: 204, body: [])
    /// Spreads nothing.
    private static let even: UInt32 = 100

    @Test("reports go out at once, in order; then heartbeats")
    func order() {
        var life = ReportLife()
        #expect(life.due(at: 0) == nil)
        #expect(life.nextTime == .max)
        life.add(.init(state: .up))
        life.add(.init(state: .failed, reason: "web"))
        #expect(life.due(at: 1) == .init(state: .up))
        life.finished(.init(state: .up), Self.done, at: 2, random: Self.even)
        #expect(life.due(at: 2) == .init(state: .failed, reason: "web"))
        life.finished(.init(state: .failed, reason: "web"), Self.done, at: 3, random: Self.even)
        #expect(life.due(at: 4) == nil)
        #expect(life.nextTime == 30_003)
        #expect(life.due(at: 30_003) == .init(state: .alive))
        life.finished(.init(state: .alive), Self.done, at: 30_003, random: Self.even)
        #expect(life.nextTime == 60_003)
    }

    @Test("a server that is away is asked again, ever later; nothing is lost")
    func away() {
        var life = ReportLife()
        let report = ReportLife.Report(state: .up)
        life.add(report)
        var now: Int64 = 0
        var pauses: [Int64] = []
        for response in [
            nil, HTTPResponse(status: 503, body: []), HTTPResponse(status: 404, body: []), nil, nil, nil, nil,
        ] {
            #expect(life.due(at: now) == report)
            life.finished(report, response, at: now, random: Self.even)
            pauses.append(life.nextTime - now)
            #expect(life.due(at: life.nextTime - 1) == nil)
            now = life.nextTime
        }
        #expect(pauses == [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
        life.finished(report, Self.done, at: now, random: Self.even)
        #expect(life.due(at: now + 1) == nil)
    }

    @Test("a closed boot and a token that is no longer valid end it", arguments: [401, 403, 409])
    func over(status: Int) {
        var life = ReportLife()
        life.add(.init(state: .up))
        life.finished(.init(state: .up), HTTPResponse(status: status, body: []), at: 0, random: 0)
        #expect(life.isOver)
        #expect(life.nextTime == .max)
        #expect(life.due(at: .max) == nil)
        var orders = OrderLife(now: 0)
        _ = orders.finished(HTTPResponse(status: status, body: []), at: 0, random: 0)
        #expect(orders.isOver)
        equal(orders.isDue(at: .max), false)
    }

    @Test("a report that the server refuses is not repeated", arguments: [400, 413])
    func refused(status: Int) {
        var life = ReportLife()
        life.add(.init(state: .up))
        life.add(.init(state: .healthy))
        life.finished(.init(state: .up), HTTPResponse(status: status, body: []), at: 0, random: 0)
        #expect(life.due(at: 0) == .init(state: .healthy))
    }

    @Test("reports that wait are bounded")
    func bounded() {
        var life = ReportLife()
        for number in 0..<40 { life.add(.init(state: .failed, reason: "\(number)")) }
        #expect(life.due(at: 0) == .init(state: .failed, reason: "24"))
    }

    @Test(
        "processors are counted",
        arguments: [("0", 1), ("0-3", 4), ("0-3,8", 5), ("x", nil), ("3-1", nil)] as [(String, Int?)]
    )
    func processors(text: String, count: Int?) {
        #expect(Facts.count(ofRanges: text) == count)
    }
}
