import Foundation
internal import GRDB
import Vocabulary

/// Which images somebody needs, read from the databases of a data directory while a server may be running on them.
public enum ImagesInUse {
    /// What machines are meant to have, are assigned, were last healthy on, run now or are pinned to, and the newest
    /// releases of profiles.
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
    private static func read(_ subject: String, in directory: String, _ query: String) throws -> [Digest] {
        let path = "\(directory)/\(subject).sqlite"
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        let file = DatabaseFile(path: path, subject: subject)
        do {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            return try DatabaseQueue(path: path, configuration: configuration).read { database in
                try Digest.fetchAll(database, sql: query)
            }
        } catch {
            throw file.explain(error, while: "read")
        }
    }
}
