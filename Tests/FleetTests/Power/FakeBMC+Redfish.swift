import Foundation
import Inventory

@testable import Fleet

/// What the fake makes of requests.
extension FakeBMC {
    static let system = "/redfish/v1/Systems/Self"
    static let uuid = "11112222-3333-4444-5555-666677778888"
    private static let other = "/redfish/v1/Systems/Other"
    private static let secondPage = "/redfish/v1/Systems?$skip=1"
    private static let settings = system + "/SD"
    private static let basic = "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()

    /// One request, the `count`th of its connection; nil closes that instead.
    func take(_ request: FakeRequest, _ count: Int) -> FakeAnswer? {
        if count > 1, has(.dropsKeptConnections) { return nil }
        state.withLock {
            $0.requests.append("\(request.method) \(request.path)")
            $0.bodies.append(request.text)
        }
        return answer(request)
    }

    private func answer(_ request: FakeRequest) -> FakeAnswer? {
        state.withLock { state in
            if has(.dropsFirstRequests), state.requests.count <= 2 { return nil }
            if has(.refusesAcceptEncoding), request.headers["accept-encoding"] != nil {
                return .error(406, "Base.1.8.NotAcceptable", "no encoding")
            }
            if state.isStarting { return .error(503, "Base.1.8.ServiceTemporarilyUnavailable", "come back in 20 s") }
            return route(request, &state)
        }
    }

    private func route(_ request: FakeRequest, _ state: inout State) -> FakeAnswer {
        if request.path == "/redfish/v1/" { return FakeAnswer(status: 200, body: root) }
        if request.path == "/redfish/v1/SessionService/Sessions", request.method == "POST" {
            return logIn(request, &state)
        }
        let isIn = isAuthenticated(request, &state)
        guard isIn else { return .error(401, "Base.1.8.NoValidSession", "there is no valid session") }
        if request.path.hasPrefix("/redfish/v1/SessionService/Sessions/"), request.method == "DELETE" {
            state.sessions.remove(String(request.path.split(separator: "/").last ?? ""))
            return FakeAnswer(status: 204)
        }
        if has(.unableToDisplay), state.requests.count < 6 {
            return .error(500, "IDRAC.2.8.SYS518", "Unable to display the requested data")
        }
        switch (request.method, request.path) {
        case ("GET", "/redfish/v1/Systems"): return FakeAnswer(status: 200, body: collection(page: 1))
        case ("GET", Self.secondPage): return FakeAnswer(status: 200, body: collection(page: 2))
        case ("GET", Self.other): return FakeAnswer(status: 200, body: .object(["PowerState": "On", "UUID": "7"]))
        case ("GET", "/redfish/v1/Systems/byName"):
            return FakeAnswer(status: 307, headers: [("Location", "https://127.0.0.1:\(port)\(Self.system)")])
        case ("GET", Self.system): return show(&state)
        case ("GET", Self.settings): return showSettings(state)
        case ("GET", "/redfish/v1/ResetInfo"):
            let values = JSONValue.array(resetTypes.map(JSONValue.string))
            let parameter: JSONValue = .object(["Name": "ResetType", "AllowableValues": values])
            return FakeAnswer(status: 200, body: .object(["Parameters": .array([parameter])]))
        case ("PATCH", Self.system): return change(request, &state, ofSettings: false)
        case ("PATCH", Self.settings): return change(request, &state, ofSettings: true)
        case ("POST", Self.system + "/Actions/ComputerSystem.Reset"): return reset(request, &state)
        default: return .error(404, "Base.1.8.ResourceMissingAtURI", "there is no \(request.path)")
        }
    }

    // MARK: Who asks

    private var root: JSONValue {
        var members: [String: JSONValue] = ["Systems": link("/redfish/v1/Systems"), "Vendor": "Contoso"]
        if !has(.noSessions) { members["Links"] = .object(["Sessions": link("/redfish/v1/SessionService/Sessions")]) }
        return .object(members)
    }

    private func link(_ path: String) -> JSONValue { .object(["@odata.id": .string(path)]) }

    private func logIn(_ request: FakeRequest, _ state: inout State) -> FakeAnswer {
        if has(.noSessions) { return .error(404, "Base.1.8.ResourceMissingAtURI", "no sessions") }
        guard request.body?["UserName"] == .string(Self.user), request.body?["Password"] == .string(Self.password)
        else {
            // Some repeat what they were told.
            let password = request.body?["Password"]?.text ?? ""
            return .error(401, "Base.1.8.ResourceAtUriUnauthorized", "the password '\(password)' is not valid")
        }
        state.sessionsGiven += 1
        let id = "\(state.sessionsGiven)"
        state.sessions.insert(id)
        let location = "https://127.0.0.1:\(port)/redfish/v1/SessionService/Sessions/\(id)"
        return FakeAnswer(status: 201, headers: [("X-Auth-Token", id), ("Location", location)], body: .object([:]))
    }

