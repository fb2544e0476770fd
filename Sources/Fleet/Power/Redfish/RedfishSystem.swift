import Inventory

/// A ComputerSystem as a service shows it.
struct RedfishSystem: Sendable {
    var path: String
    var tag: String?
    /// nil when it does not say.
    var power: PowerState?
    /// It is on its way down.
    var isGoingDown: Bool
    var boot: BootState
    /// False where boots cannot be overridden at all.
    var hasOverride: Bool
    /// nil when it does not say.
    var bootTargets: Set<String>?
    /// The settings that take effect at the next reset, when it has them.
    var settings: String?
    var resetPath: String?
    /// nil when it does not say, or says it elsewhere.
    var resetTypes: Set<String>?
    /// Where it says so.
    var resetInfo: String?
    var uuid: String?
    var cards: String?

    init(_ reply: RedfishReply) {
        let json = reply.json
        path = reply.path
        tag = reply.tag
        let state = json?["PowerState"]?.text
        power = state.map { $0 == "Off" ? .off : .on }
        isGoingDown = state == "PoweringOff"
        let boot = json?["Boot"]
        self.boot = BootState(boot)
        let targets = boot?["BootSourceOverrideTarget@Redfish.AllowableValues"]?.elements
        bootTargets = targets.map { Set($0.compactMap(\.text)) }
        hasOverride = boot?["BootSourceOverrideTarget"] != nil || targets != nil
        settings = json?["@Redfish.Settings"]?["SettingsObject"]?["@odata.id"]?.text
        let reset = json?["Actions"]?["#ComputerSystem.Reset"]
        resetPath = reset?["target"]?.text
        resetTypes = (reset?["ResetType@Redfish.AllowableValues"]?.elements).map { Set($0.compactMap(\.text)) }
        resetInfo = reset?["@Redfish.ActionInfo"]?.text
        uuid = json?["UUID"]?.text
        cards = json?["EthernetInterfaces"]?["@odata.id"]?.text
    }

    /// The reset types that an ActionInfo resource lists.
    static func resetTypes(inActionInfo json: JSONValue?) -> Set<String>? {
        let parameters = json?["Parameters"]?.elements ?? []
        let reset = parameters.first { $0["Name"]?.text == "ResetType" }
        return (reset?["AllowableValues"]?.elements).map { Set($0.compactMap(\.text)) }
    }
}
