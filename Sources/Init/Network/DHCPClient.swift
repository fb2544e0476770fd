import CInit

/// Gets an IPv4 address for a network card and keeps it, for as long as this object is there and is not stopped.
final class DHCPClient {
    private let interface: NetworkInterface
    private let index: Int32
    private let loop: EventLoop
    private let console: Console
    private let descriptor: Int32
    private var life: DHCPLife
    private var timer: EventLoop.Timer?
    private(set) var lease: DHCPLease?
    /// Called with every lease, a longer one as well.
    var leased: (DHCPLease) -> Void = { _ in }

    private static let clientPort: UInt16 = 68
    private static let serverPort: UInt16 = 67

    init(_ interface: NetworkInterface, loop: EventLoop, console: Console) throws(InitError) {
        self.interface = interface
        self.loop = loop
        self.console = console
        let hardwareAddress = Array(interface.mac.utf8).parts(separatedBy: UInt8(ascii: ":")).compactMap { part in
            part.count == 2 ? part.reduce(UInt8(0)) { $0 << 4 | ($1.hexadecimalValue ?? 0) } : nil
        }
        guard hardwareAddress.count == 6 else {
            throw InitError("cannot ask for an address on \(interface.name): it is no Ethernet card")
        }
        let up = sys_interface_up(interface.name)
        guard up >= 0 else { throw InitError("switch on \(interface.name)", code: Int(up)) }
        index = sys_interface_index(interface.name)
        guard index >= 0 else { throw InitError("find \(interface.name)", code: Int(index)) }
        descriptor = sys_packets_open(index)
        guard descriptor >= 0 else { throw InitError("receive from \(interface.name)", code: Int(descriptor)) }
        var transaction: UInt32 = 0
        sys_random(&transaction, 4)
        life = DHCPLife(hardwareAddress: hardwareAddress, transaction: transaction, now: loop.now)
        loop.watch(descriptor, .readable) { [self] _ in receive() }
        schedule()
    }

    /// Asks no more; the address stays the card's.
    func stop() {
        loop.cancel(timer)
        loop.forget(descriptor)
        sys_close(descriptor)
    }

    private static var random: UInt32 {
        var random: UInt32 = 0
        sys_random(&random, 4)
        return random
    }

    private func schedule() {
        loop.cancel(timer)
        timer = loop.after(life.nextTime - loop.now) { [self] in
            perform(life.timeCame(now: loop.now, random: Self.random))
            schedule()
        }
    }

    private func receive() {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            let count = buffer.withUnsafeMutableBytes { sys_read(descriptor, $0.baseAddress!, $0.count) }
            guard count > 0 else { return schedule() }
            guard let payload = DatagramPacket.payload(of: Array(buffer[..<count]), to: Self.clientPort),
                let message = DHCPMessage(payload)
            else { continue }
            perform(life.received(message, now: loop.now, random: Self.random))
        }
    }

    private func perform(_ action: DHCPLife.Action) {
        switch action {
        case .nothing: break
        case .send(let message): send(message)
        case .take(let lease): take(lease)
        case .drop(let message):
            console.say("the address \(lease?.address.addressText ?? "") was not extended")
            lease = nil
            sys_interface_set_address(interface.name, 0, 0)
            send(message)
        }
    }

    private func send(_ message: DHCPMessage) {
        let packet = DatagramPacket.broadcast(message.bytes, from: Self.clientPort, to: Self.serverPort)
        let result = packet.withUnsafeBytes { sys_packets_broadcast(descriptor, index, $0.baseAddress!, $0.count) }
        // A card whose link is not there yet: it is asked again.
        if result < 0, result != ErrorNumber.networkDown {
            console.say(InitError("ask for an address on \(interface.name)", code: result).message)
        }
    }

    private func take(_ new: DHCPLease) {
        defer { leased(new) }
        guard new.address != lease?.address || new.mask != lease?.mask || new.router != lease?.router else {
            lease = new
            return
        }
        lease = new
        let result = sys_interface_set_address(interface.name, new.address, new.mask)
        if result < 0 {
            console.say(InitError("give \(interface.name) its address", code: Int(result)).message)
        }
        guard let router = new.router else { return }
        let route = sys_route_by_default(router)
        if route < 0, route != ErrorNumber.exists {
            console.say(InitError("route by \(router.addressText)", code: Int(route)).message)
        }
    }
}
