import Vocabulary

/// How long ago something was, in its largest unit: `12s`, `5m`, `3h`, `8d`.
func age(of time: Timestamp?, at now: Timestamp) -> String {
    guard let time else { return "" }
    let seconds = max(0, (now - time).components.seconds)
    return switch seconds {
    case ..<120: "\(seconds)s"
    case ..<7200: "\(seconds / 60)m"
    case ..<172_800: "\(seconds / 3600)h"
    default: "\(seconds / 86400)d"
    }
}

/// A number of bytes with three digits: `512 B`, `14.2 MiB`.
func byteCount(_ count: UInt64) -> String {
    var value = Double(count)
    var unit = "B"
    for next in ["KiB", "MiB", "GiB", "TiB"] where value >= 1024 {
        value /= 1024
        unit = next
    }
    if unit == "B" { return "\(count) B" }
    let tenths = Int((value * 10).rounded())
    return tenths >= 1000 ? "\(tenths / 10) \(unit)" : "\(tenths / 10).\(tenths % 10) \(unit)"
}
