import Vocabulary

/// What arrives at the server's own port.
extension TFTPServer {
    func receive(at listener: TFTPListener) {
        receiver.receiveInPlace(from: listener.socket) { bytes, source, destination, interfaceIndex in
            if configuration.isSinglePort, !Self.isRequest(bytes), let transfer = transfers[source] {
                received(bytes, for: transfer)
            } else {
                receive(Array(bytes), from: source, to: destination, interfaceIndex, at: listener)
            }
        }
    }

    private static func isRequest(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 2 && bytes[0] == 0 && (bytes[1] == 1 || bytes[1] == 2)
    }

    /// Only requests are ever answered here: an answer to anything else could be the beginning of an endless
    /// conversation with another server, whose address somebody forged.
    private func receive(
        _ bytes: [UInt8],
        from source: SocketAddress,
        to destination: SocketAddress?,
        _ interfaceIndex: UInt32,
        at listener: TFTPListener
    ) {
        guard bytes.count >= 2, bytes[0] == 0, bytes[1] == 1 || bytes[1] == 2, source.port != 0, !source.isGroup else {
            counters.ignoredDatagrams += 1
            return
        }
        guard !isRepetition(bytes, from: source) else { return }
        let interface = interfaces[interfaceIndex]
        let local = destination.flatMap { interface?.own($0, facing: source) } ?? destination
        do throws(TFTPError) {
            let request = try ReadRequest(parsing: bytes)
            let name = try ResourceName(tftp: request.name)
            counters.requests += 1
            let asked = PendingRequest(
                peer: source,
                local: local ?? source,
                interfaceIndex: interfaceIndex,
                mtu: interface?.mtu ?? 1500,
                bytes: bytes,
                request: request,
                name: name
            )
            try look(up: asked, at: listener)
        } catch {
            refuse(error, bytes, source, local, interfaceIndex, at: listener)
        }
    }

    /// A client that hears nothing sends its request again. Its transfer has its own timer, so a copy is ignored; a
    /// different request, or the same one from a client that was silent for long, comes from a machine that began
    /// anew with the same port (PXE ROMs do), and what ran before is dead.
    private func isRepetition(_ bytes: [UInt8], from source: SocketAddress) -> Bool {
        let isCopy =
            if let transfer = transfers[source] {
                transfer.request == bytes
                    && (!transfer.machine.isAnswered || now &- transfer.machine.lastProgress < Self.freshness)
            } else {
                pending[source]?.bytes == bytes
            }
        if isCopy {
            counters.repeatedRequests += 1
        } else {
            pending[source] = nil
            if let transfer = transfers[source] { finish(transfer, nil) }
        }
        return isCopy
    }

    /// Nanoseconds after its last progress during which a transfer's own request is taken for a late copy.
    private static let freshness: UInt64 = 2_000_000_000

    private func refuse(
        _ error: TFTPError,
        _ bytes: [UInt8],
        _ source: SocketAddress,
        _ local: SocketAddress?,
        _ interfaceIndex: UInt32,
        at listener: TFTPListener
    ) {
        counters.refusedRequests[error.code, default: 0] += 1
        logger.debug(
            "request refused",
            metadata: [
                "peer": "\(source)", "code": "\(error.code.rawValue)", "reason": "\(error.message)",
                "request": "\(BytePath(bytes.dropFirst(2).prefix(200)))",
            ]
        )
        let route = DatagramRoute(to: source, from: local, interfaceIndex: source.ipv4 == nil ? interfaceIndex : 0)
        note(listener.socket.send(error.packet, along: route))
    }

    // MARK: Looking up

    private func look(up asked: PendingRequest, at listener: TFTPListener) throws(TFTPError) {
        guard makeRoom() else {
            counters.overload += 1
            return  // silence: the client asks again when somebody else is done
        }
        switch asked.name {
        case .ipxeScript(let mac): try answer(asked, mac, .ipxe, at: listener)
        case .grubConfiguration(let mac): try answer(asked, mac, .grub, at: listener)
        case .call(let boot, .segment): try handOutSegment(asked, of: boot, at: listener)
        default:
            guard let content = authority.content(asked.name) ?? withoutLayer(asked.name) else {
                throw TFTPError(.fileNotFound, "file not found")
            }
            try begin(asked, content, at: listener)
        }
    }

    /// PXE boot servers append the layer to the name that they give (`undionly.kpxe.0`), and clients ask for that.
    private func withoutLayer(_ name: ResourceName) -> Content? {
        guard case .loader(let file) = name, file.hasSuffix(".0") else { return nil }
        return authority.content(.loader(String(file.dropLast(2))))
    }

    /// A script that names no machine is the one that asks again and says who it is. The machine's own script is the
    /// authority's to answer, which may take the time of a disk write.
    private func answer(
        _ asked: PendingRequest,
        _ mac: MACAddress?,
        _ dialect: BootRequest.Dialect,
        at listener: TFTPListener
    ) throws(TFTPError) {
        guard let peer = asked.peer.ipv4, let local = asked.local.ipv4 else {
            throw TFTPError(.fileNotFound, "scripts are served over IPv4 only")
        }
        let request = BootRequest(
            identity: MachineIdentity(mac: mac),
            peer: peer,
            server: Endpoint(address: local, port: configuration.httpPort),
            dialect: dialect,
            carrier: .tftp
        )
        guard mac != nil else { return try begin(asked, Self.content(scripts.start(for: request)), at: listener) }
        pending[asked.peer] = asked
        authority.answer(request) { [loop, self] answer in
            loop.submit { [weak self] in self?.answered(asked, request, answer) }
        }
    }

