import ArgumentParser
import FoundationEssentials

/// What the environment says about the time of everything that a build makes, in seconds since 1970; nil for nothing.
func sourceDateEpoch() throws -> Int64? {
    guard let text = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"] else { return nil }
    guard let seconds = Int64(text), (0...Int64(UInt32.max)).contains(seconds) else {
        throw ValidationError("found '\(text)' in SOURCE_DATE_EPOCH, expected seconds since 1970")
    }
    return seconds
}
