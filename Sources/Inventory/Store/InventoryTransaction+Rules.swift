internal import GRDB
import Vocabulary

/// The rules of the whole inventory. A commit looks at what it changed, and at everything only where it must: one
/// machine among a hundred thousand is committed in milliseconds.
extension InventoryTransaction {
    /// What only one machine may have.
    func checkClaims(of machine: Machine) throws {
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
        var machines: [Machine] = []
        var changesRules = false
        var removesProfiles = false
        for change in changes {
            switch change {
            case .machine(let machine): machines.append(machine)
            case .assignment: changesRules = true
            case .profileRemoved: removesProfiles = true
            case .profile, .machineRemoved, .assignmentRemoved, .release, .meant: break
            }
        }
        try checkProfiles(of: machines)
        if removesProfiles { try checkProfilesOfAll() }
        if changesRules || removesProfiles { try checkRules() }
        if changesRules {
            let several = "WHERE machine.id IN (SELECT machine FROM nic GROUP BY machine HAVING count(*) > 1)"
            try checkTies(of: try Machine.fetchAll(db, several))
        } else {
            try checkTies(of: machines)
        }
    }

    private func checkProfiles(of machines: [Machine]) throws {
        var known: Set<String> = []
        for machine in machines {
            guard let profile = machine.profile, !known.contains(profile) else { continue }
            guard try Bool.fetchOne(db, sql: "SELECT 1 FROM profile WHERE name = ?", arguments: [profile]) != nil else {
                throw Self.missingProfile(profile, namedBy: "machine \(machine.name)")
            }
            known.insert(profile)
        }
    }

    private func checkProfilesOfAll() throws {
        let dangling = "WHERE profile IS NOT NULL AND profile NOT IN (SELECT name FROM profile) LIMIT 1"
        guard let row = try Row.fetchOne(db, sql: "SELECT name, profile FROM machine \(dangling)") else { return }
        let machine: String = try row.required("name")
        throw Self.missingProfile(try row.required("profile"), namedBy: "machine \(machine)")
    }

    private func checkRules() throws {
        let rules = try Assignment.fetchAll(db)
        let profiles = Set(try String.fetchAll(db, sql: "SELECT name FROM profile"))
        for rule in rules where !profiles.contains(rule.profile) {
            throw Self.missingProfile(rule.profile, namedBy: "the assignment '\(rule.identity)'")
        }
        if let ambiguity = AssignmentAmbiguity.first(in: rules) { throw Self.refuse(ambiguity) }
    }

    /// Ties that only machines with several cards make.
    private func checkTies(of machines: [Machine]) throws {
        let several = machines.filter { $0.nics.count > 1 && $0.profile == nil }
        guard !several.isEmpty else { return }
        let resolver = AssignmentResolver(try Assignment.fetchAll(db))
        for machine in several {
            if let ambiguity = AssignmentAmbiguity.first(for: machine, in: resolver) { throw Self.refuse(ambiguity) }
        }
    }

    private static func missingProfile(_ name: String, namedBy who: String) -> InventoryError {
        InventoryError(
            .invalidInput,
            "\(who) names the profile '\(name)', which does not exist: apply it first, or with it"
        )
    }

    private static func refuse(_ ambiguity: AssignmentAmbiguity) -> InventoryError {
        InventoryError(.conflict, ambiguity.description)
    }
}
