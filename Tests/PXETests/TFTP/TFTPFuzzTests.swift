import Foundation
import Testing
import Vocabulary

@testable import PXE

/// Malformed packets of every kind: no crash, nothing but an ERROR for an answer, and the server goes on.
@Suite struct TFTPFuzzTests {
    /// 2,000 in `make test`, 100,000 in `make test-long`.
    static let count = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1" ? 100_000 : 2_000

    /// A packet that is nearly right: a real one with octets changed, cut off, doubled or appended.
    static func mutant(using generator: inout SeededGenerator) -> [UInt8] {
        let seeds: [[UInt8]] = [
            ReadRequestTests.packet(1, "loader.efi", "octet", "blksize", "1468", "tsize", "0", "windowsize", "16"),
            ReadRequestTests.packet(2, "loader.efi", "octet"),
            [0, 3, 0, 1] + Array("data".utf8), [0, 4, 0, 0], [0, 5, 0, 8, 0], [0, 6] + Array("blksize\0512\0".utf8), [],
        ]
        var bytes = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
        for _ in 0..<Int.random(in: 0..<6, using: &generator) {
            let place = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where place < bytes.count: bytes[place] = .random(in: .min ... .max, using: &generator)
            case 1: bytes.removeSubrange(place...)
            case 2: bytes.insert(contentsOf: bytes.prefix(place), at: place)
            default: bytes.insert(.random(in: .min ... .max, using: &generator), at: place)
            }
        }
        return Array(bytes.prefix(1400))
    }

    @Test("parsers take anything")
    func parsers() {
        var generator = SeededGenerator(seed: 1350)
        for _ in 0..<Self.count * 5 {
            let bytes = Self.mutant(using: &generator)
            bytes.withUnsafeBytes { _ = TFTPClientPacket(parsing: $0) }
            guard let request = try? ReadRequest(parsing: bytes) else { continue }
            #expect(request.name.bytes.count <= ReadRequest.longestName)
            let limits = TransferOptions.Limits(mtu: 1500, isIPv6: false, window: 64, size: 1)
            let options = TransferOptions(answering: request.options, mode: request.mode, limits: limits)
            #expect((8...1468).contains(options.blockSize) && (1...64).contains(options.windowSize))
        }
    }

    @Test("the server takes anything, at its port and at a transfer's")
    func server() async throws {
        let file = TFTPServiceTests.bytes(5000)
        try await TFTPBench.run([TFTPServiceTests.loader: file], .loopback(maximumTransfers: 50)) { bench in
            var generator = SeededGenerator(seed: 2347)
            let probe = try TFTPProbe(bench.address)
            probe.request("loader.efi", "blksize", "1468")
            let transfer = try #require(probe.receive()).source
            for index in 0..<Self.count {
                let bytes = Self.mutant(using: &generator)
                probe.send(bytes, to: index.isMultiple(of: 3) ? transfer : nil)
                while let reply = probe.receive(within: 0) { #expect([3, 5, 6].contains(reply.opcode)) }
                // Let the server keep up: what the kernel drops tests nothing.
                if index.isMultiple(of: 64) { await Task.yield() }
            }
            let received = try bench.fetch("loader.efi", blockSize: 1468, window: 4)
            #expect(received == file)
            #expect(bench.service.counters.active <= 50)
        }
    }
}
