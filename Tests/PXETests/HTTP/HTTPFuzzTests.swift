import Foundation
import Testing
import Vocabulary

@testable import PXE

/// Requests that are broken in every way, from a seed that is printed: the server answers or closes, and goes on.
@Suite("Malformed HTTP")
struct HTTPFuzzTests {
    private static let seeds = [
        "GET /boot.ipxe?mac=52:54:00:12:34:56&serial=%41%0d&arch=x86_64 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET \(HTTPRequestTests.path)?boot=preview HTTP/1.1\r\nHost: a\r\nRange: bytes=0-10,20-\r\nIf-Range: \"a\"\r\n\r\n",
        "HEAD //loader/x.efi HTTP/1.0\r\nConnection: keep-alive\r\nIf-None-Match: *, W/\"b\"\r\n\r\n",
        "POST /boots/preview/report HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ].map { Array($0.utf8) }

    private static func mutated(_ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = seeds[Int.random(in: 0..<seeds.count, using: &generator)]
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &generator)
            switch UInt8.random(in: 0..<6, using: &generator) {
            case 0: bytes[index] = .random(in: .min ... .max, using: &generator)
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(.random(in: .min ... .max, using: &generator), at: index)
            case 3: bytes.removeSubrange(index...)
            case 4: bytes.insert(contentsOf: bytes[index...].prefix(20), at: index)
            default: bytes.insert(contentsOf: "\r\n".utf8, at: index)
            }
        }
        return bytes
    }

    private static var residentPages: Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return fields.count > 1 ? Int(fields[1]) ?? 0 : 0
    }

    @Test("no malformed request ends the server or makes it grow")
    func fuzz() async throws {
        let isLong = ProcessInfo.processInfo.environment["MUSTER_LONG"] == "1"
        let count = isLong ? 100_000 : 2000
        let seed = UInt64(ProcessInfo.processInfo.environment["MUSTER_SEED"] ?? "") ?? 1
        var generator = SeededGenerator(seed: seed)
        let authority = StubAuthority()
        authority.serve(try .file(count: 1000), as: HTTPRequestTests.image)
        try await withBootPlane(authority) { service, _, port in
            var before = 0
            for index in 0..<count {
                if index == count / 10 { before = Self.residentPages }
                let client = try RawClient(port: port)
                client.send(Data(Self.mutated(&generator)))
                if index % 10 == 0 {
                    client.endInput()
                    while await !client.isAtEnd() { client.dropBuffer() }
                }
            }
            #expect(try await RawClient(port: port).get("/healthz").status == 200, "seed \(seed)")
            #expect(await holdsSoon { service.counters.connections <= 1 })
            // The stub remembers what it was asked; 16 MiB beside it would be a leak of ours.
            if isLong { #expect(Self.residentPages - before < 32_768) }
        }
    }

    @Test("every truncation of a request is waited for or refused, never answered as if it were whole")
    func truncations() async throws {
        try await withBootPlane(configuration: .loopback { $0.limits.idle = .seconds(5) }) { _, authority, port in
            let request = Self.seeds[0]
            for length in 0..<request.count {
                let client = try RawClient(port: port)
                client.send(Data(request[..<length]))
                client.endInput()
                while await !client.isAtEnd() { client.dropBuffer() }
            }
            #expect(authority.requests.isEmpty)
        }
    }
}
