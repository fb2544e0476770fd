internal import Crypto
import Foundation

/// What applying would make of one resource, for people: `+`, `~`, `-` and the fields that differ.
public struct ResourceDiff: Hashable, Sendable {
    public enum Action: String, Hashable, Sendable, Codable { case create, update, delete }

    public struct Field: Hashable, Sendable {
        /// The key, nested ones with dots between: `labels.rack`.
        public var path: String
        /// nil when it was not there.
        public var old: JSONValue?
        /// nil when it is gone.
        public var new: JSONValue?
    }

    public var action: Action { old == nil ? .create : new == nil ? .delete : .update }
    public var kind: String { (new ?? old)?.kind ?? "" }
    public var name: String { (new ?? old)?.name ?? "" }

    /// What was compared: of a hundred thousand machines, all their fields in words would fill the memory.
    private enum State: Hashable, Sendable {
        case machine(Machine)
        indirect case profile(Profile)
        indirect case assignment(Assignment)

        var kind: String {
            switch self {
            case .machine: "Machine"
            case .profile: "Profile"
            case .assignment: "Assignment"
            }
        }

        var name: String {
            switch self {
            case .machine(let machine): machine.name
            case .profile(let profile): profile.name
            case .assignment(let assignment): assignment.identity
            }
        }

        var document: Document {
            switch self {
            case .machine(let machine): machine.document
            case .profile(let profile): profile.document
            case .assignment(let assignment): assignment.document
            }
        }
    }

    private let old: State?
    private let new: State?

    /// nil when people would see no difference.
    private init?(_ old: State?, _ new: State?) {
        guard old?.document != new?.document else { return nil }
        self.old = old
        self.new = new
    }

    init?(old: Machine?, new: Machine?) { self.init(old.map(State.machine), new.map(State.machine)) }
    init?(old: Profile?, new: Profile?) { self.init(old.map(State.profile), new.map(State.profile)) }
    init?(old: Assignment?, new: Assignment?) { self.init(old.map(State.assignment), new.map(State.assignment)) }

    public var fields: [Field] {
        let (old, new) = (old?.document, new?.document)
        var fields: [Field] = []
        var keys = new?.fields.map(\.key) ?? []
        keys += (old?.fields.map(\.key) ?? []).filter { !keys.contains($0) }
        for key in keys where key != "kind" && key != "name" {
            Self.compare(key, Self.brief(old?[key], key), Self.brief(new?[key], key), into: &fields)
        }
        return fields
    }

    /// Of definitions, which are whole files, the beginning of their digests.
    private static func brief(_ value: JSONValue?, _ key: String) -> JSONValue? {
        guard key == "definitions", case .object(let texts)? = value else { return value }
        return .object(
            texts.mapValues { text in
                let digest = SHA256.hash(data: Data(text.json.utf8))
                return .string(
                    digest.prefix(6).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
                )
            }
        )
    }

    private static func compare(_ path: String, _ old: JSONValue?, _ new: JSONValue?, into fields: inout [Field]) {
        guard old != new else { return }
        guard case .object(let a)? = old, case .object(let b)? = new else {
            fields.append(Field(path: path, old: old, new: new))
            return
        }
        for key in Set(a.keys).union(b.keys).sorted() { compare("\(path).\(key)", a[key], b[key], into: &fields) }
    }
}

extension ResourceDiff: CustomStringConvertible {
    /// `~ Machine n12` and below it a line for each field.
    public var description: String {
        let mark = action == .create ? "+" : action == .update ? "~" : "-"
        var lines = ["\(mark) \(kind) \(name)"]
        for field in fields {
            switch (field.old, field.new) {
            case (let old?, let new?): lines.append("    ~ \(field.path): \(old.json) -> \(new.json)")
            case (nil, let new?): lines.append("    + \(field.path): \(new.json)")
            case (let old?, nil): lines.append("    - \(field.path): \(old.json)")
            case (nil, nil): break
            }
        }
        return lines.joined(separator: "\n")
    }
}
