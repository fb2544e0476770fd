import Testing
import Vocabulary

@testable import Inventory

@Suite struct ValueTests {
    @Test(arguments: [
        ("30s", 30_000), ("10m", 600_000), ("1h30m", 5_400_000), ("250ms", 250), ("7d", 604_800_000), ("0s", 0),
        ("1m1ms", 60_001),
    ])
    func timeSpansAreReadAndPrinted(_ text: String, _ milliseconds: Int64) {
        #expect(TimeSpan(text)?.milliseconds == milliseconds)
        #expect(TimeSpan(milliseconds: milliseconds).description == text)
    }

    @Test(arguments: ["", "5", "m", "5 m", "-5m", "5m5m", "5s1m", "99999999999999999d", "5x", "5M"])
    func whatIsNoTimeSpan(_ text: String) { #expect(TimeSpan(text) == nil) }

    @Test(arguments: [("3", 50, 3), ("10%", 50, 5), ("10%", 5, 1), ("10%", 19, 1), ("0%", 50, 0), ("100%", 7, 7)])
    func sharesRoundDownAndAreAtLeastOne(_ text: String, _ machines: Int, _ count: Int) {
        #expect(Share(text)?.count(of: machines) == count)
        #expect(Share(text)?.description == text)
    }

    @Test(arguments: ["", "%", "-1", "101%", "1.5", "05", "a"])
    func whatIsNoShare(_ text: String) { #expect(Share(text) == nil) }
}
