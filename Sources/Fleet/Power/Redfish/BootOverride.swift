import Inventory

/// A form in which a one-time network boot can be asked for. Controllers differ in what they take: some want all members
/// each time, some refuse those that they cannot change; some want the resource's tag, some only without `W/`, some none.
struct BootOverride: Hashable, Sendable, Codable {
    enum Tag: String, Hashable, Sendable, Codable, CaseIterable {
        case asGiven, strong, none

        /// The header If-Match; nil for none.
        func condition(_ tag: String?) -> String? {
            switch self {
            case .asGiven: tag
            case .strong: tag.map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
            case .none: nil
            }
        }
    }

    /// Of the settings that take effect at the next reset, not of the system itself.
    var usesSettings: Bool
    var tag: Tag
    var saysEnabled: Bool
    var saysMode: Bool

    /// `Pxe`, once.
    func body(isEFI: Bool) -> JSONValue {
        var members: [String: JSONValue] = ["BootSourceOverrideTarget": "Pxe"]
        if saysEnabled { members["BootSourceOverrideEnabled"] = "Once" }
        if saysMode { members["BootSourceOverrideMode"] = .string(BootState.mode(isEFI: isEFI)) }
        return .object(["Boot": .object(members)])
    }

    /// All forms in the order in which they are tried.
    ///
    /// - Parameters:
    ///   - tag: the resource's own; forms that come to the same are left out.
    ///   - known: the form that held the last time.
    static func forms(hasSettings: Bool, tag: String?, known: BootOverride?) -> [BootOverride] {
        var forms: [BootOverride] = []
        if let known, hasSettings || !known.usesSettings { forms.append(known) }
        for usesSettings in hasSettings ? [true, false] : [false] {
            var conditions: Set<String?> = []
            // The settings have a tag of their own, which is not known here.
            for form in Tag.allCases where usesSettings || conditions.insert(form.condition(tag)).inserted {
                for (enabled, mode) in [(true, true), (true, false), (false, true), (false, false)] {
                    let next = BootOverride(
                        usesSettings: usesSettings,
                        tag: form,
                        saysEnabled: enabled,
                        saysMode: mode
                    )
                    if next != known { forms.append(next) }
                }
            }
        }
        return forms
    }
}

/// What a controller says about the next boot.
struct BootState: Hashable, Sendable {
    var target: String?
    var enabled: String?
    var mode: String?

    init(target: String? = nil, enabled: String? = nil, mode: String? = nil) {
        self.target = target
        self.enabled = enabled
        self.mode = mode
    }

    /// Of the member `Boot`.
    init(_ boot: JSONValue?) {
        target = boot?["BootSourceOverrideTarget"]?.text
        enabled = boot?["BootSourceOverrideEnabled"]?.text
        mode = boot?["BootSourceOverrideMode"]?.text
    }

    static func mode(isEFI: Bool) -> String { isEFI ? "UEFI" : "Legacy" }

    /// Why this is no network boot of the machine's kind; nil when it is. `Continuous` counts: some always say it.
    ///
    /// - Parameter before: what it was before the change. A mode that nothing changes is the machine's own; one that turned
    ///   to another than was asked for is not.
    func shortcoming(isEFI: Bool, before: BootState) -> String? {
        let isOn = enabled == "Once" || enabled == "Continuous"
        let isMode = mode == nil || mode == Self.mode(isEFI: isEFI) || mode == before.mode
        if target == "Pxe", isOn, isMode { return nil }
        return "Target=\(target ?? "none"), Enabled=\(enabled ?? "none")" + (mode.map { ", Mode=\($0)" } ?? "")
    }
}