    private func isAuthenticated(_ request: FakeRequest, _ state: inout State) -> Bool {
        if let token = request.headers["x-auth-token"] {
            state.authentications.append("token")
            return state.sessions.contains(token)
        }
        state.authentications.append(request.headers["authorization"] == nil ? "nothing" : "basic")
        return request.headers["authorization"] == Self.basic
    }

    // MARK: The system

    private func collection(page: Int) -> JSONValue {
        let own = has(.redirects) ? "/redfish/v1/Systems/byName" : Self.system
        guard has(.pages) || has(.endlessPages) else { return .object(["Members": .array([link(own)])]) }
        var members: [String: JSONValue] = ["Members": .array([link(page == 1 ? Self.other : own)])]
        if page == 1 || has(.endlessPages) { members["Members@odata.nextLink"] = .string(Self.secondPage) }
        return .object(members)
    }

    private var resetTypes: [String] {
        if has(.onlyOffAndOn) { return ["On", "ForceOff"] }
        return ["On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "PowerCycle"]
    }

    private func tag(_ state: State) -> String? {
        if has(.emptyTag) { return "" }
        if has(.needsTag) || has(.needsStrongTag) || has(.refusesAnyTag) { return "W/\"\(state.tag)\"" }
        return nil
    }

    private func boot(_ state: State) -> JSONValue {
        if has(.noOverride) { return .object(["BootOptions": link(Self.system + "/BootOptions")]) }
        var boot = state.boot
        if has(.alwaysContinuous), boot["BootSourceOverrideEnabled"] == "Once" {
            boot["BootSourceOverrideEnabled"] = "Continuous"
        }
        var members = boot.mapValues(JSONValue.string)
        let targets: [JSONValue] = has(.noPxe) ? ["None", "Hdd"] : ["None", "Pxe", "Hdd"]
        members["BootSourceOverrideTarget@Redfish.AllowableValues"] = .array(targets)
        return .object(members)
    }

    private func show(_ state: inout State) -> FakeAnswer {
        if has(.vanishesAfterChange), state.trouble > 0 {
            state.trouble -= 1
            return .error(404, "Base.1.8.ResourceMissingAtURI", "a job is being made")
        }
        if state.delay > 0 {
            state.delay -= 1
        } else if let isOn = state.pending {
            state.pending = nil
            state.isOn = isOn
        }
        var reset: [String: JSONValue] = ["target": .string(Self.system + "/Actions/ComputerSystem.Reset")]
        if has(.actionInfo) {
            reset["@Redfish.ActionInfo"] = "/redfish/v1/ResetInfo"
        } else {
            reset["ResetType@Redfish.AllowableValues"] = .array(resetTypes.map(JSONValue.string))
        }
        var members: [String: JSONValue] = [
            "PowerState": state.isOn ? "On" : "Off", "UUID": .string(Self.uuid),
            "Actions": .object(["#ComputerSystem.Reset": .object(reset)]),
        ]
        members["Boot"] = has(.wantsSettings) ? .object(["BootSourceOverrideTarget": "None"]) : boot(state)
        if has(.wantsSettings) || has(.settingsWithoutBoot) || has(.settingsRefuseBoot) {
            members["@Redfish.Settings"] = .object(["SettingsObject": link(Self.settings)])
        }
        let tag = tag(state)
        return FakeAnswer(status: 200, headers: tag.map { [("ETag", $0)] } ?? [], body: .object(members))
    }

    private func showSettings(_ state: State) -> FakeAnswer {
        if has(.settingsWithoutBoot) { return FakeAnswer(status: 200, body: .object(["AssetTag": "7"])) }
        return FakeAnswer(status: 200, body: .object(["Boot": boot(state)]))
    }

    // MARK: Changes

    private func change(_ request: FakeRequest, _ state: inout State, ofSettings: Bool) -> FakeAnswer {
        if has(.notReady), busy(&state) {
            return .error(400, "iLO.2.14.UnableToModifyDuringSystemPOST", "unable to modify during POST")
        }
        if let refusal = refusal(request, state, ofSettings: ofSettings) { return refusal }
        let wanted = request.body?["Boot"]?.members?.compactMapValues(\.text) ?? [:]
        var next = state.boot
        if has(.resetsWhatIsNotSaid) {
            next = ["BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideMode": "Legacy"]
        }
        next.merge(wanted) { $1 }
        if wanted["BootSourceOverrideEnabled"] == nil, !has(.resetsWhatIsNotSaid),
            next["BootSourceOverrideEnabled"] == "Disabled"
        {
            next["BootSourceOverrideEnabled"] = "Once"
        }
        if has(.storesLegacyDisabled) {
            next["BootSourceOverrideMode"] = "Legacy"
            next["BootSourceOverrideEnabled"] = "Disabled"
        }
        state.boot = next
        state.tag += 1
        if has(.vanishesAfterChange) {
            state.trouble = 2
            return FakeAnswer(status: 202, headers: [("Location", "/redfish/v1/JobService/Jobs/1")])
        }
        if has(.appliesAndRefuses) { return .error(400, "IDRAC.1.4.SYS413", "the operation is not complete") }
        return FakeAnswer(status: 200, body: .object([:]))
    }

    private func refusal(_ request: FakeRequest, _ state: State, ofSettings: Bool) -> FakeAnswer? {
        let wanted = request.body?["Boot"]?.members ?? [:]
        let condition = request.headers["if-match"]
        if has(.wantsSettings), !ofSettings {
            return .error(400, "Ami.1.0.OperationSupportedInFutureStateURI", "moved to the FutureState URI")
        }
        if has(.settingsRefuseBoot), ofSettings { return .error(405, "Base.1.8.PropertyNotWritable", "not here") }
        if has(.needsTag), condition != "W/\"\(state.tag)\"" {
            return .error(condition == nil ? 428 : 412, "Base.1.8.PreconditionFailed", "the tag is not right")
        }
        if has(.needsStrongTag), condition != "\"\(state.tag)\"" {
            return .error(412, "Base.1.8.PreconditionFailed", "the tag is not right")
        }
        if has(.emptyTag) || has(.refusesAnyTag), condition != nil {
            return .error(412, "Base.1.8.PreconditionFailed", "there is no such tag")
        }
        if has(.refusesMode), wanted["BootSourceOverrideMode"] != nil {
            return .error(400, "Base.1.8.PropertyNotWritable", "BootSourceOverrideMode is read-only")
        }
        let enabled = wanted["BootSourceOverrideEnabled"]?.text
        if has(.refusesEnabled) && enabled != nil
            || has(.refusesUnchangedEnabled) && enabled == state.boot["BootSourceOverrideEnabled"]
        {
            return .error(400, "Base.1.8.PropertyNotWritable", "BootSourceOverrideEnabled cannot be set so")
        }
        return nil
    }

    /// True for the next few times after something happened.
    private func busy(_ state: inout State) -> Bool {
        guard state.trouble > 0 else { return false }
        state.trouble -= 1
        return true
    }

    private func reset(_ request: FakeRequest, _ state: inout State) -> FakeAnswer {
        let type = request.body?["ResetType"]?.text ?? ""
        state.resets.append(type)
        if has(.restsBetweenChanges), busy(&state) {
            return .error(503, "IDRAC.2.8.SYS408", "come back in 20 seconds")
        }
        guard resetTypes.contains(type), !(has(.refusesForceRestart) && type == "ForceRestart") else {
            return .error(501, "Base.1.8.ActionNotSupported", "\(type) is not supported")
        }
        if has(.acceptsAndDoesNothing) { return FakeAnswer(status: 204) }
        let isRestart = type.hasSuffix("Restart") || type == "PowerCycle"
        if has(.swallowsRestarts), isRestart { return FakeAnswer(status: 204) }
        let isGraceful = type.hasPrefix("Graceful")
        if isGraceful, has(.systemIsDeaf) || !state.isOn { return FakeAnswer(status: 204) }
        let isOn = type != "ForceOff" && type != "GracefulShutdown"
        if has(.slowPower) {
            state.pending = isOn
            state.delay = 3
        } else {
            state.isOn = isOn
        }
        if has(.notReady) { state.trouble = 3 }
        if isOn { bootMachine(&state) }
        return FakeAnswer(status: 204)
    }

    /// The machine's firmware, whose own boot order begins with the disk.
    private func bootMachine(_ state: inout State) {
        let isOverridden =
            state.boot["BootSourceOverrideTarget"] == "Pxe" && state.boot["BootSourceOverrideEnabled"] == "Once"
            && state.boot["BootSourceOverrideMode"] == "UEFI"
        state.boots.append(isOverridden ? "network" : "disk")
        state.boot["BootSourceOverrideTarget"] = "None"
        state.boot["BootSourceOverrideEnabled"] = "Disabled"
    }
}
