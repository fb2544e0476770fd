import Fleet
import Inventory
import Rollout
import Vocabulary

extension FleetControlPlane {
    public func metrics() async -> String {
        MetricFamily.page(
            machineMetrics + bootMetrics + storeMetrics + (await rollMetrics) + powerMetrics + counters()
                + ProcessMetrics.families
        )
    }

    // MARK: Machines

    /// Images and releases that have a sample of their own; the rest are `other`.
    private static let named = 20

    private var machineMetrics: [MetricFamily] {
        let status = fleet.status
        let states = fleet.snapshot.read { snapshot in
            snapshot.machines.reduce(into: [:] as [Machine.State: UInt64]) { $0[$1.state, default: 0] += 1 }
        }
        func gauge(_ name: String, _ help: String, _ value: Int) -> MetricFamily { .init(name, help, .gauge, value) }
        return [
            MetricFamily(
                "muster_machines",
                "Described machines, by state.",
                .gauge,
                Machine.State.allCases.map { .init(Double(states[$0] ?? 0), labels: ["state": $0.rawValue]) }
            ),
            MetricFamily(
                "muster_machines_by_image",
                "Machines that run an image: the most frequent images, and all others together.",
                .gauge,
                byImage
            ),
            gauge("muster_machines_waiting", "Unknown machines that wait for acceptance.", status.waiting),
            gauge("muster_boots_downloading", "Boots between script and last byte.", status.downloading),
            gauge("muster_boots_queued", "Machines that wait for their turn to download.", status.queued),
            gauge("muster_agents_waiting", "Machines whose agent waits for an order.", status.agentsWaiting),
            gauge("muster_logs_open", "Answers about logs that machines are giving.", status.logsOpen),
        ]
    }

    private var byImage: [MetricFamily.Sample] {
        func sample(_ count: Int, _ profile: String, _ image: String) -> MetricFamily.Sample {
            .init(Double(count), labels: ["profile": profile, "image": image])
        }
        let ranked = fleet.running().sorted {
            ($1.value, $0.key.profile, $0.key.image.hex) < ($0.value, $1.key.profile, $1.key.image.hex)
        }
        let others = ranked.dropFirst(Self.named).reduce(0) { $0 + $1.value }
        return ranked.prefix(Self.named).map { sample($0.value, $0.key.profile, $0.key.image.short) }
            + (others > 0 ? [sample(others, "other", "other")] : [])
    }

    // MARK: Boots

    private var bootMetrics: [MetricFamily] {
        let figures = fleet.figures
        let described = fleet.snapshot.read { $0.profiles.keys.sorted() }.prefix(FleetFigures.mostProfiles)
        let profiles = Set(figures.boots.keys.map(\.profile)).union(described).sorted()
        let ends = profiles.flatMap { Self.ends(of: $0, figures) }
        return [
            MetricFamily("muster_boots_total", "Boots, by what became of them and how far they came.", .counter, ends),
            MetricFamily(
                "muster_boot_phase_seconds",
                "What boots took: fetch, from script to last byte; start, until up; settle, until healthy.",
                FleetFigures.Phase.allCases.flatMap { phase in
                    (figures.phases[phase] ?? [:]).sorted { $0.key < $1.key }
                        .map { (["phase": phase.rawValue, "model": $0.key], $0.value) }
                }
            ),
            MetricFamily(
                "muster_boot_answers_total",
                "What machines that asked were given, by why.",
                by: "reason",
                FleetFigures.Answer.allCases.map { ($0.rawValue, figures.answers[$0] ?? 0) }
            ),
            MetricFamily(
                "muster_builds_total",
                "Images of profiles that were built.",
                by: "result",
                FleetFigures.BuildResult.allCases.map { ($0.rawValue, figures.builds[$0] ?? 0) }
            ),
            MetricFamily("muster_build_seconds", "What images of profiles took to build.", [([:], fleet.buildTimes)]),
            MetricFamily(
                "muster_cache_hits_total",
                "What builds found made: sources that they are built from, segments of which initrds consist.",
                by: "layer",
                FleetFigures.CacheLayer.allCases.map { ($0.rawValue, figures.cacheHits[$0] ?? 0) }
            ),
            MetricFamily(
                "muster_cache_misses_total",
                "What builds had to fetch or to make.",
                by: "layer",
                FleetFigures.CacheLayer.allCases.map { ($0.rawValue, figures.cacheMisses[$0] ?? 0) }
            ),
            MetricFamily(
                "muster_dhcp_rogue_offers_total",
                "Times that a foreign DHCP server was noted.",
                .counter,
                figures.rogueServers
            ),
        ]
    }

    /// The counters of one profile, those too that are 0: a rate needs where it began.
    private static func ends(of profile: String, _ figures: FleetFigures) -> [MetricFamily.Sample] {
        FleetFigures.Outcome.allCases.flatMap { outcome in
            FleetFigures.LastPhase.allCases.compactMap { phase -> MetricFamily.Sample? in
                guard (outcome == .healthy) == (phase == .healthy) || outcome == .failed else { return nil }
                let count = figures.boots[.init(profile: profile, outcome: outcome, lastPhase: phase)] ?? 0
                let labels = ["profile": profile, "outcome": outcome.rawValue, "last_phase": phase.rawValue]
                return .init(Double(count), labels: labels)
            }
        }
    }

    // MARK: Stores

    private var storeMetrics: [MetricFamily] {
        let status = fleet.status
        let times = fleet.ledgerTimes
        return [
            MetricFamily(
                "muster_store_up",
                "Whether a store can be used.",
                .gauge,
                [
                    .init(status.ledgerFailure == nil ? 1 : 0, labels: ["store": "ledger"]),
                    .init(status.inventoryFailure == nil ? 1 : 0, labels: ["store": "inventory"]),
                ]
            ),
            MetricFamily(
                "muster_store_write_seconds",
                "What commits of the ledger took: to write them, and to flush them to the disk.",
                [
                    (["store": "ledger", "step": "write"], times.write),
                    (["store": "ledger", "step": "flush"], times.flush),
                ]
            ),
            MetricFamily(
                "muster_snapshot_age_seconds",
                "How long machines have booted from the snapshot because the inventory is away; 0 while it is there.",
                .gauge,
                fleet.snapshotAge / .seconds(1)
            ),
            MetricFamily(
                "muster_snapshot_generation",
                "The inventory's last commit that the boot plane answers from.",
                .gauge,
                status.snapshotSequence
            ),
        ]
    }
}
