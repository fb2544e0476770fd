import Inventory
import Rollout
import Vocabulary

extension FleetService {
    /// What a machine's containers wrote in the boot that it is in, from the machine itself.
    ///
    /// - Returns: lines, once the machine has answered.
    /// - Throws: `FleetError` when there is nobody to ask, no such container, or no answer in `OrderDesk.patience`.
    public func logs(of name: String, _ question: LogQuestion) async throws -> LogLines {
        guard snapshot.read({ $0.machine(named: name) }) != nil else {
            throw FleetError(.notFound, "there is no machine '\(name)'")
        }
        guard let boot = authority.book.standing(of: name)?.boot else {
            let last = try await records.boots(machine: name, limit: 1).first
            let words = last.map { "its last one is over (\($0.state.rawValue)\(Self.because($0.reason)))" }
            let state = words ?? "it has had none"
            throw FleetError(.conflict, "\(name) is in no boot: \(state); `muster why machine \(name)`")
        }
        guard case .given? = authority.book.holder(of: boot.id)?.token else {
            let reason = "its system has no agent that could be asked, or does not run yet"
            throw FleetError(.conflict, "the boot \(boot.id) of \(name) shows no logs: \(reason)")
        }
        do {
            return try await authority.orders.ask(question, of: name, in: boot.id, now: Moment.now().uptime)
        } catch let error as FleetError where error.code == .unavailable && boot.up == nil {
            throw FleetError(.unavailable, "\(error.message): it has not said yet that it is up")
        }
    }

    private static func because(_ reason: String?) -> String {
        reason.map { $0.isEmpty ? "" : ": \($0)" } ?? ""
    }
}
