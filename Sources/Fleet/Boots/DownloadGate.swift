import Vocabulary

/// Who may download an image now: at most so many boots at once, the others in the order in which they came. What is
/// large takes a place for itself; of small images several share one, because they are through in a moment and who waits
/// does so for seconds.
///
/// A value without a clock. A machine is in as soon as its script names a kernel and until it has fetched everything,
/// stops making progress, or never starts. A place that becomes free is kept for the machine at the head of the line
/// for as long as that machine keeps asking.
struct DownloadGate: Sendable {
    struct Limits: Hashable, Sendable {
        /// Boots between script and last byte at once; 0 for no limit.
        var concurrent = 200
        /// Bytes of an image that takes a whole place.
        var place: UInt64 = 16 << 20
        /// How long an admitted machine may take until its first byte.
        var start: Duration = .seconds(15)
        /// How long a download may stand still.
        var stall: Duration = .seconds(60)
        /// How long a machine in line may be silent before it loses its place: a few times what it is told to wait.
        var patience: Duration = .seconds(20)
    }

    enum Decision: Hashable, Sendable {
        case admitted
        /// To be asked again after so many seconds; `position` counts from 1.
        case wait(position: Int, seconds: Int)
    }

    private struct Waiter { var machine: String, lastAsked: Duration }

    /// `due` is when it counts as given up, `size` how much of a place it takes.
    private struct Admitted { var due: Duration, size: Double }

    let limits: Limits
    private var downloads: [String: Admitted] = [:]
    private var taken = 0.0
    private var line: [Waiter] = []
    /// Nothing in `downloads` is overdue before.
    private var nextExpiry: Duration = .zero

    init(limits: Limits) { self.limits = limits }

    /// A machine asks for a script with a kernel.
    /// - Parameter bytes: of the image.
    mutating func ask(_ machine: String, bytes: UInt64 = .max, now: Duration) -> Decision {
        guard limits.concurrent > 0 else { return .admitted }
        if downloads[machine] != nil {
            return .admitted
        }
        let size = min(1, Double(bytes) / Double(limits.place))
        if line.isEmpty, fits(size, behind: 0) { return admit(machine, size, now: now) }
        expire(now: now)
        if let place = line.firstIndex(where: { $0.machine == machine }) {
            if fits(size, behind: place) {
                line.remove(at: place)
                return admit(machine, size, now: now)
            }
            line[place].lastAsked = now
            return wait(place)
        }
        if fits(size, behind: line.count) { return admit(machine, size, now: now) }
        line.append(Waiter(machine: machine, lastAsked: now))
        return wait(line.count - 1)
    }

    /// Bytes left for an admitted machine.
    mutating func progressed(_ machine: String, now: Duration) {
        downloads[machine]?.due = now + limits.stall
    }

    /// The machine has everything, or its boot is over.
    mutating func finished(_ machine: String) {
        guard let gone = downloads.removeValue(forKey: machine) else { return }
        taken = downloads.isEmpty ? 0 : taken - gone.size
    }

    /// Machines between script and last byte, and machines in line.
    var load: (downloading: Int, waiting: Int) { (downloads.count, line.count) }

    /// Whether there is room, when those in front in the line have theirs, which is taken to be as much.
    private func fits(_ size: Double, behind others: Int) -> Bool {
        // Sums of shares are not exact: a millionth of a place more or less is none.
        taken + size * Double(others + 1) <= Double(limits.concurrent) + 1e-6
    }

    private mutating func admit(_ machine: String, _ size: Double, now: Duration) -> Decision {
        let due = now + limits.start
        nextExpiry = downloads.isEmpty ? due : min(nextExpiry, due)
        downloads[machine] = Admitted(due: due, size: size)
        taken += size
        return .admitted
    }

    private func wait(_ place: Int) -> Decision {
        // The head of the line asks every two seconds; the far end less often, so that the line itself costs little.
        .wait(position: place + 1, seconds: min(10, 2 + place / max(1, limits.concurrent)))
    }

    private mutating func expire(now: Duration) {
        line.removeAll { now - $0.lastAsked > limits.patience }
        guard now >= nextExpiry else { return }
        downloads = downloads.filter { $0.value.due > now }
        taken = downloads.values.reduce(0) { $0 + $1.size }
        nextExpiry = downloads.values.lazy.map(\.due).min() ?? now
    }
}
