import Testing

@testable import Init

@Suite("What the agent takes from the server")
struct OrderLifeTests {
    private static let even: UInt32 = 100
    private static let none = answer(#"{"order":"none","id":0}"#)

    private static let question = answer(#"{"order":"none","id":0,"logs":[{"request":1}]}"#)

    private static func answer(_ text: String) -> HTTPResponse { HTTPResponse(status: 200, body: Array(text.utf8)) }

    @Test("asked first when the server has taken a report, or after ten seconds")
    func begin() {
        var life = OrderLife(now: 5)
        #expect(life.nextTime == 10_005)
        life.serverAnswers(at: 3000)
        #expect(life.nextTime == 3000)
        equal(life.isDue(at: 2999), false)
        equal(life.isDue(at: 3000), true)
        life.serverAnswers(at: 3001)
        #expect(life.nextTime == 3000)
    }

    @Test("a server that waits is asked again at once, one that does not after ten seconds")
    func pauses() {
        var life = OrderLife(now: 0)
        equal(life.isDue(at: 10_000), true)
        equal(life.finished(Self.none, at: 10_010, random: Self.even), .init())
        #expect(life.nextTime == 20_000)
        equal(life.isDue(at: 20_000), true)
        _ = life.finished(Self.none, at: 45_000, random: Self.even)
        #expect(life.nextTime == 45_000)
        equal(life.isDue(at: 45_000), true)
        _ = life.finished(Self.question, at: 45_100, random: Self.even)
        #expect(life.nextTime == 45_100)
        // The same again is no news.
        equal(life.isDue(at: 45_100), true)
        _ = life.finished(Self.question, at: 45_200, random: Self.even)
        #expect(life.nextTime == 55_100)
        _ = life.finished(nil, at: 56_000, random: Self.even)
        #expect(life.nextTime == 57_000)
    }

    @Test("each order is carried out once")
    func orders() {
        var life = OrderLife(now: 0)
        func order(_ text: String) -> OrderLife.Order? {
            life.finished(Self.answer(text), at: 0, random: 0).order
        }
        equal(order(#"{"order":"none","id":1}"#), nil)
        equal(order(#"{"order":"reboot","id":1}"#), .init(kind: .reboot, number: 1))
        equal(order(#"{"order":"reboot","id":1}"#), nil)
        equal(order(#"{"order":"kexec","id":2}"#), .init(kind: .kexec, number: 2))
        for text in ["", "[]", #"{"order":"explode","id":3}"#, #"{"order":"reboot"}"#, #"{"id":3}"#] {
            equal(order(text), nil)
        }
        equal(life.finished(HTTPResponse(status: 400, body: []), at: 0, random: 0), .init())
    }

    @Test("another kernel is named by paths at the server")
    func kexec() throws {
        var life = OrderLife(now: 0)
        let text = #"{"order":"kexec","id":1,"boot":{"kernel":"/k","initrd":["/i","/s"],"cmdline":"a b"}}"#
        let boot = try #require(life.finished(Self.answer(text), at: 0, random: 0).order?.boot)
        #expect(boot.kernel == "/k" && boot.initrd == ["/i", "/s"] && boot.commandLine == "a b")
        for text in [
            #"{"kernel":"/k"}"#, #"{"kernel":"k","cmdline":""}"#, #"{"kernel":"/k","initrd":["i"],"cmdline":""}"#,
        ] {
            #expect(NextBoot(try JSONParser.parse(Array(text.utf8))) == nil)
        }
    }

    @Test("questions about logs are taken once each, by growing numbers")
    func logs() {
        var life = OrderLife(now: 0)
        let seven = #"{"request":7,"container":"web","follow":true,"lines":3}"#
        let both = #"{"order":"none","id":0,"logs":[\#(seven),{"request":8}]}"#
        equal(
            life.finished(Self.answer(both), at: 0, random: 0).logs,
            [
                .init(number: 7, container: "web", isFollowed: true, lines: 3),
                .init(number: 8, container: nil, isFollowed: false, lines: nil),
            ]
        )
        equal(life.finished(Self.answer(both), at: 0, random: 0).logs, [])
        let next = #"{"order":"none","id":0,"logs":[{"request":8},{"request":9,"lines":-1},{"container":"x"},3]}"#
        equal(
            life.finished(Self.answer(next), at: 0, random: 0).logs,
            [.init(number: 9, container: nil, isFollowed: false, lines: 0)]
        )
    }
}
