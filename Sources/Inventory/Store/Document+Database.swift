internal import GRDB
import Vocabulary

// Profiles and rules are kept as documents and read back by the parser that first accepted them.

extension Profile {
    static func fetch(_ db: Database, name: String) throws -> Profile? {
        let sql = "SELECT document FROM profile WHERE name = ?"
        return try String.fetchOne(db, sql: sql, arguments: [name]).map(Profile.init(document:))
    }

    static func fetchAll(_ db: Database) throws -> [Profile] {
        try String.fetchAll(db, sql: "SELECT document FROM profile ORDER BY name").map(Profile.init(document:))
    }

    init(document: String) throws {
        guard case .profile(let profile) = try Resource(document: document) else { throw Resource.isOther(document) }
        self = profile
    }
}

extension Assignment {
    static func fetch(_ db: Database, identity: String) throws -> Assignment? {
        let sql = "SELECT document FROM assignment WHERE identity = ?"
        return try String.fetchOne(db, sql: sql, arguments: [identity]).map(Assignment.init(document:))
    }

    static func fetchAll(_ db: Database) throws -> [Assignment] {
        try String.fetchAll(db, sql: "SELECT document FROM assignment ORDER BY identity")
            .map(Assignment.init(document:))
    }

    init(document: String) throws {
        guard case .assignment(let rule) = try Resource(document: document) else { throw Resource.isOther(document) }
        self = rule
    }
}

extension Release {
    static func fetchAll(_ db: Database) throws -> [Release] {
        var releases: [Release] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM release ORDER BY profile, number")
        while let row = try rows.next() {
            let release = Release(
                profile: try row.required("profile"),
                number: try row.required("number"),
                images: [:],
                created: try row.required("created"),
                source: try row.optional("source")
            )
            if releases.last?.profile != release.profile || releases.last?.number != release.number {
                releases.append(release)
            }
            releases[releases.count - 1].images[try row.required("architecture")] = try row.required("image")
        }
        return releases
    }
}

extension Resource {
    /// - Throws: `InventoryError.Code.corrupt`: what is kept was accepted once.
    init(document: String) throws {
        let (resources, problems) = ResourceFile.check([.init(path: "kept", text: document)])
        guard let resource = resources.first, problems.isEmpty else {
            let reason = problems.map(\.description).joined(separator: "; ")
            throw InventoryError(.corrupt, "the inventory holds a document that it would not accept: \(reason)")
        }
        self = resource
    }

    fileprivate static func isOther(_ document: String) -> InventoryError {
        InventoryError(.corrupt, "the inventory holds a document of another kind: \(document)")
    }
}
