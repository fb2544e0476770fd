import Testing

@testable import Fleet

@Suite struct HandOverTests {
    @Test func aTrickleGoesOnAtEachLookAndAStormWaits() {
        var handOver = HandOver(position: 10, now: .seconds(0))
        var position: Int64 = 10
        var seconds = 0
        func look(after changes: Int64) -> Bool {
            position += changes
            seconds += 2
            return handOver.isDue(position: position, now: .seconds(seconds))
        }
        #expect([0, 1, HandOver.storm - 1].map(look) == [true, true, true])
        // The first look without a storm ends the wait.
        #expect([HandOver.storm, 5 * HandOver.storm, 3].map(look) == [false, false, true])
        // No storm holds it back for ever.
        let storm = Array(repeating: HandOver.storm, count: 16).map(look)
        #expect(storm == Array(repeating: false, count: 14) + [true, false])
    }
}
