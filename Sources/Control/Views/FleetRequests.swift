import Fleet
import Vocabulary

/// Whether the fleet is frozen: `GET`, `POST` and `DELETE /v1/freeze`.
public struct FreezeView: Hashable, Sendable, Codable {
    public var isFrozen: Bool
    /// `person` or `brake`; nil when it is not.
    public var cause: String?
    public var reason: String?

    public init(cause: String?, reason: String?) {
        isFrozen = reason != nil
        self.cause = cause
        self.reason = reason
    }
}

/// `POST /v1/freeze`
public struct FreezeRequest: Hashable, Sendable, Codable {
    public var reason: String

    public init(reason: String) { self.reason = reason }
}

/// `POST /v1/pin`
public struct PinRequest: Hashable, Sendable, Codable {
    public var names: [String]
    /// A digest or its first digits, an image's name, or a release such as `web@41`; nil for what each of them runs.
    public var image: String?

    public init(names: [String], image: String? = nil) {
        self.names = names
        self.image = image
    }
}

/// `POST /v1/unpin`
public struct UnpinRequest: Hashable, Sendable, Codable {
    public var names: [String]

    public init(names: [String]) { self.names = names }
}

/// `POST /v1/rescue`
public struct RescueRequest: Hashable, Sendable, Codable {
    public var names: [String]
    /// They go back to what they are assigned.
    public var ends: Bool

    public init(names: [String], ends: Bool = false) {
        self.names = names
        self.ends = ends
    }
}

/// `POST /v1/power`
public struct PowerRequest: Hashable, Sendable, Codable {
    public var action: PowerAction
    public var machines: MachineSelection

    public init(action: PowerAction, machines: MachineSelection) {
        self.action = action
        self.machines = machines
    }
}

extension FreezeRequest: Audited {
    var auditSubject: String { reason }
}

extension PinRequest: Audited {
    var auditSubject: String { names.joined(separator: " ") + (image.map { " to \($0)" } ?? "") }
}

extension UnpinRequest: Audited {
    var auditSubject: String { names.joined(separator: " ") }
}

extension RescueRequest: Audited {
    var auditSubject: String { names.joined(separator: " ") + (ends ? " ends" : "") }
}
