import Foundation
import Testing
import Vocabulary

@testable import PXE

@Suite("HTTP on one connection")
struct HTTPRequestTests {
    static let image = ResourceName.image(.sample, part: "kernel")
    static let path = "/images/\(Digest.sample.hex)/kernel"

    private func serving(_ count: Int = 300_000, mediaType: String = "application/efi") throws -> StubAuthority {
        let authority = StubAuthority()
        authority.serve(try .file(count: count, mediaType: mediaType), as: Self.image)
        authority.serve(try .file(count: 5000, mediaType: "application/efi", isImmutable: false), as: .loader("x.efi"))
        return authority
    }

    @Test("103: HEAD and then GET on the same connection: the same head, and the body after the second")
    func headThenGet() async throws {
        try await withBootPlane(try serving()) { _, authority, port in
            let client = try RawClient(port: port)
            let head = try await client.get(Self.path, method: "HEAD")
            let get = try await client.get(Self.path)
            #expect(head.status == 200 && get.status == 200)
            #expect(head.head == get.head)
            #expect(head.body.isEmpty)
            #expect(get.body == Content.pattern(0..<300_000))
            #expect(get.fields["content-length"] == "300000")
            #expect(get.fields["connection"] == nil)
            #expect(await holdsSoon { authority.transfers.count == 1 })
        }
    }

    @Test("104, 115: no redirect, no chunks, no encoding, the exact type", arguments: ["", "?boot=x", "//"])
    func plain(variant: String) async throws {
        try await withBootPlane(try serving()) { _, _, port in
            let path = variant == "//" ? "//loader//x.efi" : "/loader/x.efi\(variant)"
            let response = try await RawClient(port: port).get(path, fields: ["Accept-Encoding: gzip, x-gzip, deflate"])
            #expect(response.status == 200)
            #expect(response.fields["content-type"] == "application/efi")
            #expect(response.fields["content-length"] == "5000")
            #expect(response.fields["transfer-encoding"] == nil)
            #expect(response.fields["content-encoding"] == nil)
            #expect(response.fields["location"] == nil)
            #expect(response.body == Content.pattern(0..<5000))
        }
    }

    @Test("105: the same client comes four times and gets the same each time")
    func fourTimes() async throws {
        try await withBootPlane(try serving()) { _, authority, port in
            for _ in 0..<4 {
                let response = try await RawClient(port: port).get("/loader/x.efi")
                #expect(response.body == Content.pattern(0..<5000))
            }
            #expect(await holdsSoon { authority.transfers.count == 4 })
        }
    }

    @Test("107, 108: what a loader asks for beside itself and is not there misses at once, and the connection stays")
    func misses() async throws {
        try await withBootPlane(try serving()) { _, _, port in
            let client = try RawClient(port: port)
            for path in [
                "/revocations_sku.efi", "/revocations_sbat.efi", "/shim_certificate_0.efi", "//grubx64.efi",
                "/loader/mmx64.efi", "/grub/x86_64-efi/command.lst", "/grub/grub.cfg-C0A84D32", "/../etc/passwd",
                "/%2e%2e/etc/passwd", "/a%00b", "/%zz", "/images/../x", "/images/ABC/kernel", "/",
            ] {
                let response = try await client.get(path)
                #expect(response.status == 404, "\(path)")
                #expect(response.fields["content-type"] == "application/problem+json")
                let problem = try JSONSerialization.jsonObject(with: response.body) as? [String: Any]
                #expect(problem?["status"] as? Int == 404)
            }
        }
    }

