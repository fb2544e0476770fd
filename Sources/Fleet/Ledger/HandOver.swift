/// When what the ledger has goes on to the inventory: at each look, but for a storm, in which the boots come first.
///
/// A value without a clock.
struct HandOver: Sendable {
    /// Changes from one look to the next that make a storm: more than a person ever waits for in the inventory.
    static let storm: Int64 = 1000
    /// How long a storm holds it back at most.
    static let patience: Duration = .seconds(30)

    private var position: Int64
    private var last: Duration

    /// - Parameter position: the number of the ledger's last change.
    init(position: Int64, now: Duration) {
        self.position = position
        last = now
    }

    /// - Parameter position: the number of the ledger's last change.
    /// - Returns: true when it is time; it counts as done then.
    mutating func isDue(position: Int64, now: Duration) -> Bool {
        defer { self.position = position }
        guard position - self.position < Self.storm || now - last >= Self.patience else { return false }
        last = now
        return true
    }
}
