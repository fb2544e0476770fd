import Glibc
import Vocabulary

/// Sends router advertisements without a router on one interface: every few seconds, and to whoever solicits.
/// By packet socket, so that the host needs no IPv6 of its own. Belongs to one loop's thread.
public final class RouterAdvertiser {
    public struct Configuration: Hashable, Sendable {
        /// Between two unsolicited ones.
        public var interval = Duration.seconds(10)
        /// Between two solicited ones at least: one answers everybody who asked meanwhile.
        public var solicitedSpacing = Duration.milliseconds(100)

        public init() {}
    }

    private let loop: EventLoop
    private let socket: PacketSocket
    private let packet: [UInt8]
    private let configuration: Configuration
    private var watch: EventLoop.Watch?
    private var timer: EventLoop.Timer?
    private var isResting = false
    private var owesAnswer = false

    /// Advertisements that left, and those that did not.
    public private(set) var sent: UInt64 = 0
    public private(set) var failed: UInt64 = 0

    /// - Throws: for want of CAP_NET_RAW, or ENODEV for an interface that is not Ethernet.
    public init(
        on interface: NetworkInterface,
        loop: EventLoop,
        configuration: Configuration = Configuration()
    ) throws(SystemError) {
        guard let mac = interface.mac else { throw SystemError("advertise on", interface.name, code: ENODEV) }
        self.loop = loop
        self.configuration = configuration
        packet = RouterAdvertisement(source: mac).encoded
        socket = try PacketSocket(on: interface, receiving: .icmpv6(type: RouterAdvertisement.solicitationType))
        try socket.join(RouterAdvertisement.allRouters)
        watch = try loop.watch(socket.descriptor) { [weak self] _ in self?.solicited() }
        advertisePeriodically()
    }

    deinit {
        if let watch { loop.cancel(watch) }
        if let timer { loop.cancel(timer) }
    }

    private func advertisePeriodically() {
        advertise()
        timer = loop.schedule(after: configuration.interval) { [weak self] in self?.advertisePeriodically() }
    }

    private func solicited() {
        guard socket.receivePackets({ _, _, _ in }) > 0 else { return }
        guard !isResting else {
            owesAnswer = true
            return
        }
        advertise()
        isResting = true
        loop.schedule(after: configuration.solicitedSpacing) { [weak self] in
            guard let self else { return }
            isResting = false
            if owesAnswer { advertise() }
            owesAnswer = false
        }
    }

    private func advertise() {
        let error = socket.send(packet, etherType: RouterAdvertisement.etherType, to: RouterAdvertisement.allNodes)
        if error == nil { sent += 1 } else { failed += 1 }
    }
}
