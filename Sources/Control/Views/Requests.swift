import Vocabulary

/// Documents to apply, as `POST /v1/apply` takes them.
public struct ApplyRequest: Hashable, Sendable, Codable {
    /// A YAML file.
    public struct Document: Hashable, Sendable, Codable {
        /// Where it comes from: what errors name.
        public var source: String
        public var text: String

        public init(source: String, text: String) {
            self.source = source
            self.text = text
        }
    }

    public var documents: [Document]
    /// The LinuxKit YAML files that profiles among the documents are built of, by the paths that these name.
    public var definitions: [Document]?
    /// Only say what would change.
    public var dryRun: Bool

    public init(documents: [Document], definitions: [Document]? = nil, dryRun: Bool = false) {
        self.documents = documents
        self.definitions = definitions
        self.dryRun = dryRun
    }
}

/// What applying changed, or would change.
public struct ApplyReport: Hashable, Sendable, Codable {
    /// What became of one resource, or would.
    public struct Change: Hashable, Sendable, Codable {
        public enum Action: String, Hashable, Sendable, Codable, CaseIterable { case create, update, delete, unchanged }

        public var kind: String
        public var name: String
        public var action: Action
        /// Lines that begin with `+`, `-` or a blank.
        public var difference: [String]

        public init(kind: String, name: String, action: Action, difference: [String] = []) {
            self.kind = kind
            self.name = name
            self.action = action
            self.difference = difference
        }
    }

    public var changes: [Change]
    /// What it means for machines: "12 machines keep web@a1b2c3 until `muster roll web`".
    public var notes: [String]

    public init(changes: [Change], notes: [String] = []) {
        self.changes = changes
        self.notes = notes
    }

    public var wouldChange: Bool { changes.contains { $0.action != .unchanged } }
}

/// Which machines: names, with ranges (`n[1-40]`), or a label selector. One of the two.
public struct MachineSelection: Hashable, Sendable, Codable {
    public var names: [String]
    public var selector: String?

    public init(names: [String] = [], selector: String? = nil) {
        self.names = names
        self.selector = selector
    }
}

/// `POST /v1/assign`
public struct AssignRequest: Hashable, Sendable, Codable {
    public var profile: String
    public var machines: MachineSelection
    /// Grant it at once.
    public var now: Bool

    public init(profile: String, machines: MachineSelection, now: Bool = false) {
        self.profile = profile
        self.machines = machines
        self.now = now
    }
}

/// `POST /v1/build`
public struct BuildAsk: Hashable, Sendable, Codable {
    public var profile: String
    /// nil for what its machines are.
    public var architecture: Architecture?
    /// Look again what the definition's names mean, however recently that was done.
    public var fresh: Bool

    public init(profile: String, architecture: Architecture? = nil, fresh: Bool = false) {
        self.profile = profile
        self.architecture = architecture
        self.fresh = fresh
    }
}

/// `POST /v1/accept`
public struct AcceptRequest: Hashable, Sendable, Codable {
    /// Names of machines, or MACs of such as wait.
    public var names: [String]
    public var profile: String?

    public init(names: [String], profile: String? = nil) {
        self.names = names
        self.profile = profile
    }
}

/// `POST /v1/reject`
public struct RejectRequest: Hashable, Sendable, Codable {
    public var names: [String]

    public init(names: [String]) { self.names = names }
}

/// `POST /v1/set`
public struct SetRequest: Hashable, Sendable, Codable {
    public var names: [String]
    /// `active`, `maintenance` or `retired`.
    public var state: String

    public init(names: [String], state: String) {
        self.names = names
        self.state = state
    }
}

/// What a command did: a line a machine, and what follows from it.
public struct CommandReport: Hashable, Sendable, Codable {
    public var done: [String]
    public var notes: [String]
    /// Machines that are not granted what they are meant to have.
    public var lacking: [String]
    /// Images that have to be built before some of them can be: ask again when they are. nil for none.
    public var building: [BuildView]?

    public init(done: [String], notes: [String] = [], lacking: [String] = [], building: [BuildView]? = nil) {
        self.done = done
        self.notes = notes
        self.lacking = lacking
        self.building = building
    }
}

extension AssignRequest: Audited {
    var auditSubject: String { "\(profile) to \(machines.auditSubject)" + (now ? " now" : "") }
}

extension BuildAsk: Audited {
    var auditSubject: String { profile + (architecture.map { " for \($0)" } ?? "") }
}

extension AcceptRequest: Audited {
    var auditSubject: String { names.joined(separator: " ") + (profile.map { " as \($0)" } ?? "") }
}

extension RejectRequest: Audited {
    var auditSubject: String { names.joined(separator: " ") }
}

extension SetRequest: Audited {
    var auditSubject: String { names.joined(separator: " ") + " to \(state)" }
}

extension MachineSelection {
    /// The machines as they were named.
    var auditSubject: String { selector.map { "-l \($0)" } ?? names.joined(separator: " ") }
}
