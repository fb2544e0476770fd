import Dispatch
import Synchronization

/// Keeps the snapshot file in step with the snapshot: a commit costs what it changed, and all of it is written anew when
/// the commits have become as much as that.
///
/// Thread-safe: writing happens on a queue of its own, one call after the other.
public final class SnapshotKeeper: Sendable {
    /// What the file held, and what is kept from here on.
    public let snapshot: LiveSnapshot
    /// Why the file, or its end, was of no use; nil when it was whole, and when there was none.
    public let damage: InventoryError?

    private let file: SnapshotFile
    /// Where the file ends; nil when it has to be written anew.
    private let end: Mutex<SnapshotFile.End?>
    private let queue = DispatchQueue(label: "muster.snapshot", qos: .utility)

    /// Reads the file at `path`, if there is one that can be used.
    public init(path: String) {
        file = SnapshotFile(path: path)
        do {
            let kept = try file.load()
            snapshot = LiveSnapshot(kept.snapshot)
            end = Mutex(kept.end)
            let reason = "the snapshot \(path) ends in something that is no commit; what is before it is used"
            damage = kept.end == nil ? InventoryError(.corrupt, reason) : nil
        } catch {
            snapshot = LiveSnapshot()
            end = Mutex(nil)
            let reason = error as? InventoryError ?? InventoryError(.unavailable, "\(error)", cause: error)
            damage = reason.code == .notFound ? nil : reason
        }
    }

    /// Writes what the file lacks; nothing when it lacks nothing.
    ///
    /// - Throws: `InventoryError.Code.unavailable`; the file holds what it held, or its end is made good next time.
    public func write() async throws {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.writeNow() }) }
        }
    }

    private func writeNow() throws {
        // The queue alone writes it.
        let old = end.withLock { $0 }
        let unwritten = snapshot.takeUnwritten(everything: old?.isLong ?? true)
        end.withLock { $0 = nil }
        let new: SnapshotFile.End
        switch unwritten {
        case .everything(let contents): new = try file.replace(with: contents)
        case .deltas(let deltas):
            guard let old else { return }
            new = deltas.isEmpty ? old : try file.append(deltas, at: old)
        }
        end.withLock { $0 = new }
    }
}
