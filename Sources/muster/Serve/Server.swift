import Build
import Control
import Fleet
import Foundation
import Logging
import PXE
import ServiceLifecycle
import Synchronization
import UnixSignals

/// The boot plane, alone or with the control plane: the services of one process and how they hang together.
final class Server: Sendable {
    private let configuration: Configuration
    private let door: ControlServer.Configuration
    private let logger: Logger
    private let load: @Sendable () throws -> Configuration

    private let network: ProvisioningNetwork
    private let fleet: FleetService
    private let templates: Templates
    private let dhcp: DHCPService
    private let tftp: TFTPService
    private let http: HTTPBootService
    private let tokens: TokenFile
    private let failure = PlaneService.Failure()
    /// Held as long as this process serves: the ledger has one writer.
    private let lock: FileLock

    /// The scripts' templates, which a reload replaces.
    private final class Templates: Sendable {
        private let templates: Mutex<ScriptTemplates>

        init(_ templates: ScriptTemplates) { self.templates = Mutex(templates) }

        var current: ScriptTemplates { templates.withLock { $0 } }

        func replace(with new: ScriptTemplates) { templates.withLock { $0 = new } }
    }

    /// Opens the stores and finds the loaders; nothing is served yet.
    ///
    /// - Parameters:
    ///   - isAlone: leave the API and the command line's socket to a process of their own (`ControlProcess`).
    ///   - load: reads the configuration again, for a reload.
    /// - Throws: in words for people, when the server cannot serve what it is told to.
    init(
        configuration: Configuration,
        isAlone: Bool,
        logger: Logger,
        load: @escaping @Sendable () throws -> Configuration
    ) async throws {
        self.configuration = configuration
        door =
            isAlone
            ? .init(socket: configuration.bootSocket, listen: nil) : configuration.control.doors
        self.logger = logger
        self.load = load
        tokens = configuration.tokens
        if configuration.dhcp.mode == .server, configuration.dhcp.subnets.isEmpty {
            throw ServeError("dhcp.mode is server and dhcp.subnets is empty: name at least one network to serve")
        }
        lock = try Self.lock(configuration.data)
        network = try ProvisioningNetwork(configuration, among: try NetworkInterface.all())
        let templates = Templates(try configuration.scriptTemplates())
        self.templates = templates
        let renderer = ScriptRenderer(current: { templates.current })
        BuildPriority.giveWay()
        var fleetConfiguration = configuration.fleetConfiguration
        fleetConfiguration.interfaces = network.interfaces
        fleet = try await FleetService(fleetConfiguration, logger: logger)
        dhcp = DHCPService(
            configuration: configuration.dhcpConfiguration(on: network),
            authority: fleet.authority,
            leases: fleet.authority,
            logger: logger
        )
        tftp = TFTPService(
            configuration: configuration.tftpConfiguration(on: network),
            authority: fleet.authority,
            scripts: renderer,
            logger: logger
        )
        http = HTTPBootService(
            configuration: configuration.httpConfiguration,
            authority: fleet.authority,
            renderer: renderer,
            logger: logger
        )
    }

    private static func lock(_ data: String) throws -> FileLock {
        do {
            try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        } catch {
            throw ServeError("cannot make the data directory \(data): \(error.localizedDescription)")
        }
        if let lock = try FileLock.tryAcquire(path: data + "/serve.lock") { return lock }
        throw ServeError("another muster serves from \(data); stop it, or give this one its own --data")
    }

