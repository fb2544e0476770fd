import PXE
import Vocabulary

/// DHCP, of firmware and of iPXE, and the loader by TFTP.
extension SimulatedMachine {
    func begin(_ client: DHCPExchange.Client) {
        exchange = DHCPExchange(
            client,
            identity: identity,
            xid: nextTransaction(),
            relay: fleet.relay.address
        )
        stepBegan = now
        ask()
    }

    private func ask() {
        guard var exchange else { return }
        fleet.relay.send(exchange.datagram(seconds: UInt16(clamping: (now - poweredOn).components.seconds)))
        if exchange.sent > 1 { report.count(\.dhcpRetransmits) }
        self.exchange = exchange
        guard let timeout = exchange.timeout else { return giveUp() }
        after(timeout) { $0.ask() }
    }

    private func giveUp() {
        if hasDeadNIC { return end() }
        fail("no answer by DHCP")
    }

    func received(_ packet: DHCPPacket) {
        guard !hasDeadNIC, var exchange else { return }
        let event = exchange.received(packet)
        self.exchange = exchange
        switch event {
        case .ignored: break
        case .refused: fail("its address was refused by DHCP")
        case .offered:
            report.took(.offer, now - stepBegan)
            stepBegan = now
            ask()
        case .acknowledged(let lease):
            report.took(.ack, now - stepBegan)
            self.exchange = nil
            stopTimer()
            address = lease.address
            guard !lease.file.isEmpty else { return fail("DHCP offers nothing to boot") }
            switch exchange.client {
            case .firmware: load(lease.file, from: lease.server)
            case .ipxe: runScript(lease.file)
            }
        }
    }

    // MARK: TFTP

    private func load(_ file: String, from server: IPv4Address) {
        guard let address else { return }
        var configuration = DatagramSocket.Configuration(port: 0, address: address)
        configuration.reportsDestination = false
        configuration.receiveBuffer = 128 << 10
        do throws(SystemError) {
            let socket = try DatagramSocket(configuration)
            self.socket = socket
            socketWatch = try fleet.loop.watch(socket.descriptor) { [unowned self] in receiveBlocks($0) }
        } catch {
            return fleet.fail(error)
        }
        let download = TFTPDownload(file: file, blockSize: 1468, window: tftpWindow)
        self.download = download
        move(to: .loading)
        stepBegan = now
        lastBlock = now
        tftpServer = SocketAddress(server, port: 69)
        sendTFTP(download.request)
        waitForBlocks()
    }

    /// One timer looks again and again, instead of each block setting its own.
    private func waitForBlocks() {
        guard let timeout = download?.timeout else { return fail("no answer by TFTP") }
        let waited = now - lastBlock
        guard waited >= timeout else { return after(timeout - waited) { $0.waitForBlocks() } }
        guard let packet = download?.timedOut() else { return }
        report.count(\.tftpRetransmits)
        lastBlock = now
        sendTFTP(packet)
        waitForBlocks()
    }

    private func receiveBlocks(_ readiness: EventLoop.Readiness) {
        guard let socket else { return }
        // ICMP's word that the port is closed, which ends a download of firmware's too.
        if readiness.contains(.troubled), !readiness.contains(.readable) { return fail("the TFTP server is gone") }
        fleet.datagrams.receiveInPlace(from: socket) { bytes, source, _, _ in
            guard download != nil, self.socket === socket else { return }
            if tftpServer?.port == 69 { answer(from: source, on: socket) }
            guard source == tftpServer else { return }
            report.received(bytes.count)
            take(download?.take(bytes) ?? .nothing)
        }
    }

    /// The transfer's other end is where the first answer comes from (RFC 1350 §4).
    private func answer(from source: SocketAddress, on socket: DatagramSocket) {
        do throws(SystemError) {
            try socket.connect(to: source)
            tftpServer = source
        } catch {
            fleet.fail(error)
        }
    }

    private func take(_ action: TFTPDownload.Action) {
        switch action {
        case .nothing: break
        case .send(let packet):
            lastBlock = now
            if isSlow {
                let bytes = Duration.microseconds(Int64(1468 * tftpWindow) * 1_000_000 / Int64(Faults.slowRate))
                fleet.loop.schedule(after: Faults.slowDelay + bytes) { [weak self] in self?.sendTFTP(packet) }
            } else {
                sendTFTP(packet)
            }
        case .finished(let packet):
            sendTFTP(packet)
            report.took(.loader, now - stepBegan)
            closeDownload()
            stopTimer()
            if death == .loader { die() } else { begin(.ipxe) }
        case .failed(let reason):
            fail(reason)
        }
    }

    private func sendTFTP(_ packet: [UInt8]) {
        guard let socket, let tftpServer else { return }
        report.sent(packet.count)
        // What did not leave is sent again by the timer.
        socket.send(OutgoingDatagram(packet, to: tftpServer))
    }
}
