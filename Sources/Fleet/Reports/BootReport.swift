import Foundation
import Inventory

/// What a running system says of itself: the body of `POST /boots/<id>/report`.
///
///     {"state": "up|healthy|failed|alive", "reason": "…", "facts": {…}}
struct BootReport: Hashable, Sendable {
    enum State: String, Hashable, Sendable, CaseIterable {
        /// Onboot is done and services have started.
        case up
        /// Every health check passed.
        case healthy
        case failed
        /// Nothing has changed.
        case alive
    }

    var state: State
    /// Why, for people; empty when nothing was said. Printable, and cut off at `longestReason`.
    var reason: String
    /// What the system found out about the machine; nil when it said nothing.
    var facts: [String: JSONValue]?

    init(state: State, reason: String = "", facts: [String: JSONValue]? = nil) {
        self.state = state
        self.reason = reason
        self.facts = facts
    }

    /// Why a body is no report, in words of ours.
    struct Malformed: Error, Hashable { var why: String }

    /// UTF-8 bytes; more is cut off.
    static let longestReason = 500
    /// UTF-8 bytes of the facts as they are kept.
    static let longestFacts = 12 * 1024

    init(parsing body: [UInt8]) throws(Malformed) {
        guard case .object(let fields)? = try? JSONDecoder().decode(JSONValue.self, from: Data(body)) else {
            throw Malformed(why: "expected one JSON object")
        }
        guard Set(fields.keys).isSubset(of: ["state", "reason", "facts"]) else {
            throw Malformed(why: "expected the keys state, reason and facts alone")
        }
        let states = State.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .string(let text)? = fields["state"], let state = State(rawValue: text) else {
            throw Malformed(why: "state: expected one of \(states)")
        }
        self.state = state
        switch fields["reason"] {
        case nil, .null?: reason = ""
        case .string(let text)?: reason = Self.printable(text)
        default: throw Malformed(why: "reason: expected text")
        }
        switch fields["facts"] {
        case nil, .null?: facts = nil
        case .object(let object)?:
            guard JSONValue.object(object).json.utf8.count <= Self.longestFacts else {
                throw Malformed(why: "facts: expected at most \(Self.longestFacts) bytes")
            }
            facts = object
        default: throw Malformed(why: "facts: expected an object")
        }
    }

    /// Facts as they were kept; nil when they are none.
    static func facts(_ json: String) -> [String: JSONValue]? {
        guard case .object(let facts)? = try? JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)) else {
            return nil
        }
        return facts
    }

    /// On one line, for screens, logs and consoles.
    private static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            guard length <= longestReason else { break }
            let isControl = scalar.properties.generalCategory == .control
            result.append(isControl || scalar.value == 0x2028 || scalar.value == 0x2029 ? " " : scalar)
        }
        return String(result)
    }
}
