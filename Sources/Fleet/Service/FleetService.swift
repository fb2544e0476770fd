import Build
import Inventory
import Logging
import PXE
import Rollout
import ServiceLifecycle
import Synchronization
import Vocabulary

/// The fleet behind one door: what the boot plane asks (`authority`), what people do (`assign`, `accept` …), and what
/// runs beside them: health, releases, the way of the ledger's rows into the inventory, the snapshot file.
///
/// Thread-safe. Make it before the boot plane's servers, hand them `authority`, and `run` it for as long as they run:
/// ```
/// let fleet = try await FleetService(.init(data: "/var/lib/muster"), logger: logger)
/// fleet.loaders.replace(with: await loaders.find())
/// ServiceGroup(services: [fleet, dhcp, tftp, http, control], …)
/// ```
public final class FleetService: Service {
    public struct Configuration: Sendable {
        /// The data directory.
        public var data: String
        /// Boots between script and last byte at once; the next ones wait their turn. 0 for no limit.
        public var concurrentDownloads = 200
        /// Bytes of an image that counts as one of them; smaller ones count for their part.
        public var downloadPlace: UInt64 = 16 << 20
        /// How long a fetched boot must stay alone to be healthy, for profiles that say nothing else.
        public var settle: Duration = .seconds(300)
        /// Networks whose requests have effects for any machine: behind a proxy or a router that tells nothing.
        public var trustedNetworks: [IPv4Network] = []
        /// The name or digest of the image for machines whose last good one fails again and again; nil for none.
        public var rescue: String?
        /// What no roll may exceed, whoever asks.
        public var ceilings = FleetRows.Ceilings()
        /// How many machines may turn sick at once before nothing is granted any more.
        public var brake = FleetRows.Brake()
        /// The provisioning networks'; magic packets leave by them.
        public var interfaces: [String] = []
        /// How registries are reached, by builds.
        public var registries = RegistryConfiguration()

        public init(data: String) { self.data = data }

        fileprivate var downloads: DownloadGate.Limits {
            DownloadGate.Limits(concurrent: concurrentDownloads, place: downloadPlace)
        }
    }

    /// What DHCP, TFTP and HTTP ask; the lease store too.
    public let authority: FleetAuthority
    /// What is served under `/loader/`: filled, and filled again at a reload, by whoever finds the files.
    public let loaders: LoaderCatalogue
    public let images: ImageStore
    /// What people wrote, as the boot plane sees it; kept by every commit.
    public let snapshot: LiveSnapshot
    public let ledger: LedgerStore
    /// Reads boots, timelines, leases and events beside the ledger's writer.
    public let records: LedgerReader

    let rollouts: RollDriver
    let rescue: String?
    let inventory: InventoryLink
    let planner: Planner
    let builder: any ImageBuilding
    let sweeps: SweepQueue
    let power: PowerDesk
    let snapshotKeeper: SnapshotKeeper
    let seenImages = Mutex<ImageStore.Version?>(nil)
    let handOver: Mutex<HandOver>
    /// When the inventory was last in use (uptime).
    let inventoryLastSeen = Mutex(Moment.now().uptime)
    let logger: Logger

    /// Opens the stores and takes over what they know. An inventory that cannot be opened is no error: machines boot
    /// from the snapshot, `status` says why, and it is tried again for as long as the service runs.
    ///
    /// - Parameters:
    ///   - builder: makes images of definitions; nil for one in the data directory.
    ///   - neighbours: who has an address on the link; nil for the kernel's own table.
    /// - Throws: when the ledger or the blob store cannot be opened.
    public convenience init(
        _ configuration: Configuration,
        builder: (any ImageBuilding)? = nil,
        neighbours: (@Sendable (IPv4Address) -> Neighbour)? = nil,
        logger: Logger
    ) async throws {
        try await self.init(configuration, builder: builder, neighbours: neighbours, hands: nil, logger: logger)
    }

