import Vocabulary

/// The boot that a machine is in, from the script that began it to the request that begins the next.
public struct OpenBoot: Hashable, Sendable, Codable {
    public let id: BootID
    public let image: Digest
    /// True when the image was not proven on this machine as the boot began.
    public let isTrial: Bool
    public let begun: Timestamp
    /// When kernel and every initrd had been fetched whole; nil before.
    public var fetched: Timestamp?
    /// When the machine was found healthy; nil before.
    public var healthy: Timestamp?

    public init(
        id: BootID,
        image: Digest,
        isTrial: Bool,
        begun: Timestamp,
        fetched: Timestamp? = nil,
        healthy: Timestamp? = nil
    ) {
        self.id = id
        self.image = image
        self.isTrial = isTrial
        self.begun = begun
        self.fetched = fetched
        self.healthy = healthy
    }
}

/// A boot that is over, and how it ended.
public struct ClosedBoot: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable, Codable {
        /// It was healthy, and the machine began to boot again.
        case ended
        /// It was fetched whole and never healthy.
        case failed
        /// Another image was granted, or the machine taken away, before it was fetched whole: nobody's failure.
        case superseded
    }

    public let boot: OpenBoot
    public let outcome: Outcome
    /// Why, for people.
    public let reason: String

    public init(boot: OpenBoot, outcome: Outcome, reason: String) {
        self.boot = boot
        self.outcome = outcome
        self.reason = reason
    }
}
