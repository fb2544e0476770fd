import CLinuxNet
import Glibc
import Logging
import Vocabulary

/// The shell around `TransferStateMachine`: sockets, buffers and the clock, on one event loop's thread.
///
/// `@unchecked Sendable` only so that answers which arrive on other threads can be handed to the loop: everything in
/// here is touched on the loop's thread alone.
final class TFTPServer: @unchecked Sendable {
    /// Between two looks at all deadlines: as exact as a repetition has to be.
    static let tick = Duration.milliseconds(50)
    static let headerSize = 4
    /// Blocks that leave first, alone: a single client takes them while the rest of its window is made ready. With
    /// more clients there is always one that has something to do, and a second call for each window only costs.
    private static let lead = 4

    let loop: EventLoop
    let configuration: TFTPService.Configuration
    let authority: any BootAuthority
    let scripts: ScriptRenderer
    let logger: Logger
    private let publish: (TFTPCounters) -> Void

    var counters = TFTPCounters()
    var listeners: [TFTPListener] = []
    /// By index; refreshed when the kernel says that something changed.
    var interfaces: [UInt32: NetworkInterface] = [:]
    /// Running transfers, by the client's address and port: there is never more than one for each.
    private(set) var transfers: [SocketAddress: TFTPTransfer] = [:]
    /// Requests whose answer is not there yet.
    var pending: [SocketAddress: PendingRequest] = [:]
    let receiver = DatagramReceiver(capacity: 4096)
    var interfaceWatch: InterfaceWatch?
    var bindingTimer: EventLoop.Timer?

    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 2048, alignment: 16)
    private let headers = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * 64, alignment: 16)
    private var isTicking = false

    init(
        loop: EventLoop,
        service: TFTPService,
        publish: @escaping (TFTPCounters) -> Void
    ) {
        self.loop = loop
        self.publish = publish
        configuration = service.configuration
        authority = service.authority
        scripts = service.scripts
        logger = service.logger
    }

    deinit {
        scratch.deallocate()
        headers.deallocate()
    }

    // MARK: Transfers

    var isFull: Bool { transfers.count + pending.count >= configuration.maximumTransfers }

    /// Takes the transfer in and sends its first packet.
    func begin(_ transfer: TFTPTransfer) {
        do throws(SystemError) {
            if !configuration.isSinglePort {
                transfer.watch = try loop.watch(transfer.socket.descriptor) { [unowned self, unowned transfer] _ in
                    self.receive(for: transfer)
                }
            }
        } catch {
            logger.error("transfer not started", metadata: ["peer": "\(transfer.peer)", "reason": "\(error)"])
            return
        }
        transfers[transfer.peer] = transfer
        perform(transfer.machine.start(now: now), for: transfer)
        keepTicking()
    }

    private func receive(for transfer: TFTPTransfer) {
        guard let (length, source) = transfer.socket.receiveOne(into: scratch) else { return }
        guard source == transfer.peer else {
            // RFC 1350 4: a datagram from elsewhere is told off, and the transfer goes on.
            counters.strays += 1
            let error = TFTPError(.unknownTransfer, "unknown transfer ID")
            transfer.socket.send(error.packet, along: DatagramRoute(to: source))
            return
        }
        received(UnsafeRawBufferPointer(rebasing: scratch[..<min(length, scratch.count)]), for: transfer)
    }

    /// A datagram from the client of a transfer.
    func received(_ bytes: UnsafeRawBufferPointer, for transfer: TFTPTransfer) {
        switch TFTPClientPacket(parsing: bytes) {
        case .acknowledgement(let block):
            perform(transfer.machine.received(acknowledgement: block, now: now), for: transfer)
        case .error(let code):
            perform(transfer.machine.received(error: code), for: transfer)
        case .other, nil:
            counters.ignoredDatagrams += 1
        }
    }

    func perform(_ action: TransferStateMachine.Action, for transfer: TFTPTransfer) {
        switch action {
        case .nothing:
            return
        case .sendOptions:
            note(transfer.socket.send(transfer.options.packet, along: transfer.route))
        case .send(let first, let count):
            send(first, count, for: transfer)
        case .finish(let outcome):
            finish(transfer, outcome)
            return
        }
        if transfer.machine.deadline &- now < Self.tickNanoseconds { attend(transfer) }
    }

    // MARK: Blocks

    private func send(_ first: UInt64, _ count: Int, for transfer: TFTPTransfer) {
        let end = first + UInt64(count)
        var next = first
        do throws(SystemError) {
            while next < end {
                let isLead = next == first && transfers.count == 1
                let chunk = min(Int(end - next), transfer.source.blocksAtOnce, isLead ? Self.lead : 64)
                let (sent, error) = try transfer.source.withBlocks(next, count: chunk) { bytes in
                    transmit(bytes, from: next, count: chunk, for: transfer)
                }
                next += UInt64(sent)
                counters.blocks += UInt64(sent)
                guard error == 0 else { return heldUp(error, Int(end - next), transfer) }
            }
            transfer.source.prepare(end, count: count)
        } catch {
            logger.error("resource cannot be read", metadata: ["name": "\(transfer.name)", "reason": "\(error)"])
            let told = TFTPError(.undefined, "the server cannot read the file")
            transfer.socket.send(told.packet, along: transfer.route)
            finish(transfer, nil)
        }
    }

    /// Sends blocks that lie in `bytes`, by as many calls as it takes.
    private func transmit(
        _ bytes: UnsafeRawBufferPointer,
        from first: UInt64,
        count: Int,
        for transfer: TFTPTransfer
    ) -> (sent: Int, error: CInt) {
        let blockSize = transfer.options.blockSize
        if transfer.machine.lastBlock == nil, bytes.count < blockSize { transfer.machine.ended(at: first) }
        for index in 0..<count {
            let block = UInt16(truncatingIfNeeded: first + UInt64(index))
            let header = UInt32(TFTPOpcode.data.rawValue) << 16 | UInt32(block)
            headers.storeBytes(of: header.bigEndian, toByteOffset: Self.headerSize * index, as: UInt32.self)
        }
        var done = 0
        while done < count {
            let (sent, error) = transfer.socket.send(
                headers: UnsafeRawBufferPointer(rebasing: headers[Self.headerSize * done..<Self.headerSize * count]),
                headerSize: Self.headerSize,
                bytes: UnsafeRawBufferPointer(rebasing: bytes[min(done * blockSize, bytes.count)...]),
                segment: blockSize,
                along: transfer.route,
                offload: transfer.offload
            )
            if sent > 0 {
                done += sent
            } else if transfer.offload, error == EINVAL || error == EIO || error == EMSGSIZE || error == EOPNOTSUPP {
                transfer.offload = false  // a kernel before 4.18, a device without checksums, a path that shrank
            } else {
                return (done, error)
            }
        }
        return (done, 0)
    }

    /// A full queue is tried again in a moment; whatever else the kernel says is as if the network had lost it.
    private func heldUp(_ error: CInt, _ count: Int, _ transfer: TFTPTransfer) {
        counters.failedSends += 1
        if error == EAGAIN || error == ENOBUFS { transfer.machine.held(back: count, now: now) }
    }

    func note(_ error: CInt?) {
        if error != nil { counters.failedSends += 1 }
    }

    // MARK: The end

    /// - Parameter outcome: nil when we end it ourselves.
    func finish(_ transfer: TFTPTransfer, _ outcome: TransferStateMachine.Outcome?) {
        guard transfers[transfer.peer] === transfer else { return }
        transfers[transfer.peer] = nil
        if let watch = transfer.watch { loop.cancel(watch) }
        counters.repetitions += UInt64(transfer.machine.repetitions)
        counters.bytes += transfer.received(outcome)
        switch outcome {
        case .complete: counters.completed += 1
        case .aborted: counters.aborted += 1
        case .timedOut: counters.timedOut += 1
        case nil: counters.abandoned += 1
        }
        report(transfer, outcome)
        if transfers.isEmpty { publish(snapshot) }
    }

    private func report(_ transfer: TFTPTransfer, _ outcome: TransferStateMachine.Outcome?) {
        let received = transfer.received(outcome)
        logger.debug(
            "transfer ended",
            metadata: [
                "peer": "\(transfer.peer)", "name": "\(transfer.name)",
                "outcome": outcome.map { "\($0)" } ?? "abandoned", "bytes": "\(received)",
            ]
        )
        // An option acknowledgement that is answered with ERROR 8 was only a question for the size.
        guard outcome == .complete || received > 0, let peer = transfer.peer.ipv4 else { return }
        let boot: BootID? =
            switch transfer.name {
            case .boot(let id, _), .call(let id, _): id
            default: nil
            }
        authority.observe(
            .transferred(
                Transfer(
                    carrier: .tftp,
                    peer: peer,
                    name: transfer.name,
                    boot: boot,
                    range: 0..<received,
                    total: transfer.total
                )
            )
        )
    }

    // MARK: Time

    var now: UInt64 { loop.nanoseconds }

    var snapshot: TFTPCounters {
        var counters = counters
        counters.active = transfers.count
        counters.ignoredDatagrams += receiver.truncated
        return counters
    }

    private static let tickNanoseconds: UInt64 = 50_000_000

    /// For a deadline that cannot wait for the next look at all of them.
    private func attend(_ transfer: TFTPTransfer) {
        let deadline = transfer.machine.deadline
        let wait = Duration.nanoseconds(Int64(clamping: deadline > now ? deadline - now : 0))
        loop.schedule(after: wait) { [weak self, weak transfer] in
            guard let self, let transfer, transfer.machine.deadline == deadline else { return }
            perform(transfer.machine.timedOut(now: now), for: transfer)
        }
    }

    private func keepTicking() {
        guard !isTicking else { return }
        isTicking = true
        loop.schedule(after: Self.tick) { [weak self] in self?.lookAtDeadlines() }
    }

    private func lookAtDeadlines() {
        isTicking = false
        for transfer in transfers.values where transfer.machine.deadline <= now {
            perform(transfer.machine.timedOut(now: now), for: transfer)
        }
        publish(snapshot)
        if !transfers.isEmpty { keepTicking() }
    }
}
