import Glibc
import Vocabulary

/// A part of a boot that is timed.
public enum Phase: String, CaseIterable, Sendable, Codable, CodingKeyRepresentable {
    /// DISCOVER to OFFER, and REQUEST to ACK, of firmware and of iPXE.
    case offer, ack
    /// By TFTP.
    case loader
    /// From the connection's start on.
    case script
    case kernel, initrd, segment
    case up, healthy
    /// From power-on to the server's word that the machine is healthy.
    case boot
}

/// Where a machine is.
public enum Standing: Int, CaseIterable, Sendable {
    case off, firmware, loading, waiting, starting, healthy, ended
}

/// Takes down what happens. Belongs to the loop's thread.
final class Recorder {
    private var histograms = [Phase: LatencyHistogram]()
    private var standings = [Int](repeating: 0, count: Standing.allCases.count)
    private var counts = SimulationReport.Counts()
    private var began: Duration?
    private var lastPowerOn = Duration.zero
    private var lastHealthy = Duration.zero
    private let cpuBefore = Recorder.processorTime

    init(machines: Int) {
        for phase in Phase.allCases { histograms[phase] = LatencyHistogram() }
        standings[Standing.off.rawValue] = machines
        counts.machines = machines
    }

    private var healthy: Int { standings[Standing.healthy.rawValue] }
    /// Whether every machine that can be is healthy.
    var isSettled: Bool { healthy + counts.deadNICs >= counts.machines }

    func took(_ phase: Phase, _ duration: Duration) { histograms[phase]?.record(duration) }

    func moved(from old: Standing, to new: Standing, at now: Duration) {
        standings[old.rawValue] -= 1
        standings[new.rawValue] += 1
        if new == .healthy { lastHealthy = now }
    }

    func poweredOn(at now: Duration) {
        began = began ?? now
        lastPowerOn = now
    }

    func count(_ key: WritableKeyPath<SimulationReport.Counts, Int>) { counts[keyPath: key] += 1 }
    func sent(_ bytes: Int) { counts.bytesSent += bytes }
    func received(_ bytes: Int) { counts.bytesReceived += bytes }
    /// What ended a boot too early, for people: the last of them.
    func failed(_ reason: String) {
        counts.failures += 1
        counts.lastFailure = reason
    }

    func report(at now: Duration) -> SimulationReport {
        var report = SimulationReport(counts: counts)
        for phase in Phase.allCases {
            guard let histogram = histograms[phase], histogram.count > 0 else { continue }
            report.phases[phase] = SimulationReport.Times(
                count: histogram.count,
                p50: Double(histogram.percentile(0.5)) / 1000,
                p99: Double(histogram.percentile(0.99)) / 1000,
                max: Double(histogram.longest) / 1000,
                mean: Double(histogram.sum) / Double(histogram.count) / 1000
            )
        }
        for standing in Standing.allCases { report.standings["\(standing)"] = standings[standing.rawValue] }
        report.healthy = healthy
        report.seconds = Self.seconds(now - (began ?? now))
        report.secondsToHealthy = Self.seconds(max(.zero, lastHealthy - (began ?? now)))
        report.secondsAfterLastPowerOn = Self.seconds(max(.zero, lastHealthy - lastPowerOn))
        report.processorSeconds = Self.seconds(Self.processorTime - cpuBefore)
        report.residentMebibytes = Self.residentMebibytes
        return report
    }

    static func seconds(_ duration: Duration) -> Double {
        (Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18)
    }

    /// User and system time of this process.
    private static var processorTime: Duration {
        let usage = usage
        return .seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + .microseconds(Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec))
    }

    /// At its most.
    private static var residentMebibytes: Int { usage.ru_maxrss / 1024 }

    private static var usage: rusage {
        var usage = rusage()
        _ = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }
}
