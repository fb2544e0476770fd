import Inventory
import Vocabulary

/// One boot of one machine, with its timeline.
public struct BootView: Hashable, Sendable, Codable {
    public struct Step: Hashable, Sendable, Codable {
        public var time: Time
        public var stage: String
        public var detail: String

        public init(_ entry: TimelineEntry) {
            time = Time(entry.time)
            stage = entry.stage.rawValue
            detail = entry.detail
        }
    }

    public var id: BootID
    public var machine: String
    public var mac: MACAddress
    public var image: Digest
    public var profile: String?
    public var release: Int?
    public var state: BootRecord.State
    public var opened: Time
    public var fetched: Time?
    public var up: Time?
    public var healthy: Time?
    public var closed: Time?
    public var reason: String?
    /// Oldest first.
    public var timeline: [Step]

    public init(_ record: BootRecord, timeline: [TimelineEntry] = []) {
        id = record.id
        machine = record.machine
        mac = record.mac
        image = record.image
        profile = record.profile
        release = record.release
        state = record.state
        opened = Time(record.opened)
        fetched = record.fetched.map(Time.init)
        up = record.up.map(Time.init)
        healthy = record.healthy.map(Time.init)
        closed = record.closed.map(Time.init)
        reason = record.reason
        self.timeline = timeline.map(Step.init)
    }
}
