import Build
import Foundation
import InMemoryLogging
import Inventory
import Logging
import PXE
import Rollout
import Synchronization
import Testing
import Vocabulary

@testable import Fleet

/// A fleet in a directory of its own, with a network that exists in a dictionary.
final class FleetFixture: Sendable {
    let path: String
    let fleet: FleetService
    let network: Neighbourhood
    /// What was logged: warnings and worse.
    let log: InMemoryLogHandler

    /// Who has which address.
    final class Neighbourhood: Sendable {
        private let table = Mutex<[IPv4Address: MACAddress]>([:])
        subscript(address: IPv4Address) -> MACAddress? {
            get { table.withLock { $0[address] } }
            set { table.withLock { $0[address] = newValue } }
        }
    }

    private init(path: String, fleet: FleetService, network: Neighbourhood, log: InMemoryLogHandler) {
        self.path = path
        self.fleet = fleet
        self.network = network
        self.log = log
    }

    deinit {
        fleet.ledger.close()
        fleet.inventory.close()
        try? FileManager.default.removeItem(atPath: path)
    }

    static func make(
        downloads: Int = 100,
        builder: (any ImageBuilding)? = nil,
        hands: (any RollHands)? = nil,
        configure: (inout FleetService.Configuration) -> Void = { _ in }
    ) async throws -> FleetFixture {
        let path = "\(NSTemporaryDirectory())/muster-fleet-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let network = Neighbourhood()
        var log = InMemoryLogHandler()
        log.logLevel = .warning
        let fleet = try await service(
            path,
            network: network,
            downloads: downloads,
            builder: builder,
            hands: hands,
            log: log,
            configure: configure
        )
        return FleetFixture(path: path, fleet: fleet, network: network, log: log)
    }

    /// A fleet whose images are built by hand.
    static func building() async throws -> (fixture: FleetFixture, builder: StubBuilder) {
        let builder = StubBuilder()
        let fixture = try await make(builder: builder)
        let images = fixture.fleet.images
        builder.state.withLock { $0.images = images }
        return (fixture, builder)
    }

    static func service(
        _ path: String,
        network: Neighbourhood,
        downloads: Int = 100,
        builder: (any ImageBuilding)? = nil,
        hands: (any RollHands)? = nil,
        log: any LogHandler = SwiftLogNoOpLogHandler(),
        configure: (inout FleetService.Configuration) -> Void = { _ in }
    ) async throws -> FleetService {
        var configuration = FleetService.Configuration(data: path)
        configuration.concurrentDownloads = downloads
        configuration.downloadPlace = 1
        configure(&configuration)
        let logger = Logger(label: "test", factory: { _ in log })
        return try await FleetService(
            configuration,
            builder: builder,
            neighbours: { network[$0].map(Neighbour.card) ?? .beyond },
            hands: hands,
            logger: logger
        )
    }

    /// Another process on the same data, after this one ended.
    func restarted(
        hands: (any RollHands)? = nil,
        configure: (inout FleetService.Configuration) -> Void = { _ in }
    ) async throws -> FleetService {
        fleet.ledger.close()
        fleet.inventory.close()
        return try await Self.service(path, network: network, hands: hands, configure: configure)
    }

    // MARK: What people do

    /// Imports an image whose kernel is `text`.
    @discardableResult
    func image(_ name: String, _ text: String = "kernel", initrds: [String] = ["initrd"]) throws -> Digest {
        let kernel = try file("kernel-\(name)", text)
        let paths = try initrds.enumerated().map { try file("initrd-\(name)-\($0.offset)", $0.element) }
        let entry = try fleet.images.import(name: name, kernel: kernel, initrds: paths, commandLine: "image=\(name)")
        fleet.planner.invalidate()
        return entry.digest
    }

