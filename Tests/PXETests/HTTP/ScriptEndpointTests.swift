import Foundation
import Testing
import Vocabulary

@testable import PXE

@Suite("HTTP scripts")
struct ScriptEndpointTests {
    private func text(_ response: RawClient.Response) -> String { String(decoding: response.body, as: UTF8.self) }

    @Test("109: a script is UTF-8 text that nobody keeps, with the magic line first and line feeds only")
    func form() async throws {
        try await withBootPlane { _, _, port in
            let response = try await RawClient(port: port).get("/boot.ipxe?mac=52:54:00:12:34:56")
            #expect(response.status == 200)
            #expect(response.fields["content-type"] == "text/plain; charset=utf-8")
            #expect(response.fields["cache-control"] == "no-store")
            #expect(response.fields["content-length"] == String(response.body.count))
            #expect(text(response).hasPrefix("#!ipxe\n"))
            #expect(!response.body.contains(0x0d))
        }
    }

    @Test("who has not said who it is gets the script that says it, without the authority being asked")
    func start() async throws {
        try await withBootPlane { _, authority, port in
            for path in ["/boot.ipxe", "/boot.ipxe?arch=i386", "/autoexec.ipxe", "/loader/autoexec.ipxe"] {
                let script = text(try await RawClient(port: port).get(path))
                #expect(script.contains("http://127.0.0.1:\(port)/boot.ipxe?mac=${netX/mac:hexhyp}&uuid=${uuid}"))
            }
            #expect(text(try await RawClient(port: port).get("/grub.cfg")).contains("grub.cfg-01-$net_default_mac"))
            #expect(authority.requests.isEmpty)
        }
    }

    @Test(
        "110: what iPXE says of itself arrives, in each spelling of a MAC, with blanks and broken values",
        arguments: [
            (
                "?mac=52-54-00-12-34-56&uuid=11112222-3333-4444-5555-666677778888&serial=VMware-56%204d%20aa&arch=x86_64"
                    + "&platform=efi",
                MachineIdentity(
                    mac: BootRequest.sampleMAC,
                    uuid: MachineUUID("11112222-3333-4444-5555-666677778888"),
                    serial: "VMware-56 4d aa",
                    architecture: .amd64
                ), BootRequest.Platform.efi
            ),
            (
                "?mac=525400123456&arch=i386&platform=pcbios",
                MachineIdentity(mac: BootRequest.sampleMAC, architecture: .amd64), .bios
            ),
            (
                "?mac=52:54:00:12:34:56&arch=arm64&platform=efi&serial=a%0d%0aset%20x",
                MachineIdentity(mac: BootRequest.sampleMAC, serial: "a\r\nset x", architecture: .arm64), .efi
            ),
            ("/52:54:00:12:34:56", MachineIdentity(mac: BootRequest.sampleMAC), nil),
            ("/525400123456?mac=525400999999", MachineIdentity(mac: BootRequest.sampleMAC), nil),
            ("?mac=525400123456&mac=525400999999", MachineIdentity(mac: BootRequest.sampleMAC), nil),
            ("?mac=bogus&uuid=x&serial=%zz&arch=pdp11&platform=c64", MachineIdentity(), nil),
            ("?mac=&uuid=&serial=", MachineIdentity(), nil),
            ("?mac=ff:ff:ff:ff:ff:ff", MachineIdentity(), nil),
            ("?mac=52540012345%36", MachineIdentity(mac: BootRequest.sampleMAC), nil),
            (
                "?uuid=ffffffff-ffff-ffff-ffff-ffffffffffff&serial=To%20Be%20Filled%20By%20O.E.M.", MachineIdentity(),
                nil
            ),
        ] as [(String, MachineIdentity, BootRequest.Platform?)]
    )
    func identity(suffix: String, identity: MachineIdentity, platform: BootRequest.Platform?) async throws {
        try await withBootPlane { _, authority, port in
            let response = try await RawClient(port: port).get("/boot.ipxe\(suffix)")
            #expect(response.status == 200)
            #expect(authority.requests.map(\.identity) == [identity])
            #expect(authority.requests.map(\.platform) == [platform])
            #expect(authority.requests.map(\.peer) == [.loopback])
            #expect(authority.requests.map(\.server) == [Endpoint(address: .loopback, port: port)])
            #expect(authority.requests.map(\.isDry) == [false])
        }
    }

