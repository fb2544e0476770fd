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
    /// When its system said that it runs; nil before.
    public var up: Timestamp?
    /// When the machine was found healthy; nil before.
    public var healthy: Timestamp?
    /// What its system said went wrong after it had been healthy; nil when nothing is.
    public var ailment: String?
    /// What only one machine may have, once, was given away: no further script joins the boot.
    public var isHandedOut: Bool
    /// It boots the rescue image, which proves nothing.
    public var isRescue: Bool

    public init(
        id: BootID,
        image: Digest,
        isTrial: Bool,
        begun: Timestamp,
        fetched: Timestamp? = nil,
        up: Timestamp? = nil,
        healthy: Timestamp? = nil,
        ailment: String? = nil,
        isHandedOut: Bool = false,
        isRescue: Bool = false
    ) {
        self.id = id
        self.image = image
        self.isTrial = isTrial
        self.begun = begun
        self.fetched = fetched
        self.up = up
        self.healthy = healthy
        self.ailment = ailment
        self.isHandedOut = isHandedOut
        self.isRescue = isRescue
    }
}

extension OpenBoot {
    /// True while a further script belongs to this boot.
    public var mayBeJoined: Bool { fetched == nil && !isHandedOut }
}

/// A boot that is over, and how it ended.
public struct ClosedBoot: Hashable, Sendable {
    public enum Outcome: String, Hashable, Sendable, Codable {
        /// It was healthy, and the machine began to boot again.
        case ended
        /// It was fetched whole and never healthy, or said itself that it failed.
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