    private func file(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    func profile(
        _ name: String,
        image: String? = nil,
        kernelArgs: [String] = ["console=ttyS0"],
        adopt: Profile.Adoption = .roll,
        health: Health? = nil
    ) async throws {
        let profile = Profile(
            name: name,
            image: .reference(image ?? name),
            kernelArgs: kernelArgs,
            adopt: adopt,
            health: health
        )
        try await fleet.withInventory { try await $0.apply([.profile(profile)]) }
        await sweep()
    }

    /// Describes machine `number`, and gives it the address that `peer(number)` is.
    func machine(_ number: UInt8, profile: String? = "web", state: Machine.State = .active) async throws {
        let machine = Machine(
            name: "n\(number)",
            nics: [.init(mac: mac(number)), .init(mac: mac(number, card: 1))],
            profile: profile,
            state: state
        )
        try await fleet.withInventory { try await $0.apply([.machine(MachineResource(machine: machine))]) }
        network[peer(number)] = mac(number)
        network[peer(number, card: 1)] = mac(number, card: 1)
        await sweep()
    }

    func sweep() async {
        while let next = fleet.sweeps.take() { await fleet.sweep(next) }
    }

    // MARK: What machines do

    func discover(_ number: UInt8, client: BootClientKind = .pxe) {
        fleet.authority.observe(.discovered(MachineIdentity(mac: mac(number)), client: client, interface: "eth0"))
    }

    /// All bytes of kernel and initrd, from the machine's own address unless another is given.
    func fetch(_ boot: BootInstructions, number: UInt8, from address: IPv4Address? = nil) {
        for part in ["kernel", "initrd"] {
            let name = ResourceName.image(boot.image, part: part)
            guard let length = fleet.authority.content(name)?.length else { continue }
            send(name, boot: boot.boot, to: address ?? peer(number), 0..<length, of: length)
        }
    }

    func send(_ name: ResourceName, boot: BootID?, to peer: IPv4Address, _ range: Range<UInt64>, of total: UInt64) {
        fleet.authority.observe(
            .transferred(Transfer(carrier: .http, peer: peer, name: name, boot: boot, range: range, total: total))
        )
    }

    /// Everything that was handed to the ledger before is on disk.
    func flush() async throws { try await fleet.ledger.commit([]) }

    /// Does something while the ledger cannot be written.
    func withoutLedger(_ body: () async throws -> Void) async throws { try await without("ledger", body) }

    /// Does something while the inventory is away.
    func withoutInventory(_ body: () async throws -> Void) async throws { try await without("inventory", body) }

    private func without(_ store: String, _ body: () async throws -> Void) async throws {
        let files = ["", "-wal", "-shm"].map { "\(path)/\(store).sqlite\($0)" }
            .filter(FileManager.default.fileExists(atPath:))
        try await flush()
        for file in files { try FileManager.default.moveItem(atPath: file, toPath: file + ".away") }
        try await body()
        for file in files { try FileManager.default.moveItem(atPath: file + ".away", toPath: file) }
    }

    func boots(_ number: UInt8) async throws -> [BootRecord] {
        try await flush()
        return try await fleet.records.boots(machine: "n\(number)")
    }
}

func mac(_ number: UInt8, card: UInt8 = 0) -> MACAddress { MACAddress(octets: [0x52, 0x54, 0, 0, card, number])! }
func peer(_ number: UInt8, card: UInt8 = 0) -> IPv4Address { IPv4Address(10, 0, card, number) }

extension FleetService {
    func ask(
        _ identity: MachineIdentity,
        from peer: IPv4Address,
        dialect: BootRequest.Dialect = .ipxe,
        dry: Bool = false
    ) async -> BootAnswer {
        let server = Endpoint(address: IPv4Address(10, 0, 0, 254), port: 8080)
        let request = BootRequest(identity: identity, peer: peer, server: server, dialect: dialect, isDry: dry)
        return await withCheckedContinuation { continuation in
            authority.answer(request) { continuation.resume(returning: $0) }
        }
    }

    /// What machine `number` gets, asking from its own address.
    func ask(_ number: UInt8, card: UInt8 = 0) async -> BootAnswer {
        await ask(MachineIdentity(mac: mac(number, card: card)), from: peer(number, card: card))
    }
}

extension BootAnswer {
    var boot: BootInstructions? { if case .boot(let boot) = self { boot } else { nil } }
    var lines: String { if case .pause(let pause) = self { pause.lines.joined(separator: "\n") } else { "" } }
}
