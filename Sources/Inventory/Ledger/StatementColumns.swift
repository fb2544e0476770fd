internal import GRDB
internal import GRDBSQLite
import Vocabulary

/// The columns of one execution of a statement, bound one after the other.
struct StatementColumns {
    private let statement: Statement
    private var count: Int32 = 0
    /// The first binding that went wrong.
    private var failure: Int32?

    init(_ statement: Statement) { self.statement = statement }

    mutating func bind(_ value: Int64) {
        count += 1
        check(sqlite3_bind_int64(statement.sqliteStatement, count, value))
    }

    mutating func bind(_ value: Int64?) {
        if let value { bind(value) } else { bindNull() }
    }

    mutating func bind(_ value: String?) {
        guard var value else { return bindNull() }
        count += 1
        let code = value.withUTF8 { text in
            text.withMemoryRebound(to: CChar.self) { text in
                sqlite3_bind_text(statement.sqliteStatement, count, text.baseAddress, Int32(text.count), Self.copied)
            }
        }
        check(code)
    }

    mutating func bind(_ value: Digest?) {
        guard let value else { return bindNull() }
        value.withUnsafeOctets { bind($0) }
    }

    mutating func bind(octets: [UInt8]?) {
        guard let octets else { return bindNull() }
        octets.withUnsafeBytes { bind($0) }
    }

    private mutating func bind(_ octets: UnsafeRawBufferPointer) {
        count += 1
        // No address would mean NULL.
        if octets.isEmpty { return check(sqlite3_bind_zeroblob(statement.sqliteStatement, count, 0)) }
        check(
            sqlite3_bind_blob(statement.sqliteStatement, count, octets.baseAddress, Int32(octets.count), Self.copied)
        )
    }

    private mutating func bindNull() {
        count += 1
        check(sqlite3_bind_null(statement.sqliteStatement, count))
    }

    private mutating func check(_ code: Int32) {
        if code != SQLITE_OK, failure == nil { failure = code }
    }

    /// Runs the statement, which gives no rows, and readies it for the next time.
    func execute() throws {
        let code = failure ?? sqlite3_step(statement.sqliteStatement)
        defer { sqlite3_reset(statement.sqliteStatement) }
        guard code == SQLITE_DONE else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(sqlite3_db_handle(statement.sqliteStatement)))
            )
        }
    }

    /// SQLITE_TRANSIENT: SQLite makes a copy of its own before the call returns.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
}
