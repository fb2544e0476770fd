import Foundation
internal import StrictYAML
import Vocabulary

/// Reads `rollout:` of a profile.
extension ResourceParser {
    private static let share = "a number of machines or a percentage, such as 3 or 10%"
    private static let url = "a URL such as https://host/path"

    func rollout(_ node: Node) -> RolloutOptions? {
        let keys = [
            "canary", "waves", "maxUnavailable", "per", "bake", "maxFailures", "gates", "drain", "window", "reboot",
            "onFailure", "minHealthy", "tries", "bootDeadline", "patience",
        ]
        guard let reader = MappingReader(node, known: keys, log: log) else { return nil }
        var options = RolloutOptions()
        func share(_ node: Node) -> Share? { log.scalar(node, Self.share) { Share($0) } }
        func span(_ key: String, _ value: inout TimeSpan) {
            value = reader.value(key, Self.timeSpan) { TimeSpan($0) } ?? value
        }
        if let canary = reader["canary"] { options.canary = self.canary(canary) ?? options.canary }
        options.waves = reader.list("waves", of: "numbers or percentages", share) ?? options.waves
        options.maxUnavailable = reader["maxUnavailable"].flatMap(share) ?? options.maxUnavailable
        options.per = reader.mapping("per", of: "labels to numbers", share) ?? [:]
        options.maxFailures = reader["maxFailures"].flatMap(share) ?? options.maxFailures
        options.gates = reader.list("gates", of: "gates", gate) ?? []
        options.drain = reader["drain"].flatMap(drain)
        options.window = reader["window"].flatMap(window)
        options.reboot = reader.choice("reboot") ?? options.reboot
        options.onFailure = reader.choice("onFailure") ?? options.onFailure
        options.tries =
            reader.value("tries", "a number from 1 to 100") { Int($0).flatMap { 1...100 ~= $0 ? $0 : nil } }
            ?? options.tries
        if let node = reader["bootDeadline"], node.verbatim != "auto" {
            options.bootDeadline = log.scalar(node, "auto, or a time such as 15m") { TimeSpan($0) }
        }
        span("bake", &options.bake)
        span("minHealthy", &options.minHealthy)
        span("patience", &options.patience)
        return options
    }

    /// `1`, or `{count: 2, prefer: canary=true, perModel: true}`.
    private func canary(_ node: Node) -> RollSpec.Canary? {
        guard case .mapping = node else {
            return log.scalar(node, Self.share) { Share($0) }.map { RollSpec.Canary(count: $0) }
        }
        guard let reader = MappingReader(node, known: ["count", "prefer", "perModel"], log: log) else { return nil }
        let standard = RollSpec.Canary()
        let label = reader.value("prefer", "a label such as canary=true") { text -> RollSpec.Label? in
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, isPrintable(text) else { return nil }
            return RollSpec.Label(String(parts[0]), String(parts[1]))
        }
        return RollSpec.Canary(
            count: reader.value("count", Self.share) { Share($0) } ?? standard.count,
            prefer: label,
            onePerModel: reader.bool("perModel") ?? standard.onePerModel
        )
    }

    private func gate(_ node: Node) -> RollSpec.Gate? {
        guard let reader = MappingReader(node, known: ["http", "prometheus", "server", "command"], log: log),
            let kind = only(["http", "prometheus", "command"], of: reader)
        else { return nil }
        if reader.has("server"), kind != "prometheus" {
            log.expected("a server beside a prometheus: query alone", at: node)
            return nil
        }
        switch kind {
        case "http": return url(reader, "http").map { .http(url: $0) }
        case "prometheus":
            let query = reader.value("prometheus", "a query") { isPrintable($0) && !$0.isEmpty ? $0 : nil }
            guard reader.required("server", Self.url) != nil, let server = url(reader, "server"), let query else {
                return nil
            }
            return .prometheus(server: server, query: query)
        default: return command(reader).map { .command($0) }
        }
    }

    /// Nothing at all is no drain.
    private func drain(_ node: Node) -> RollSpec.Drain? {
        let keys = ["http", "command", "deadline", "interval", "onTimeout"]
        guard let reader = MappingReader(node, known: keys, log: log) else { return nil }
        if keys.allSatisfy({ !reader.has($0) }) { return nil }
        guard let kind = only(["http", "command"], of: reader) else { return nil }
        let hook: RollSpec.Drain.Hook? =
            kind == "http" ? url(reader, "http").map { .http(url: $0) } : command(reader).map { .command($0) }
        guard let hook else { return nil }
        var drain = RollSpec.Drain(hook: hook)
        drain.deadline = reader.value("deadline", Self.timeSpan) { TimeSpan($0) } ?? drain.deadline
        drain.interval = reader.value("interval", Self.timeSpan) { TimeSpan($0) } ?? drain.interval
        drain.onTimeout = reader.choice("onTimeout") ?? drain.onTimeout
        return drain
    }

    /// Nothing at all is no window.
    private func window(_ node: Node) -> Window? {
        let keys = ["days", "from", "to", "tz"]
        guard let reader = MappingReader(node, known: keys, log: log) else { return nil }
        if keys.allSatisfy({ !reader.has($0) }) { return nil }
        var window = Window()
        let clock = "a time of day such as \"09:00\""
        if let days = reader["days"] { window.days = self.days(days) ?? window.days }
        window.from = reader.value("from", clock) { Window.minutes($0) } ?? window.from
        window.to = reader.value("to", clock) { Window.minutes($0) } ?? window.to
        window.timeZone =
            reader.value("tz", "a time zone such as Europe/Berlin") { TimeZone(identifier: $0) == nil ? nil : $0 }
            ?? window.timeZone
        return window
    }

    private func days(_ node: Node) -> Set<Window.Day>? {
        let expected = "days such as Mon-Thu or [Mon, Sat]"
        guard case .sequence(let sequence) = node else { return log.scalar(node, expected) { Window.days($0) } }
        let days = sequence.compactMap { log.scalar($0, "a day such as Mon") { Window.Day($0) } }
        if days.isEmpty { log.expected(expected, at: node) }
        return Set(days)
    }

    /// The one of these keys that is there.
    private func only(_ kinds: [String], of reader: MappingReader) -> String? {
        let given = kinds.filter(reader.has)
        guard given.count == 1 else {
            log.expected("exactly one of \(kinds.joined(separator: ", "))", at: reader.node)
            return nil
        }
        return given[0]
    }

    private func url(_ reader: MappingReader, _ key: String) -> String? {
        reader.value(key, Self.url) { text in
            guard let url = URL(string: text), ["http", "https"].contains(url.scheme), url.host?.isEmpty == false,
                text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
            else { return nil }
            return text
        }
    }

    private func command(_ reader: MappingReader) -> [String]? {
        let expected = "a program and its arguments"
        let arguments = reader.list("command", of: expected) { log.scalar($0, "text") { $0 } }
        guard let arguments, arguments.first?.isEmpty == false else {
            if let node = reader["command"], arguments != nil { log.expected(expected, at: node) }
            return nil
        }
        return arguments
    }
}
