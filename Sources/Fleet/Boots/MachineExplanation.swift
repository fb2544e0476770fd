import Inventory
import Rollout
import Vocabulary

/// Why a machine gets the answer that it gets: what `muster why` shows.
public struct MachineExplanation: Hashable, Sendable {
    public var machine: Machine
    /// Which profile it has, and why the other rules lost.
    public var assignment: AssignmentExplanation
    public var standing: MachineStanding
    /// The release that its profile's machines are meant to have; nil when the profile has none.
    public var release: Release?
    /// The number of the profile's newest.
    public var newestRelease: Int?
    /// Its newest boot, open or closed; nil when it never booted.
    public var lastBoot: BootRecord?
    /// The timeline of its open boot, else of its last one, oldest first.
    public var timeline: [TimelineEntry]
    /// What it would get now.
    public var answer: Answer
    /// What its open boot waits for to count as healthy; nil when it waits for nothing.
    public var probation: String?
    /// Why its profile has no newer image; nil when nothing is wrong with that.
    public var buildFailure: String?

    public enum Answer: Hashable, Sendable {
        /// This image with this command line (before what every boot adds); `because` in words.
        case image(Digest, commandLine: String, because: String)
        /// A screen with these lines.
        case pause(lines: [String])
    }
}
