import Foundation
import Glibc
import Testing
import Vocabulary

@testable import PXE

@Suite("HTTP transfers")
struct HTTPTransferTests {
    private static let request = "GET \(HTTPRequestTests.path) HTTP/1.1\r\nHost: t\r\n\r\n"

    @Test("the end of a file leaves at once, however short the last segment is", arguments: [1, 1500, 70_000])
    func lastSegment(count: Int) async throws {
        let authority = StubAuthority()
        authority.serve(try .file(count: count), as: HTTPRequestTests.image)
        try await withBootPlane(authority) { _, _, port in
            let client = try RawClient(port: port)
            // The kernel would keep what is held back for 200 ms: 8 s for all.
            let began = ContinuousClock.now
            for _ in 0..<40 {
                #expect(try await client.get(HTTPRequestTests.path).body == Content.pattern(0..<count))
            }
            #expect(ContinuousClock.now - began < .seconds(6))
        }
    }

    @Test("a file that became shorter ends the connection, is observed as far as it went, and harms no other transfer")
    func truncated() async throws {
        let authority = StubAuthority()
        let name = ResourceName.loader("cut.efi")
        let url = FileManager.default.temporaryDirectory.appending(path: "muster-cut-\(UUID())")
        try Content.pattern(0..<500_000).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        let file = try OpenFile(path: url.path)
        let pieces = [Content.Piece.file(file, range: 0..<500_000)]
        authority.serve(
            Content(pieces: pieces, digest: nil, mediaType: MediaType.octets, isImmutable: false),
            as: name
        )
        authority.serve(try .file(count: 300_000), as: HTTPRequestTests.image)
        #expect(truncate(url.path, 400_000) == 0)
        try await withBootPlane(authority, configuration: .loopback { $0.eventLoops = 1 }) { service, authority, port in
            let client = try RawClient(port: port)
            await #expect(throws: RawClient.Failure.self) { try await client.get("/loader/cut.efi") }
            #expect(await holdsSoon { authority.transfers.map(\.range) == [0..<400_000] })
            #expect(service.counters.aborted == 1)
            let other = try RawClient(port: port)
            #expect(try await other.get(HTTPRequestTests.path).body == Content.pattern(0..<300_000))
        }
    }

    @Test("a client that can always take more keeps nobody from connecting and being answered")
    func others() async throws {
        let authority = StubAuthority()
        authority.serve(try .zeros(count: 20_000_000), as: HTTPRequestTests.image)
        let configure: (inout HTTPBootService.Configuration) -> Void = {
            $0.eventLoops = 1
            // So slow by itself that no socket is ever full: minutes for the whole file.
            $0.limits.turnBytes = 1
        }
        try await withBootPlane(authority, configuration: .loopback(configure)) { service, authority, port in
            let greedy = [try RawClient(port: port), try RawClient(port: port)]
            for client in greedy { client.send(Self.request) }
            #expect(await holdsSoon { service.counters.activeTransfers == 2 })
            #expect(try await RawClient(port: port).get("/healthz").status == 200)
            #expect(service.counters.activeTransfers == 2)
            for client in greedy { client.abandon() }
            #expect(await holdsSoon { authority.transfers.count == 2 })
            #expect(authority.transfers.allSatisfy { $0.range.upperBound < 20_000_000 })
        }
    }
}
