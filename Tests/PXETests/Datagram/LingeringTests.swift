import Testing

@testable import PXE

/// Whether a loop looks before it sleeps.
@Suite struct LingeringTests {
    @Test("the last wait decides: shorter than the limit, or not")
    func lastWait() {
        var lingering = Lingering(limit: 100)
        #expect(!lingering.isWorthwhile)
        for (waited, expected) in [(99, true), (100, false), (1_000_000, false), (0, true), (99, true), (101, false)] {
            lingering.waited(UInt64(waited))
            #expect(lingering.isWorthwhile == expected)
        }
    }

    @Test("without a limit there is no lingering")
    func never() {
        var lingering = Lingering(limit: 0)
        lingering.waited(0)
        #expect(!lingering.isWorthwhile)
    }

    @Test("a loop that lingers keeps its timers, takes work from other threads and ends", arguments: [0, 3600])
    func loop(seconds: Int) async throws {
        let loop = try EventLoop(name: "test", lingering: .seconds(seconds))
        let seen = Found<Int>()
        let isSet = Found<Bool>()
        async let running: Void = loop.run { loop in
            loop.schedule(after: .milliseconds(1)) { seen.append(-1) }
            isSet.append(true)
        }
        try await eventually { !isSet.all.isEmpty }
        for index in 0..<100 {
            loop.submit { seen.append(index) }
            try await eventually { seen.all.contains(index) }
        }
        try await eventually { seen.all.contains(-1) }
        #expect(seen.all.filter { $0 >= 0 } == Array(0..<100))
        loop.stop()
        try await running
    }
}
