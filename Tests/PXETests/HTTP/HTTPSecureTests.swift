import Foundation
import Testing
import Vocabulary

@testable import PXE

/// With curl as the client: another implementation of HTTP and TLS than ours.
@Suite("HTTP with curl")
struct HTTPSecureTests {
    /// A key and a certificate for 127.0.0.1 that signs itself, in a directory that is deleted afterwards.
    private func withCertificate(
        _ algorithm: [String],
        body: (_ directory: TemporaryDirectory, _ tls: HTTPBootService.Configuration.TLS) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let made = try await directory.run(
            ["openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=muster"]
                + ["-addext", "subjectAltName=IP:127.0.0.1"] + algorithm + ["-keyout", "k.pem", "-out", "c.pem"]
        )
        try #require(made.status == 0, "\(made.output)")
        let (certificate, key) = ("\(directory.path)/c.pem", "\(directory.path)/k.pem")
        try await body(directory, .init(port: 0, certificateChain: certificate, privateKey: key))
    }

    @Test(
        "106: TLS 1.2 with RSA-2048 and with ECDSA, several parts copied through memory, ranges, and https in scripts",
        arguments: [["-newkey", "rsa:2048"], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]]
    )
    func secure(algorithm: [String]) async throws {
        let authority = StubAuthority()
        authority.serve(try .file(count: 1_000_000), as: HTTPRequestTests.image)
        try await withCertificate(algorithm) { directory, tls in
            let configure: (inout HTTPBootService.Configuration) -> Void = {
                $0.port = nil
                $0.tls = tls
            }
            try await withBootPlane(authority, configuration: .loopback(configure)) { service, authority, port in
                #expect(service.listeners.map(\.isSecure) == [true])
                let base = "https://127.0.0.1:\(port)"
                func fetch(_ path: String, _ options: String...) async throws -> [UInt8]? {
                    let curl = ["curl", "-sf", "--cacert", "c.pem", "--tls-max", "1.2", "-o", "out"]
                    let result = try await directory.run(curl + options + [base + path])
                    #expect(result.status == 0, "\(result.output)")
                    return directory.contents(of: "out")
                }
                #expect(try await fetch(HTTPRequestTests.path) == Array(Content.pattern(0..<1_000_000)))
                let part = try await fetch(HTTPRequestTests.path, "-r", "70000-200000")
                #expect(part == Array(Content.pattern(70_000..<200_001)))
                let script = try await fetch("/boot.ipxe?mac=525400123456") ?? []
                #expect(String(decoding: script, as: UTF8.self).contains("chain --replace --autofree \(base)/"))
                #expect(authority.requests.map(\.isSecure) == [true])
                #expect(await holdsSoon { authority.transfers.count == 2 })
            }
        }
    }

    @Test("a certificate that is not there is an error, not a server without TLS")
    func missingCertificate() async throws {
        let configure: (inout HTTPBootService.Configuration) -> Void = {
            $0.tls = .init(port: 0, certificateChain: "/nonexistent/c.pem", privateKey: "/nonexistent/k.pem")
        }
        await #expect(throws: (any Error).self) {
            try await withBootPlane(configuration: .loopback(configure)) { _, _, _ in }
        }
    }

    @Test("103: curl takes HEAD and GET over one connection, resumes, and asks whether it is still the same")
    func plain() async throws {
        let authority = StubAuthority()
        authority.serve(try .file(count: 1_000_000), as: HTTPRequestTests.image)
        let directory = try TemporaryDirectory()
        try await withBootPlane(authority) { _, _, port in
            let url = "http://127.0.0.1:\(port)\(HTTPRequestTests.path)"
            func curl(_ arguments: String...) async throws -> String {
                try await directory.run(["curl", "-sf"] + arguments + [url]).output
            }
            let connects = "%{num_connects}"
            #expect(try await curl("-I", url, "--next", "-sf", "-o", "out", "-w", connects).hasSuffix("\r\n\r\n0"))
            #expect(directory.contents(of: "out") == Array(Content.pattern(0..<1_000_000)))
            _ = try await curl("-r", "999990-", "-o", "out")
            #expect(directory.contents(of: "out") == Array(Content.pattern(999_990..<1_000_000)))
            let tag = "If-None-Match: \"\(Digest.sample.hex)\""
            #expect(try await curl("-H", tag, "-w", "%{http_code}") == "304")
        }
    }
}
