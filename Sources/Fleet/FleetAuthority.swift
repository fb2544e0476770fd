import Build
import Inventory
import Logging
import PXE
import Rollout
import Vocabulary

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the wire protocols ask, answered from memory: who a machine is, what it boots, which bytes a name has; and
/// what they saw, written down.
///
/// Thread-safe. Nothing waits but a script that begins a boot, for its row in the ledger.
public final class FleetAuthority: Sendable {
    let snapshot: LiveSnapshot
    let planner: Planner
    let book: BootBook
    let shelf: ImageShelf
    let blobs: BlobStore
    let files: OpenFileCache
    let loaders: LoaderCatalogue
    let addresses: AddressBook
    let waiting: WaitingRoom
    let builds = BuildDesk()
    let orders = OrderDesk()
    let segments: SegmentMaker
    let ledger: LedgerStore
    let throttle: EventThrottle
    let statistics: FleetStatistics
    let logger: Logger

    init(
        snapshot: LiveSnapshot,
        planner: Planner,
        downloads: DownloadGate.Limits,
        blobs: BlobStore,
        loaders: LoaderCatalogue,
        addresses: AddressBook,
        ledger: LedgerStore,
        throttle: EventThrottle,
        statistics: FleetStatistics,
        logger: Logger
    ) {
        self.snapshot = snapshot
        self.planner = planner
        self.blobs = blobs
        self.loaders = loaders
        self.addresses = addresses
        self.ledger = ledger
        self.throttle = throttle
        self.statistics = statistics
        self.logger = logger
        let commit: BootBook.Commit = { rows, done in
            ledger.commit(rows) { written in
                if !written, throttle.allows("ledger", now: .now()) {
                    logger.error("the ledger cannot be written", metadata: ["rows": "\(rows.count)"])
                }
                done(written)
            }
        }
        book = BootBook(downloads: downloads, commit: commit)
        waiting = WaitingRoom(commit: commit)
        segments = SegmentMaker(blobs: blobs)
        files = OpenFileCache()
        shelf = ImageShelf(blobs: blobs, files: files)
    }

    /// What a machine said when it last asked, and where it was.
    func known(_ machine: Machine) -> (identity: MachineIdentity, address: IPv4Address?) {
        let identity = book.identity(of: machine.name) ?? MachineIdentity(mac: machine.macs.first)
        return (identity, machine.macs.lazy.compactMap { self.addresses.address(of: $0) }.first)
    }

    /// Writes rows whose loss would be no lie to anybody: what was seen, not what was promised.
    func write(_ rows: [LedgerRow]) { if !rows.isEmpty { book.commit(rows) { _ in } } }
}

extension FleetAuthority: BootAuthority {
    public func host(for identity: MachineIdentity) -> Host? {
        guard let machine = snapshot.read({ $0.machine(for: identity) }) else { return nil }
        return Host(
            name: machine.name,
            address: identity.mac.flatMap { machine.address(of: $0) },
            loader: machine.loader,
            mayBoot: machine.mayBoot
        )
    }

    public func reservation(of address: IPv4Address) -> MACAddress? { snapshot.read { $0.holder(of: address) } }

    public func content(_ name: ResourceName) -> Content? {
        do {
            switch name {
            case .loader(let name): return try loaders.content(name)
            case .image(let digest, let part): return try image(digest)?.parts[part]
            case .boot(let id, let part):
                return try book.boot(id).map { try shelf.image($0.image, now: .now()) }?.parts[part]
            case .blob(let digest): return try blob(digest)
            case .ipxeScript, .grubConfiguration, .health, .call, .metadata: return nil
            }
        } catch {
            // For who asked it does not exist; whoever runs the server has to hear that it ought to.
            if throttle.allows("content \(error)", now: .now()) {
                logger.error("what is there cannot be served", metadata: ["reason": "\(error)"])
            }
            return nil
        }
    }

    /// nil for a digest that is no image's.
    private func image(_ digest: Digest) throws(ImageShelf.Missing) -> BootImage? {
        do throws(ImageShelf.Missing) {
            return try shelf.image(digest, now: .now())
        } catch {
            guard error.isUnknown else { throw error }
            return nil
        }
    }

    /// nil when there is no such blob.
    private func blob(_ digest: Digest) throws(OpenFile.Failure) -> Content? {
        let file: OpenFile
        do throws(OpenFile.Failure) {
            file = try files.open(blobs.path(of: digest))
        } catch {
            guard error.errno == ENOENT else { throw error }
            return nil
        }
        return Content(
            pieces: [.file(file, range: 0..<file.length)],
            digest: digest,
            mediaType: "application/octet-stream",
            isImmutable: true
        )
    }
}

extension FleetAuthority: LeaseStore {
    public func leases() throws -> [Lease] { try ledger.load().leases }

    public func commit(_ leases: [Lease], done: @escaping @Sendable (_ written: Bool) -> Void) {
        ledger.commit(leases.map { .lease($0) }) { [addresses] written in
            if written { addresses.record(leases) }
            done(written)
        }
    }
}
