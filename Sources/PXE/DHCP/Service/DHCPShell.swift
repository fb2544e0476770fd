import Logging
import Vocabulary

/// The shell around the engines: receive a batch, decide, write leases, send.
///
/// Leases of a batch are written together, and the next batch is decided while the disk is busy with the last.
/// `@unchecked Sendable` only so that the store's answers and reloads can be handed to the loop: everything in here
/// is touched on the loop's thread alone.
final class DHCPShell: @unchecked Sendable {
    let loop: EventLoop
    let service: DHCPService
    let logger: Logger
    var configuration: DHCPConfiguration
    /// nil in every mode but `server`.
    var server: DHCPServer?
    var proxy: ProxyDHCP
    var rogues: RogueWatch
    var ports: [String: DHCPPort] = [:]
    private let receiver = DatagramReceiver(capacity: 2048)
    /// Replies that wait for their leases to be written.
    private var pending = 0
    var interfaceWatch: InterfaceWatch?
    var retry: EventLoop.Timer?
    var probeTimer: EventLoop.Timer?
    private var storeFailed = false

    /// What one turn decided.
    private struct Batch: Sendable {
        /// When it arrived (uptime).
        let arrived: Duration
        var counters = DHCPCounters()
        var ready: [DHCPPort.Outgoing] = []
        var changes: [LeaseTable.Change] = []
        /// The reply of each change; nil where nobody waits for one.
        var waiting: [(reply: DHCPPort.Outgoing, type: DHCPMessageType?)?] = []
    }

    init(loop: EventLoop, service: DHCPService, configuration: DHCPConfiguration) {
        self.loop = loop
        self.service = service
        self.configuration = configuration
        logger = service.logger
        proxy = ProxyDHCP(configuration: configuration, authority: service.authority)
        rogues = RogueWatch(mode: configuration.mode)
    }

    /// Reads the leases, then opens the sockets.
    func start() throws {
        try loadLeases()
        interfaceWatch = try InterfaceWatch(on: loop) { [unowned self] in synchronise() }
        try openAll()
        probe()
        logger.notice("dhcp started", metadata: ["mode": "\(configuration.mode.rawValue)"])
    }

    private func loadLeases() throws {
        guard configuration.mode == .server else { return }
        server = DHCPServer(
            configuration: configuration,
            authority: service.authority,
            leases: try service.store.leases(),
            now: .now()
        )
    }

    func reload(_ new: DHCPConfiguration) {
        let modeChanged = new.mode != configuration.mode
        let isSameGuard = new.loopGuard == configuration.loopGuard
        configuration = new
        proxy = ProxyDHCP(configuration: new, authority: service.authority, loops: isSameGuard ? proxy.loops : nil)
        if modeChanged { rogues = RogueWatch(mode: new.mode) }
        if new.mode != .server {
            server = nil
        } else if let old = server {
            server = old.reconfigured(new, now: .now())
        } else {
            do {
                try loadLeases()
            } catch {
                logger.error("leases not read, nobody is served", metadata: ["reason": "\(error)"])
            }
        }
        if modeChanged { closeAll() }
        synchronise()
        logger.notice("dhcp reloaded", metadata: ["mode": "\(new.mode.rawValue)"])
    }

    // MARK: Receiving

    func receive(on port: DHCPPort, _ number: UInt16) {
        let now = Moment.now()
        var batch = Batch(arrived: now.uptime)
        let socket = number == ReplyDestination.proxyPort ? port.proxy : port.server
        receiver.receive(from: socket) { datagram in
            batch.counters.received += 1
            guard let source = datagram.source.endpoint, source.port != 0 else {
                batch.counters.malformed += 1
                return
            }
            do throws(DHCPError) {
                let packet = try DHCPPacket(parsing: datagram.bytes)
                batch.counters.count(received: packet.messageType)
                let arrival = DHCPArrival(
                    link: port.link,
                    source: source,
                    destination: datagram.destination?.ipv4,
                    port: number
                )
                take(decide(packet, arrival, now), port, into: &batch)
            } catch {
                batch.counters.malformed += 1
                logger.debug("packet dropped", metadata: ["peer": "\(source)", "reason": "\(error)"])
            }
        }
        finish(batch)
    }

