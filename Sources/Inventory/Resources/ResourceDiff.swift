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

    public var action: Action
    public var kind: String
    public var name: String
    public var fields: [Field]

    /// nil when nothing differs.
    init?(kind: String, name: String, old: Document?, new: Document?) {
        guard old != new else { return nil }
        self.kind = kind
        self.name = name
        action = old == nil ? .create : new == nil ? .delete : .update
        fields = []
        var keys = new?.fields.map(\.key) ?? []
        keys += (old?.fields.map(\.key) ?? []).filter { !keys.contains($0) }
        for key in keys where key != "kind" && key != "name" {
            Self.compare(key, old?[key], new?[key], into: &fields)
        }
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
