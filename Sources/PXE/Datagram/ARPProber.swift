import Glibc
import Vocabulary

/// Asks a link whether anybody has an address, before a pool hands it out (RFC 2131 3.1, RFC 5227 2.1.1).
/// For addresses that wait in the background, never while a client does. Belongs to one loop's thread.
public final class ARPProber {
    public struct Configuration: Hashable, Sendable {
        /// Probes for one address.
        public var attempts = 2
        /// Between two probes, and after the last one.
        public var interval = Duration.milliseconds(500)

        public init() {}
    }

    /// What a probe found out.
    public enum Answer: Hashable, Sendable {
        case free
        case taken(by: MACAddress)
        /// Nothing could be sent.
        case unknown(SystemError)
    }

    private struct Question {
        var remaining: Int
        var timer: EventLoop.Timer?
        var reply: (Answer) -> Void
    }

    private let loop: EventLoop
    private let socket: PacketSocket
    private let mac: MACAddress
    private let configuration: Configuration
    private var watch: EventLoop.Watch?
    private var questions: [IPv4Address: Question] = [:]

    /// - Throws: for want of CAP_NET_RAW, or ENODEV for an interface that is not Ethernet.
    public init(
        on interface: NetworkInterface,
        loop: EventLoop,
        configuration: Configuration = Configuration()
    ) throws(SystemError) {
        guard let mac = interface.mac else { throw SystemError("probe by ARP on", interface.name, code: ENODEV) }
        self.mac = mac
        self.loop = loop
        self.configuration = configuration
        socket = try PacketSocket(on: interface, receiving: .arp)
        watch = try loop.watch(socket.descriptor) { [weak self] _ in self?.receive() }
    }

    deinit {
        if let watch { loop.cancel(watch) }
    }

    /// Asks about one address. A second question about the same address while the first is open is ignored.
    /// - Parameter reply: called once on the loop's thread, later.
    public func probe(_ address: IPv4Address, reply: @escaping (Answer) -> Void) {
        guard questions[address] == nil else { return }
        questions[address] = Question(remaining: configuration.attempts, reply: reply)
        ask(address)
    }

    private func ask(_ address: IPv4Address) {
        guard var question = questions[address] else { return }
        guard question.remaining > 0 else { return finish(address, with: .free) }
        question.remaining -= 1
        let packet = ARPPacket.probe(for: address, from: mac).encoded
        let error = socket.send(packet, etherType: ARPPacket.etherType, to: MACAddress(rawValue: .max))
        question.timer = loop.schedule(after: error == nil ? configuration.interval : .zero) { [weak self] in
            if let error { self?.finish(address, with: .unknown(error)) } else { self?.ask(address) }
        }
        questions[address] = question
    }

    /// Whoever speaks with the address as its own, in a reply or in a request, has it.
    private func receive() {
        socket.receivePackets { bytes, _, _ in
            guard let packet = ARPPacket(parsing: bytes), packet.senderMAC != mac else { return }
            finish(packet.senderAddress, with: .taken(by: packet.senderMAC))
        }
    }

    private func finish(_ address: IPv4Address, with answer: Answer) {
        guard let question = questions.removeValue(forKey: address) else { return }
        if let timer = question.timer { loop.cancel(timer) }
        question.reply(answer)
    }
}
