import Glibc
import Synchronization
import Testing
import Vocabulary

@testable import PXE

@Suite struct SystemErrorTests {
    @Test(
        "a sentence that says what to do",
        arguments: [
            (
                SystemError("bind UDP", "0.0.0.0:69", code: EACCES),
                "cannot bind UDP 0.0.0.0:69: Permission denied (needs CAP_NET_BIND_SERVICE for ports below 1024)"
            ),
            (
                SystemError("open packet socket on", "eth0", code: EPERM),
                "cannot open packet socket on eth0: Operation not permitted (needs CAP_NET_RAW)"
            ),
            (
                SystemError("bind UDP", "0.0.0.0:69", code: EADDRINUSE),
                "cannot bind UDP 0.0.0.0:69: Address already in use (another program has that port: `ss -lunp` names it)"
            ),
            (
                SystemError("list", "network interfaces", code: EIO),
                "cannot list network interfaces: Input/output error"
            ),
        ]
    )
    func sentence(error: SystemError, text: String) {
        #expect(error.description == text)
    }
}

@Suite struct SocketAddressTests {
    @Test func bothFamilies() throws {
        let v4 = SocketAddress(IPv4Address(192, 0, 2, 1), port: 69)
        #expect(v4.ipv4 == IPv4Address(192, 0, 2, 1) && v4.description == "192.0.2.1:69")
        #expect(SocketAddress(v4.raw) == v4)
        let octets: [UInt8] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        let v6 = try #require(SocketAddress(ipv6: octets, scope: 2, port: 69))
        #expect(v6.ipv4 == nil && v6.description == "[fe80:0:0:0:0:0:0:1%2]:69")
        #expect(SocketAddress(v6.raw) == v6)
    }
}

@Suite struct InternetHeadersTests {
    private let packet = IPv4UDPPacket(
        source: Endpoint(address: IPv4Address(192, 0, 2, 1), port: 67),
        destination: Endpoint(address: IPv4Address(192, 0, 2, 50), port: 68),
        payload: Array("odd length payload.".utf8)
    )

    @Test("what was written is read again", arguments: 0..<64)
    func inverse(length: Int) {
        var packet = packet
        packet.payload = (0..<length).map { UInt8($0 * 7 & 255) }
        #expect(IPv4UDPPacket(parsing: packet.encoded(identification: 7), checksumPending: false) == packet)
    }

    /// The header of RFC 1071's kind of example, computed by hand: 192.0.2.1 to 192.0.2.50, 47 octets.
    @Test func checksums() {
        let bytes = packet.encoded(identification: 0)
        var header = InternetChecksum()
        header.add(bytes[..<20])
        #expect(header.value == 0)
        #expect(bytes[2..<4] == [0, 47])
    }

    @Test("129: checksum 0 is none; a wrong one is dropped unless it is still pending")
    func checksumRules() {
        var bytes = packet.encoded(identification: 0)
        bytes[26] ^= 0x55
        #expect(IPv4UDPPacket(parsing: bytes, checksumPending: false) == nil)
        #expect(IPv4UDPPacket(parsing: bytes, checksumPending: true) == packet)
        bytes[26] = 0
        bytes[27] = 0
        #expect(IPv4UDPPacket(parsing: bytes, checksumPending: false) == packet)
    }

    @Test("59: truncations, wrong lengths and fragments are dropped")
    func malformed() {
        let bytes = packet.encoded(identification: 0)
        for length in 0..<bytes.count {
            #expect(IPv4UDPPacket(parsing: Array(bytes[..<length]), checksumPending: true) == nil)
        }
        for (index, value) in [(0, 0x65), (0, 0x44), (3, 200), (6, 0x20), (7, 1), (9, 6), (25, 200), (25, 7)] {
            var changed = bytes
            changed[index] = UInt8(value)
            #expect(IPv4UDPPacket(parsing: changed, checksumPending: true) == nil, "octet \(index)")
        }
    }

