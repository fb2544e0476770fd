/// Deadlines in order, as a binary heap; cancelled ones are left in it and passed over when they come up.
struct TimerQueue<Action> {
    private var heap: [(deadline: UInt64, id: UInt64)] = []
    private var actions: [UInt64: Action] = [:]
    private var nextID: UInt64 = 1

    /// The earliest deadline; nil when nothing waits.
    mutating func next() -> UInt64? {
        while let first = heap.first {
            if actions[first.id] != nil { return first.deadline }
            removeFirst()
        }
        return nil
    }

    mutating func insert(_ action: Action, at deadline: UInt64) -> UInt64 {
        let id = nextID
        nextID += 1
        actions[id] = action
        heap.append((deadline, id))
        var child = heap.count - 1
        while child > 0, isEarlier(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
        return id
    }

    /// - Returns: the action that was waiting: to be let go of by the caller, once this queue is at rest again.
    @discardableResult
    mutating func cancel(_ id: UInt64) -> Action? { actions.removeValue(forKey: id) }

    /// The action of the earliest deadline that is not after `now`, taken out; nil when none is due.
    mutating func popDue(at now: UInt64) -> Action? {
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            if let action = actions.removeValue(forKey: first.id) { return action }
        }
        return nil
    }

    /// Equal deadlines come up in the order in which they were set.
    private func isEarlier(_ a: Int, _ b: Int) -> Bool {
        (heap[a].deadline, heap[a].id) < (heap[b].deadline, heap[b].id)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isEarlier(child, smallest) {
                smallest = child
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