    /// Serves until SIGTERM or SIGINT. What serves stops first, what it asks last.
    func run() async throws {
        var services: [any Service] = [
            fleet, PlaneService(failure, stopping: serveControl), PlaneService(failure, cancelling: http.run),
            PlaneService(failure, cancelling: tftp.run),
        ]
        if !network.interfaces.isEmpty { services.append(PlaneService(failure, cancelling: dhcp.run)) }
        if configuration.dhcp.routerAdvertisements {
            let advertising = RouterAdvertising(interfaces: network.interfaces, logger: logger)
            services.append(PlaneService(failure, cancelling: advertising.run))
        }
        services.append(PlaneService(failure, cancelling: keepLoaders))
        services.append(PlaneService(failure, cancelling: reloadOnHangup))
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: quiet
            )
        )
        logger.notice(
            "muster serves",
            metadata: ["data": "\(configuration.data)", "interfaces": "\(network.interfaces)"]
        )
        do {
            try await group.run()
        } catch {
            throw failure.error ?? error
        }
        logger.notice("muster stopped")
    }

    /// The control plane. What is wrong with it never ends the process: it is tried again.
    private func serveControl() async throws {
        let server = ControlServer(
            configuration: door,
            plane: FleetControlPlane(fleet: fleet, tokens: tokens, counters: { [self] in counters }),
            tokens: tokens,
            logger: logger
        )
        while true {
            do {
                return try await server.run()
            } catch {
                guard !Task.isShuttingDownGracefully, !Task.isCancelled else { throw error }
                logger.error("control plane does not serve", metadata: ["error": "\(error)"])
            }
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(5)) }
        }
    }

    /// What the group says of its services is of interest when something is wrong.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }

    // MARK: Reload

    /// Serves the loaders that are on this host at once, then those that were missing and could be fetched; looks again
    /// each day.
    private func keepLoaders() async throws {
        while !Task.isCancelled {
            await findLoaders()
            try await Task.sleep(for: .seconds(86_400))
        }
    }

    private func findLoaders() async {
        let loaders = configuration.bootLoaders(logger: logger)
        fleet.loaders.replace(with: await loaders.find())
        let (files, missing) = await loaders.ensure()
        guard !Task.isCancelled else { return }
        fleet.loaders.replace(with: files)
        for (reason, packages) in Dictionary(grouping: missing.keys, by: { missing[$0]?.message ?? "" }) {
            let names = packages.sorted().joined(separator: " ")
            logger.info("loaders not fetched", metadata: ["packages": "\(names)", "reason": "\(reason)"])
        }
    }

    private func reloadOnHangup() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup) { await reload() }
    }

    /// Takes over what can change while machines boot; says what cannot.
    private func reload() async {
        do {
            let next = try load()
            templates.replace(with: try next.scriptTemplates())
            dhcp.reload(next.dhcpConfiguration(on: try ProvisioningNetwork(next, among: try NetworkInterface.all())))
            fleet.reload()
            fleet.loaders.replace(with: await next.bootLoaders(logger: logger).find())
            logger.notice("configuration reloaded")
            for key in configuration.changesThatNeedRestart(to: next) {
                logger.warning("a restart is needed for a changed setting", metadata: ["key": "\(key)"])
            }
        } catch {
            logger.error("configuration not reloaded; the old one goes on", metadata: ["error": "\(error)"])
        }
    }

    private var counters: [MetricFamily] {
        [BuildInfo.metric] + dhcp.counters.metrics + tftp.counters.metrics + http.counters.metrics
    }
}

extension Configuration {
    fileprivate func scriptTemplates() throws -> ScriptTemplates {
        try ScriptTemplates.load(from: templates.map { [$0] } ?? [])
    }

    fileprivate var fleetConfiguration: FleetService.Configuration {
        var result = FleetService.Configuration(data: data)
        result.concurrentDownloads = http.maxConcurrentDownloads
        result.settle = health.settle.duration
        result.trustedNetworks = http.trustedNetworks
        result.registries = registries
        result.rescue = rescue
        result.ceilings.maxUnavailable = rollout.maxUnavailable
        result.ceilings.per = rollout.per
        result.brake.share = rollout.brake.share
        result.brake.atLeast = rollout.brake.atLeast
        result.brake.within = rollout.brake.within
        return result
    }

    /// The keys that differ and that a reload does not take over.
    fileprivate func changesThatNeedRestart(to next: Configuration) -> [String] {
        let changes: [(key: String, isChanged: Bool)] = [
            ("data", data != next.data), ("interface", interfaces != next.interfaces), ("user", user != next.user),
            ("tftp", tftp != next.tftp), ("http", http != next.http), ("control", control != next.control),
            ("log", log != next.log), ("health", health != next.health),
            ("rollout", rollout != next.rollout), ("rescue", rescue != next.rescue),
            ("dhcp.routerAdvertisements", dhcp.routerAdvertisements != next.dhcp.routerAdvertisements),
        ]
        return changes.filter(\.isChanged).map(\.key)
    }
}
