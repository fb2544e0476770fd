import Synchronization

/// Machines whose plans have to be looked at again, because something that they are made of changed.
///
/// Any thread adds, one task takes; what is asked twice before it is done is done once.
final class SweepQueue: Sendable {
    enum Sweep: Hashable, Sendable {
        case everything
        case machines([String])

        /// Whether so much is looked at again that a large commit must have come before.
        var isLarge: Bool {
            switch self {
            case .everything: true
            case .machines(let names): names.count >= 1000
            }
        }
    }

    private struct Pending {
        var everything = false
        var machines: Set<String> = []
    }

    private let pending = Mutex(Pending())
    private let signal: AsyncStream<Void>.Continuation
    /// Something was added.
    let signals: AsyncStream<Void>

    init() {
        (signals, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ sweep: Sweep) {
        pending.withLock { pending in
            switch sweep {
            case .everything: pending.everything = true
            case .machines(let names): pending.machines.formUnion(names)
            }
        }
        signal.yield()
    }

    /// What there is to do; nil for nothing.
    func take() -> Sweep? {
        pending.withLock { pending in
            defer { pending = Pending() }
            if pending.everything { return .everything }
            return pending.machines.isEmpty ? nil : .machines(pending.machines.sorted())
        }
    }
}