    @Test(
        "GRUB's names are GRUB's configuration",
        arguments: ["/grub.cfg-01-52-54-00-12-34-56", "//grub/grub.cfg-01-52:54:00:12:34:56"]
    )
    func grub(path: String) async throws {
        try await withBootPlane { _, authority, port in
            let response = try await RawClient(port: port).get(path)
            #expect(text(response).contains("configfile (http,127.0.0.1:\(port))/grub/grub.cfg-01-52-54-00-12-34-56"))
            #expect(authority.requests.map(\.dialect) == [.grub])
            #expect(authority.requests.map(\.identity.mac) == [BootRequest.sampleMAC])
        }
    }

    @Test("HEAD renders dry, with the head of GET")
    func dry() async throws {
        try await withBootPlane { _, authority, port in
            let client = try RawClient(port: port)
            let head = try await client.get("/boot.ipxe?mac=525400123456", method: "HEAD")
            let get = try await client.get("/boot.ipxe?mac=525400123456")
            #expect(authority.requests.map(\.isDry) == [true, false])
            #expect(head.head == get.head)
        }
    }

    @Test(
        "116: whatever a machine says, it gets a script",
        arguments: ["/boot.ipxe/x", "/boot.ipxe/..x", "/boot.ipxe?mac=%00", "/boot.ipxe?%"]
    )
    func always(path: String) async throws {
        try await withBootPlane { _, _, port in
            let response = try await RawClient(port: port).get(path)
            #expect(response.status == 200)
            #expect(text(response).hasPrefix("#!ipxe\n"))
        }
    }

    @Test("112, 113: an answer that does not come in time is a 503 that says when to come again")
    func late() async throws {
        let authority = StubAuthority()
        authority.answer { _ in nil }
        try await withBootPlane(authority, configuration: .loopback { $0.limits.answer = .milliseconds(50) }) {
            service,
            _,
            port in
            let client = try RawClient(port: port)
            let response = try await client.get("/boot.ipxe?mac=525400123456")
            #expect(response.status == 503)
            #expect(response.fields["retry-after"] == "5")
            #expect(try await client.get("/healthz").status == 200)
            #expect(service.counters.unavailable == 1)
        }
    }

    @Test("an answer that comes too late is nobody's: the next request gets its own")
    func tooLate() async throws {
        let authority = StubAuthority()
        authority.answer { _ in nil }
        try await withBootPlane(authority, configuration: .loopback { $0.limits.answer = .milliseconds(50) }) {
            _,
            authority,
            port in
            let client = try RawClient(port: port)
            #expect(try await client.get("/boot.ipxe?mac=525400123456").status == 503)
            let late = try #require(authority.unanswered.first)
            // Answers of the first request while the second one waits, which is then answered too.
            authority.answer(later: true) { _ in
                late(.pause(Pause(lines: ["for the first"], seconds: 5)))
                return .pause(Pause(lines: ["for the second"], seconds: 5))
            }
            let script = text(try await client.get("/boot.ipxe?mac=525400999999"))
            #expect(script.contains("for the second") && !script.contains("for the first"))
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test("92: a machine that asks for kernels again and again gets a screen and an event, and nobody else does")
    func loop() async throws {
        let authority = StubAuthority()
        authority.answer { request in
            guard let mac = request.identity.mac else { return nil }
            var boot = BootInstructions.sample()
            boot.mac = mac
            return .boot(boot)
        }
        try await withBootPlane(authority, configuration: .loopback { $0.bootScriptsPerMinute = 3 }) {
            _,
            authority,
            port in
            let client = try RawClient(port: port)
            for _ in 0..<3 { #expect(text(try await client.get("/boot.ipxe?mac=525400123456")).contains("\nkernel ")) }
            for _ in 0..<3 {
                let script = text(try await client.get("/boot.ipxe?mac=525400123456"))
                #expect(!script.contains("\nkernel "))
                #expect(script.contains("again and again"))
                #expect(script.contains("\nchain "))
            }
            #expect(text(try await client.get("/boot.ipxe?mac=525400999999")).contains("\nkernel "))
            #expect(authority.observations.count == 1)
            guard case .looping(BootRequest.sampleMAC, _)? = authority.observations.first else {
                Issue.record("expected a looping event, found \(authority.observations)")
                return
            }
        }
    }
}
