import Control
import Foundation
import Testing
import Vocabulary

@testable import muster

@Suite("What people read")
struct OutputTests {
    @Test("columns line up, empty cells are dashes, and nothing moves the cursor")
    func table() {
        var table = Table("NAME", "MESSAGE")
        table.add(["n1", ""])
        table.add(["longer", "red\u{1b}[31m\r\nalert"])
        #expect(table.text == "NAME     MESSAGE\nn1       -\nlonger   red?[31m??alert")
    }

    @Test(
        "ages in their largest unit",
        arguments: [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_800, "2d")]
    )
    func ages(seconds: Int64, text: String) {
        let now = Timestamp(milliseconds: 1_000_000_000)
        #expect(age(of: Timestamp(milliseconds: now.milliseconds - seconds * 1000), at: now) == text)
        #expect(age(of: nil, at: now) == "")
    }

    @Test(
        "bytes with three digits",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (15_000_000, "14.3 MiB"), (209_715_200, "200 MiB"),
            (3 << 40, "3.0 TiB"),
        ]
    )
    func bytes(count: UInt64, text: String) { #expect(byteCount(count) == text) }

    @Test(
        "times are RFC 3339 in UTC, there and back",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_795_253_400_125, "2026-11-21T09:30:00.125Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ]
    )
    func times(milliseconds: Int64, text: String) {
        let time = Time(Timestamp(milliseconds: milliseconds))
        #expect(time.description == text)
        #expect(Time(text) == time)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026-11-21", "2026-13-01T00:00:00.000Z", "2026-02-30T00:00:00.000Z", "2026-11-21T09:30:00.125+",
        ]
    )
    func badTimes(text: String) { #expect(Time(text) == nil) }

    @Test("events are cut out of a stream wherever it is broken", arguments: [1, 2, 3, 7, 1000])
    func eventStream(chunk: Int) {
        let stream = Array(
            ": hello\n\nid: 1\nevent: a\ndata: {\"x\":1}\n\ndata: one\ndata: two\n\ndata: never ended".utf8
        )
        var lines = EventStreamLines()
        var events: [String] = []
        for start in stride(from: 0, to: stream.count, by: chunk) {
            events += lines.append(stream[start..<min(start + chunk, stream.count)]).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(events == ["{\"x\":1}", "one\ntwo"])
    }

    @Test("metrics are in Prometheus's text format, with hostile label values escaped")
    func metrics() {
        let families = [
            MetricFamily("muster_a_total", "Help.", .counter, 3),
            MetricFamily("muster_b", "Help.", .gauge, [.init(0.5, labels: ["k": "a\"b\\c\nd", "j": "x"])]),
        ]
        #expect(
            MetricFamily.page(families) == """
                # HELP muster_a_total Help.
                # TYPE muster_a_total counter
                muster_a_total 3
                # HELP muster_b Help.
                # TYPE muster_b gauge
                muster_b{j="x",k="a\\"b\\\\c\\nd"} 0.5

                """
        )
    }
}
