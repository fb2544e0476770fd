/// What is due when, by `Moment.uptime`: a binary heap, the earliest first.
struct DeadlineQueue<Element: Sendable>: Sendable {
    private var heap: [(due: Duration, element: Element)] = []

    init() {}

    var next: Duration? { heap.first?.due }

    mutating func insert(_ element: Element, due: Duration) {
        heap.append((due, element))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].due < heap[parent].due else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// The earliest element, if it is due.
    mutating func popDue(_ now: Duration) -> Element? {
        guard let first = heap.first, first.due <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.element
    }

    private mutating func sink() {
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < heap.count else { return }
            let right = left + 1
            let child = right < heap.count && heap[right].due < heap[left].due ? right : left
            guard heap[child].due < heap[parent].due else { return }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
