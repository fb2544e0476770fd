import Foundation
import Inventory
import Vocabulary

/// One conversation with a Redfish service, from its root to the end of its session. Not thread-safe: one operation's own.
final class RedfishClient {
    private enum Authentication {
        case none
        case token(String, location: String?)
        case basic
    }

    /// Times that nobody answered before it is given up.
    private static let mostSilences = 3
    private static let mostRedirects = 3
    private static let root = "/redfish/v1/"

    let controller: String
    private let transport: RedfishTransport
    private let credentials: BMCCredentials
    private let memory: BMCMemory
    private let door: BMCDoor
    private let timing: PowerTiming
    private var authentication = Authentication.none
    private var sessions: String?
    /// Who made the controller, as far as it is known.
    private var vendor: String?
    /// When everything has to be over; what must not take all of the time sets it earlier for itself.
    var deadline: ContinuousClock.Instant

    init(
        controller: String,
        transport: RedfishTransport,
        credentials: BMCCredentials,
        memory: BMCMemory,
        vendor: String?,
        door: BMCDoor,
        timing: PowerTiming
    ) {
        self.controller = controller
        self.transport = transport
        self.credentials = credentials
        self.memory = memory
        self.door = door
        self.timing = timing
        deadline = .now + timing.deadline
        self.vendor = vendor
    }

    /// As the service's root says (ServiceRoot 1.5 `Vendor`); before, makers named their own part of it (`Oem`).
    private static func vendor(_ root: JSONValue) -> String? {
        let said = root["Vendor"]?.text ?? root["Oem"]?.members?.keys.min()
        return said.map { String($0.prefix(32)) }
    }

    // MARK: Coming and going

    /// Reads the service's root and lets itself in.
    ///
    /// - Returns: the root.
    func open() async throws -> JSONValue {
        let reply = try await send(RedfishRequest(.get, Self.root))
        guard reply.isSuccess, let root = reply.json else {
            throw PowerFailure("\(controller) shows no Redfish service at \(Self.root): \(reply.complaint)")
        }
        vendor = Self.vendor(root) ?? vendor
        // Pinned in the handshake: written before the password is sent.
        try memory.change(controller) { $0.vendor = vendor }
        sessions =
            root["Links"]?["Sessions"]?["@odata.id"]?.text
            ?? root["SessionService"]?["@odata.id"]?.text.map { $0 + "/Sessions" }
        try await logIn()
        return root
    }

    /// Ends the session: controllers have room for few, and those that are left shut people out.
    func close() async {
        guard case .token(let token, let location?) = authentication else { return }
        authentication = .none
        var request = RedfishRequest(.delete, location)
        request.headers = [("X-Auth-Token", token)]
        // What cannot be ended now ends by itself, some minutes later.
        _ = try? await transport.send(request, read: min(timing.read, .seconds(5)), evenIfCancelled: true)
    }

    /// - Throws: `PowerFailure` when the password is wrong, or sessions that once worked do not any more: a password is not
    ///   sent with every request to who could do better.
    private func logIn() async throws {
        let hadSessions = try memory.entry(of: controller).hasSessions
        guard let sessions else {
            guard !hadSessions else { throw noSessions("shows none any more") }
            authentication = .basic
            return
        }
        let body = JSONValue.object(["UserName": .string(credentials.user), "Password": .string(credentials.password)])
        let reply = try await send(RedfishRequest(.post, sessions, body: body))
        if reply.isSuccess, let token = reply.headers["x-auth-token"] {
            let location = reply.headers["location"] ?? reply.json?["@odata.id"]?.text
            authentication = .token(token, location: location.map(Self.path))
            if !hadSessions { try memory.change(controller) { $0.hasSessions = true } }
        } else if reply.status == 401 || reply.status == 403 {
            throw PowerFailure("\(controller) refuses the user '\(credentials.user)': \(complaint(reply))")
        } else if hadSessions {
            throw noSessions(complaint(reply))
        } else if [404, 405, 501].contains(reply.status) || reply.isSuccess {
            authentication = .basic
        } else {
            throw PowerFailure("\(controller) gives no session: \(complaint(reply))")
        }
    }

