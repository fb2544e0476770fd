/// How a machine was reset since it last began a boot: none of these ways has led to one yet.
struct ResetTrial: Hashable, Sendable, Codable {
    /// The boots that it had begun before.
    var boots: Int
    /// In the order in which they were taken.
    var ways: [String]
}

/// What is known of a management controller's ways of resetting a machine that is on. That one was accepted shows nothing:
/// the machine asks for a boot, or it does not.
struct ResetRecord: Hashable, Sendable {
    /// The way after which a machine of this controller asked for a boot.
    var proven: String?
    /// Those that were taken since the machine last began a boot.
    var fruitless: [String] = []

    /// In which order ways are tried: what worked before, then the others as they stand. After one that came to nothing,
    /// first the strongest, whose effect can be seen, then those that were not tried, then those that were.
    func order(_ ways: [String], strongest: String) -> [String] {
        func rank(_ way: String) -> Int {
            if fruitless.isEmpty { return way == proven ? 0 : 1 }
            return way == strongest ? 0 : fruitless.contains(way) ? 2 : 1
        }
        return (0...2).flatMap { wanted in ways.filter { rank($0) == wanted } }
    }

    /// For people; nil when nothing was tried before.
    var note: String? {
        guard !fruitless.isEmpty else { return nil }
        var ways: [String] = []
        for way in fruitless where !ways.contains(way) { ways.append(way) }
        return "\(ways.joined(separator: ", then ")) came to no boot before"
    }
}

extension BMCMemory {
    /// What came of the resets of a machine. A boot that began since the last of them proves that one.
    ///
    /// - Parameter boots: how many it has begun.
    /// - Throws: `PowerFailure` when the memory cannot be read or written.
    func resets(of machine: String, at controller: String, boots: Int) throws -> ResetRecord {
        let entry = try entry(of: controller)
        guard let trial = entry.trials?[machine] else { return ResetRecord(proven: entry.reset) }
        if trial.boots == boots { return ResetRecord(proven: entry.reset, fruitless: trial.ways) }
        let proven = boots > trial.boots ? trial.ways.last : entry.reset
        try change(controller) { entry in
            entry.trials?[machine] = nil
            entry.reset = proven
        }
        return ResetRecord(proven: proven)
    }

    /// A machine was reset, and its controller says that it did it.
    func noteReset(_ way: String, of machine: String, at controller: String, boots: Int) throws {
        try change(controller) { entry in
            var trial = entry.trials?[machine] ?? ResetTrial(boots: boots, ways: [])
            if trial.boots != boots { trial = ResetTrial(boots: boots, ways: []) }
            trial.ways.append(way)
            entry.trials = (entry.trials ?? [:]).merging([machine: trial]) { $1 }
        }
    }

    /// Whether a machine was reset by this controller twice, the second time in the strongest way that it has, and has not
    /// begun a boot since: others come first then.
    func isSpent(on machine: String, at controller: String, boots: Int) -> Bool {
        // Who cannot read it says so when it is used.
        guard let trial = (try? entry(of: controller))?.trials?[machine] else { return false }
        return trial.boots == boots && trial.ways.count > 1
    }
}
