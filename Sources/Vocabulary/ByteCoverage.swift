/// Which bytes of something have been seen, as ordered ranges that neither touch nor overlap.
///
/// A loader may fetch a kernel in pieces, twice, or from the middle: it has been fetched whole when the pieces
/// together cover it.
public struct ByteCoverage: Hashable, Sendable, Codable {
    public private(set) var ranges: [Range<UInt64>]

    public init() { ranges = [] }

    /// Adds a range; an empty one changes nothing.
    public mutating func insert(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        var merged = range
        var first = ranges.count
        var last = ranges.count
        for (index, known) in ranges.enumerated() where known.upperBound >= range.lowerBound {
            first = min(first, index)
            guard known.lowerBound <= range.upperBound else {
                last = index
                break
            }
            merged = min(merged.lowerBound, known.lowerBound)..<max(merged.upperBound, known.upperBound)
        }
        ranges.replaceSubrange(first..<max(first, last), with: [merged])
    }

    /// True when every byte of `total` has been seen. Nothing needs to be seen of nothing.
    public func covers(_ total: UInt64) -> Bool {
        total == 0 || ranges.contains { $0.lowerBound == 0 && $0.upperBound >= total }
    }

    /// The number of distinct bytes seen.
    public var count: UInt64 { ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) } }
}
