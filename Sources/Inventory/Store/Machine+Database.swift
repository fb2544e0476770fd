import Foundation
internal import GRDB
import Vocabulary

extension Machine {
    static let columns = """
        SELECT machine.*, nic.mac AS nicMAC, nic.address AS nicAddress
        FROM machine LEFT JOIN nic ON nic.machine = machine.id
        """

    /// Every machine of a query over `columns`, in the order of their ids; one row a network card.
    static func fetchAll(
        _ db: Database,
        _ condition: String = "",
        arguments: StatementArguments = []
    ) throws -> [Machine] {
        let sql = "\(columns) \(condition) ORDER BY machine.id, nic.position"
        let rows = try Row.fetchCursor(db.cachedStatement(sql: sql), arguments: arguments)
        var machines: [Machine] = []
        var last: Int64?
        while let row = try rows.next() {
            let id: Int64 = try row.required("id")
            if id != last { machines.append(try Machine(row: row)) }
            last = id
            guard let mac: MACAddress = try row.optional("nicMAC") else { continue }
            machines[machines.count - 1].nics.append(NIC(mac: mac, address: try row.optional("nicAddress")))
        }
        return machines
    }

    static func fetch(_ db: Database, name: String) throws -> Machine? {
        try fetchAll(db, "WHERE machine.name = ?", arguments: [name]).first
    }

    /// All but the network cards.
    private init(row: Row) throws {
        self.init(
            name: try row.required("name"),
            nics: [],
            labels: try row.json("labels") ?? [:],
            values: try row.json("values") ?? [:],
            profile: try row.optional("profile"),
            uuid: try row.optional("uuid"),
            serial: try row.optional("serial"),
            architecture: try row.optional("architecture"),
            state: try row.spelled("state"),
            loader: try row.optional("loader"),
            bmc: try row.json("bmc") ?? [:],
            pinnedImage: try row.optional("pinnedImage"),
            facts: try row.json("facts")
        )
    }

    /// Writes the machine in place of the one with its name; its cards must be free (`releaseCards`).
    func write(to db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO machine (
                    name, labels, "values", profile, uuid, serial, architecture, state, loader, bmc, pinnedImage, facts
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (name) DO UPDATE SET
                    labels = excluded.labels, "values" = excluded."values", profile = excluded.profile,
                    uuid = excluded.uuid, serial = excluded.serial, architecture = excluded.architecture,
                    state = excluded.state, loader = excluded.loader, bmc = excluded.bmc,
                    pinnedImage = excluded.pinnedImage, facts = excluded.facts
                """
        )
        try statement.execute(
            arguments: [
                name, JSONValue.object(labels.mapValues(JSONValue.string)).json, JSONValue.object(values).json, profile,
                uuid, serial, architecture, state.rawValue, loader, JSONValue.object(bmc).json, pinnedImage,
                try facts.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) },
            ]
        )
        let card = try db.cachedStatement(
            sql: "INSERT INTO nic (mac, machine, position, address) SELECT ?, id, ?, ? FROM machine WHERE name = ?"
        )
        for (position, nic) in nics.enumerated() {
            try card.execute(arguments: [nic.mac, position, nic.address, name])
        }
    }

    /// Frees what only one machine may have, so that machines of one commit can swap it.
    static func release(_ db: Database, name: String) throws {
        let cards = "DELETE FROM nic WHERE machine = (SELECT id FROM machine WHERE name = ?)"
        try db.cachedStatement(sql: cards).execute(arguments: [name])
        let keys = "UPDATE machine SET uuid = NULL, serial = NULL WHERE name = ?"
        try db.cachedStatement(sql: keys).execute(arguments: [name])
    }
}

extension Row {
    /// A column with JSON in it; nil for NULL and for the empty object, which most are.
    fileprivate func json<Value: Decodable>(_ column: String) throws -> Value? {
        guard let text: String = try optional(column), text != "{}" else { return nil }
        do {
            return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
        } catch {
            throw InventoryError(.corrupt, "column \(column) holds '\(text)', which is no \(Value.self)", cause: error)
        }
    }
}