    /// For GRUB, which fetches everything the way its configuration came.
    private func handOutSegment(
        _ asked: PendingRequest,
        of boot: BootID,
        at listener: TFTPListener
    ) throws(TFTPError) {
        guard let peer = asked.peer.ipv4, let local = asked.local.ipv4 else {
            throw TFTPError(.fileNotFound, "segments are handed out over IPv4 only")
        }
        let server = Endpoint(address: local, port: configuration.httpPort)
        pending[asked.peer] = asked
        authority.answer(MachineCall(boot: boot, kind: .segment, peer: peer, server: server)) { [loop, self] answer in
            loop.submit { [weak self] in
                self?.settle(asked) { () throws(TFTPError) in
                    switch answer {
                    case .segment(let bytes): Self.content(bytes)
                    case .later: throw TFTPError(.undefined, "the segment cannot be made now: ask again")
                    default: throw TFTPError(.accessViolation, "this segment is not handed out")
                    }
                }
            }
        }
    }

    private func answered(_ asked: PendingRequest, _ request: BootRequest, _ answer: BootAnswer) {
        settle(asked) { Self.content(scripts.render(answer, for: request)) }
    }

    /// Begins the transfer of what the authority answered, unless the request was given up meanwhile.
    private func settle(_ asked: PendingRequest, _ content: () throws(TFTPError) -> Content) {
        guard pending[asked.peer]?.bytes == asked.bytes else { return }
        pending[asked.peer] = nil
        // The listener may have been bound again meanwhile.
        let listener = listeners.first { $0.interfaceIndex == asked.interfaceIndex } ?? listeners.first
        guard let listener else { return }
        do throws(TFTPError) {
            try begin(asked, try content(), at: listener)
        } catch {
            refuse(error, asked.bytes, asked.peer, asked.local, asked.interfaceIndex, at: listener)
        }
    }

    private static func content(_ script: [UInt8]) -> Content {
        Content(pieces: [.bytes(script)], digest: nil, mediaType: "text/plain", isImmutable: false)
    }

    private func begin(_ asked: PendingRequest, _ content: Content, at listener: TFTPListener) throws(TFTPError) {
        let limits = TransferOptions.Limits(
            mtu: asked.mtu,
            isIPv6: asked.peer.ipv4 == nil,
            window: configuration.windowLimit,
            size: content.length
        )
        let options = TransferOptions(answering: asked.request.options, mode: asked.request.mode, limits: limits)
        let socket: DatagramSocket
        let route: DatagramRoute
        if configuration.isSinglePort {
            socket = listener.socket
            route = DatagramRoute(to: asked.peer, from: asked.local)
        } else {
            socket = try ownSocket(asked, at: listener)
            route = DatagramRoute(to: asked.peer)
        }
        let transfer = TFTPTransfer(
            asked,
            content: content,
            options: options,
            socket: socket,
            route: route,
            patience: configuration.patience,
            now: now
        )
        begin(transfer)
    }

    /// A port of the transfer's own: its TID (RFC 1350 4), on the address that was asked.
    private func ownSocket(_ asked: PendingRequest, at listener: TFTPListener) throws(TFTPError) -> DatagramSocket {
        var own = DatagramSocket.Configuration(local: asked.local.with(port: 0), interface: listener.interface)
        own.reusesAddress = false
        own.reportsDestination = false
        own.receiveBuffer = 0
        do {
            return try DatagramSocket(own)
        } catch {
            logger.error("transfer not started", metadata: ["peer": "\(asked.peer)", "reason": "\(error)"])
            throw TFTPError(.undefined, "the server has no resources left, try again")
        }
    }

    /// When as many as allowed are running, the oldest one that nobody ever answered makes room.
    private func makeRoom() -> Bool {
        guard isFull else { return true }
        let unanswered = transfers.values.filter { !$0.machine.isAnswered }
        let oldest = unanswered.min { $0.machine.lastProgress < $1.machine.lastProgress }
        guard let oldest else { return false }
        finish(oldest, nil)
        return true
    }
}

extension SocketAddress {
    /// True for what cannot be a client's address: multicast, the broadcast address, nothing at all.
    fileprivate var isGroup: Bool {
        if let ipv4 { return ipv4.isMulticast || ipv4 == .broadcast || ipv4 == .any }
        return high >> 56 == 0xff || (high == 0 && low == 0)
    }
}

extension NetworkInterface {
    /// The address to answer from: the one that was asked, unless that was a broadcast or multicast one.
    fileprivate func own(_ destination: SocketAddress, facing peer: SocketAddress) -> SocketAddress? {
        guard let asked = destination.ipv4, let client = peer.ipv4 else {
            return ipv6Addresses.contains { $0.isSameHost(as: destination) } ? destination : ipv6Addresses.first
        }
        guard !isLoopback, !addresses.contains(where: { $0.address == asked }) else { return destination }
        return address(facing: client).map { SocketAddress($0, port: 0) }
    }
}
