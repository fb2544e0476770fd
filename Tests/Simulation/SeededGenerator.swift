/// SplitMix64: the same seed gives the same numbers, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 0x1234_5678 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// True so many times of a thousand.
    mutating func chance(_ perMille: Int) -> Bool { next() % 1000 < UInt64(perMille) }
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func pick<T>(_ choices: [T]) -> T { choices[int(0...(choices.count - 1))] }
    /// Milliseconds, of a range in seconds.
    mutating func seconds(_ range: ClosedRange<Int>) -> Int64 {
        Int64.random(in: (Int64(range.lowerBound) * 1000)...(Int64(range.upperBound) * 1000), using: &self)
    }
}

/// What is to happen, earliest first; of equal times, in the order in which it was said: a binary heap.
struct Agenda {
    struct Entry {
        let time: Int64
        let number: Int
        let action: (World) -> Void

        func isBefore(_ other: Entry) -> Bool { (time, number) < (other.time, other.number) }
    }
    private var heap: [Entry] = []
    private var count = 0

    mutating func add(at time: Int64, _ action: @escaping (World) -> Void) {
        heap.append(Entry(time: time, number: count, action: action))
        count += 1
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func next() -> Entry? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least])
            {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
