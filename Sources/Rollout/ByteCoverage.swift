/// Which bytes of a resource have left, over any number of requests, ranges and retries.
public struct ByteCoverage: Hashable, Sendable {
    /// Disjoint, not touching, ascending.
    public private(set) var ranges: [Range<UInt64>] = []

    public init() {}

    /// More pieces than any loader makes; beyond, the smallest gaps are not worth the memory and `add` forgets a piece.
    private static let limit = 256

    public mutating func add(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        // What touches the new range melts into it.
        let first = ranges.firstIndex { $0.upperBound >= range.lowerBound } ?? ranges.endIndex
        var end = first
        var merged = range
        while end < ranges.endIndex, ranges[end].lowerBound <= merged.upperBound {
            merged = min(merged.lowerBound, ranges[end].lowerBound)..<max(merged.upperBound, ranges[end].upperBound)
            end += 1
        }
        ranges.replaceSubrange(first..<end, with: CollectionOfOne(merged))
        if ranges.count > Self.limit { ranges.removeLast() }
    }

    /// Bytes that have left, each counted once.
    public var count: UInt64 { ranges.reduce(0) { $0 + UInt64($1.count) } }

    /// True when all of `0..<total` has left.
    public func isWhole(_ total: UInt64) -> Bool {
        total == 0 || (ranges.first.map { $0.lowerBound == 0 && $0.upperBound >= total } ?? false)
    }
}
