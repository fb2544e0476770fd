import Vocabulary

/// Power by the system that runs on the machine: its agent is given an order. Done when it has been told.
struct AgentPower: PowerDriver {
    static let name = "agent"

    let machine: String
    let book: BootBook
    let orders: OrderDesk

    /// The boot whose system has our agent, or one that speaks like it: also one that said that it failed, until the machine
    /// boots again. nil for none.
    static func boot(of machine: String, in book: BootBook) -> BootID? {
        book.listener(of: machine)
    }

    func perform(_ action: PowerAction) async throws -> PowerOutcome {
        let order: MachineOrder
        switch action {
        case .reboot, .cycle: order = .reboot
        case .off: order = .poweroff
        case .on: throw PowerFailure("a machine that is off has nobody to tell")
        case .status: return PowerOutcome(state: book.standing(of: machine)?.boot?.up == nil ? .unknown : .on)
        }
        guard let boot = Self.boot(of: machine, in: book) else {
            throw PowerFailure("its system has no agent that could be told, or does not run yet")
        }
        guard await orders.give(order, to: boot, now: Moment.now().uptime) else {
            throw PowerFailure("its agent did not ask for orders within \(OrderDesk.patience.components.seconds) s")
        }
        return PowerOutcome()
    }
}
