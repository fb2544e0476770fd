import Foundation
import Testing
import Vocabulary

@testable import PXE

/// The server as a client meets it.
@Suite struct TFTPServiceTests {
    static let loader = ResourceName.loader("loader.efi")

    static func bytes(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(count))
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    @Test("1, 2, 3, 7, 15: files of all lengths, own port or single port", arguments: [false, true])
    func lengths(isSinglePort: Bool) async throws {
        try await TFTPBench.run([:], .loopback(isSinglePort: isSinglePort)) { bench in
            let probe = try TFTPProbe(bench.address)
            for length in [0, 1, 511, 512, 513, 100_000] {
                let file = Self.bytes(length)
                bench.authority.replace(Self.loader, with: MemoryAuthority.content([.bytes(file)]))
                #expect(try probe.fetch("loader.efi") == file)
                #expect(try probe.fetch("loader.efi", blockSize: 1468, window: 16) == file)
                #expect(try probe.fetch("loader.efi", blockSize: 1468, window: 64) == file)
            }
        }
    }

    @Test("A machine segment is what the authority hands out; orders and reports are not for TFTP")
    func segment() async throws {
        let boot = BootID(milliseconds: 1)
        let bytes = Self.bytes(700)
        try await TFTPBench.run([.call(boot, .segment): bytes]) { bench in
            let probe = try TFTPProbe(bench.address)
            #expect(try probe.fetch("boots/\(boot)/segment") == bytes)
            let isSeen = await holdsSoon {
                bench.authority.observations.contains { observation in
                    guard case .transferred(let transfer) = observation else { return false }
                    return transfer.boot == boot && transfer.range == 0..<700
                }
            }
            #expect(isSeen)
            for name in ["boots/\(BootID.preview)/segment", "boots/\(boot)/orders", "boots/\(boot)/report"] {
                let other = try TFTPProbe(bench.address)
                other.request(name)
                #expect(try #require(other.receive()).opcode == 5, "\(name)")
            }
        }
    }

    @Test("15: more than 65535 blocks")
    func rollover() async throws {
        let file = Self.bytes(8 * 70_000 + 3)
        try await TFTPBench.run([Self.loader: file]) { bench in
            let received = try bench.fetch("loader.efi", blockSize: 8, window: 64)
            #expect(received == file)
        }
    }

    @Test("25, 26: the largest blocks, alone and in windows")
    func largeBlocks() async throws {
        let file = Self.bytes(600_000)
        try await TFTPBench.run([Self.loader: file]) { bench in
            let received = try bench.fetch("loader.efi", blockSize: 65464)
            #expect(received == file)
            let second = try bench.fetch("loader.efi", blockSize: 30_000, window: 5)
            #expect(second == file)
        }
    }

    @Test("7: the transfer has a port of its own; in single-port mode it has not", arguments: [false, true])
    func transferID(isSinglePort: Bool) async throws {
        try await TFTPBench.run([Self.loader: Self.bytes(600)], .loopback(isSinglePort: isSinglePort)) {
            bench in
            let probe = try TFTPProbe(bench.address)
            probe.request("loader.efi")
            let reply = try #require(probe.receive())
            #expect(reply.opcode == 3 && reply.number == 1)
            #expect((reply.source == bench.address) == isSinglePort)
        }
    }

    @Test("8: a stranger at the transfer's port is told off, and the transfer goes on")
    func stranger() async throws {
        try await TFTPBench.run([Self.loader: Self.bytes(600)]) { bench in
            let probe = try TFTPProbe(bench.address)
            probe.request("loader.efi")
            let first = try #require(probe.receive())
            let stranger = try TFTPProbe(bench.address)
            stranger.acknowledge(1, first.source)
            let told = try #require(stranger.receive())
            #expect(told.opcode == 5 && told.number == 5 && told.source == first.source)
            probe.acknowledge(1, first.source)
            #expect(probe.receive()?.number == 2)
        }
    }

