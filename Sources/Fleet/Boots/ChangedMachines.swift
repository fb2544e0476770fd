import Synchronization

/// Machines whose state or boot changed since the rollout driver looked, and its bell.
///
/// Thread-safe by a mutex of its own, which nobody holds while taking another.
final class ChangedMachines: Sendable {
    private let names = Mutex<[String]>([])
    private let bell: AsyncStream<Void>.Continuation
    /// Something was added, or somebody rang.
    let rings: AsyncStream<Void>

    init() { (rings, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func add(_ machine: String) {
        names.withLock { $0.append(machine) }
        bell.yield()
    }

    func ring() { bell.yield() }

    func take() -> [String] {
        names.withLock { names in
            defer { names.removeAll() }
            return names
        }
    }
}
