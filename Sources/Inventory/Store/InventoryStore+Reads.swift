internal import GRDB
import Vocabulary

extension InventoryStore {
    /// Everything as of one commit: what a snapshot begins with.
    public func snapshot() async throws -> Snapshot {
        try await read { db in
            let machines = try Machine.fetchAll(db)
            var snapshot = Snapshot(sequence: try InventorySchema.value(of: .commit, db))
            snapshot.reserveCapacity(machines: machines.count)
            for profile in try Profile.fetchAll(db) { snapshot.apply(.profile(profile)) }
            for release in try Release.fetchAll(db) { snapshot.apply(.release(release)) }
            for row in try Row.fetchAll(db, sql: "SELECT name, meant FROM profile WHERE meant IS NOT NULL") {
                snapshot.apply(.meant(profile: try row.required("name"), release: try row.required("meant")))
            }
            for rule in try Assignment.fetchAll(db) { snapshot.apply(.assignment(rule)) }
            for machine in machines { snapshot.apply(.machine(machine)) }
            return snapshot
        }
    }

    /// The number of the last commit.
    public func sequence() async throws -> Int64 { try await read { try InventorySchema.value(of: .commit, $0) } }

    /// By name.
    public func machines() async throws -> [Machine] {
        try await read { try Machine.fetchAll($0).sorted { $0.name < $1.name } }
    }

    public func machine(_ name: String) async throws -> Machine? {
        try await read { try Machine.fetch($0, name: name) }
    }

    public func profiles() async throws -> [Profile] { try await read(Profile.fetchAll) }

    public func profile(_ name: String) async throws -> Profile? {
        try await read { try Profile.fetch($0, name: name) }
    }

    public func assignments() async throws -> [Assignment] { try await read(Assignment.fetchAll) }

    /// Oldest first, of one profile or of all.
    public func releases(of profile: String? = nil) async throws -> [Release] {
        try await read { try Release.fetchAll($0).filter { profile == nil || $0.profile == profile } }
    }

    /// Whether the file is whole, page by page: for `muster doctor`, because it reads all of it.
    ///
    /// - Throws: `InventoryError.Code.corrupt` with what is wrong.
    public func checkIntegrity() async throws {
        let findings = try await read { try String.fetchAll($0, sql: "PRAGMA integrity_check(10)") }
        guard findings == ["ok"] else {
            throw InventoryError(.corrupt, "inventory \(path) is damaged: " + findings.joined(separator: "; "))
        }
    }
}
