import Foundation
import Inventory
import Logging
import Synchronization
import Vocabulary

/// The way to the inventory, which may be away while machines boot from the snapshot.
///
/// An inventory is only believed when it is not older than the snapshot: one that was deleted and made again, or put
/// back from a backup, never empties the boot plane by itself.
final class InventoryLink: Sendable {
    private struct State {
        var store: InventoryStore?
        var failure: InventoryError?
    }

    /// Seconds to wait for a lock that another program holds: at a start, machines wait as long.
    private static let patience = 1.0

    let path: String
    /// What a restart begins with, beside the inventory.
    private var snapshotPath: String { (path as NSString).deletingLastPathComponent + "/snapshot" }
    private let snapshot: LiveSnapshot
    private let observer: InventoryStore.Observer
    private let state = Mutex(State())
    private let logger: Logger

    /// Opens nothing yet: `check` does.
    ///
    /// - Parameter observer: as `InventoryStore` takes it; the snapshot has the delta already.
    init(path: String, snapshot: LiveSnapshot, logger: Logger, observer: @escaping InventoryStore.Observer) {
        self.path = path
        self.snapshot = snapshot
        self.logger = logger
        self.observer = { delta in
            snapshot.apply(delta)
            observer(delta)
        }
    }

    /// Why the inventory cannot be used; nil when it can.
    var failure: InventoryError? { state.withLock { $0.failure } }

    /// Works with the inventory, and remembers when it turns out to be away.
    ///
    /// - Throws: what `body` throws, or why there is no inventory to work with.
    @discardableResult
    func use<Value: Sendable>(_ body: (InventoryStore) async throws -> Value) async throws -> Value {
        let (store, failure) = state.withLock { ($0.store, $0.failure) }
        guard let store, failure == nil else {
            throw failure ?? InventoryError(.unavailable, "the inventory \(path) is not open yet")
        }
        do {
            return try await body(store)
        } catch let error as InventoryError where error.code == .unavailable || error.code == .corrupt {
            fail(error)
            throw error
        }
    }

    /// Opens the inventory, or looks whether it is still well; brings the snapshot up to it.
    ///
    /// - Returns: true when the snapshot was replaced, so that everything made of it has to be made anew.
    func check() async -> Bool {
        do {
            let store = try open()
            // Nothing changes, but a lock, a full disk and a read-only file show themselves.
            try await store.record([:])
            // Ours first: what is committed between the two makes theirs the newer one.
            let ours = snapshot.read { $0.sequence }
            let theirs = try await store.sequence()
            guard theirs >= ours else {
                throw InventoryError(
                    .conflict,
                    "the inventory \(path) is at commit \(theirs) and the boot plane at \(ours): it was replaced by an "
                        + "older one. Put the right one back; or, to go on from this one: "
                        + "systemctl stop muster && rm \(snapshotPath) && systemctl start muster"
                )
            }
            let isBehind = theirs > snapshot.read { $0.sequence }
            let isReplaced = isBehind ? snapshot.advance(to: try await store.snapshot()) : false
            state.withLock { $0.failure = nil }
            return isReplaced
        } catch {
            fail(error as? InventoryError ?? InventoryError(.unavailable, "\(error)", cause: error))
            return false
        }
    }

    func close() {
        let store = state.withLock { state in
            defer { state.store = nil }
            return state.store
        }
        store?.close()
    }

    private func open() throws -> InventoryStore {
        let (known, failure) = state.withLock { ($0.store, $0.failure) }
        if let known, failure == nil { return known }
        let exists = FileManager.default.fileExists(atPath: path)
        if !exists, snapshot.read({ $0.sequence }) > 0 {
            throw InventoryError(
                .unavailable,
                "the inventory \(path) is gone; put it back; or, to begin with an empty one: "
                    + "systemctl stop muster && rm \(snapshotPath) && systemctl start muster"
            )
        }
        if let known {
            try known.reopen()
            return known
        }
        let store = try InventoryStore(path: path, busyTimeout: Self.patience, observer: observer)
        state.withLock { $0.store = store }
        return store
    }

    private func fail(_ error: InventoryError) {
        // Stopping ends what is under way, which says nothing about the inventory.
        if error.cause is CancellationError { return }
        let before = state.withLock { state in
            defer { state.failure = error }
            return state.failure
        }
        if before?.message != error.message {
            logger.error("the inventory cannot be used", metadata: ["reason": "\(error.message)"])
        }
    }
}
