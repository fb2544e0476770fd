import Vocabulary

/// Who may download an image now: at most so many boots at once, the others in the order in which they came.
///
/// A value without a clock. A machine is in as soon as its script names a kernel and until it has fetched everything,
/// stops making progress, or never starts. A place that becomes free is kept for the machine at the head of the line
/// for as long as that machine keeps asking.
struct DownloadGate: Sendable {
    struct Limits: Hashable, Sendable {
        /// Boots between script and last byte at once; 0 for no limit.
        var concurrent = 200
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

    let limits: Limits
    /// When each counts as given up.
    private var downloads: [String: Duration] = [:]
    private var line: [Waiter] = []
    /// Nothing in `downloads` is overdue before.
    private var nextExpiry: Duration = .zero

    init(limits: Limits) { self.limits = limits }

    /// A machine asks for a script with a kernel.
    mutating func ask(_ machine: String, now: Duration) -> Decision {
        guard limits.concurrent > 0 else { return .admitted }
        if downloads[machine] != nil {
            return .admitted
        }
        if line.isEmpty, downloads.count < limits.concurrent { return admit(machine, now: now) }
        expire(now: now)
        let free = limits.concurrent - downloads.count
        if let place = line.firstIndex(where: { $0.machine == machine }) {
            if place < free {
                line.remove(at: place)
                return admit(machine, now: now)
            }
            line[place].lastAsked = now
            return wait(place)
        }
        if line.count < free { return admit(machine, now: now) }
        line.append(Waiter(machine: machine, lastAsked: now))
        return wait(line.count - 1)
    }

    /// Bytes left for an admitted machine.
    mutating func progressed(_ machine: String, now: Duration) {
        if downloads[machine] != nil { downloads[machine] = now + limits.stall }
    }

    /// The machine has everything, or its boot is over.
    mutating func finished(_ machine: String) { downloads[machine] = nil }

    /// Machines between script and last byte, and machines in line.
    var load: (downloading: Int, waiting: Int) { (downloads.count, line.count) }

    private mutating func admit(_ machine: String, now: Duration) -> Decision {
        let due = now + limits.start
        nextExpiry = downloads.isEmpty ? due : min(nextExpiry, due)
        downloads[machine] = due
        return .admitted
    }

    private func wait(_ place: Int) -> Decision {
        // The head of the line asks every two seconds; the far end less often, so that the line itself costs little.
        .wait(position: place + 1, seconds: min(10, 2 + place / max(1, limits.concurrent)))
    }

    private mutating func expire(now: Duration) {
        line.removeAll { now - $0.lastAsked > limits.patience }
        guard now >= nextExpiry else { return }
        downloads = downloads.filter { $0.value > now }
        nextExpiry = downloads.values.min() ?? now
    }
}
