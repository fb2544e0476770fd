import Synchronization

/// A histogram for each value of one label. Values come from outside: the first `most` have one of their own, all others
/// share that of `other`, so that the number of series stays small.
///
/// Thread-safe by a mutex around a dictionary access.
public final class HistogramFamily: Sendable {
    private let histograms = Mutex<[String: Histogram]>([:])
    private let bounds: [Duration]
    private let most: Int

    /// - Parameter bounds: rising.
    public init(_ bounds: [Duration] = Histogram.requestBounds, most: Int = 30) {
        self.bounds = bounds
        self.most = most
    }

    /// - Parameter value: of the label; `unknown` for none.
    public func observe(_ time: Duration, of value: String?) {
        let histogram = histograms.withLock { histograms in
            let value = value.flatMap { $0.isEmpty ? nil : $0 } ?? "unknown"
            let name = histograms[value] != nil || histograms.count < most ? value : "other"
            let histogram = histograms[name] ?? Histogram(bounds)
            histograms[name] = histogram
            return histogram
        }
        histogram.observe(time)
    }

    /// By the label's value.
    public var snapshots: [String: Histogram.Snapshot] { histograms.withLock { $0 }.mapValues(\.snapshot) }
}
