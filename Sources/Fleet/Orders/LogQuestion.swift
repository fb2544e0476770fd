/// What somebody wants to see of a machine's logs.
public struct LogQuestion: Hashable, Sendable {
    /// nil for all of the machine.
    public var container: String?
    /// Whether what comes later belongs to it.
    public var follows: Bool
    /// Of each container the newest so many lines; nil for all that the machine has kept.
    public var lines: Int?

    public init(container: String? = nil, follows: Bool = false, lines: Int? = nil) {
        self.container = container
        self.follows = follows
        self.lines = lines
    }
}

/// Lines as the machine sends them. Ends with `FleetError` when the machine does not answer any more.
public typealias LogLines = any AsyncSequence<[UInt8], any Error> & Sendable
