import Foundation
import Testing
import Vocabulary

@testable import Inventory
@testable import muster

#if canImport(Glibc)
import Glibc
#endif

/// Rolls are the boot plane's: people's way in may be away.
@Suite("Rolls while the control plane is away", .blocking, .serialized)
struct RollWithoutControlTests {
    enum Loss: CaseIterable { case killed, certificate }

    private static let http = "port: 0, trustedNetworks: [127.0.0.0/8]"
    private static let settle = "health: { settle: 1s }"

    @Test("Machines take their turns, and the roll ends, without anybody who could ask", arguments: Loss.allCases)
    func goesOn(_ loss: Loss) async throws {
        let apart = loss == .killed
        let first = try RunningServe(http: Self.http, more: Self.settle, only: apart ? "boot" : nil)
        let control = apart ? try RunningServe(only: "control", beside: first) : nil
        let old = try release(1, first)
        try describe(first)
        for number in 1...2 {
            #expect(try boot(number, first) == old)
            try await eventually(first, "n\(number) is healthy") { event in
                event.kind == "boot.healthy" && event.subject == "n\(number)"
            }
        }
        let new = try release(2, first)
        let rolled = try first.muster("roll", "web")
        #expect(rolled.status == 0, "\(rolled.errors)")

        // The control plane goes.
        let server: RunningServe
        if let control {
            control.signal(SIGKILL)
            _ = try control.waitForExit()
            server = first
        } else {
            first.signal(SIGKILL)
            _ = try first.waitForExit()
            let tls = "\(RunningServe.anyPort), tls: { certificate: /nowhere/cert.pem, key: /nowhere/key.pem }"
            server = try RunningServe(
                http: Self.http,
                control: tls,
                hasControl: false,
                more: Self.settle,
                beside: first
            )
        }
        for number in 1...2 {
            try await eventually(server, "n\(number) has its turn") { event in
                event.kind == "machine.granted" && event.subject == "n\(number)" && event.cause == "roll 1"
            }
            #expect(try boot(number, server) == new)
        }
        try await eventually(server, "the roll ends") { $0.kind == "roll.ended" && $0.cause == "roll 1" }
        #expect(server.process.isRunning)
        if loss == .certificate {
            #expect(server.logged("control.tls.certificate: /nowhere/cert.pem cannot be read"))
            #expect(try server.muster("roll", "status", "1").status == 0, "on the host itself people can ask")
        }
    }

    /// Imports the next image of `web` and waits until it is a release.
    private func release(_ number: Int, _ server: RunningServe) throws -> String {
        let kernel = try server.directory.file("kernel-\(number)", "kernel \(number)").path
        let initrd = try server.directory.file("initrd", "the same").path
        let files = ["--kernel", kernel, "--initrd", initrd]
        let imported = try ExecutableUnderTest.run(
            ["image", "import", "--name", "web", "--arch", "amd64", "--json", "--data", server.data] + files
        )
        try #require(imported.status == 0, "\(imported.errors)")
        if number > 1 {
            try server.waitUntil("there is release \(number)") {
                (try? server.muster("get", "releases", "-o", "name").output.contains("web/\(number)\n")) ?? false
            }
        }
        let digest = try #require(imported.output.firstMatch(of: /[0-9a-f]{64}/))
        return String(digest.output)
    }

    private func describe(_ server: RunningServe) throws {
        var text = """
            kind: Profile
            name: web
            image: web
            health: fetched
            rollout: { canary: 0, waves: [100%], maxUnavailable: 1, bake: 0s, minHealthy: 0s, reboot: none }

            """
        for number in 1...2 {
            text += """
                ---
                kind: Machine
                name: n\(number)
                macs: ["52:54:00:00:00:0\(number)"]
                profile: web

                """
        }
        let file = try server.directory.file("site.yml", text).path
        let applied = try server.muster("apply", "-f", file)
        try #require(applied.status == 0, "\(applied.errors)")
    }

    /// The machine asks for its script and fetches what that names.
    /// - Returns: the digest of the image that it got.
    private func boot(_ number: Int, _ server: RunningServe) throws -> String? {
        let base = "http://127.0.0.1:\(try server.bootPort)"
        let question = "\(base)/boot.ipxe?mac=52-54-00-00-00-0\(number)&arch=x86_64"
        let script = try Command.run("/usr/bin/curl", "-sS", question).output
        let urls = script.matches(of: /http:\S+\/images\/([0-9a-f]{64})\/(kernel|initrd)\S*/)
        #expect(Set(urls.map(\.output.2)) == ["kernel", "initrd"], "\(script)")
        for url in urls {
            #expect(try Command.run("/usr/bin/curl", "-fsS", "-o", "/dev/null", String(url.output.0)).status == 0)
        }
        return urls.first.map { String($0.output.1) }
    }

    /// Waits for an event, in the ledger itself: nobody answers who could be asked.
    private func eventually(
        _ server: RunningServe,
        _ what: String,
        _ isIt: (EventRecord) -> Bool
    ) async throws {
        let reader = try LedgerReader(path: server.data + "/ledger.sqlite", recent: RecentChanges(after: 0, limit: 0))
        defer { reader.close() }
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !reader.events(limit: 10_000).contains(where: isIt) {
            try #require(ContinuousClock.now < deadline, "\(what) does not come: \(server.logText)")
            try await Task.sleep(for: .milliseconds(40))
        }
    }
}
