#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// When an image's files and disks say that they were made, in the spellings of those who write them.
struct FormatTime: Sendable {
    /// Since 1970, in UTC.
    let seconds: Int64

    /// 1980-01-01 and 2107-12-31: what FAT can say (Microsoft, FAT: General Overview, "Date and Time Formats").
    private static let fat: ClosedRange<Int64> = 315_532_800...4_354_819_198

    private var fields: tm {
        var (time, fields) = (time_t(seconds), tm())
        gmtime_r(&time, &fields)
        return fields
    }

    /// `2017041816300000`: up to hundredths of a second (ISO 9660 §8.4.26.1).
    var digits: String {
        let fields = fields
        return Self.digits(fields.tm_year + 1900, 4)
            + [fields.tm_mon + 1, fields.tm_mday, fields.tm_hour, fields.tm_min, fields.tm_sec, 0]
            .map { Self.digits($0, 2) }.joined()
    }

    /// The nearest that FAT can say.
    var onFAT: FormatTime { FormatTime(seconds: min(max(seconds, Self.fat.lowerBound), Self.fat.upperBound)) }

    /// `2017-04-18 16:30:00`
    var words: String {
        let fields = fields
        let day = [fields.tm_year + 1900, fields.tm_mon + 1, fields.tm_mday].map { Self.digits($0, 2) }
        let time = [fields.tm_hour, fields.tm_min, fields.tm_sec].map { Self.digits($0, 2) }
        return "\(day.joined(separator: "-")) \(time.joined(separator: ":"))"
    }

    /// Seconds since 2000-01-01T00:00:00Z; what was before is then (Microsoft, Virtual Hard Disk Image Format
    /// Specification 1.0, "Time Stamp").
    var since2000: UInt32 { UInt32(clamping: seconds - 946_684_800) }

    private static func digits(_ number: CInt, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