    private func noSessions(_ why: String) -> PowerFailure {
        PowerFailure(
            "\(controller) gave sessions before, and now \(why); the password is not sent otherwise. If that is right, "
                + "remove \(memory.path(of: controller))"
        )
    }

    func complaint(_ reply: RedfishReply) -> String { credentials.hiding(reply.complaint) }

    // MARK: Asking

    func get(_ path: String) async throws -> RedfishReply { try await authorized(RedfishRequest(.get, path)) }

    /// What is there has to be there: some services answer 404 for a while after a change.
    func getKnown(_ path: String) async throws -> RedfishReply {
        var pause = timing.retry
        while true {
            let reply = try await get(path)
            if reply.isSuccess { return reply }
            guard reply.status == 404, ContinuousClock.now + pause < deadline else {
                throw PowerFailure("\(controller) does not show \(path): \(complaint(reply))")
            }
            try await rest(&pause)
        }
    }

    func post(_ path: String, _ body: JSONValue) async throws -> RedfishReply {
        try await authorized(RedfishRequest(.post, path, body: body))
    }

    /// - Parameter condition: for If-Match.
    func patch(_ path: String, _ body: JSONValue, condition: String?) async throws -> RedfishReply {
        var request = RedfishRequest(.patch, path, body: body)
        if let condition { request.headers.append(("If-Match", condition)) }
        return try await authorized(request)
    }

    private func authorized(_ request: RedfishRequest) async throws -> RedfishReply {
        let reply = try await send(request.adding(authorization))
        guard reply.status == 401, case .token = authentication else { return reply }
        // The session was ended by somebody else, or by its time.
        try await logIn()
        return try await send(request.adding(authorization))
    }

    private var authorization: (String, String)? {
        switch authentication {
        case .none: return nil
        case .token(let token, _): return ("X-Auth-Token", token)
        case .basic:
            let pair = Data("\(credentials.user):\(credentials.password)".utf8).base64EncodedString()
            return ("Authorization", "Basic \(pair)")
        }
    }

    // MARK: One request

    /// Asks again, until the deadline, who is not ready, and a few times who does not answer.
    private func send(_ request: RedfishRequest) async throws -> RedfishReply {
        var pause = timing.retry
        var silences = 0
        /// What it said when it was last asked, if it was not ready.
        var unready: PowerFailure?
        while true {
            do {
                let reply = try await follow(request)
                guard reply.isBusy else { return reply }
                let words = "\(controller) is not ready within \(timing.deadline.words): \(complaint(reply))"
                unready = PowerFailure(words)
            } catch let failure as PowerFailure {
                silences += 1
                guard failure.isUnreachable, silences < Self.mostSilences else { throw unready ?? failure }
            }
            if ContinuousClock.now + pause >= deadline, let unready { throw unready }
            try await rest(&pause)
        }
    }

    private func rest(_ pause: inout Duration) async throws {
        try await Task.sleep(for: pause * Double.random(in: 0.75...1.25))
        pause = min(pause * 2, .seconds(10))
    }

    private func follow(_ request: RedfishRequest) async throws -> RedfishReply {
        var request = request
        for _ in 0..<Self.mostRedirects {
            var reply = try await once(request)
            reply.path = request.path
            guard [301, 302, 307, 308].contains(reply.status), let location = reply.headers["location"] else {
                return reply
            }
            // Never to another host: the token and the password go with it.
            request.path = Self.path(location)
        }
        throw PowerFailure("\(controller) sends from one place to the next, more than \(Self.mostRedirects) times")
    }

    /// The path of a URL, or what is a path already.
    static func path(_ location: String) -> String {
        guard let scheme = location.firstRange(of: "://") else { return location }
        let rest = location[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
    }

    private func once(_ request: RedfishRequest) async throws -> RedfishReply {
        let remaining = deadline - .now
        guard remaining > .zero else {
            throw PowerFailure("\(controller) was not done within \(timing.deadline.words)")
        }
        return try await door.request(of: vendor) {
            try await transport.send(request, read: min(timing.read, remaining))
        }
    }
}

extension RedfishRequest {
    fileprivate func adding(_ header: (String, String)?) -> RedfishRequest {
        var request = self
        if let header { request.headers.append(header) }
        return request
    }
}
