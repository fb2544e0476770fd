/// Where the bytes of a root are asked for, and when. Knows no socket and no clock.
///
/// What one source has begun the next one finishes. Bytes that turn out to be wrong are all thrown away: a source that gave
/// all of them is never asked again; when they came from several, each has to give all of them alone from then on.
struct FetchLife: Equatable {
    enum Step: Equatable {
        /// Ask a source for everything from there on.
        case ask(source: Int, offset: UInt64)
        /// Then `resume`; in milliseconds.
        case wait(Int64)
        /// Everything is there: compare its digest, then `verified`.
        case whole
        /// The bytes are those that were asked for.
        case done
        case failed(String)
    }

    /// Rounds over all sources without a single byte, after which there is no more hope: with their pauses they take about
    /// three minutes.
    private static let rounds = 10
    private static let longestPause: Int64 = 30_000

    private let size: UInt64
    private var isBarred: [Bool]
    private var source = 0
    private(set) var offset: UInt64 = 0
    /// What the bytes so far came from.
    private var givers: Set<Int> = []
    private var hasProgress = false
    private var failures = 0
    private var mayJoin = true
    private var lastReason = ""

    /// - Parameter sources: how many there are.
    init(size: UInt64, sources: Int) {
        self.size = size
        isBarred = [Bool](repeating: false, count: sources)
    }

    mutating func begin() -> Step {
        isBarred.isEmpty ? .failed("nobody says where the root is: muster.url and muster.mirrors are missing") : ask()
    }

    mutating func resume() -> Step { ask() }

    private mutating func ask() -> Step {
        hasProgress = false
        return .ask(source: source, offset: offset)
    }

    /// A source has given bytes.
    mutating func received(_ count: UInt64) {
        offset += count
        hasProgress = true
        failures = 0
        givers.insert(source)
    }

    /// A source gives no more.
    mutating func ended(_ reason: String) -> Step {
        if offset == size { return .whole }
        lastReason = reason
        if !mayJoin, hasProgress { return ask() }
        failures += 1
        let available = isBarred.reduce(0) { $0 + ($1 ? 0 : 1) }
        let round = failures / max(1, available)
        guard round < Self.rounds else { return .failed("no source of the root answers: \(reason)") }
        next()
        return failures.isMultiple(of: available) ? .wait(min(1000 << Int64(round - 1), Self.longestPause)) : ask()
    }

    /// The digest of everything was compared.
    mutating func verified(_ isRight: Bool) -> Step {
        if isRight { return .done }
        if givers.count == 1 { isBarred[source] = true } else { mayJoin = false }
        startOver()
        guard isBarred.contains(false) else {
            return .failed("every source of the root gives other bytes than its own")
        }
        next()
        return ask()
    }

    private mutating func startOver() {
        offset = 0
        givers.removeAll()
    }

    /// The source after this one that may be asked.
    private mutating func next() {
        let before = source
        repeat { source = (source + 1) % isBarred.count } while isBarred[source]
        if !mayJoin, source != before { startOver() }
    }
}
