import Synchronization
import Vocabulary

/// Which builds callers began and wait for.
final class AwaitedBuilds: Sendable {
    private struct Wait: Hashable {
        var caller: String
        var profile: String
        var architecture: Architecture?
    }

    private let waits = Mutex<Set<Wait>>([])
    /// Builds remembered at most; beyond, all are forgotten and leave another line.
    private static let limit = 1000

    /// Whether it only asks again what it was told to be under way.
    func waits(_ caller: Caller, for ask: BuildAsk) -> Bool {
        let wait = Wait(caller: caller.name, profile: ask.profile, architecture: ask.architecture)
        return waits.withLock { !ask.fresh && $0.contains(wait) }
    }

    /// Remembers what a caller is told.
    func note(_ caller: Caller, _ view: BuildView) -> BuildView {
        let wait = Wait(caller: caller.name, profile: view.profile, architecture: view.architecture)
        waits.withLock { waits in
            if waits.count >= Self.limit { waits.removeAll() }
            if view.state == .building { waits.insert(wait) } else { waits.remove(wait) }
        }
        return view
    }
}
