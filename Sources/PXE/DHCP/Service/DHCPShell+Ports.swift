import Logging
import Vocabulary

/// Interfaces come and go, change their addresses, and come back under the same name with another index.
extension DHCPShell {
    private static let retryInterval = Duration.seconds(2)
    /// Questions about pool addresses, as many at a time as no switch minds.
    private static let probeInterval = Duration.milliseconds(50)
    private static let idleProbeInterval = Duration.seconds(1)

    /// At the start: a port that somebody else has is the operator's to solve.
    func openAll() throws(SystemError) {
        if let error = adjust() { throw error }
    }

    /// After a change: what cannot be opened is tried again.
    func synchronise() {
        guard let error = adjust() else { return }
        logger.warning("dhcp not served on every interface", metadata: ["reason": "\(error)"])
        if let retry { loop.cancel(retry) }
        retry = loop.schedule(after: Self.retryInterval) { [unowned self] in synchronise() }
    }

    /// Opens, updates and closes ports so that they fit the host's interfaces.
    /// - Returns: the first trouble.
    private func adjust() -> SystemError? {
        var trouble: SystemError?
        var found: [String: NetworkInterface] = [:]
        do throws(SystemError) {
            for interface in try NetworkInterface.all() { found[interface.name] = interface }
        } catch {
            return error
        }
        let wanted = configuration.mode == .off ? [] : configuration.interfaces
        for name in ports.keys where !wanted.contains(where: { $0.name == name }) { close(name) }
        for entry in wanted {
            guard let interface = found[entry.name], interface.isUp,
                !interface.addresses.isEmpty || entry.address != nil
            else {
                if ports[entry.name] != nil { close(entry.name) }
                continue
            }
            if let port = ports[entry.name], port.interface.index == interface.index {
                port.update(interface, configured: entry.address)
                continue
            }
            close(entry.name)
            do throws(SystemError) {
                try open(interface, entry)
            } catch {
                trouble = trouble ?? error
            }
        }
        let links = ports.values.map(\.link)
        server?.ownAddresses = Set(links.flatMap { $0.addresses.map(\.address) + [$0.configured].compactMap { $0 } })
        rogues.ownAddresses = server?.ownAddresses ?? []
        service.publish(interfaces: ports.keys.sorted())
        return trouble
    }

    private func open(_ interface: NetworkInterface, _ entry: DHCPConfiguration.Interface) throws(SystemError) {
        let port = try DHCPPort(
            interface,
            configured: entry.address,
            shared: configuration.mode == .proxy,
            probes: configuration.mode == .server && configuration.probesAddresses,
            loop: loop
        )
        try port.listen(
            readable: { [unowned self] port, number in receive(on: port, number) },
            overheard: { [unowned self] port in overhear(on: port) }
        )
        ports[entry.name] = port
        let reason = port.trouble.map { "\($0) (needs CAP_NET_RAW)" } ?? "no Ethernet"
        let facts: Logger.Metadata = ["interface": "\(entry.name)", "reason": "\(reason)"]
        if port.packets == nil {
            logger.warning(
                "replies to clients without an address are broadcast, other servers are not noticed",
                metadata: facts
            )
        }
        if port.prober == nil, port.trouble != nil, configuration.probesAddresses {
            logger.warning("addresses are given without asking the network who has them", metadata: facts)
        }
        logger.notice("dhcp serves interface", metadata: ["interface": "\(entry.name)"])
    }

    private func close(_ name: String) {
        guard let port = ports.removeValue(forKey: name) else { return }
        port.close()
        server?.abandonProbes(on: port.link)
        logger.notice("dhcp leaves interface", metadata: ["interface": "\(name)"])
    }

    func closeAll() {
        for name in ports.keys { close(name) }
    }

    /// After the loop has ended.
    func close() {
        closeAll()
        interfaceWatch = nil
        logger.notice("dhcp stopped")
    }

    // MARK: Probing

    /// Keeps the pools' queues filled, all the time, while nobody waits.
    func probe() {
        let now = Moment.now()
        var asked = false
        for port in ports.values {
            guard let prober = port.prober, let list = server?.addressesToProbe(on: port.link, now: now) else {
                continue
            }
            asked = asked || !list.isEmpty
            for address in list {
                prober.probe(address) { [weak self] answer in
                    switch answer {
                    case .free: self?.server?.probed(address, .free)
                    case .taken: self?.server?.probed(address, .taken)
                    case .unknown: self?.server?.probed(address, .unknown)
                    }
                }
            }
        }
        probeTimer = loop.schedule(after: asked ? Self.probeInterval : Self.idleProbeInterval) { [unowned self] in
            probe()
        }
    }
}
