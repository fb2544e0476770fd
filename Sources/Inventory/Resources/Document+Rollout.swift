import Vocabulary

extension RolloutOptions {
    /// As people write it; only what differs from the defaults.
    public var document: [String: JSONValue] {
        let defaults = RolloutOptions()
        var fields: [String: JSONValue] = [:]
        func add<Value: Equatable>(_ key: String, _ path: KeyPath<RolloutOptions, Value>, _ make: (Value) -> JSONValue?)
        {
            if self[keyPath: path] != defaults[keyPath: path] { fields[key] = make(self[keyPath: path]) }
        }
        add("canary", \.canary) { $0.document }
        add("waves", \.waves) { .array($0.map { .string($0.description) }) }
        add("maxUnavailable", \.maxUnavailable) { .string($0.description) }
        add("per", \.per) { .object($0.mapValues { .string($0.description) }) }
        add("bake", \.bake) { .string($0.description) }
        add("maxFailures", \.maxFailures) { .string($0.description) }
        add("gates", \.gates) { .array($0.map(\.document)) }
        add("drain", \.drain) { $0?.document }
        add("window", \.window) { $0?.document }
        add("reboot", \.reboot) { .string($0.rawValue) }
        add("onFailure", \.onFailure) { .string($0.rawValue) }
        add("minHealthy", \.minHealthy) { .string($0.description) }
        add("tries", \.tries) { .integer(Int64($0)) }
        add("bootDeadline", \.bootDeadline) { ($0?.description).map(JSONValue.string) }
        add("patience", \.patience) { .string($0.description) }
        return fields
    }
}

extension RollSpec.Canary {
    fileprivate var document: JSONValue {
        guard prefer != nil || onePerModel else { return .string(count.description) }
        var fields: [String: JSONValue] = ["count": .string(count.description)]
        if let prefer { fields["prefer"] = .string("\(prefer.name)=\(prefer.value)") }
        if onePerModel { fields["perModel"] = true }
        return .object(fields)
    }
}

extension RollSpec.Gate {
    fileprivate var document: JSONValue {
        switch self {
        case .http(let url): .object(["http": .string(url)])
        case .prometheus(let server, let query): .object(["prometheus": .string(query), "server": .string(server)])
        case .command(let arguments): .object(["command": .array(arguments.map(JSONValue.string))])
        }
    }
}

extension RollSpec.Drain {
    fileprivate var document: JSONValue {
        let defaults = RollSpec.Drain(hook: hook)
        var fields: [String: JSONValue]
        switch hook {
        case .http(let url): fields = ["http": .string(url)]
        case .command(let arguments): fields = ["command": .array(arguments.map(JSONValue.string))]
        }
        if deadline != defaults.deadline { fields["deadline"] = .string(deadline.description) }
        if interval != defaults.interval { fields["interval"] = .string(interval.description) }
        if onTimeout != defaults.onTimeout { fields["onTimeout"] = .string(onTimeout.rawValue) }
        return .object(fields)
    }
}

extension Window {
    fileprivate var document: JSONValue {
        var fields: [String: JSONValue] = [
            "from": .string(Self.clock(from)), "to": .string(Self.clock(to)), "tz": .string(timeZone),
        ]
        if days.count < Day.allCases.count {
            fields["days"] = .array(Day.allCases.filter(days.contains).map { .string($0.description) })
        }
        return .object(fields)
    }
}
