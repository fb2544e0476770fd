import Fleet
import Inventory

extension FleetControlPlane {
    public func readiness() async -> Readiness {
        let status = fleet.status
        let ledger = status.ledgerFailure.map { "\($0); nothing new is granted" } ?? "written"
        let inventory = status.inventoryFailure.map { "\($0); machines boot from the snapshot" } ?? "in use"
        return Readiness(
            checks: [
                .init(name: "ledger", isReady: status.ledgerFailure == nil, message: ledger),
                .init(name: "inventory", isReady: status.inventoryFailure == nil, message: inventory),
            ] + checks()
        )
    }

    public func metrics() async -> String {
        let status = fleet.status
        let families = [
            MetricFamily("muster_machines", "Described machines.", .gauge, status.machines),
            MetricFamily(
                "muster_machines_waiting",
                "Unknown machines that wait for acceptance.",
                .gauge,
                status.waiting
            ),
            MetricFamily("muster_boots_downloading", "Boots between script and last byte.", .gauge, status.downloading),
            MetricFamily(
                "muster_boots_queued",
                "Machines that wait for their turn to download.",
                .gauge,
                status.queued
            ),
            MetricFamily(
                "muster_agents_waiting",
                "Machines whose agent waits for an order.",
                .gauge,
                status.agentsWaiting
            ),
            MetricFamily("muster_logs_open", "Answers about logs that machines are giving.", .gauge, status.logsOpen),
            MetricFamily(
                "muster_ledger_up",
                "Whether the ledger can be written.",
                .gauge,
                status.ledgerFailure == nil ? 1 : 0
            ),
            MetricFamily(
                "muster_inventory_up",
                "Whether the inventory can be used.",
                .gauge,
                status.inventoryFailure == nil ? 1 : 0
            ),
        ]
        return MetricFamily.page(families + counters())
    }
}
