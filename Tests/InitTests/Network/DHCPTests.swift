import Testing

@testable import Init

@Suite("DHCP of a machine that fetches its root")
struct DHCPTests {
    private static let mac: [UInt8] = [0x52, 0x54, 0, 0x77, 0, 9]
    private static let server: UInt32 = 0xc0a8_4d01
    private static let address: UInt32 = 0xc0a8_4d64

    private static func answer(
        _ kind: DHCPMessage.Kind,
        _ question: DHCPMessage,
        seconds: UInt32 = 3600
    ) -> DHCPMessage {
        var message = DHCPMessage(kind, transaction: question.transaction, hardwareAddress: mac)
        message.yourAddress = kind == .refuse ? 0 : address
        message.options = [
            (DHCPMessage.Option.server, server.bigEndianBytes), (DHCPMessage.Option.mask, [255, 255, 255, 0]),
            (DHCPMessage.Option.router, server.bigEndianBytes), (DHCPMessage.Option.leaseTime, seconds.bigEndianBytes),
        ]
        return message
    }

    /// The message that an action sends.
    private static func sent(
        _ action: DHCPLife.Action,
        at place: SourceLocation = #_sourceLocation
    ) throws -> DHCPMessage {
        guard case .send(let message) = action else {
            Issue.record("nothing was sent but \(action)", sourceLocation: place)
            throw InitError("nothing was sent")
        }
        return message
    }

    private static func bound(now: Int64 = 0) throws -> (life: DHCPLife, request: DHCPMessage) {
        var life = DHCPLife(hardwareAddress: mac, transaction: 77, now: now)
        let discover = try sent(life.timeCame(now: now, random: 100))
        let request = try sent(life.received(answer(.offer, discover), now: now + 10, random: 100))
        let lease = DHCPLease(address: address, mask: 0xffff_ff00, router: server, server: server, duration: 3_600_000)
        equal(life.received(answer(.acknowledge, request), now: now + 20, random: 100), .take(lease))
        return (life, request)
    }

    @Test("discover, offer, request, acknowledge")
    func four() throws {
        let (life, request) = try Self.bound()
        #expect(request.kind == .request && request.transaction == 77)
        #expect(request.number(DHCPMessage.Option.requestedAddress) == Self.address)
        #expect(request.number(DHCPMessage.Option.server) == Self.server)
        #expect(life.nextTime == 20 + 1_800_000)
    }

    @Test("questions are asked again after growing pauses")
    func again() throws {
        var life = DHCPLife(hardwareAddress: Self.mac, transaction: 1, now: 0)
        var times: [Int64] = []
        for _ in 0..<7 {
            let now = life.nextTime
            times.append(now)
            #expect(try Self.sent(life.timeCame(now: now, random: 100)).kind == .discover)
        }
        #expect(times == [0, 1000, 3000, 7000, 15_000, 31_000, 47_000])
    }

    @Test("a server that is silent after its offer is given up, a refusal begins anew")
    func silent() throws {
        var life = DHCPLife(hardwareAddress: Self.mac, transaction: 1, now: 0)
        let discover = try Self.sent(life.timeCame(now: 0, random: 100))
        var last = try Self.sent(life.received(Self.answer(.offer, discover), now: 1, random: 100))
        for _ in 0..<4 { last = try Self.sent(life.timeCame(now: life.nextTime, random: 100)) }
        #expect(last.kind == .discover && last.transaction == 2)
        let request = try Self.sent(life.received(Self.answer(.offer, last), now: 100_000, random: 100))
        let anew = try Self.sent(life.received(Self.answer(.refuse, request), now: 100_001, random: 100))
        #expect(anew.kind == .discover)
        // What comes late is of another transaction.
        equal(life.received(Self.answer(.acknowledge, request), now: 100_002, random: 100), .nothing)
    }

    @Test("a lease is extended at half of its time, and dropped at its end")
    func extended() throws {
        var (life, _) = try Self.bound()
        equal(life.timeCame(now: 1_000_000, random: 100), .nothing)
        let half = life.nextTime
        let question = try Self.sent(life.timeCame(now: half, random: 100))
        #expect(question.kind == .request && question.clientAddress == Self.address)
        #expect(question.number(DHCPMessage.Option.requestedAddress) == nil)
        guard case .take = life.received(Self.answer(.acknowledge, question), now: half + 5, random: 100) else {
            Issue.record("the longer lease was not taken")
            return
        }
        #expect(life.nextTime == half + 5 + 1_800_000)

        let end = half + 5 + 3_600_000
        var questions = 0
        while life.nextTime < end {
            _ = try Self.sent(life.timeCame(now: life.nextTime, random: 100))
            questions += 1
        }
        #expect((3...40).contains(questions))
        guard case .drop(let message) = life.timeCame(now: end, random: 100) else {
            Issue.record("an address is kept that is somebody else's")
            return
        }
        #expect(message.kind == .discover)
    }

    @Test("answers to others, and offers without a server, are nobody's")
    func others() throws {
        var life = DHCPLife(hardwareAddress: Self.mac, transaction: 1, now: 0)
        let discover = try Self.sent(life.timeCame(now: 0, random: 100))
        var other = Self.answer(.offer, discover)
        other.transaction = 9
        equal(life.received(other, now: 1, random: 100), .nothing)
        other = Self.answer(.offer, discover)
        other.hardwareAddress = [1, 2, 3, 4, 5, 6]
        equal(life.received(other, now: 1, random: 100), .nothing)
        other = Self.answer(.offer, discover)
        other.options.removeAll { $0.code == DHCPMessage.Option.server }
        equal(life.received(other, now: 1, random: 100), .nothing)
    }

    @Test("messages come back as they went, in packets as well")
    func roundTrip() throws {
        let (_, request) = try Self.bound()
        #expect(request.bytes.count == 300)
        #expect(DHCPMessage(request.bytes) == request)
        let packet = DatagramPacket.broadcast(request.bytes, from: 68, to: 67)
        #expect(DatagramPacket.payload(of: packet, to: 67) == request.bytes)
        #expect(DatagramPacket.payload(of: packet, to: 68) == nil)
        // Ethernet's padding follows short packets.
        #expect(DatagramPacket.payload(of: packet + [0, 0, 0], to: 67) == request.bytes)
    }

    @Test("cut off anywhere, nothing is read beyond the end")
    func truncated() throws {
        let (_, request) = try Self.bound()
        let packet = DatagramPacket.broadcast(request.bytes, from: 68, to: 67)
        for count in 0..<packet.count {
            #expect(DatagramPacket.payload(of: Array(packet[..<count]), to: 67) == nil)
            _ = DHCPMessage(Array(request.bytes[..<min(count, request.bytes.count)]))
        }
        var long = request.bytes
        long[240] = 55
        long[241] = 255
        #expect(DHCPMessage(long) == nil)
    }

    @Test("RFC 1071's checksum")
    func checksum() {
        // RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 has the sum ddf2.
        let bytes: [UInt8] = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]
        #expect(DatagramPacket.checksum(bytes[...]) == ~0xddf2)
        var packet = DatagramPacket.broadcast([1, 2, 3], from: 68, to: 67)
        packet[15] ^= 1
        #expect(DatagramPacket.payload(of: packet, to: 67) == nil)
    }
}
