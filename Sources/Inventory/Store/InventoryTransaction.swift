internal import GRDB
import Vocabulary

/// The inside of one commit: checks what the rules of the whole inventory are, writes, and gathers what was changed.
struct InventoryTransaction {
    let db: Database
    private(set) var changes: [InventoryChange] = []
    private(set) var diffs: [ResourceDiff] = []

    init(_ db: Database) { self.db = db }

    /// Brings the inventory to what `resources` say; what already is so is left alone.
    mutating func apply(_ resources: [Resource]) throws {
        var machines: [(old: Machine?, new: Machine)] = []
        for resource in resources {
            switch resource {
            case .profile(let profile): try write(profile)
            case .assignment(let assignment): try write(assignment)
            case .machine(let described):
                let old = try Machine.fetch(db, name: described.machine.name)
                machines.append((old, described.merged(over: old)))
            }
        }
        try write(machines)
        try check()
    }

    mutating func write(_ machines: [(old: Machine?, new: Machine)]) throws {
        let changed = machines.filter { $0.old != $0.new }
        for (old, _) in changed { if let old { try Machine.release(db, name: old.name) } }
        for (old, new) in changed {
            try checkClaims(of: new)
            try new.write(to: db)
            changes.append(.machine(new))
            if let diff = ResourceDiff(kind: "Machine", name: new.name, old: old?.document, new: new.document) {
                diffs.append(diff)
            }
        }
    }

    mutating func removeMachine(_ name: String) throws {
        guard let old = try Machine.fetch(db, name: name) else { throw Self.missing("machine", name) }
        try db.execute(sql: "DELETE FROM machine WHERE name = ?", arguments: [name])
        changes.append(.machineRemoved(name: name))
        ResourceDiff(kind: "Machine", name: name, old: old.document, new: nil).map { diffs.append($0) }
    }

    mutating func write(_ profile: Profile) throws {
        let old = try Profile.fetch(db, name: profile.name)
        guard old != profile else { return }
        let sql = "INSERT OR REPLACE INTO profile (name, document) VALUES (?, ?)"
        try db.execute(sql: sql, arguments: [profile.name, profile.document.json])
        changes.append(.profile(profile))
        ResourceDiff(kind: "Profile", name: profile.name, old: old?.document, new: profile.document)
            .map { diffs.append($0) }
    }

    mutating func removeProfile(_ name: String) throws {
        guard let old = try Profile.fetch(db, name: name) else { throw Self.missing("profile", name) }
        try db.execute(sql: "DELETE FROM profile WHERE name = ?", arguments: [name])
        try db.execute(sql: "DELETE FROM release WHERE profile = ?", arguments: [name])
        changes.append(.profileRemoved(name: name))
        ResourceDiff(kind: "Profile", name: name, old: old.document, new: nil).map { diffs.append($0) }
    }

    mutating func write(_ assignment: Assignment) throws {
        let old = try Assignment.fetch(db, identity: assignment.identity)
        guard old != assignment else { return }
        let sql = "INSERT OR REPLACE INTO assignment (identity, document) VALUES (?, ?)"
        try db.execute(sql: sql, arguments: [assignment.identity, assignment.document.json])
        changes.append(.assignment(assignment))
        ResourceDiff(kind: "Assignment", name: assignment.identity, old: old?.document, new: assignment.document)
            .map { diffs.append($0) }
    }

    mutating func removeAssignment(_ identity: String) throws {
        guard let old = try Assignment.fetch(db, identity: identity) else { throw Self.missing("assignment", identity) }
        try db.execute(sql: "DELETE FROM assignment WHERE identity = ?", arguments: [identity])
        changes.append(.assignmentRemoved(identity: identity))
        ResourceDiff(kind: "Assignment", name: identity, old: old.document, new: nil).map { diffs.append($0) }
    }

    mutating func write(_ release: Release) throws {
        for (architecture, image) in release.images {
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO release (profile, number, architecture, image, created)
                    VALUES (?, ?, ?, ?, ?)
                    """,
                arguments: [release.profile, release.number, architecture, image, release.created]
            )
        }
        changes.append(.release(release))
    }

    static func missing(_ kind: String, _ name: String) -> InventoryError {
        InventoryError(.notFound, "there is no \(kind) '\(name)'")
    }
}

// MARK: The rules of the whole

extension InventoryTransaction {
    /// What only one machine may have.
    private func checkClaims(of machine: Machine) throws {
        func check(_ what: String, _ sql: String, _ value: (any DatabaseValueConvertible)?) throws {
            guard let value,
                let owner = try String.fetchOne(db.cachedStatement(sql: sql), arguments: [value]), owner != machine.name
            else { return }
            throw InventoryError(.conflict, "machine \(machine.name) claims \(what), which is machine \(owner)'s")
        }
        let byCard = "SELECT machine.name FROM nic JOIN machine ON machine.id = nic.machine WHERE nic."
        for nic in machine.nics {
            try check("MAC \(nic.mac)", byCard + "mac = ?", nic.mac)
            if let address = nic.address { try check("address \(address)", byCard + "address = ?", address) }
        }
        if let uuid = machine.uuid { try check("UUID \(uuid)", "SELECT name FROM machine WHERE uuid = ?", uuid) }
        if let serial = machine.serial {
            try check("serial \(serial)", "SELECT name FROM machine WHERE serial = ?", serial)
        }
    }

    /// Every profile that is named exists, and no machine is matched by two rules of which neither wins.
    func check() throws {
        let dangling = "WHERE profile IS NOT NULL AND profile NOT IN (SELECT name FROM profile) LIMIT 1"
        if let row = try Row.fetchOne(db, sql: "SELECT name, profile FROM machine \(dangling)") {
            throw Self.missingProfile(try row.required("profile"), namedBy: "machine \(try row.required("name", as: String.self))")
        }
        let rules = try Assignment.fetchAll(db)
        let profiles = Set(try String.fetchAll(db, sql: "SELECT name FROM profile"))
        for rule in rules where !profiles.contains(rule.profile) {
            throw Self.missingProfile(rule.profile, namedBy: "the assignment '\(rule.identity)'")
        }
        if let ambiguity = AssignmentAmbiguity.first(in: rules) { throw Self.refuse(ambiguity) }
        try checkAmbiguousMachines(AssignmentResolver(rules))
    }

    /// Ties that only machines with several cards or addresses make.
    private func checkAmbiguousMachines(_ resolver: AssignmentResolver) throws {
        guard resolver.assignments.contains(where: { $0.selector.mac != nil || $0.selector.subnet != nil }) else { return }
        let condition = "WHERE machine.id IN (SELECT machine FROM nic GROUP BY machine HAVING count(*) > 1)"
        for machine in try Machine.fetchAll(db, condition) {
            if let ambiguity = AssignmentAmbiguity.first(for: machine, in: resolver) { throw Self.refuse(ambiguity) }
        }
    }

    private static func missingProfile(_ name: String, namedBy who: String) -> InventoryError {
        InventoryError(.invalidInput, "\(who) names the profile '\(name)', which does not exist: apply it first, or with it")
    }

    private static func refuse(_ ambiguity: AssignmentAmbiguity) -> InventoryError {
        InventoryError(.conflict, ambiguity.description)
    }
}
