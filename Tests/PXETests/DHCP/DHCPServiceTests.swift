import Foundation
import Logging
import Synchronization
import Testing
import Vocabulary

@testable import PXE

/// A store in memory that can be told to fail.
final class MemoryLeaseStore: LeaseStore {
    private let state = Mutex<(leases: [IPv4Address: Lease], fails: Bool)>(([:], false))

    func leases() throws -> [Lease] { Array(state.withLock(\.leases).values) }
    func commit(_ leases: [Lease], done: @escaping @Sendable (Bool) -> Void) {
        let written = state.withLock { state in
            if state.fails { return false }
            for lease in leases { state.leases[lease.address] = lease }
            return true
        }
        done(written)
    }
    func fail(_ fails: Bool) { state.withLock { $0.fails = fails } }
}

/// The service over a cable of its own, with clients that people have.
@Suite(.serialized) struct DHCPServiceTests {
    struct Output {
        var status: Int32
        var text: String
    }

    /// Runs a program on the clients' side.
    private func run(_ command: [String], in namespace: NetworkNamespace) async throws -> Output {
        let name = namespace.name
        return try await namespace.inside {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["ip", "netns", "exec", name] + command
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Output(status: process.terminationStatus, text: String(decoding: data, as: UTF8.self))
        }
    }

    func udhcpc(_ more: String..., tries: Int = 8, in namespace: NetworkNamespace) async throws -> Output {
        let command = ["busybox", "udhcpc", "-f", "-n", "-q", "-i", "eth0", "-s", "/bin/true", "-T", "1"]
        return try await run(command + ["-t", "\(tries)"] + more, in: namespace)
    }

    /// - Parameter cable: the server's side and the clients'; one of its own when nil.
    func withService(
        _ configuration: DHCPConfiguration,
        over cable: (NetworkNamespace, NetworkNamespace)? = nil,
        _ body: (DHCPService, MemoryLeaseStore, FixedAuthority, NetworkNamespace) async throws -> Void
    ) async throws {
        let (serverSide, clientSide) = try cable ?? NetworkNamespace.pair()
        try serverSide.configure("addr", "add", "\(serverAddress)/24", "dev", "eth0")
        let (store, authority) = (MemoryLeaseStore(), FixedAuthority())
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let service = DHCPService(configuration: configuration, authority: authority, leases: store, logger: logger)
        let running = Task { try await service.run(preparing: { try serverSide.enter() }) }
        do {
            for _ in 0..<200 where service.servedInterfaces.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            #expect(service.servedInterfaces == ["eth0"])
            try await body(service, store, authority, clientSide)
        } catch {
            running.cancel()
            _ = await running.result
            throw error
        }
        running.cancel()
        try await running.value
    }

    @Test func `70, 137 a client without an address gets a lease that is written, without ARP`() async throws {
        var configuration = DHCPConfiguration.sample(range: address(100)...address(109))
        configuration.probesAddresses = true
        try await withService(configuration) { service, store, _, clients in
            let output = try await udhcpc(in: clients)
            #expect(output.status == 0, "\(output.text)")
            let leases = try store.leases()
            #expect(leases.count == 1 && leases[0].state == .bound)
            #expect(output.text.contains("\(leases[0].address)"))
            #expect(service.counters.acks >= 1 && service.counters.sendFailures == 0)
        }
    }

    @Test func `a store that fails: who has a lease keeps it, nobody gets a new one`() async throws {
        try await withService(.sample()) { service, store, _, clients in
            #expect(try await udhcpc(in: clients).status == 0)
            store.fail(true)
            // Another name is to be written; the same lease again is not.
            #expect(try await udhcpc("-x", "hostname:other", in: clients).status == 0)
            #expect(service.counters.unwrittenRenewals >= 1)
            try clients.configure("link", "set", "eth0", "address", "52:54:00:99:99:99")
            #expect(try await udhcpc(tries: 2, in: clients).status != 0)
            #expect(service.counters.ignored[.notWritten, default: 0] >= 1)
        }
    }

    @Test func `75, 76 a proxy is silent to plain clients and offers to those that boot`() async throws {
        try await withService(.sample(mode: .proxy)) { service, _, authority, clients in
            #expect(try await udhcpc(tries: 2, in: clients).status != 0)
            #expect(service.counters.offers == 0 && service.counters.ignored[.notBooting, default: 0] >= 1)
            _ = try await udhcpc("-V", "PXEClient:Arch:00007:UNDI:003001", "-x", "0x5d:0007", tries: 2, in: clients)
            #expect(service.counters.offers >= 1)
            #expect(
                authority.observations.contains { if case .discovered(_, .pxe, "eth0") = $0 { true } else { false } }
            )
        }
    }

    /// Exchanges a second. Code without optimisation, as tests are built, is not asked for what production does.
    #if DEBUG
    private static let rate = 200
    #else
    private static let rate = 2000
    #endif

    @Test func `a relay with many exchanges a second loses none, and every lease is written`() async throws {
        try await withService(.sample(range: address(10)...address(190))) { service, store, _, clients in
            try clients.configure("addr", "add", "\(address(200))/24", "dev", "eth0")
            let command = ["perfdhcp", "-4", "-r", "\(Self.rate)", "-R", "100", "-p", "3", "-l", "\(address(200))"]
            let output = try await run(command + ["\(serverAddress)"], in: clients)
            let drops = output.text.split(separator: "\n").filter { $0.hasPrefix("drops:") }
            #expect(!drops.isEmpty && drops.allSatisfy { $0 == "drops: 0" }, "\(output.text)")
            #expect(try store.leases().count == 100)
            #expect(service.counters.acks > UInt64(2 * Self.rate))
        }
    }

    @Test func `an interface that goes and comes back is served again`() async throws {
        try await withService(.sample()) { service, _, _, clients in
            #expect(try await udhcpc(in: clients).status == 0)
            try clients.configure("link", "set", "eth0", "down")
            try clients.configure("link", "set", "eth0", "up")
            #expect(try await udhcpc(in: clients).status == 0)
            service.reload(.sample(mode: .off))
            for _ in 0..<200 where !service.servedInterfaces.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            #expect(service.servedInterfaces.isEmpty)
        }
    }
}
