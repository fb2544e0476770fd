import Build
import Control
import Foundation
import Logging
import NIOCore
import PXE
import ServiceLifecycle
import Testing
import Vocabulary

@testable import Fleet
@testable import muster

/// A fleet and its control plane in this process, machines that boot when they are told to, and `muster` beside it.
struct RollingFleet: Sendable {
    let fleet: FleetService
    let client: ControlClient
    let directory: TemporaryDirectory

    /// Runs for as long as `body` takes.
    static func with(_ body: @Sendable @escaping (RollingFleet) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let (addresses, continuation) = AsyncStream<NIOCore.SocketAddress>.makeStream()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let fleet = try await FleetService(
            .init(data: directory.path),
            neighbours: { .card(mac(of: $0)) },
            logger: logger
        )
        let socket = directory.path + "/muster.sock"
        let tokens = TokenFile(path: directory.path + "/tokens.json")
        let server = ControlServer(
            configuration: .init(socket: socket, listen: nil),
            plane: FleetControlPlane(fleet: fleet, tokens: tokens),
            tokens: tokens,
            logger: logger
        ) { continuation.yield($0) }
        let group = ServiceGroup(services: [fleet, server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await _ in addresses { break }
            try await ControlClient.with(socket: socket) { client in
                try await body(RollingFleet(fleet: fleet, client: client, directory: directory))
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    // MARK: What people do

    func muster(_ arguments: String...) async throws -> ExecutableUnderTest.Result {
        // The program asks the server of this process, which must not wait for it.
        try await withTaskExecutorPreference(BlockingThreads.shared) { [directory] in
            try ExecutableUnderTest.run(arguments + ["--data", directory.path])
        }
    }

    /// - Parameter settle: how long a machine that fetched everything must stay away to be healthy.
    func describe(machines: Int, settle: String, rollout: String = "") async throws {
        var text = """
            kind: Profile
            name: web
            image: web
            health: fetched
            settle: \(settle)
            rollout: { bake: 0s, minHealthy: 0s, maxUnavailable: 1, waves: [100%]\(rollout) }

            """
        for number in 1...machines {
            text += """
                ---
                kind: Machine
                name: n\(number)
                macs: ["\(Self.mac(of: Self.address(number)))"]
                labels: { rack: r\(number % 2) }
                profile: web

                """
        }
        let request = ApplyRequest(documents: [.init(source: "site.yml", text: text)])
        let _: ApplyReport = try await client.post("/v1/apply", request)
    }

    /// Makes the next release of `web`, once it is one.
    func release(_ number: Int) async throws {
        let kernel = try directory.file("kernel", "kernel \(number)").path
        let initrd = try directory.file("initrd", "the same").path
        _ = try fleet.images.import(name: "web", kernel: kernel, initrds: [initrd], commandLine: "release=\(number)")
        try await eventually("there is release \(number)") {
            let releases: [ReleaseView] = try await client.get("/v1/releases")
            return releases.contains { $0.number == number }
        }
    }

    // MARK: What machines do

    static func address(_ number: Int) -> IPv4Address { IPv4Address(10, 0, 0, UInt8(number)) }
    static func mac(of address: IPv4Address) -> MACAddress {
        MACAddress(rawValue: 0x5254_0000_0000 + UInt64(address.rawValue & 0xff))
    }

    /// The machine asks for its script and fetches what that names.
    /// - Returns: the image; nil when it gets none.
    @discardableResult
    func boot(_ number: Int) async throws -> Digest? {
        let peer = Self.address(number)
        let request = BootRequest(
            identity: MachineIdentity(mac: Self.mac(of: peer)),
            peer: peer,
            server: Endpoint(address: IPv4Address(10, 0, 0, 254), port: 8080),
            dialect: .ipxe,
            isDry: false
        )
        let answer = await withCheckedContinuation { continuation in
            fleet.authority.answer(request) { continuation.resume(returning: $0) }
        }
        guard case .boot(let boot) = answer else { return nil }
        for part in ["kernel", "initrd"] {
            let name = ResourceName.image(boot.image, part: part)
            let length = try #require(fleet.authority.content(name)?.length)
            let transfer = Transfer(
                carrier: .http,
                peer: peer,
                name: name,
                boot: boot.boot,
                range: 0..<length,
                total: length
            )
            fleet.authority.observe(.transferred(transfer))
        }
        return boot.image
    }

    /// What the machine has fetched is found to be healthy: now, and not when it has settled.
    func becomeHealthy(_ number: Int) throws {
        let boot = try #require(fleet.standing(of: "n\(number)")?.boot, "n\(number) has not booted")
        fleet.authority.book.healthy(boot.id, now: .now())
    }

    /// All of them boot, and are healthy on what they got.
    func bootAll(_ machines: Int) async throws {
        for number in 1...machines {
            try await eventually("n\(number) boots") { try await boot(number) != nil }
        }
        try await eventually("all are healthy") {
            let machines: [MachineView] = try await client.get("/v1/machines")
            return machines.allSatisfy { $0.images.lastGood != nil && $0.boot?.state == .healthy }
        }
    }

    func roll(_ id: Int) async throws -> RolloutView { try await client.get("/v1/rollouts/\(id)") }

    /// Looks until `condition` holds, for 30 s: a process in which others block every thread does little in that time, so a
    /// hundred looks at least.
    func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        var looks = 0
        while ContinuousClock.now < deadline || looks < 100 {
            if try await condition() { return }
            looks += 1
            try await Task.sleep(for: .milliseconds(40))
        }
        Issue.record(what)
    }
}
