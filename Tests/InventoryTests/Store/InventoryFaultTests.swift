import Foundation
import GRDB
import Testing
import Vocabulary

@testable import Inventory

/// What happens to the inventory's file while it is in use. Nothing crashes, and every call says what is wrong.
@Suite struct InventoryFaultTests {
    private let scratch: Scratch
    private let store: InventoryStore
    private var path: String { scratch.file("inventory.sqlite") }

    init() async throws {
        scratch = try Scratch()
        store = try InventoryStore(path: scratch.file("inventory.sqlite"), busyTimeout: 0.05)
        try await store.apply(try resources("kind: Machine\nname: n1\nmacs: [52:54:00:00:00:01]"))
    }

    private func failure(_ body: () async throws -> Void) async -> InventoryError? {
        do {
            try await body()
            return nil
        } catch {
            return error as? InventoryError
        }
    }

    @Test func deleted() async throws {
        try FileManager.default.removeItem(atPath: path)
        for error in [
            await failure { try await store.setState(.retired, of: ["n1"]) },
            await failure { _ = try await store.machines() },
        ] {
            #expect(error?.code == .unavailable)
            #expect(error?.message.contains("is gone: it was deleted while it was in use") == true)
        }
        try store.reopen()
        #expect(try await store.machines().isEmpty)
    }

    @Test func replacedByAnother() async throws {
        let other = scratch.file("other.sqlite")
        try InventoryStore(path: other).close()
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: other, toPath: path)
        let error = await failure { try await store.setState(.retired, of: ["n1"]) }
        #expect(error?.message.contains("was replaced") == true)
    }

    @Test func locked() async throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN EXCLUSIVE") }
        let error = await failure { try await store.setState(.retired, of: ["n1"]) }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("another program holds its lock") == true)
        #expect(try await store.machines().count == 1)
        try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
        try await store.setState(.retired, of: ["n1"])
        #expect(try await store.machine("n1")?.state == .retired)
    }

    @Test func corruptWhenOpened() async throws {
        store.close()
        try Data(repeating: 0x5a, count: 8192).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: InventoryError.self) { try InventoryStore(path: path) }
        #expect(error?.code == .corrupt)
        // It was left as it is, until somebody asks for it to be moved.
        let kept = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(kept.allSatisfy { $0 == 0x5a })
        let aside = try InventoryStore.moveAside(path, at: .test(0))
        #expect(FileManager.default.fileExists(atPath: aside))
        #expect(try await InventoryStore(path: path).machines().isEmpty)
    }

    @Test func corruptWhileOpen() async throws {
        // Through the log into the file, then over all pages but the first.
        store.close()
        try store.reopen()
        let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seek(toOffset: 4096)
        try handle.write(contentsOf: Data(repeating: 0x5a, count: size - 4096))
        try handle.close()
        let error = await failure { _ = try await store.machines() }
        #expect(error?.code == .corrupt)
        #expect(await failure { try await store.setState(.retired, of: ["n1"]) }?.code == .corrupt)
        #expect(await failure { try await store.checkIntegrity() } != nil)
    }

    @Test func readOnly() async throws {
        // Root writes to read-only files, so the file is one that nobody can write: a directory stands in its place.
        let blocked = scratch.file("blocked.sqlite")
        try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: false)
        let error = #expect(throws: InventoryError.self) { try InventoryStore(path: blocked) }
        #expect(error?.code == .unavailable)
        let explained = DatabaseFile(path: path, subject: "inventory")
            .explain(DatabaseError(resultCode: .SQLITE_READONLY), while: "write to")
        #expect(
            explained.message.hasPrefix("cannot write to inventory \(path): the file or its directory is read-only")
        )
    }

    @Test func closed() async {
        store.close()
        #expect(await failure { _ = try await store.machines() }?.message.contains("is closed") == true)
    }
}
