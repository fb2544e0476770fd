import StrictYAML
import Vocabulary

/// Reads `muster:` of a container.
struct SupervisionReader {
    let log: ProblemLog

    static let keys = ["onFailure", "restart", "after", "health"]

    /// The keys that mean something in a section.
    static func keys(in section: ContainerFiles.Section) -> [String] {
        switch section {
        case .onboot: ["onFailure"]
        case .onshutdown: []
        case .services: ["restart", "after", "health"]
        }
    }

    func settings(_ node: Node) -> SupervisionSettings? {
        guard let reader = MappingReader(node, known: Self.keys, log: log) else { return nil }
        var settings = SupervisionSettings()
        settings.onFailure = reader.choice("onFailure")
        settings.restart = reader.choice("restart")
        settings.after = reader.strings("after")
        settings.health = reader["health"].flatMap(health)
        return settings
    }

    /// Says which keys have no effect in the section.
    func check(_ node: Node, in section: ContainerFiles.Section) {
        let known = Self.keys(in: section)
        for (key, _) in node.mapping ?? Node.Mapping([], mark: node.mark) {
            guard let name = key.scalar?.string, Self.keys.contains(name), !known.contains(name) else { continue }
            let others = known.isEmpty ? "nothing" : "only \(known.joined(separator: ", "))"
            log.add("found '\(name)', expected \(others) below 'muster' of an entry of \(section.rawValue)", at: key)
        }
    }

    private func health(_ node: Node) -> SupervisionSettings.Health? {
        let probes = ["command", "http", "tcp"]
        guard let reader = MappingReader(node, known: probes + ["interval", "timeout"], log: log) else { return nil }
        guard probes.filter(reader.has).count == 1 else {
            log.add(
                "found a health check of \(probes.filter(reader.has).count) kinds, expected one of command, http, tcp",
                at: node
            )
            return nil
        }
        var probe: SupervisionSettings.Health.Probe?
        if let command = reader["command"] {
            let arguments = reader.strings("command") ?? []
            if arguments.isEmpty { log.expected("a list of a program's path and its arguments", at: command) }
            probe = .command(arguments)
        }
        probe = reader.value("http", "an address as http://:8080/path", Self.http) ?? probe
        probe = reader.value("tcp", "an IPv4 address and a port as 127.0.0.1:6379, or :6379", Self.tcp) ?? probe
        guard let probe else { return nil }
        var health = SupervisionSettings.Health(probe: probe)
        health.interval = reader.value("interval", "a time such as 10s", Self.time)
        health.timeout = reader.value("timeout", "a time such as 5s", Self.time)
        return health
    }

    private static func time(_ text: String) -> TimeSpan? {
        guard let time = TimeSpan(text), TimeSpan(milliseconds: 1) <= time, time <= .minutes(24 * 60) else {
            return nil
        }
        return time
    }

    private static func http(_ text: String) -> SupervisionSettings.Health.Probe? {
        let scheme = "http://"
        guard text.utf8.starts(with: scheme.utf8), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return nil
        }
        let socket = text.dropFirst(scheme.count).prefix { $0 != "/" }
        return isSocket(String(socket), needsPort: false) ? .http(text) : nil
    }

    private static func tcp(_ text: String) -> SupervisionSettings.Health.Probe? {
        isSocket(text, needsPort: true) ? .tcp(text) : nil
    }

    /// `192.0.2.1:80`, `localhost:80`, `:80`. The machine resolves no names for this.
    private static func isSocket(_ text: String, needsPort: Bool) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 || parts.count == 1 && !needsPort && !parts[0].isEmpty else { return false }
        guard parts[0].isEmpty || parts[0] == "localhost" || IPv4Address(parts[0]) != nil else { return false }
        guard parts.count == 2 else { return true }
        return parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(parts[1]).map { $0 > 0 } == true
    }
}