    @Test(
        "content-addressed names may be kept for ever, loaders are asked about again, and both have the digest as tag"
    )
    func caching() async throws {
        try await withBootPlane(try serving()) { _, _, port in
            let client = try RawClient(port: port)
            let image = try await client.get(Self.path, method: "HEAD")
            #expect(image.fields["cache-control"] == "public, max-age=31536000, immutable")
            #expect(image.fields["etag"] == "\"\(Digest.sample.hex)\"")
            let loader = try await client.get("/loader/x.efi", method: "HEAD")
            #expect(loader.fields["cache-control"] == "no-cache")
            let tags = "If-None-Match: W/\"a\", \"\(Digest.sample.hex)\""
            let again = try await client.get("/loader/x.efi", fields: [tags])
            #expect(again.status == 304)
            #expect(again.body.isEmpty && again.fields["content-length"] == nil)
            #expect(try await client.get("/loader/x.efi", fields: ["If-None-Match: \"a\""]).status == 200)
            #expect(try await client.get("/loader/x.efi", fields: ["If-Match: \"a\""]).status == 412)
            #expect(try await client.get("/loader/x.efi", fields: ["If-Match: *"]).status == 200)
            let own = "\"\(Digest.sample.hex)\""
            #expect(try await client.get("/loader/x.efi", fields: ["If-Match: \"a\", \(own)"]).status == 200)
            #expect(try await client.get("/loader/x.efi", fields: ["If-Match: W/\(own)"]).status == 412)
            #expect(try await client.get("/loader/x.efi", fields: ["If-None-Match: W/\(own)"]).status == 304)
        }
    }

    @Test(
        "114: ranges",
        arguments: [
            ("bytes=0-0", 206, 0..<1), ("bytes=100-199", 206, 100..<200), ("bytes=299999-", 206, 299_999..<300_000),
            ("bytes=-5", 206, 299_995..<300_000), ("bytes=-999999", 206, 0..<300_000),
            ("bytes=0-999999999", 206, 0..<300_000), ("Bytes = 0-1", 200, 0..<300_000), ("bytes=5-4", 200, 0..<300_000),
            ("bytes=0-1,5-6", 200, 0..<300_000), ("items=0-1", 200, 0..<300_000), ("bytes=x", 200, 0..<300_000),
            ("bytes=300000-", 416, nil), ("bytes=-0", 416, nil), ("bytes=999999999999-", 416, nil),
        ] as [(String, Int, Range<Int>?)]
    )
    func ranges(field: String, status: Int, expected: Range<Int>?) async throws {
        try await withBootPlane(try serving()) { _, authority, port in
            let client = try RawClient(port: port)
            let response = try await client.get(Self.path + "?boot=\(BootID.preview)", fields: ["Range: \(field)"])
            #expect(response.status == status)
            guard let expected else {
                #expect(response.fields["content-range"] == "bytes */300000")
                return
            }
            #expect(response.body == Content.pattern(expected))
            let contentRange = "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/300000"
            #expect(response.fields["content-range"] == (status == 206 ? contentRange : nil))
            #expect(await holdsSoon { authority.transfers.count == 1 })
            let transfer = authority.transfers.first
            #expect(transfer?.range == UInt64(expected.lowerBound)..<UInt64(expected.upperBound))
            #expect(transfer?.total == 300_000)
            #expect(transfer?.boot == .preview)
            #expect(transfer?.peer == .loopback)
        }
    }

