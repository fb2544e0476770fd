import StrictYAML
import Vocabulary

/// `muster:` of a container, which LinuxKit does not have: how our init looks after it. nil means that nothing was said;
/// without any of it the container is treated as LinuxKit treats it.
public struct SupervisionSettings: Hashable, Sendable {
    /// What becomes of the boot when an onboot container cannot be started or ends with another status than 0.
    public enum Failure: String, Hashable, Sendable, CaseIterable {
        case halt
        case proceed = "continue"
    }

    /// When a service that has ended is started again.
    public enum Restart: String, Hashable, Sendable, CaseIterable {
        case always
        case onFailure = "on-failure"
        case never
    }

    public struct Health: Hashable, Sendable {
        public enum Probe: Hashable, Sendable {
            /// Run in the container; status 0 is healthy.
            case command([String])
            /// Fetched by the machine: `http://A:P/path`; a status from 200 to 399 is healthy.
            case http(String)
            /// Connected to by the machine: `A:P`.
            case tcp(String)
        }

        public var probe: Probe
        public var interval: TimeSpan?
        public var timeout: TimeSpan?

        public init(probe: Probe) { self.probe = probe }
    }

    public var onFailure: Failure?
    public var restart: Restart?
    /// Services that have to be ready before this one starts: healthy, or running where they say nothing of health, or ended
    /// with status 0.
    public var after: [String]?
    public var health: Health?

    public init() {}

    /// Each key replaces the label's.
    func over(_ label: SupervisionSettings?) -> SupervisionSettings {
        guard let label else { return self }
        var merged = self
        merged.onFailure = onFailure ?? label.onFailure
        merged.restart = restart ?? label.restart
        merged.after = after ?? label.after
        merged.health = health ?? label.health
        return merged
    }

    /// What is of any use in a section: an image's label may say more.
    func limited(to section: ContainerFiles.Section) -> SupervisionSettings {
        var limited = SupervisionSettings()
        switch section {
        case .onboot: limited.onFailure = onFailure
        case .onshutdown: break
        case .services:
            limited = self
            limited.onFailure = nil
        }
        return limited
    }

    /// `muster.json`, times in milliseconds; nil when there is nothing to say.
    var json: SpecificationJSON? {
        guard self != SupervisionSettings() else { return nil }
        return .members([
            "onFailure": onFailure.map { .string($0.rawValue) },
            "restart": restart.map { .string($0.rawValue) },
            "after": after.flatMap(SpecificationJSON.strings),
            "health": health?.json,
        ])
    }
}

extension SupervisionSettings.Health {
    fileprivate var json: SpecificationJSON {
        var members: [String: SpecificationJSON?] = [
            "interval": interval.map { .integer($0.milliseconds) },
            "timeout": timeout.map { .integer($0.milliseconds) },
        ]
        switch probe {
        case .command(let arguments): members["command"] = .array(arguments.map(SpecificationJSON.string))
        case .http(let address): members["http"] = .string(address)
        case .tcp(let address): members["tcp"] = .string(address)
        }
        return .members(members)
    }
}

// MARK: Metadata

extension SupervisionSettings {
    var document: YAMLValue {
        var members = MemberList()
        members.add("onFailure", onFailure.map { .string($0.rawValue) })
        members.add("restart", restart.map { .string($0.rawValue) })
        members.add("after", after.map(YAMLValue.strings))
        if let health {
            var check = MemberList()
            switch health.probe {
            case .command(let arguments): check.add("command", .strings(arguments))
            case .http(let address): check.add("http", .string(address))
            case .tcp(let address): check.add("tcp", .string(address))
            }
            check.add("interval", health.interval.map { .string($0.description) })
            check.add("timeout", health.timeout.map { .string($0.description) })
            members.add("health", check.value)
        }
        return members.value
    }
}
