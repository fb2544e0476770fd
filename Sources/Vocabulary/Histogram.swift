import Synchronization

/// How often values lay below fixed bounds: times that something took, as Prometheus takes them in.
///
/// Thread-safe: an observation is two atomic additions, without a lock.
public final class Histogram: Sendable {
    /// The histogram at one moment.
    public struct Snapshot: Hashable, Sendable {
        /// In seconds, rising; the last bucket, above all of them, has none.
        public var bounds: [Double]
        /// How many values lay in each bucket: one more than there are bounds.
        public var counts: [UInt64]
        /// Of all values, in seconds.
        public var sum: Double

        public init(bounds: [Double], counts: [UInt64], sum: Double) {
            (self.bounds, self.counts, self.sum) = (bounds, counts, sum)
        }

        public var count: UInt64 { counts.reduce(0, +) }
    }

    private final class Cell: Sendable {
        let value = Atomic<UInt64>(0)
    }

    private let bounds: [Duration]
    private let cells: [Cell]
    private let microseconds = Atomic<UInt64>(0)

    /// What a request takes: 100 µs to 10 s.
    public static let requestBounds: [Duration] = [
        .microseconds(100), .microseconds(500), .milliseconds(1), .milliseconds(5), .milliseconds(10),
        .milliseconds(25),
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .seconds(1), .seconds(10),
    ]
    /// What a machine takes: 1 s to 1 h.
    public static let bootBounds: [Duration] = [
        .seconds(1), .seconds(2), .seconds(5), .seconds(10), .seconds(20), .seconds(30), .seconds(60), .seconds(120),
        .seconds(300), .seconds(600), .seconds(1800), .seconds(3600),
    ]

    /// - Parameter bounds: rising.
    public init(_ bounds: [Duration] = requestBounds) {
        self.bounds = bounds
        cells = (0...bounds.count).map { _ in Cell() }
    }

    /// - Parameter count: how many values there are of it.
    public func observe(_ value: Duration, count: Int = 1) {
        guard count > 0 else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        cells[bucket].value.add(UInt64(count), ordering: .relaxed)
        let time = max(.zero, value) / .microseconds(1)
        microseconds.add(UInt64(time) &* UInt64(count), ordering: .relaxed)
    }

    public var snapshot: Snapshot {
        Snapshot(
            bounds: bounds.map { $0 / .seconds(1) },
            counts: cells.map { $0.value.load(ordering: .relaxed) },
            sum: Double(microseconds.load(ordering: .relaxed)) / 1_000_000
        )
    }
}
