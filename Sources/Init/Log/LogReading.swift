/// Reads logs for somebody who asked, from where he wants to begin, part by part. Knows no socket and no clock.
struct LogReading {
    private let labels: [String]
    /// The number of each log's next line.
    private var places: [Int]
    /// Where each log ends for who does not follow it.
    private let ends: [Int]?

    /// - Parameters:
    ///   - labels: what stands before the lines of each log, where there are several.
    ///   - lines: of each log, the newest so many; nil for all that are kept.
    ///   - follows: whether what comes later belongs to it.
    init(_ logs: [LogRing], labels: [String], lines: Int?, follows: Bool) {
        self.labels = labels
        places = logs.map { log in lines.map { max(log.first, log.count - $0) } ?? log.first }
        ends = follows ? nil : logs.map { $0.count }
    }

    /// Whether nothing more will come.
    var isOver: Bool {
        guard let ends else { return false }
        return places.indices.allSatisfy { places[$0] >= ends[$0] }
    }

    /// The next lines, the oldest of all logs first.
    /// - Parameter limit: in bytes, unless a single line is longer.
    mutating func next(_ logs: [LogRing], limit: Int) -> [UInt8] {
        var part: [UInt8] = []
        while let index = oldest(logs) {
            let text = line(of: logs[index], index)
            guard part.isEmpty || part.count + text.count <= limit else { break }
            part += text
            places[index] = max(places[index], logs[index].first - 1) + 1
        }
        return part
    }

    /// Which log has the oldest line that was not read.
    private func oldest(_ logs: [LogRing]) -> Int? {
        var best: Int?
        var time = Int64.max
        for (index, log) in logs.enumerated() where places[index] < ends?[index] ?? log.count {
            let next = log[max(places[index], log.first)]?.time ?? Int64.min
            if best == nil || next < time { (best, time) = (index, next) }
        }
        return best
    }

    /// The next line of a log, or how many are gone before it.
    private func line(of log: LogRing, _ index: Int) -> [UInt8] {
        let label = labels.count > 1 ? Array("\(labels[index]): ".utf8) : []
        let gone = log.first - places[index]
        let text = gone > 0 ? Array("[\(gone) lines are gone]".utf8) : log[places[index]]?.text ?? []
        return label + text + [UInt8(ascii: "\n")]
    }
}
