/// Machines, each at a number of its own, in pages that copies share: who changes one of a hundred thousand machines
/// while somebody holds a copy copies its page and the list of pages.
struct MachineTable: Sendable {
    private static let pageSize = 256

    private var pages: [[Machine?]] = []
    private var vacant: [Int32] = []

    subscript(slot: Int32) -> Machine? { pages[Int(slot) / Self.pageSize][Int(slot) % Self.pageSize] }

    /// In no order.
    var machines: some Sequence<Machine> { pages.lazy.joined().compactMap { $0 } }

    /// - Returns: where it is.
    mutating func insert(_ machine: Machine) -> Int32 {
        if let slot = vacant.popLast() {
            pages[Int(slot) / Self.pageSize][Int(slot) % Self.pageSize] = machine
            return slot
        }
        if pages.last.map({ $0.count == Self.pageSize }) ?? true {
            pages.append([])
            pages[pages.count - 1].reserveCapacity(Self.pageSize)
        }
        pages[pages.count - 1].append(machine)
        return Int32((pages.count - 1) * Self.pageSize + pages[pages.count - 1].count - 1)
    }

    /// - Returns: what was there.
    mutating func remove(_ slot: Int32) -> Machine? {
        guard let machine = self[slot] else { return nil }
        pages[Int(slot) / Self.pageSize][Int(slot) % Self.pageSize] = nil
        vacant.append(slot)
        return machine
    }
}
