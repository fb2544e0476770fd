import Testing
import Vocabulary

@Suite("ByteCoverage")
struct ByteCoverageTests {
    @Test(
        "ranges in any order merge into what they cover",
        arguments: [
            ([], []),
            ([0..<10], [0..<10]),
            ([0..<10, 10..<20], [0..<20]),
            ([10..<20, 0..<10], [0..<20]),
            ([0..<10, 20..<30], [0..<10, 20..<30]),
            ([20..<30, 0..<10], [0..<10, 20..<30]),
            ([0..<10, 20..<30, 5..<25], [0..<30]),
            ([0..<10, 20..<30, 40..<50, 10..<40], [0..<50]),
            ([0..<10, 20..<30, 40..<50, 15..<18], [0..<10, 15..<18, 20..<30, 40..<50]),
            ([5..<6, 0..<100], [0..<100]),
            ([0..<100, 5..<6], [0..<100]),
            ([3..<3], []),
        ] as [([Range<UInt64>], [Range<UInt64>])]
    )
    func merging(inserted: [Range<UInt64>], expected: [Range<UInt64>]) {
        var coverage = ByteCoverage()
        for range in inserted { coverage.insert(range) }
        #expect(coverage.ranges == expected)
    }

    @Test("agrees with a set of bytes, whatever the order")
    func agreesWithSet() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            var coverage = ByteCoverage()
            var bytes: Set<UInt64> = []
            for _ in 0..<12 {
                let start = UInt64.random(in: 0..<64, using: &generator)
                let range = start..<UInt64.random(in: start...64, using: &generator)
                coverage.insert(range)
                bytes.formUnion(range)
                #expect(coverage.count == UInt64(bytes.count))
                #expect(coverage.covers(64) == (bytes.count == 64))
            }
        }
    }

    @Test("covers is about the beginning too")
    func covers() {
        var coverage = ByteCoverage()
        #expect(coverage.covers(0))
        #expect(!coverage.covers(1))
        coverage.insert(1..<10)
        #expect(!coverage.covers(10))
        coverage.insert(0..<1)
        #expect(coverage.covers(10))
        #expect(!coverage.covers(11))
    }
}