    private func decide(_ packet: DHCPPacket, _ arrival: DHCPArrival, _ now: Moment) -> DHCPOutcome {
        if arrival.port == ReplyDestination.proxyPort || configuration.mode == .proxy {
            return proxy.receive(packet, from: arrival, now: now)
        }
        let limit = configuration.maximumPending
        guard pending < (packet.messageType == .discover ? limit : 4 * limit) else { return .ignore(.overloaded) }
        guard var outcome = server?.receive(packet, from: arrival, now: now) else { return .ignore(.noSubnet) }
        if outcome.ignored == .otherServer, packet.messageType == .request,
            let rogue = rogues.saw(request: packet, on: arrival.link, now: now)
        {
            outcome.observations.append(rogue)
        }
        return outcome
    }

    private func take(_ outcome: DHCPOutcome, _ port: DHCPPort, into batch: inout Batch) {
        for observation in outcome.observations { service.authority.observe(observation) }
        if let reason = outcome.ignored { batch.counters.count(reason) }
        let type = outcome.reply?.packet.messageType
        let outgoing = outcome.reply.map { reply in
            DHCPPort.Outgoing(
                interface: port.link.name,
                octets: reply.packet.encode(limit: reply.limit),
                destination: reply.destination,
                source: reply.source
            )
        }
        if let change = outcome.change {
            batch.changes.append(change)
            batch.waiting.append(outgoing.map { ($0, type) })
        } else if let outgoing {
            batch.counters.count(sent: type)
            batch.ready.append(outgoing)
        }
    }

    // MARK: Writing and sending

    private func finish(_ batch: Batch) {
        var counters = batch.counters
        send(batch.ready, since: batch.arrived, &counters)
        service.count(counters)
        guard !batch.changes.isEmpty else { return }
        pending += batch.changes.count
        service.store.commit(batch.changes.map(\.binding.lease)) { [loop] written in
            loop.submit { self.committed(batch, written) }
        }
    }

    /// The leases are on the disk: now the clients may hear of them. If they are not, only those hear who had theirs.
    private func committed(_ batch: Batch, _ written: Bool) {
        pending -= batch.changes.count
        var counters = DHCPCounters()
        var ready: [DHCPPort.Outgoing] = []
        for (change, waiting) in zip(batch.changes, batch.waiting) {
            if written {
                server?.written(change)
            } else {
                guard server?.notWritten(change) == true else {
                    counters.count(.notWritten)
                    continue
                }
                counters.unwrittenRenewals += 1
            }
            guard let waiting else { continue }
            counters.count(sent: waiting.type)
            ready.append(waiting.reply)
        }
        if !written { counters.storeFailures += 1 }
        reportStore(written)
        send(ready, since: batch.arrived, &counters)
        service.count(counters)
    }

    /// Once when it begins and once when it ends.
    private func reportStore(_ written: Bool) {
        guard written == storeFailed else { return }
        storeFailed = !written
        let (kind, message) =
            written
            ? ("dhcp.leases.written", "Leases are written again")
            : ("dhcp.leases.failed", "Leases cannot be written: known machines keep theirs, no new ones are given")
        service.authority.observe(.notice(kind: kind, message: message))
        if written {
            logger.notice("leases are written again")
        } else {
            logger.error("leases cannot be written: known machines keep theirs, no new ones are given")
        }
    }

    /// - Parameter arrival: of what they answer.
    private func send(
        _ replies: [DHCPPort.Outgoing],
        since arrival: Duration,
        _ counters: inout DHCPCounters
    ) {
        guard let first = replies.first else { return }
        defer { service.responses.observe(Moment.now().uptime - arrival, count: replies.count) }
        if replies.allSatisfy({ $0.interface == first.interface }) {
            counters.sendFailures += UInt64(ports[first.interface]?.send(replies) ?? replies.count)
            return
        }
        for (name, group) in Dictionary(grouping: replies, by: \.interface) {
            counters.sendFailures += UInt64(ports[name]?.send(group) ?? group.count)
        }
    }

    /// Replies of other servers to clients on the link.
    func overhear(on port: DHCPPort) {
        port.packets?.receive { datagram, mac in
            guard datagram.source.port == ReplyDestination.serverPort,
                let packet = try? DHCPPacket(parsing: datagram.bytes),
                let observation = rogues.saw(reply: packet, from: mac, on: port.link, now: .now())
            else { return }
            logger.warning("another dhcp server", metadata: ["interface": "\(port.link.name)", "mac": "\(mac)"])
            service.authority.observe(observation)
        }
    }
}
