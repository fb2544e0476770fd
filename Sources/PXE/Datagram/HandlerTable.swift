/// Handlers by token: an array's index with a generation, so that a token of one that is gone finds nothing, and
/// finding one costs no hashing. No token is 0.
struct HandlerTable<Handler> {
    private var slots: [(generation: UInt32, handler: Handler?)] = []
    private var free: [Int] = []

    mutating func insert(_ handler: Handler) -> UInt64 {
        let index = free.popLast() ?? slots.count
        if index == slots.count { slots.append((0, nil)) }
        slots[index].generation &+= 1
        if slots[index].generation == 0 { slots[index].generation = 1 }
        slots[index].handler = handler
        return UInt64(slots[index].generation) << 32 | UInt64(index)
    }

    subscript(token: UInt64) -> Handler? {
        let index = Int(token & 0xffff_ffff)
        guard index < slots.count, slots[index].generation == UInt32(token >> 32) else { return nil }
        return slots[index].handler
    }

    /// - Returns: the handler that was there: to be let go of by the caller, once this table is at rest again.
    @discardableResult
    mutating func remove(_ token: UInt64) -> Handler? {
        guard let handler = self[token] else { return nil }
        let index = Int(token & 0xffff_ffff)
        slots[index].handler = nil
        free.append(index)
        return handler
    }
}
