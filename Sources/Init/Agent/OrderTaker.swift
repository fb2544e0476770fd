/// Does what the server orders.
final class OrderTaker {
    private let machine: Machine

    init(machine: Machine) { self.machine = machine }

    func take(_ order: OrderLife.Order) {
        switch order.kind {
        case .none: break
        case .reboot: machine.ordered(.reboot, "the server orders a reboot")
        case .poweroff: machine.ordered(.powerOff, "the server orders power off")
        case .kexec: startOther(order.boot)
        }
    }

    /// The machine goes on as it is when there is nothing to start.
    private func startOther(_ boot: NextBoot?) {
        let reason = "the server orders another kernel"
        guard let boot else {
            if NextKernel.isLoaded { return machine.ordered(.kexec, reason) }
            return machine.console.say("\(reason), names none, and none is loaded: this one goes on")
        }
        machine.console.say("\(reason): fetching \(boot.kernel)")
        NextKernel.load(boot, machine: machine) { [self] failure in
            if let failure {
                machine.console.say("\(failure); this kernel goes on")
            } else {
                machine.ordered(.kexec, reason)
            }
        }
    }
}
