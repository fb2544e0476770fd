/// How often a time was about as long: 64 steps to each doubling, so that a percentile is off by at most 1.6 %, in a few
/// kilobytes, however many times are recorded.
struct LatencyHistogram: Hashable, Sendable {
    private static let steps = 64
    private var counts: [UInt32] = []
    private(set) var count = 0
    /// In microseconds.
    private(set) var longest: UInt64 = 0
    /// Of all of them, in microseconds.
    private(set) var sum: UInt64 = 0

    mutating func record(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let microseconds = UInt64(max(0, seconds)) * 1_000_000 + UInt64(max(0, attoseconds / 1_000_000_000_000))
        let index = Self.index(microseconds)
        if index >= counts.count { counts += repeatElement(0, count: index + 1 - counts.count) }
        counts[index] += 1
        count += 1
        longest = max(longest, microseconds)
        sum += microseconds
    }

    /// In microseconds: `share` of the times were at most so long; 0 when there is none.
    func percentile(_ share: Double) -> UInt64 {
        var missing = Int((Double(count) * share).rounded(.up))
        for (index, number) in counts.enumerated() {
            missing -= Int(number)
            if missing <= 0, number > 0 { return min(longest, Self.upperBound(index)) }
        }
        return longest
    }

    /// Times below 64 µs have a place each; above, 64 places to each doubling.
    private static func index(_ microseconds: UInt64) -> Int {
        guard microseconds >= UInt64(steps) else { return Int(microseconds) }
        let doubling = 63 - microseconds.leadingZeroBitCount - 6
        return (doubling + 1) * steps + Int(microseconds >> doubling) - steps
    }

    private static func upperBound(_ index: Int) -> UInt64 {
        guard index >= steps else { return UInt64(index) }
        let doubling = index / steps - 1
        return (UInt64(index % steps + steps + 1) << doubling) - 1
    }
}
