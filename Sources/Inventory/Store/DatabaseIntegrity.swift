internal import GRDB

/// Whether a database file is whole, found out without writing to it.
public enum DatabaseIntegrity {
    /// What SQLite's quick check finds wrong with the file; empty when nothing is.
    ///
    /// - Throws: `InventoryError.Code.unavailable` for a file that cannot be read; a file that is no database is a
    ///   finding, not an error.
    public static func check(path: String) throws -> [String] {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let lines = try queue.read { try String.fetchAll($0, sql: "PRAGMA quick_check(20)") }
            return lines == ["ok"] ? [] : lines
        } catch let error as DatabaseError
            where [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode)
        {
            return [error.message ?? "\(error)"]
        } catch {
            throw InventoryError(.unavailable, "cannot read \(path): \(error)", cause: error)
        }
    }
}
