import Inventory
import Rollout
import Vocabulary

/// What the rollout driver sees of machines, and what it gives them.
extension BootBook {
    /// One machine as it is now.
    struct Sight: Sendable {
        var machine: String
        var state: MachineBootState
        var open: OpenBoot?
        /// False when its system said again and again that it lives, and does not any more.
        var isHeard: Bool
    }

    /// A state that a machine is to have, and the one that it was decided from.
    struct Change: Sendable {
        var machine: String
        var from: MachineBootState
        var to: MachineBootState
        /// Who wants it: `roll 42`; nil for nobody who should be named.
        var cause: String?

        /// Whether it stands on nothing but what people want, whatever the machine did meanwhile.
        fileprivate var isWish: Bool {
            var wished = from
            wished.desired = to.desired
            return wished == to
        }
    }

    /// Three heartbeats of our agent and some time for the way.
    static let silence: Duration = .seconds(150)

    /// The machines that changed since this was asked before.
    func takeChanges(now: Moment) -> [Sight] {
        contents.withLock { contents in
            changes.take().compactMap { name in
                guard let slot = contents.slots[name] else { return nil }
                slot.isNoted = false
                return slot.sight(now)
            }
        }
    }

    func sight(of machine: String, now: Moment) -> Sight? {
        contents.withLock { $0.slots[machine]?.sight(now) }
    }

    /// Machines of which nothing was heard for a while though they should be.
    func silent(now: Moment) -> [Sight] {
        contents.withLock { contents in
            contents.slots.values.compactMap { slot in
                guard slot.beats, slot.open?.healthy != nil, now.uptime - slot.heard >= Self.silence else { return nil }
                return slot.sight(now)
            }
        }
    }

    /// Gives machines their new states, unless one of them is not what was decided from: then nobody gets anything.
    ///
    /// - Parameter commit: is handed the states' rows, with the lock held, so that what a machine does next is written
    ///   after them. Must return at once.
    /// - Returns: the machines that were something else meanwhile.
    func put(_ changes: [Change], commit: ([LedgerRow]) -> Void) -> [String] {
        contents.withLock { contents in
            let overtaken = changes.filter { change in
                !change.isWish && (contents.slots[change.machine]?.state ?? MachineBootState()) != change.from
            }
            guard overtaken.isEmpty else { return overtaken.map(\.machine) }
            var rows: [LedgerRow] = []
            for change in changes {
                let slot = contents.slot(of: change.machine)
                if change.isWish { slot.state.desired = change.to.desired } else { slot.state = change.to }
                if change.to.generation != change.from.generation {
                    slot.granted = change.cause.map { ($0, change.to.generation) }
                }
                rows.append(slot.stateRow)
            }
            commit(rows)
            return []
        }
    }

    /// Puts back what could not be written. What a machine has done with it meanwhile stays.
    func takeBack(_ changes: [Change]) {
        contents.withLock { contents in
            for change in changes {
                guard let slot = contents.slots[change.machine] else { continue }
                if change.isWish {
                    slot.state.desired = change.from.desired
                } else if slot.state == change.to {
                    slot.state = change.from
                }
            }
        }
    }

    /// Says again who granted what machines are assigned, after a restart.
    func remember(_ granted: [String: (cause: String, generation: Int)]) {
        contents.withLock { contents in
            for (machine, grant) in granted { contents.slots[machine]?.granted = grant }
        }
    }
}

extension MachineSlot {
    fileprivate func sight(_ now: Moment) -> BootBook.Sight {
        let isHeard = !beats || now.uptime - heard < BootBook.silence
        return BootBook.Sight(machine: machine, state: state, open: open, isHeard: isHeard)
    }
}
