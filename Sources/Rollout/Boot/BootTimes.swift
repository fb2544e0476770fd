import Vocabulary

/// How long the machines of one hardware model took lately from their reboot until they were healthy.
public struct BootTimes: Hashable, Sendable, Codable {
    /// Milliseconds, oldest first; at most `kept`.
    private var samples: [Int64] = []
    private static let kept = 256

    public init() {}

    public var count: Int { samples.count }

    public mutating func add(_ span: TimeSpan) {
        if samples.count == Self.kept { samples.removeFirst() }
        samples.append(span.milliseconds)
    }

    /// The smallest time that 99 of 100 boots did not exceed (of fewer than 100: the longest); nil before the first.
    public var p99: TimeSpan? { quantile(99) }
    public var median: TimeSpan? { quantile(50) }

    private func quantile(_ percent: Int) -> TimeSpan? {
        guard !samples.isEmpty else { return nil }
        let rank = (samples.count * percent + 99) / 100
        return TimeSpan(milliseconds: samples.sorted()[rank - 1])
    }

    /// How long a boot may take before somebody should act: three times the 99th percentile, and never less than
    /// `floor`.
    public func deadline(floor: TimeSpan = .minutes(10)) -> TimeSpan {
        guard let p99 else { return floor }
        return max(floor, TimeSpan(milliseconds: 3 * p99.milliseconds))
    }
}
