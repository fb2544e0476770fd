import Foundation
internal import GRDB
import Vocabulary

/// Which images somebody needs, read from the databases of a data directory while a server may be running on them.
public enum ImagesInUse {
    /// What machines are meant to have, are assigned, were last healthy on, run now or are pinned to, where open rolls take
    /// them and from where, the newest releases of profiles and those that profiles are meant to have.
    ///
    /// - Parameter releases: how many of each profile, the newest.
    /// - Throws: `InventoryError` for a database that cannot be read: nobody may conclude that nothing is needed.
    public static func digests(dataDirectory: String, releases: Int) throws -> Set<Digest> {
        var digests: Set<Digest> = []
        for column in ["desired", "assigned", "lastGood", "running"] {
            digests.formUnion(
                try read("ledger", in: dataDirectory, "SELECT \(column) FROM machineState WHERE \(column) IS NOT NULL")
            )
        }
        for member in ["from", "target"] {
            let query = """
                SELECT DISTINCT json_extract(rollMember.document, '$.\(member)')
                FROM rollMember JOIN roll ON roll.id = rollMember.roll WHERE ended IS NULL
                """
            digests.formUnion(
                try read("ledger", in: dataDirectory, query, needs: ("rollMember", "roll"), as: String.self)
                    .compactMap { Digest($0) }
            )
        }
        let meant = "SELECT image FROM release JOIN profile ON profile.name = release.profile WHERE number = meant"
        digests.formUnion(try read("inventory", in: dataDirectory, meant, needs: ("profile", "meant")))
        for query in [
            "SELECT pinnedImage FROM machine WHERE pinnedImage IS NOT NULL",
            """
            SELECT image FROM release WHERE number > (
                SELECT max(number) FROM release AS newest WHERE newest.profile = release.profile
            ) - \(releases)
            """,
        ] {
            digests.formUnion(try read("inventory", in: dataDirectory, query))
        }
        return digests
    }

    /// Empty when there is no such database.
    ///
    /// - Parameter column: a table and its column that databases of older versions lack, and with them anything to find.
    private static func read<Value: DatabaseValueConvertible>(
        _ subject: String,
        in directory: String,
        _ query: String,
        needs column: (table: String, name: String)? = nil,
        as type: Value.Type = Digest.self
    ) throws -> [Value] {
        let path = "\(directory)/\(subject).sqlite"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let file = DatabaseFile(path: path, subject: subject)
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            return try DatabaseQueue(path: path, configuration: configuration).read { database in
                if let column {
                    guard try database.tableExists(column.table),
                        try database.columns(in: column.table).contains(where: { $0.name == column.name })
                    else { return [] }
                }
                return try Value.fetchAll(database, sql: query)
            }
        } catch {
            throw file.explain(error, while: "read")
        }
    }
}
