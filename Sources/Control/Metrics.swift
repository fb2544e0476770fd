import Vocabulary

/// One metric with its samples, in the text format that Prometheus scrapes.
public struct MetricFamily: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable { case counter, gauge, histogram }

    public struct Sample: Hashable, Sendable {
        /// After the family's name: histograms have samples of three names.
        fileprivate var suffix = ""
        /// Few and bounded values: never a MAC or a name.
        public var labels: [String: String]
        public var value: Double

        public init(_ value: Double, labels: [String: String] = [:]) {
            self.labels = labels
            self.value = value
        }
    }

    /// `muster_…`, with its unit, counters ending in `_total`.
    public var name: String
    public var help: String
    public var kind: Kind
    public var samples: [Sample]

    public init(_ name: String, _ help: String, _ kind: Kind, _ samples: [Sample]) {
        self.name = name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    public init(_ name: String, _ help: String, _ kind: Kind, _ value: some BinaryInteger) {
        self.init(name, help, kind, [Sample(Double(value))])
    }

    public init(_ name: String, _ help: String, _ kind: Kind, _ value: Double) {
        self.init(name, help, kind, [Sample(value)])
    }

    /// One counter for each value of a label.
    public init(_ name: String, _ help: String, by label: String, _ values: [(String, UInt64)]) {
        self.init(name, help, .counter, values.map { Sample(Double($1), labels: [label: $0]) })
    }

    /// Times in seconds, a histogram for each set of labels.
    public init(_ name: String, _ help: String, _ histograms: [(labels: [String: String], Histogram.Snapshot)]) {
        self.init(name, help, .histogram, histograms.flatMap { Self.samples($0.1, labels: $0.labels) })
    }

    private static func samples(_ histogram: Histogram.Snapshot, labels: [String: String]) -> [Sample] {
        var samples: [Sample] = []
        var below: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            below += count
            let bound = index < histogram.bounds.count ? number(histogram.bounds[index]) : "+Inf"
            var bucket = Sample(Double(below), labels: labels.merging(["le": bound]) { $1 })
            bucket.suffix = "_bucket"
            samples.append(bucket)
        }
        var (sum, count) = (Sample(histogram.sum, labels: labels), Sample(Double(below), labels: labels))
        (sum.suffix, count.suffix) = ("_sum", "_count")
        return samples + [sum, count]
    }
}

extension MetricFamily {
    /// Several families as one page.
    public static func page(_ families: [MetricFamily]) -> String {
        var text = ""
        for family in families {
            text += "# HELP \(family.name) \(family.help)\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in family.samples {
                let labels = sample.labels.sorted { $0.key < $1.key }.map { "\($0)=\"\(escaped($1))\"" }
                text += family.name + sample.suffix
                if !labels.isEmpty { text += "{\(labels.joined(separator: ","))}" }
                text += " \(number(sample.value))\n"
            }
        }
        return text
    }

    private static func number(_ value: Double) -> String {
        Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