    @Test("an answer that comes after its machine asked for something else begins nothing")
    func lateAnswer() async throws {
        let file = Self.bytes(600)
        try await TFTPBench.run([Self.loader: file]) { bench in
            let probe = try TFTPProbe(bench.address)
            bench.authority.holdAnswers()
            probe.request("grub/grub.cfg-01-52-54-00-12-34-56")
            try await eventually { bench.authority.bootRequests.count == 1 }
            probe.request("loader.efi")
            let first = try #require(probe.receive())
            #expect(first.payload == Array(file[..<512]))
            bench.authority.releaseAnswers()
            // After two turns the server has seen to the answer.
            for _ in 0..<2 { #expect(try bench.fetch("loader.efi") == file) }
            probe.acknowledge(1, first.source)
            let second = try #require(probe.receive())
            #expect(second.number == 2 && second.payload == Array(file[512...]) && second.source == first.source)
        }
    }

    @Test("12, 24: a question for the size leaves nothing behind and is no transfer")
    func sizeProbe() async throws {
        try await TFTPBench.run([Self.loader: Self.bytes(600)]) { bench in
            let probe = try TFTPProbe(bench.address)
            probe.request("loader.efi", "tsize", "0", "blksize", "1468", "windowsize", "4")
            let reply = try #require(probe.receive())
            #expect(reply.bytes == [0, 6] + Array("tsize\0600\0blksize\01468\0windowsize\04\0".utf8))
            probe.send([0, 5, 0, 8] + Array("User aborted the transfer\0".utf8), to: reply.source)
            try await eventually { bench.service.counters.aborted == 1 }
            #expect(bench.service.counters.active == 0)
            #expect(bench.authority.observations.isEmpty)
            #expect(try probe.fetch("loader.efi", blockSize: 1468) == Self.bytes(600))
        }
    }

    @Test("13: an ACK of an ERROR is not answered and harms nothing")
    func acknowledgedError() async throws {
        try await TFTPBench.run([Self.loader: Self.bytes(600)]) { bench in
            let probe = try TFTPProbe(bench.address)
            probe.request("missing")
            let reply = try #require(probe.receive())
            #expect(reply.opcode == 5 && reply.number == 1)
            probe.acknowledge(0, reply.source)
            #expect(try probe.fetch("loader.efi") == Self.bytes(600))
        }
    }

    @Test("14: the same request twice from one port is one transfer", arguments: [false, true])
    func repeatedRequest(isSinglePort: Bool) async throws {
        var configuration = TFTPService.Configuration.loopback(isSinglePort: isSinglePort)
        // However slow this host is, the server repeats nothing by itself.
        configuration.initialTimeout = .seconds(600)
        configuration.longestTimeout = .seconds(600)
        try await TFTPBench.run([Self.loader: Self.bytes(600)], configuration) { bench in
            let probe = try TFTPProbe(bench.address)
            probe.request("loader.efi")
            probe.request("loader.efi")
            let first = try #require(probe.receive())
            try await eventually { bench.service.counters.repeatedRequests == 1 }
            probe.acknowledge(1, first.source)
            let second = try #require(probe.receive())
            #expect(second.number == 2 && second.source == first.source)
            probe.acknowledge(2, second.source)
            try await eventually { bench.service.counters.completed == 1 }
            #expect(bench.service.counters.blocks == 2)
        }
    }

    @Test("14: another request from the same port replaces a transfer that died")
    func restartedClient() async throws {
        let contents = [Self.loader: Self.bytes(600), .loader("other.efi"): Self.bytes(100)]
        try await TFTPBench.run(contents) { bench in
            let probe = try TFTPProbe(bench.address)
            probe.request("loader.efi")
            _ = try #require(probe.receive())
            #expect(try probe.fetch("other.efi") == Self.bytes(100))
            try await eventually { bench.service.counters.abandoned == 1 }
        }
    }

    @Test("16, 17, 18, 35: what is refused, and how")
    func refusals() async throws {
        try await TFTPBench.run([Self.loader: Self.bytes(10)]) { bench in
            let probe = try TFTPProbe(bench.address)
            let cases: [([UInt8], UInt16)] = [
                (ReadRequestTests.packet(2, "loader.efi", "octet"), 2),
                (ReadRequestTests.packet(1, "missing", "octet"), 1),
                (ReadRequestTests.packet(1, "/etc/passwd", "octet"), 1),
                (ReadRequestTests.packet(1, "../../etc/passwd", "octet"), 2),
                (ReadRequestTests.packet(1, "loader.efi", "mail"), 4),
                ([0, 1, 0x61], 4),
                ([0, 1, 0, 0], 4),
                (ReadRequestTests.packet(1, String(repeating: "a", count: 3000), "octet"), 4),
            ]
            for (request, code) in cases {
                probe.send(request)
                let reply = try #require(probe.receive())
                #expect(reply.opcode == 5 && reply.number == code, "\(BytePath(request))")
                #expect(reply.bytes.last == 0)
                #expect(!String(decoding: reply.payload, as: UTF8.self).contains("etc"))
            }
        }
    }

    @Test("36: many requests that nobody follows up are bounded, and others are served meanwhile")
    func halfOpen() async throws {
        try await TFTPBench.run([Self.loader: Self.bytes(600)], .loopback(maximumTransfers: 20)) { bench in
            let probes = try (0..<100).map { _ in try TFTPProbe(bench.address) }
            for probe in probes { probe.request("loader.efi", "blksize", "1468") }
            try await eventually { bench.service.counters.requests == 100 }
            #expect(bench.service.counters.active <= 20)
            let received = try bench.fetch("loader.efi")
            #expect(received == Self.bytes(600))
        }
    }

    @Test("37: a file that is replaced meanwhile is served to its old end")
    func replaced() async throws {
        let path = NSTemporaryDirectory() + "muster-tftp-\(UUID().uuidString)"
        defer { unlink(path) }
        let old = Self.bytes(5000)
        try Data(old).write(to: URL(fileURLWithPath: path))
        try await TFTPBench.run { bench in
            let file = try OpenFile(path: path)
            bench.authority.replace(Self.loader, with: MemoryAuthority.content([.file(file, range: 0..<file.length)]))
            let probe = try TFTPProbe(bench.address)
            probe.request("loader.efi")
            var reply = try #require(probe.receive())
            var received = reply.payload
            try Data(Self.bytes(7)).write(to: URL(fileURLWithPath: path), options: .atomic)
            bench.authority.replace(Self.loader, with: nil)
            while reply.payload.count == 512 {
                probe.acknowledge(reply.number, reply.source)
                reply = try #require(probe.receive())
                received += reply.payload
            }
            #expect(received == old)
        }
    }

    @Test("38: IPv6")
    func ipv6() async throws {
        let file = Self.bytes(100_000)
        try await TFTPBench.run([Self.loader: file], .loopback(servesIPv6: true)) { bench in
            // The kernel chose the IPv4 port; the IPv6 one is its own.
            let octets = [UInt8](repeating: 0, count: 15) + [1]
            let port = try #require(bench.service.addresses.first { $0.ipv4 == nil }?.port)
            let probe = try TFTPProbe(try #require(SocketAddress(ipv6: octets, port: port)))
            #expect(try probe.fetch("loader.efi", blockSize: 1432, window: 16) == file)
        }
    }

    @Test("94: a name with a boot server's layer appended")
    func layer() async throws {
        try await TFTPBench.run([.loader("undionly.kpxe"): Self.bytes(99)]) { bench in
            let received = try bench.fetch("undionly.kpxe.0")
            #expect(received == Self.bytes(99))
        }
    }

    @Test("96: a script without a machine asks again; GRUB's with a MAC is the machine's")
    func scripts() async throws {
        try await TFTPBench.run { bench in
            let probe = try TFTPProbe(bench.address)
            let script = String(decoding: try probe.fetch("autoexec.ipxe"), as: UTF8.self)
            #expect(script.hasPrefix("#!ipxe\n") && script.contains("http://127.0.0.1:8080/boot.ipxe?mac="))
            #expect(bench.authority.bootRequests.isEmpty)
            let configuration = try probe.fetch("grub/grub.cfg-01-52-54-00-12-34-56")
            #expect(String(decoding: configuration, as: UTF8.self).contains("waiting"))
            let request = try #require(bench.authority.bootRequests.first)
            #expect(request.identity.mac == TFTPNamesTests.mac)
            #expect(request.dialect == .grub && request.carrier == .tftp && request.peer == .loopback)
        }
    }

    @Test("a transfer is told of when it is over, with its boot")
    func observed() async throws {
        let boot = try #require(BootID(TFTPNamesTests.boot))
        let name = ResourceName.boot(boot, part: "kernel")
        try await TFTPBench.run([name: Self.bytes(1000)]) { bench in
            _ = try bench.fetch("boots/\(boot)/kernel")
            try await eventually { !bench.authority.observations.isEmpty }
            #expect(
                bench.authority.observations == [
                    .transferred(
                        Transfer(
                            carrier: .tftp,
                            peer: .loopback,
                            name: name,
                            boot: boot,
                            range: 0..<1000,
                            total: 1000
                        )
                    )
                ]
            )
        }
    }

    @Test("5: netascii over the wire")
    func netascii() async throws {
        try await TFTPBench.run([Self.loader: Array("one\ntwo\r\n".utf8)]) { bench in
            let translated = try bench.fetch("loader.efi", mode: "netascii")
            #expect(translated == Array("one\r\ntwo\r\0\r\n".utf8))
        }
    }

    @Test("a port that is taken is an error that says so")
    func portTaken() async throws {
        try await TFTPBench.run { bench in
            var configuration = TFTPService.Configuration()
            configuration.port = bench.port
            configuration.address = .loopback
            let second = TFTPService(
                configuration: configuration,
                authority: bench.authority,
                logger: bench.service.logger
            )
            await #expect { try await second.run() } throws: { error in
                "\(error)".hasPrefix("cannot bind UDP 127.0.0.1:\(bench.port): Address already in use")
            }
        }
    }
}
