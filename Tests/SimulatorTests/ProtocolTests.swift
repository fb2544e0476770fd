import Foundation
import PXE
import Testing
import Vocabulary

@testable import Simulator

/// The wire as simulated machines speak it, without sockets.
@Suite struct ProtocolTests {
    private let identity = SimulatedIdentity(number: 7)
    private let relay = IPv4Address(10, 1, 0, 1)

    private func answer(
        _ type: DHCPMessageType,
        to octets: [UInt8],
        _ fill: (inout DHCPPacket) -> Void
    ) throws -> DHCPPacket {
        let request = try DHCPPacket(parsing: octets)
        var reply = DHCPPacket(operation: .reply, xid: request.xid, chaddr: request.chaddr)
        reply.options.set(.messageType, to: [type.rawValue])
        reply.options.set(.serverIdentifier, to: IPv4Address(10, 0, 0, 1))
        reply.yiaddr = IPv4Address(10, 1, 2, 3)
        fill(&reply)
        return reply
    }

    @Test func `an exchange goes from DISCOVER to ACK, as firmware or as iPXE, behind a relay`() throws {
        for client in [DHCPExchange.Client.firmware, .ipxe] {
            var exchange = DHCPExchange(client, identity: identity, xid: 99, relay: relay)
            let discover = exchange.datagram(seconds: 0)
            let parsed = try DHCPPacket(parsing: discover)
            #expect(parsed.giaddr == relay)
            #expect(parsed.options.machineUUID == identity.uuid)
            #expect(BootClient(parsed)?.kind == (client == .ipxe ? .ipxe : .pxe))
            #expect(
                parsed.options[.relayAgentInformation].flatMap { RelayAgentInformation(parsing: $0) }?.usesSourcePort
                    == true
            )
            #expect(exchange.received(try answer(.ack, to: discover) { _ in }) == .ignored)
            #expect(exchange.received(try answer(.offer, to: discover) { $0.xid = 98 }) == .ignored)
            #expect(exchange.received(try answer(.offer, to: discover) { _ in }) == .offered)
            let request = exchange.datagram(seconds: 0)
            #expect(try DHCPPacket(parsing: request).options.address(.requestedAddress) == IPv4Address(10, 1, 2, 3))
            let ack = try answer(.ack, to: request) { packet in
                packet.siaddr = IPv4Address(10, 0, 0, 1)
                packet.options.set(.bootFileName, to: "a.efi")
            }
            let lease = DHCPExchange.Lease(
                address: IPv4Address(10, 1, 2, 3),
                server: IPv4Address(10, 0, 0, 1),
                file: "a.efi"
            )
            #expect(exchange.received(ack) == .acknowledged(lease))
        }
    }

    @Test func `DISCOVER is sent again after 4, 8, 16 and 32 seconds, then no more`() {
        var exchange = DHCPExchange(.firmware, identity: identity, xid: 1, relay: relay)
        #expect(exchange.timeout == nil)
        var waited: [Duration] = []
        repeat {
            _ = exchange.datagram(seconds: 0)
            if let timeout = exchange.timeout { waited.append(timeout) }
        } while exchange.timeout != nil
        #expect(waited == [.seconds(4), .seconds(8), .seconds(16), .seconds(32)])
    }

    // MARK: TFTP

    private func take(_ download: inout TFTPDownload, _ packet: [UInt8]) -> TFTPDownload.Action {
        packet.withUnsafeBytes { download.take($0) }
    }

    private func block(_ number: UInt8, _ count: Int) -> [UInt8] {
        [0, 3, 0, number] + [UInt8](repeating: 1, count: count)
    }

    @Test func `a window is acknowledged once, and a gap once, until it is filled`() {
        var download = TFTPDownload(file: "a", blockSize: 1468, window: 4)
        #expect(
            String(decoding: download.request[2...], as: UTF8.self)
                == "a\0octet\0blksize\01468\0tsize\00\0windowsize\04\0"
        )
        let options = [0, 6] + Array("blksize\01000\0windowsize\02\0tsize\03500\0".utf8)
        #expect(take(&download, options) == .send([0, 4, 0, 0]))
        #expect(take(&download, block(1, 1000)) == .nothing)
        #expect(take(&download, block(3, 1000)) == .send([0, 4, 0, 1]))
        #expect(take(&download, block(4, 500)) == .nothing)
        #expect(take(&download, block(2, 1000)) == .nothing)
        #expect(download.timedOut() == [0, 4, 0, 2])
        #expect(take(&download, block(3, 1000)) == .nothing)
        #expect(take(&download, block(4, 500)) == .finished([0, 4, 0, 4]))
        #expect(download.received == 3500)
    }

    @Test func `a download of another length than was said has failed, and so has one that the server refuses`() {
        var download = TFTPDownload(file: "a", blockSize: 512, window: 1)
        #expect(take(&download, [0, 6] + Array("tsize\0600\0".utf8)) == .send([0, 4, 0, 0]))
        #expect(take(&download, block(1, 512)) == .send([0, 4, 0, 1]))
        #expect(take(&download, block(2, 10)) == .failed("TFTP: 522 bytes came of 600"))
        var refused = TFTPDownload(file: "a", blockSize: 512, window: 1)
        #expect(take(&refused, [0, 5, 0, 1] + Array("no such file\0".utf8)) == .failed("TFTP error 1: no such file"))
    }

    @Test func `a server that says nothing is asked six times in all`() {
        var download = TFTPDownload(file: "a", blockSize: 512, window: 1)
        var waited: [Duration] = []
        while let timeout = download.timeout {
            waited.append(timeout)
            #expect(download.timedOut() == download.request)
        }
        #expect(waited == TFTPDownload.timeouts)
    }

    // MARK: HTTP

    @Test("a response is read whatever pieces it comes in", arguments: [1, 2, 7, 1000])
    func response(piece: Int) {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        var reader = HTTPResponseReader()
        var body: [UInt8] = []
        var last = HTTPResponseReader.Progress.needsMore
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            #expect(last == .needsMore)
            last = bytes[start..<min(bytes.count, start + piece)].withUnsafeBytes { reader.take($0) { body += $0 } }
        }
        #expect(last == .complete(.init(status: 200, length: 5, closes: true)))
        #expect(String(decoding: body, as: UTF8.self) == "hello")
    }

    @Test(
        "what is no response is refused",
        arguments: ["FTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"]
    )
    func malformed(text: String) {
        var reader = HTTPResponseReader()
        #expect(Array(text.utf8).withUnsafeBytes { reader.take($0) { _ in } } == .invalid)
    }

    // MARK: Scripts, tokens, digests

    @Test func `scripts are read as iPXE would run them`() throws {
        let start = """
            #!ipxe
            :start
            chain --replace --autofree http://10.0.0.1:8080/boot.ipxe?mac=${netX/mac:hexhyp}&uuid=${uuid}&arch=${buildarch} || goto x
            sleep 5 ||
            """
        let first = try #require(BootScript(parsing: Array(start.utf8), of: identity))
        #expect(first.pause == 0 && first.kernel == nil)
        #expect(
            first.again == "http://10.0.0.1:8080/boot.ipxe?mac=02-4d-53-00-00-07&uuid=\(identity.uuid)&arch=x86_64"
        )
        let boot = """
            #!ipxe
            kernel http://a/images/b/kernel?boot=1 quiet muster.boot=1 muster.url=http://a || goto failed
            initrd --name initrd http://a/images/b/initrd?boot=1 || goto failed
            initrd --name segment http://a/boots/1/segment || goto failed
            boot ||
            :failed
            sleep 10 ||
            chain --replace http://a/again || goto again
            """
        let second = try #require(BootScript(parsing: Array(boot.utf8), of: identity))
        #expect(second.kernel == .init(url: "http://a/images/b/kernel?boot=1", boot: "1", server: "http://a"))
        #expect(second.initrds == ["http://a/images/b/initrd?boot=1", "http://a/boots/1/segment"])
        #expect(second.pause == 10 && second.again == "http://a/again")
        #expect(BootScript(parsing: Array("<html>".utf8), of: identity) == nil)
    }

    @Test func `bytes are right when every piece and its padding came`() {
        let piece = ImageDigests.Piece(
            digest: Digest(hex: "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")!,
            size: 5
        )
        for (text, isRight) in [
            ("hello\0\0\0hello\0\0\0", true), ("hello\0\0\0hullo\0\0\0", false), ("hello\0\0\0hel", false),
        ] {
            for size in [1, 3, 100] {
                var check = DigestCheck([piece, piece])
                let bytes = Array(text.utf8)
                for start in stride(from: 0, to: bytes.count, by: size) {
                    bytes[start..<min(bytes.count, start + size)].withUnsafeBytes { check.take($0) }
                }
                #expect(check.isRight == isRight, "\(text) \(size)")
            }
        }
    }

    @Test func `percentiles are right within two per cent, and the longest is exact`() {
        var histogram = LatencyHistogram()
        for value in 1...10_000 { histogram.record(.microseconds(value * 10)) }
        for (share, expected) in [(0.5, 50_000.0), (0.99, 99_000), (0.01, 1_000)] {
            #expect(abs(Double(histogram.percentile(share)) - expected) / expected < 0.02)
        }
        #expect(histogram.longest == 100_000)
        #expect(histogram.percentile(1) == 100_000)
        #expect(LatencyHistogram().percentile(0.99) == 0)
    }

    @Test func `a seed decides the faults, in about their share`() {
        let fates = (0..<10_000).map { machine in
            var fate = Fate(seed: 3, machine: machine, boot: 0)
            return fate.happens(percent: 5)
        }
        #expect(
            fates
                == (0..<10_000).map { machine in
                    var fate = Fate(seed: 3, machine: machine, boot: 0)
                    return fate.happens(percent: 5)
                }
        )
        #expect(400...600 ~= fates.count { $0 })
    }
}
