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
}
