import CInit

/// An address for reports, of a machine whose image gives it none.
///
/// One rule: a machine with a token to report with, of whose cards none has an IPv4 address a while after its containers
/// were started, gets one by DHCP on the card that it booted from, and keeps it.
final class FallbackAddress {
    private let machine: Machine
    private var client: DHCPClient?
    private var isPlanned = false

    /// In milliseconds.
    private static let pause: Int64 = 15_000

    init(machine: Machine) { self.machine = machine }

    /// The containers were started.
    func plan() {
        guard !isPlanned, machine.token != nil else { return }
        isPlanned = true
        machine.loop.after(Self.pause) { [self] in act() }
    }

    private func act() {
        guard client == nil, !machine.isGoingDown, let interface = machine.bootInterface, !Self.isAnyAddressed else {
            return
        }
        machine.console.say("nothing has given this machine an address: asking for one on \(interface.name)")
        do throws(InitError) {
            client = try DHCPClient(interface, loop: machine.loop, console: machine.console)
        } catch {
            machine.console.say(error.message)
        }
    }

    private static var isAnyAddressed: Bool {
        FileSystem.names(in: "/sys/class/net").contains { name in
            var address: UInt32 = 0
            return name != "lo" && sys_interface_address(name, &address) >= 0 && address != 0
        }
    }
}
