import Foundation
import Testing
import Vocabulary

@testable import PXE

/// With curl as the client: another implementation of HTTP and TLS than ours.
@Suite("HTTP with curl")
struct HTTPSecureTests {
    private static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: Data) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    /// A key and a certificate for 127.0.0.1 that signs itself, in a directory that is deleted afterwards.
    private func withCertificate(
        _ algorithm: [String],
        body: (_ certificate: String, _ key: String) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "muster-tls-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let (certificate, key) = (directory.appending(path: "c.pem").path, directory.appending(path: "k.pem").path)
        let made = try Self.run(
            "/usr/bin/openssl",
            ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=muster", "-addext", "subjectAltName=IP:127.0.0.1"]
                + algorithm + ["-keyout", key, "-out", certificate]
        )
        try #require(made.status == 0)
        try await body(certificate, key)
    }

    @Test(
        "106: TLS 1.2 with RSA-2048 and with ECDSA, several parts copied through memory, ranges, and https in scripts",
        arguments: [["-newkey", "rsa:2048"], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]]
    )
    func secure(algorithm: [String]) async throws {
        let authority = StubAuthority()
        authority.serve(try .file(count: 1_000_000), as: HTTPRequestTests.image)
        try await withCertificate(algorithm) { certificate, key in
            let configure: (inout HTTPBootService.Configuration) -> Void = {
                $0.port = nil
                $0.tls = .init(port: 0, certificateChain: certificate, privateKey: key)
            }
            try await withBootPlane(authority, configuration: .loopback(configure)) { service, authority, port in
                #expect(service.listeners.map(\.isSecure) == [true])
                let base = "https://127.0.0.1:\(port)"
                let options = ["-sf", "--cacert", certificate, "--tls-max", "1.2"]
                let whole = try Self.run("/usr/bin/curl", options + [base + HTTPRequestTests.path])
                #expect(whole.output == Content.pattern(0..<1_000_000))
                let part = try Self.run(
                    "/usr/bin/curl",
                    options + ["-r", "70000-200000", base + HTTPRequestTests.path]
                )
                #expect(part.output == Content.pattern(70_000..<200_001))
                let script = try Self.run("/usr/bin/curl", options + [base + "/boot.ipxe?mac=525400123456"])
                #expect(String(decoding: script.output, as: UTF8.self).contains("chain --replace --autofree \(base)/"))
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
        try await withBootPlane(authority) { service, _, port in
            let url = "http://127.0.0.1:\(port)\(HTTPRequestTests.path)"
            let connects = "%{num_connects}"
            let twice = try Self.run(
                "/usr/bin/curl",
                ["-sfI", url, "--next", "-sf", "-o", "/dev/null", "-w", connects, url]
            )
            #expect(String(decoding: twice.output, as: UTF8.self).hasSuffix("\r\n\r\n0"))
            let resumed = try Self.run("/usr/bin/curl", ["-sf", "-r", "999990-", url])
            #expect(resumed.output == Content.pattern(999_990..<1_000_000))
            let tag = "If-None-Match: \"\(Digest.sample.hex)\""
            let same = try Self.run("/usr/bin/curl", ["-s", "-H", tag, "-w", "%{http_code}", url])
            #expect(String(decoding: same.output, as: UTF8.self) == "304")
        }
    }
}
