import Build

/// What a build is doing, as a few lines for a screen.
struct BuildProgress: Sendable {
    /// By image or part; the longest under way first.
    private var activities: [(subject: String, text: String)] = []
    private var parts = 0
    private(set) var warnings: [String] = []

    /// Lines at most, beside the first.
    static let height = 5

    mutating func take(_ event: BuildEvent) {
        switch event {
        case .resolving(let source): show(source, "\(source): looking for it")
        case .pulling(let source, let received, let total):
            let of = total.map { " of \(Self.mebibytes($0))" } ?? ""
            show(source, "\(source): fetched \(Self.mebibytes(received))\(of) MiB")
        case .unpacking(let source, let read, let total):
            show(source, "\(source): unpacked \(Self.percent(read, total))")
        case .ready(let source, _): end(source)
        case .compressing(let part, let read, let total):
            show(part, "\(part): compressed \(Self.percent(read, total))")
        case .stored(let part, _, _):
            parts += 1
            end(part)
        case .writing: break
        case .warning(let text): if warnings.count < 100 { warnings.append(text) }
        }
    }

    /// What is under way, at most `height` lines.
    var lines: [String] {
        var lines = activities.prefix(Self.height).map(\.text)
        if activities.count > Self.height { lines[Self.height - 1] = "and \(activities.count - Self.height + 1) more" }
        if lines.isEmpty { lines = [parts == 0 ? "beginning" : "\(parts) parts are made"] }
        return lines
    }

    private mutating func show(_ subject: String, _ text: String) {
        if let index = activities.firstIndex(where: { $0.subject == subject }) {
            activities[index].text = text
        } else if activities.count < 1000 {
            activities.append((subject, text))
        }
    }

    private mutating func end(_ subject: String) { activities.removeAll { $0.subject == subject } }

    private static func mebibytes(_ bytes: UInt64) -> String { String((bytes + 524_288) / 1_048_576) }

    private static func percent(_ done: UInt64, _ total: UInt64) -> String {
        "\(total == 0 ? 100 : min(100, done * 100 / total)) %"
    }
}
