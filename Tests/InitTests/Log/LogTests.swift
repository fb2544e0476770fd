import Testing

@testable import Init

/// A ring with lines, each complete at the time that stands with it.
private func ring(_ lines: [(time: Int64, text: String)]) -> LogRing {
    var ring = LogRing()
    for line in lines { ring.append(Array("\(line.text)\n".utf8)[...], at: line.time) }
    return ring
}

@Suite("The log of a container")
struct LogRingTests {
    @Test("lines are whole, however they come")
    func lines() {
        var ring = LogRing()
        equal(ring.append(Array("a".utf8)[...], at: 1), [])
        equal(ring.append(Array("b\nc\n\nd".utf8)[...], at: 2), ["ab", "c", ""].map { Array($0.utf8) })
        equal(ring.finish(at: 3), [Array("d".utf8)])
        equal(ring.finish(at: 4), [])
        #expect(ring.count == 4 && ring.first == 0)
        #expect(ring[0] == LogRing.Line(time: 2, text: Array("ab".utf8)))
        #expect(ring[3] == LogRing.Line(time: 3, text: Array("d".utf8)))
        #expect(ring[4] == nil && ring[-1] == nil)
        #expect(ring.last(2) == [[], Array("d".utf8)])
        #expect(ring.last(3, after: 3) == [Array("d".utf8)])
        #expect(ring.last(3, after: 4) == [])
    }

    @Test("long lines are several")
    func long() {
        var ring = LogRing()
        ring.append([UInt8](repeating: 0x61, count: 2 * LogRing.longestLine + 1)[...], at: 0)
        #expect(ring.count == 2)
        #expect(ring[1]?.text.count == LogRing.longestLine)
    }

    @Test("the oldest give way, whole", arguments: ["", "line"])
    func bounded(text: String) {
        var ring = LogRing()
        for _ in 0..<100_000 { ring.append(Array("\(text)\n".utf8)[...], at: 0) }
        #expect(ring.count == 100_000)
        let kept = (ring.count - ring.first) * (text.utf8.count + LogRing.costOfLine)
        #expect(kept <= 2 * LogRing.capacity)
        #expect(kept >= LogRing.capacity - LogRing.longestLine)
        #expect(ring[ring.first - 1] == nil)
        #expect(ring[ring.first]?.text == Array(text.utf8))
    }
}

@Suite("Reading logs for somebody")
struct LogReadingTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("one log is as it was written, in parts that are not too long")
    func one() {
        let log = ring([(1, "one"), (2, "two"), (3, "three"), (4, "four")])
        var all = LogReading([log], labels: ["web"], lines: nil, follows: false)
        #expect(!all.isOver)
        equal(text(all.next([log], limit: 9)), "one\ntwo\n")
        equal(text(all.next([log], limit: 3)), "three\n")
        equal(text(all.next([log], limit: 100)), "four\n")
        #expect(all.isOver)
        equal(text(all.next([log], limit: 100)), "")
        var tail = LogReading([log], labels: ["web"], lines: 1, follows: false)
        equal(text(tail.next([log], limit: 100)), "four\n")
        let none = LogReading([log], labels: ["web"], lines: 0, follows: false)
        #expect(none.isOver)
    }

    @Test("several logs are one, by time, each line with its container")
    func several() {
        let logs = [ring([(1, "boot"), (5, "up")]), ring([(2, "a"), (5, "b"), (9, "c")])]
        var reading = LogReading(logs, labels: ["init", "web"], lines: nil, follows: false)
        equal(text(reading.next(logs, limit: 1000)), "init: boot\nweb: a\ninit: up\nweb: b\nweb: c\n")
        var tail = LogReading(logs, labels: ["init", "web"], lines: 1, follows: false)
        equal(text(tail.next(logs, limit: 1000)), "init: up\nweb: c\n")
    }

    @Test("who follows is shown what comes, and told what is gone; who does not sees the end")
    func follows() {
        var log = ring([(1, "one")])
        var once = LogReading([log], labels: ["web"], lines: nil, follows: false)
        var reading = LogReading([log], labels: ["web"], lines: 0, follows: true)
        equal(text(reading.next([log], limit: 100)), "")
        #expect(!reading.isOver)
        log.append(Array("two\n".utf8)[...], at: 2)
        equal(text(reading.next([log], limit: 100)), "two\n")
        equal(text(once.next([log], limit: 100)), "one\n")
        #expect(once.isOver)
        for _ in 0..<10_000 { log.append(Array("more\n".utf8)[...], at: 3) }
        let gone = log.first - 2
        #expect(gone > 0)
        equal(text(reading.next([log], limit: 30)), "[\(gone) lines are gone]\nmore\n")
    }

    @Test("containers are found by what runc calls them, then by what people do")
    func names() {
        func source(_ identifier: String, _ name: String) -> LogSource {
            LogSource(identifier: identifier, name: name, log: { LogRing() })
        }
        let all = [
            source("init", "init"), source("000-dhcp", "dhcp"), source("001-format", "format"), source("dhcp", "dhcp"),
        ]
        func chosen(_ name: String?) -> [String] { LogSource.chosen(name, of: all).map(\.identifier) }
        #expect(chosen(nil).count == 4)
        #expect(chosen("format") == ["001-format"])
        #expect(chosen("001-format") == ["001-format"])
        #expect(chosen("dhcp") == ["dhcp"])
        #expect(chosen("000-dhcp") == ["000-dhcp"])
        #expect(chosen("web") == [])
        #expect(LogSource.labels(all) == ["init", "000-dhcp", "format", "dhcp"])
    }
}
