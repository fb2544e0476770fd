import Logging
import Vocabulary

/// Binding, and binding again when interfaces come and go.
extension TFTPServer {
    /// Binds everything that can be bound now.
    /// - Throws: at the start, what keeps a port from being bound; an interface that is not there yet is waited for.
    func start() throws(SystemError) {
        try refreshInterfaces()
        try bindMissing(isStart: true)
        interfaceWatch = try InterfaceWatch(on: loop) { [weak self] in self?.interfacesChanged() }
    }

    /// Ends every transfer, without a word to the clients: their own timers lead them to whoever serves next.
    func stop() {
        for transfer in transfers.values { finish(transfer, nil) }
    }

    /// What is bound now.
    var addresses: [SocketAddress] { listeners.compactMap(\.socket.local) }

    private func interfacesChanged() {
        do throws(SystemError) {
            try refreshInterfaces()
        } catch {
            logger.error("interfaces cannot be listed", metadata: ["reason": "\(error)"])
            return
        }
        listeners.removeAll { listener in
            guard let name = listener.interface else { return false }
            let isSame = interfaces[listener.interfaceIndex]?.name == name
            if !isSame {
                if let watch = listener.watch { loop.cancel(watch) }
                logger.notice("interface left", metadata: ["interface": "\(name)"])
            }
            return !isSame
        }
        try? bindMissing(isStart: false)
    }

    private func refreshInterfaces() throws(SystemError) {
        interfaces = Dictionary(uniqueKeysWithValues: try NetworkInterface.all().map { ($0.index, $0) })
    }

    private func bindMissing(isStart: Bool) throws(SystemError) {
        for wanted in configuration.sockets {
            guard !listeners.contains(where: { $0.socket.configuration == wanted }) else { continue }
            var index: UInt32 = 0
            if let name = wanted.interface {
                guard let interface = interfaces.values.first(where: { $0.name == name }) else {
                    if isStart { logger.warning("interface is not there yet", metadata: ["interface": "\(name)"]) }
                    continue
                }
                index = interface.index
            }
            do throws(SystemError) {
                try bind(wanted, interfaceIndex: index)
            } catch {
                if isStart { throw error }
                logger.error("port not bound, trying again", metadata: ["reason": "\(error)"])
                bindLater()
            }
        }
    }

    private func bind(_ wanted: DatagramSocket.Configuration, interfaceIndex: UInt32) throws(SystemError) {
        let listener = try TFTPListener(wanted, interfaceIndex: interfaceIndex)
        listener.watch = try loop.watch(listener.socket.descriptor) { [unowned self, unowned listener] _ in
            receive(at: listener)
        }
        listeners.append(listener)
        logger.notice(
            "tftp is served",
            metadata: [
                "address": "\(listener.socket.local ?? wanted.local)", "interface": "\(wanted.interface ?? "all")",
            ]
        )
    }

    private func bindLater() {
        if let bindingTimer { loop.cancel(bindingTimer) }
        bindingTimer = loop.schedule(after: .seconds(5)) { [weak self] in
            self?.bindingTimer = nil
            try? self?.bindMissing(isStart: false)
        }
    }
}