    @Test("114: If-Range with our tag gives the part, with another or a date the whole; HEAD knows no ranges")
    func ifRange() async throws {
        try await withBootPlane(try serving()) { _, _, port in
            let client = try RawClient(port: port)
            let range = "Range: bytes=1-2"
            let tag = "\"\(Digest.sample.hex)\""
            #expect(try await client.get(Self.path, fields: [range, "If-Range: \(tag)"]).status == 206)
            #expect(try await client.get(Self.path, fields: [range, "If-Range: \"a\""]).status == 200)
            #expect(try await client.get(Self.path, fields: [range, "If-Range: W/\(tag)"]).status == 200)
            #expect(
                try await client.get(Self.path, fields: [range, "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"]).status
                    == 200
            )
            let head = try await client.get(Self.path, method: "HEAD", fields: [range])
            #expect(head.status == 200)
            #expect(head.fields["content-length"] == "300000")
        }
    }

    @Test("other methods are refused with what is allowed, their bodies dropped, and the connection stays")
    func methods() async throws {
        try await withBootPlane(try serving()) { _, _, port in
            let client = try RawClient(port: port)
            for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
                client.send("\(method) /loader/x.efi HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello")
                let response = try await client.response()
                #expect(response.status == 405)
                #expect(response.fields["allow"] == "GET, HEAD")
            }
            #expect(try await client.get("/loader/x.efi").status == 200)
        }
    }

    @Test(
        "a request of HTTP/1.1 names one host (RFC 9112 3.2); one of HTTP/1.0 need not",
        arguments: [
            ("1.1", "", 400), ("1.1", "Host: a\r\nhost: b\r\n", 400), ("1.1", "HOST: a\r\n", 200),
            ("1.1", "Host:\r\n", 200), ("1.0", "", 200),
        ]
    )
    func host(version: String, fields: String, status: Int) async throws {
        try await withBootPlane { _, _, port in
            let client = try RawClient(port: port)
            client.send("GET /healthz HTTP/\(version)\r\n\(fields)\r\n")
            #expect(try await client.response().status == status)
        }
    }

    @Test("pipelined requests are answered in order, each whole")
    func pipelining() async throws {
        try await withBootPlane(try serving()) { _, authority, port in
            authority.answer(later: true) { _ in .pause(Pause(lines: ["later"], seconds: 5)) }
            let client = try RawClient(port: port)
            let paths = ["/loader/x.efi", "/boot.ipxe?mac=525400123456", "/none.efi", Self.path, "/healthz"]
            for _ in 0..<20 {
                client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: t\r\n\r\n" }.joined())
            }
            client.endInput()
            for _ in 0..<20 {
                #expect(try await client.response().body == Content.pattern(0..<5000))
                #expect(try await client.response().body.starts(with: Data("#!ipxe\n".utf8)))
                #expect(try await client.response().status == 404)
                #expect(try await client.response().body == Content.pattern(0..<300_000))
                #expect(try await client.response().body == Data("{\"status\":\"ok\"}\n".utf8))
            }
            #expect(await client.isAtEnd())
        }
    }

    @Test(
        "HTTP/1.0 ends the connection unless it asks otherwise, and HTTP/1.1 when it asks for it",
        arguments: [
            ("1.0", [], "close", true), ("1.0", ["Connection: keep-alive"], "keep-alive", false),
            ("1.1", ["Connection: close"], "close", true), ("1.1", [], nil, false),
        ] as [(String, [String], String?, Bool)]
    )
    func versions(version: String, fields: [String], connection: String?, ends: Bool) async throws {
        try await withBootPlane(try serving()) { _, _, port in
            for path in [Self.path, "/healthz", "/none"] {
                let client = try RawClient(port: port)
                let response = try await client.get(path, version: version, fields: fields)
                #expect(response.fields["connection"] == connection)
                if ends {
                    #expect(await client.isAtEnd())
                } else {
                    #expect(try await client.get("/healthz").status == 200)
                }
            }
        }
    }

    @Test("a content of several pieces comes as one, whatever part of it is asked for")
    func pieces() async throws {
        let authority = StubAuthority()
        let file = try OpenFile(path: #filePath)
        let source = try Data(contentsOf: URL(filePath: #filePath))
        let content = Content(
            pieces: [
                .bytes([1, 2, 3]), .file(file, range: 10..<200), .bytes([]), .bytes([4]), .file(file, range: 0..<5),
            ],
            digest: nil,
            mediaType: "application/octet-stream",
            isImmutable: true
        )
        authority.serve(content, as: Self.image)
        let whole = Data([1, 2, 3]) + source[10..<200] + Data([4]) + source[0..<5]
        try await withBootPlane(authority, configuration: .loopback { $0.limits.turnBytes = 7 }) { _, _, port in
            let client = try RawClient(port: port)
            for start in stride(from: 0, to: whole.count, by: 17) {
                for end in stride(from: start, to: whole.count, by: 23) {
                    let response = try await client.get(Self.path, fields: ["Range: bytes=\(start)-\(end)"])
                    #expect(response.body == whole[start...end])
                }
            }
        }
    }
}
