import Foundation
import Inventory

/// A request to a Redfish service (DSP0266).
struct RedfishRequest: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    var method: Method
    /// With its leading slash.
    var path: String
    var headers: [(String, String)] = []
    var body: JSONValue?

    init(_ method: Method, _ path: String, body: JSONValue? = nil) {
        self.method = method
        self.path = path
        self.body = body
    }
}

/// What a Redfish service answered.
struct RedfishReply: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String]
    var text: String
    /// Where it came from, after redirections.
    var path = ""
    /// nil for what is no JSON.
    var json: JSONValue?

    init(status: Int, headers: [String: String], text: String) {
        self.status = status
        self.headers = headers
        self.text = text
        json = text.isEmpty ? nil : try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    var isSuccess: Bool { 200..<300 ~= status }

    /// The tag to make a change conditional on; nil for none. Some services send an empty one, which they refuse to get
    /// back.
    var tag: String? {
        let tag = headers["etag"] ?? json?["@odata.etag"]?.text
        return tag.flatMap { $0.isEmpty || $0 == "\"\"" || $0 == "W/\"\"" ? nil : $0 }
    }

    private var messages: [JSONValue] { json?["error"]?["@Message.ExtendedInfo"]?.elements ?? [] }

    /// What it says went wrong, with its status.
    var complaint: String {
        let said = messages.lazy.compactMap { $0["Message"]?.text }.first ?? json?["error"]?["message"]?.text
        let words = HookText.lastLine(of: said ?? (json == nil ? text : ""))
        return "HTTP \(status)" + (words.map { ": \($0)" } ?? "")
    }

    /// True for what goes away by itself: 503 and 429, iLO's "not ready" and "POST" (400), iDRAC's SYS518.
    var isBusy: Bool {
        if status == 503 || status == 429 { return true }
        guard status >= 400 else { return false }
        let said = text.lowercased()
        return Self.busyWords.contains { said.contains($0) }
    }

    private static let busyWords = [
        "notready", "not ready", "unabletomodifyduringsystempost", "sys518", "unable to display", "resourceinuse",
        "temporarilyunavailable", "is busy",
    ]
}