    @Test func arpPackets() {
        let probe = ARPPacket.probe(for: IPv4Address(192, 0, 2, 9), from: MACAddress(rawValue: 0x5254_0012_3456))
        #expect(probe.senderAddress == .any)
        #expect(ARPPacket(parsing: probe.encoded) == probe)
        for length in 0..<28 { #expect(ARPPacket(parsing: Array(probe.encoded[..<length])) == nil) }
    }
}

@Suite struct TimerQueueTests {
    @Test("deadlines come up in order, equal ones as they were set, cancelled ones never")
    func order() {
        var queue = TimerQueue<Int>()
        var generator = SeededGenerator(seed: 5)
        var expected: [(UInt64, Int)] = []
        for index in 0..<500 {
            let deadline = UInt64.random(in: 0..<100, using: &generator)
            let id = queue.insert(index, at: deadline)
            if index.isMultiple(of: 5) { queue.cancel(id) } else { expected.append((deadline, index)) }
        }
        var got: [(UInt64, Int)] = []
        for now in 0..<100 as Range<UInt64> {
            while let action = queue.popDue(at: now) { got.append((now, action)) }
        }
        #expect(got.elementsEqual(expected.sorted { $0 < $1 }, by: ==))
        let rest = queue.next()
        #expect(rest == nil)
    }
}

@Suite struct HandlerTableTests {
    @Test("a token of one that is gone finds nothing, also when its place is taken again")
    func generations() {
        var table = HandlerTable<String>()
        let first = table.insert("a")
        #expect(first != 0 && table[first] == "a")
        let removals = [table.remove(first) != nil, table.remove(first) != nil]
        #expect(removals == [true, false])
        let second = table.insert("b")
        #expect(table[first] == nil && table[second] == "b")
    }
}

@Suite struct EventLoopTests {
    @Test("work from other threads and timers run on the loop's thread, in order")
    func submit() async throws {
        let loop = try EventLoop(name: "test")
        let seen = Found<Int>()
        async let running: Void = loop.run { loop in
            loop.schedule(after: .milliseconds(1)) { seen.append(-1) }
            let cancelled = loop.schedule(after: .milliseconds(1)) { seen.append(-2) }
            loop.cancel(cancelled)
        }
        for index in 0..<1000 {
            loop.submit {
                loop.assertOnLoop()
                seen.append(index)
            }
        }
        try await eventually { seen.all.count == 1001 }
        #expect(seen.all.filter { $0 >= 0 } == Array(0..<1000))
        loop.stop()
        try await running
    }

    @Test("cancelling the task ends the loop and lets go of what it held")
    func cancellation() async throws {
        final class Held: Sendable {
            let found: Found<Bool>
            init(_ found: Found<Bool>) { self.found = found }
            deinit { found.append(true) }
        }
        let released = Found<Bool>()
        let started = Found<Bool>()
        let task = Task {
            let loop = try EventLoop(name: "test")
            try await loop.run { loop in
                let held = Held(released)
                loop.schedule(after: .seconds(3600)) { _ = held }
                started.append(true)
            }
        }
        try await eventually { !started.all.isEmpty }
        task.cancel()
        try await task.value
        #expect(released.all == [true])
    }

    @Test("what cannot be set up is thrown")
    func setUpThrows() async throws {
        let loop = try EventLoop(name: "test")
        await #expect(throws: SystemError.self) {
            try await loop.run { _ in throw SystemError("do", "it", code: EIO) }
        }
    }
}

@Suite struct DatagramSocketTests {
    @Test("batches arrive whole, and errors of single datagrams are told by index")
    func batches() throws {
        let receiver = try DatagramSocket(.init(port: 0, address: .loopback))
        let sender = try DatagramSocket(.init(port: 0, address: .loopback))
        let to = try #require(receiver.local)
        var outgoing = (0..<100).map { OutgoingDatagram([UInt8($0)], to: to) }
        outgoing[50].destination = SocketAddress(.broadcast, port: 9)  // EACCES without SO_BROADCAST
        #expect(sender.send(batch: outgoing).map(\.index) == [50])
        var received: [UInt8] = []
        let buffers = DatagramReceiver()
        while buffers.receive(from: receiver, { received += $0.bytes }) > 0 {}
        #expect(received == (0..<100).filter { $0 != 50 }.map { UInt8($0) })
    }

    @Test("a datagram longer than the buffers is counted, not taken for its beginning")
    func truncated() throws {
        let receiver = try DatagramSocket(.init(port: 0, address: .loopback))
        let sender = try DatagramSocket(.init(port: 0, address: .loopback))
        sender.send(OutgoingDatagram([UInt8](repeating: 1, count: 300), to: try #require(receiver.local)))
        let buffers = DatagramReceiver(capacity: 256)
        #expect(buffers.receive(from: receiver) { _ in Issue.record("a piece was handed out") } == 1)
        #expect(buffers.truncated == 1)
    }
}
