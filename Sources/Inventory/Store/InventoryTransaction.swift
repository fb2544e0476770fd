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
            if let diff = ResourceDiff(old: old, new: new) { diffs.append(diff) }
        }
    }

    mutating func removeMachine(_ name: String) throws {
        guard let old = try Machine.fetch(db, name: name) else { throw Self.missing("machine", name) }
        try db.execute(sql: "DELETE FROM machine WHERE name = ?", arguments: [name])
        changes.append(.machineRemoved(name: name))
        if let diff = ResourceDiff(old: old, new: nil) { diffs.append(diff) }
    }

    mutating func write(_ profile: Profile) throws {
        let old = try Profile.fetch(db, name: profile.name)
        guard old != profile else { return }
        let sql = """
            INSERT INTO profile (name, document) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET document = excluded.document
            """
        try db.execute(sql: sql, arguments: [profile.name, profile.document.json])
        changes.append(.profile(profile))
        if let diff = ResourceDiff(old: old, new: profile) { diffs.append(diff) }
    }

    mutating func removeProfile(_ name: String) throws {
        guard let old = try Profile.fetch(db, name: name) else { throw Self.missing("profile", name) }
        try db.execute(sql: "DELETE FROM profile WHERE name = ?", arguments: [name])
        try db.execute(sql: "DELETE FROM release WHERE profile = ?", arguments: [name])
        changes.append(.profileRemoved(name: name))
        if let diff = ResourceDiff(old: old, new: nil) { diffs.append(diff) }
    }

    mutating func write(_ assignment: Assignment) throws {
        let old = try Assignment.fetch(db, identity: assignment.identity)
        guard old != assignment else { return }
        let sql = "INSERT OR REPLACE INTO assignment (identity, document) VALUES (?, ?)"
        try db.execute(sql: sql, arguments: [assignment.identity, assignment.document.json])
        changes.append(.assignment(assignment))
        if let diff = ResourceDiff(old: old, new: assignment) { diffs.append(diff) }
    }

    mutating func removeAssignment(_ identity: String) throws {
        guard let old = try Assignment.fetch(db, identity: identity) else { throw Self.missing("assignment", identity) }
        try db.execute(sql: "DELETE FROM assignment WHERE identity = ?", arguments: [identity])
        changes.append(.assignmentRemoved(identity: identity))
        if let diff = ResourceDiff(old: old, new: nil) { diffs.append(diff) }
    }

    mutating func write(_ release: Release) throws {
        for (architecture, image) in release.images {
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO release (profile, number, architecture, image, created, source)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    release.profile, release.number, architecture, image, release.created, release.source,
                ]
            )
        }
        changes.append(.release(release))
    }

    /// What the profile's machines are meant to have from now on; nil for the newest release.
    mutating func mean(_ release: Int?, for profile: String) throws {
        let sql = "SELECT meant FROM profile WHERE name = ?"
        guard let row = try Row.fetchOne(db, sql: sql, arguments: [profile]) else {
            throw Self.missing("profile", profile)
        }
        let before: Int? = try row.optional("meant")
        guard before != release else { return }
        try db.execute(sql: "UPDATE profile SET meant = ? WHERE name = ?", arguments: [release, profile])
        changes.append(.meant(profile: profile, release: release))
    }

    static func missing(_ kind: String, _ name: String) -> InventoryError {
        InventoryError(.notFound, "there is no \(kind) '\(name)'")
    }
}