    /// - Parameter hands: what rolls do outside; nil for what this server has.
    init(
        _ configuration: Configuration,
        builder: (any ImageBuilding)?,
        neighbours: (@Sendable (IPv4Address) -> Neighbour)?,
        hands: (any RollHands)?,
        logger: Logger
    ) async throws {
        self.logger = logger
        rescue = configuration.rescue
        images = try ImageStore(dataDirectory: configuration.data)
        images.blobs.removeLeftovers()
        self.builder = builder ?? DefinitionBuilder(configuration)
        let throttle = EventThrottle()
        snapshotKeeper = SnapshotKeeper(path: "\(configuration.data)/snapshot")
        snapshot = snapshotKeeper.snapshot
        let statistics = FleetStatistics { [snapshot] name in snapshot.read { $0.machine(named: name)?.model } }
        ledger = try Self.ledger(in: configuration.data, observe: statistics.observe, throttle, logger)
        records = try ledger.reader()
        handOver = Mutex(HandOver(position: ledger.position, now: Moment.now().uptime))
        if let damage = snapshotKeeper.damage {
            logger.error("the snapshot cannot be used", metadata: ["reason": "\(damage.message)"])
        }
        loaders = LoaderCatalogue(own: { Loaders.own(in: "\(configuration.data)/loaders") })
        planner = Planner(snapshot: snapshot, images: images, settle: configuration.settle, rescue: rescue)
        authority = FleetAuthority(
            snapshot: snapshot,
            planner: planner,
            downloads: configuration.downloads,
            blobs: images.blobs,
            loaders: loaders,
            addresses: AddressBook(
                trusted: configuration.trustedNetworks,
                neighbours: neighbours ?? { NeighbourTable.neighbour(at: $0) }
            ),
            ledger: ledger,
            throttle: throttle,
            statistics: statistics,
            logger: logger
        )
        var powerConfiguration = PowerDesk.Configuration(memory: "\(configuration.data)/bmc")
        powerConfiguration.interfaces = configuration.interfaces
        power = PowerDesk(powerConfiguration, book: authority.book, orders: authority.orders) { [authority] rows in
            authority.write(rows)
        }
        sweeps = SweepQueue()
        inventory = InventoryLink(
            path: "\(configuration.data)/inventory.sqlite",
            snapshot: snapshot,
            logger: logger
        ) { [authority, planner, sweeps] delta in
            Self.changed(delta, authority: authority, planner: planner, sweeps: sweeps)
        }
        rollouts = RollDriver(
            authority: authority,
            inventory: inventory,
            hands: hands ?? FleetHands(power: power),
            ceilings: configuration.ceilings,
            brake: configuration.brake,
            logger: logger
        )
        _ = await inventory.check()
        try await begin()
    }

    /// - Throws: `InventoryError`; of a damaged file, with the commands that put it aside.
    private static func ledger(
        in data: String,
        observe: @escaping @Sendable ([LedgerRow]) -> Void,
        _ throttle: EventThrottle,
        _ logger: Logger
    ) throws -> LedgerStore {
        let path = "\(data)/ledger.sqlite"
        let warn: @Sendable (InventoryError) -> Void = { warning in
            guard throttle.allows(warning.message, now: .now()) else { return }
            logger.warning("the ledger is not tidied up", metadata: ["reason": "\(warning.message)"])
        }
        do {
            return try LedgerStore(path: path, warn: warn, observe: observe)
        } catch let error as InventoryError where error.code == .corrupt {
            throw InventoryError(
                .corrupt,
                "\(error.message). To begin with an empty one, which forgets leases, boots and last good images: "
                    + "mkdir \(data)/damaged && mv \(path)* \(data)/damaged/",
                cause: error
            )
        }
    }

    /// Takes over what the ledger knows.
    private func begin() async throws {
        let now = Moment.now()
        let state = try ledger.load()
        var timelines: [BootID: [TimelineEntry]] = [:]
        for boot in state.openBoots where boot.fetched == nil {
            timelines[boot.id] = try await records.timeline(of: boot.id)
        }
        authority.book.load(
            state,
            now: now,
            plan: { planner.profile(named: $0) },
            image: { try? authority.shelf.image($0, now: now) },
            timeline: { timelines[$0] ?? [] }
        )
        authority.addresses.record(state.leases)
        authority.waiting.load(state.waiting)
        try rollouts.load(state)
        sweeps.add(.everything)
    }

    /// How everything is.
    public var status: FleetStatus {
        let load = authority.book.load
        let (sequence, machines) = snapshot.read { ($0.sequence, $0.machineCount) }
        return FleetStatus(
            ledgerFailure: ledger.failure?.message,
            inventoryFailure: inventory.failure?.message,
            snapshotSequence: sequence,
            machines: machines,
            waiting: authority.waiting.count,
            downloading: load.downloading,
            queued: load.waiting,
            agentsWaiting: authority.orders.waiting,
            logsOpen: authority.orders.questions,
            rollsIdle: rollouts.idleness
        )
    }

    /// Machines that asked and that nobody has described, the longest waiting first.
    public var waiting: [WaitingMachine] { authority.waiting.machines }
}
