/// An address on loan.
struct DHCPLease: Equatable {
    var address: UInt32
    var mask: UInt32
    var router: UInt32?
    var server: UInt32
    /// In milliseconds.
    var duration: Int64
}

/// How a client gets an address and keeps it (RFC 2131 section 4.4). Knows no socket and no clock.
///
/// Selecting until a server offers one, requesting until that server has said yes; then again at half of the lease's time,
/// by broadcast, and from the beginning when nobody extends it.
struct DHCPLife {
    enum Action: Equatable {
        case nothing
        case send(DHCPMessage)
        /// The lease counts from now on, new or for longer.
        case take(DHCPLease)
        /// The address is nobody's any more; a message goes out as well.
        case drop(DHCPMessage)
    }

    private enum State: Equatable {
        case selecting
        case requesting(DHCPMessage)
        case bound(DHCPLease, until: Int64)
        case renewing(DHCPLease, until: Int64)
    }

    /// In milliseconds: of the first repetition, which doubles, and of the longest.
    private static let firstPause: Int64 = 1_000
    private static let longestPause: Int64 = 16_000
    /// Requests without an answer, after which another offer is looked for.
    private static let requests = 4
    private static let shortestLease: Int64 = 60_000

    private let hardwareAddress: [UInt8]
    private let begun: Int64
    private var transaction: UInt32
    private var state = State.selecting
    private var sent = 0
    /// When `timeCame` has something to do.
    private(set) var nextTime: Int64

    /// - Parameter transaction: random.
    init(hardwareAddress: [UInt8], transaction: UInt32, now: Int64) {
        self.hardwareAddress = hardwareAddress
        self.transaction = transaction
        begun = now
        nextTime = now
    }

    /// - Parameter random: anything; spreads the questions of machines that started together.
    mutating func timeCame(now: Int64, random: UInt32) -> Action {
        guard now >= nextTime else { return .nothing }
        switch state {
        case .selecting: return .send(ask(discover(), now: now, random))
        case .requesting(let offer):
            guard sent < Self.requests else { return .send(startOver(now: now, random)) }
            return .send(ask(request(offer), now: now, random))
        case .bound(let lease, let until):
            state = .renewing(lease, until: until)
            sent = 0
            transaction &+= 1
            return .send(ask(extend(lease), now: now, random))
        case .renewing(let lease, let until):
            guard now < until else { return .drop(startOver(now: now, random)) }
            let message = ask(extend(lease), now: now, random)
            nextTime = min(max(nextTime, now + (until - now) / 4), until)
            return .send(message)
        }
    }

    mutating func received(_ message: DHCPMessage, now: Int64, random: UInt32) -> Action {
        guard message.transaction == transaction, message.hardwareAddress == hardwareAddress else { return .nothing }
        switch (state, message.kind) {
        case (.selecting, .offer):
            guard message.yourAddress != 0, message.number(DHCPMessage.Option.server) != nil else { return .nothing }
            state = .requesting(message)
            sent = 0
            return .send(ask(request(message), now: now, random))
        case (.requesting, .acknowledge), (.renewing, .acknowledge):
            guard let lease = lease(message) else { return .nothing }
            state = .bound(lease, until: now + lease.duration)
            nextTime = now + lease.duration / 2
            return .take(lease)
        case (.requesting, .refuse): return .send(startOver(now: now, random))
        case (.renewing, .refuse): return .drop(startOver(now: now, random))
        default: return .nothing
        }
    }

    private mutating func startOver(now: Int64, _ random: UInt32) -> DHCPMessage {
        state = .selecting
        sent = 0
        transaction &+= 1
        return ask(discover(), now: now, random)
    }

    private mutating func ask(_ message: DHCPMessage, now: Int64, _ random: UInt32) -> DHCPMessage {
        let pause = min(Self.firstPause << Int64(min(sent, 8)), Self.longestPause)
        sent += 1
        nextTime = now + pause * (900 + Int64(random % 201)) / 1000
        var message = message
        message.seconds = UInt16(clamping: (now - begun) / 1000)
        return message
    }

    // MARK: Messages

    private func message(_ kind: DHCPMessage.Kind) -> DHCPMessage {
        var message = DHCPMessage(kind, transaction: transaction, hardwareAddress: hardwareAddress)
        let wanted = [DHCPMessage.Option.mask, DHCPMessage.Option.router, DHCPMessage.Option.leaseTime]
        message.options = [(DHCPMessage.Option.wanted, wanted)]
        return message
    }

    private func discover() -> DHCPMessage { message(.discover) }

    private func request(_ offer: DHCPMessage) -> DHCPMessage {
        var message = message(.request)
        let server = offer.number(DHCPMessage.Option.server) ?? 0
        message.options += [
            (DHCPMessage.Option.requestedAddress, offer.yourAddress.bigEndianBytes),
            (DHCPMessage.Option.server, server.bigEndianBytes),
        ]
        return message
    }

    /// RFC 2131 section 4.3.2, as in REBINDING: any server may answer.
    private func extend(_ lease: DHCPLease) -> DHCPMessage {
        var message = message(.request)
        message.clientAddress = lease.address
        return message
    }

    private func lease(_ message: DHCPMessage) -> DHCPLease? {
        guard message.yourAddress != 0 else { return nil }
        let seconds = message.number(DHCPMessage.Option.leaseTime).map { Int64($0) } ?? 3600
        let router = message.number(DHCPMessage.Option.router)
        return DHCPLease(
            address: message.yourAddress,
            mask: message.number(DHCPMessage.Option.mask) ?? 0xffff_ff00,
            router: router == 0 ? nil : router,
            server: message.number(DHCPMessage.Option.server) ?? 0,
            duration: max(Self.shortestLease, seconds * 1000)
        )
    }
}
