import Inventory
import Vocabulary

extension FleetService {
    /// Switches machines, at most `PowerDesk.mostAtOnce` at a time, whatever budgets say: that is for the caller to ask
    /// before. Returns when all of them are done or given up.
    ///
    /// - Returns: in the order of `names`, each machine once.
    /// - Throws: `FleetError` when there is no machine of a name; then nothing is done.
    public func power(_ action: PowerAction, _ names: [String]) async throws -> [PowerResult] {
        var seen: Set<String> = []
        let machines = try names.filter { seen.insert($0).inserted }.map { name in
            guard let machine = snapshot.read({ $0.machine(named: name) }) else {
                throw FleetError(.notFound, "there is no machine '\(name)'")
            }
            return machine
        }
        let desk = power
        return await withTaskGroup(of: (Int, PowerResult).self) { group in
            var results = [PowerResult?](repeating: nil, count: machines.count)
            for (index, machine) in machines.enumerated() {
                if index >= PowerDesk.mostAtOnce, let (done, result) = await group.next() { results[done] = result }
                group.addTask { (index, await desk.perform(action, on: machine)) }
            }
            for await (index, result) in group { results[index] = result }
            return results.compactMap(\.self)
        }
    }

    /// For metrics.
    public var powerCounts: PowerCounts { power.counts }
}
