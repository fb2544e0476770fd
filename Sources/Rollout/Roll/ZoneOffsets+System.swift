import Foundation
import Vocabulary

extension ZoneOffsets {
    /// What this host's time zone data says. The one place here that asks anything outside.
    public static let system = ZoneOffsets { zone, moment in
        TimeZone(identifier: zone)?
            .secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment.milliseconds) / 1000))
    }
}
