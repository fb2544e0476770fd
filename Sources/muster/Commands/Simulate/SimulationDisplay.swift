import Foundation
import Simulator

#if canImport(Glibc)
import Glibc
#endif

/// Shows a simulation on a terminal as it goes, and says in the end what came of it.
struct SimulationDisplay: Sendable {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    func show(_ report: SimulationReport) {
        guard isTerminal else { return }
        // A line that is longer than the window would go on in the next row, and stay there.
        let width = Terminal.window(of: STDERR_FILENO)?.width ?? 80
        Terminal.write(error: "\r\u{1b}[K\(Self.line(report).prefix(width - 1))")
    }

    func end() {
        if isTerminal { Terminal.write(error: "\r\u{1b}[K") }
    }

    static func line(_ report: SimulationReport) -> String {
        let machines = max(1, report.counts.machines)
        let filled = report.healthy * 20 / machines
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
        let others = Standing.allCases.filter { $0 != .healthy }.compactMap { standing in
            report.standings["\(standing)"].flatMap { $0 > 0 ? "\($0) \(standing)" : nil }
        }
        return "[\(bar)] \(report.healthy)/\(machines) healthy  \(others.joined(separator: ", "))  "
            + "\(number(report.seconds, 1)) s"
    }

    static func text(_ report: SimulationReport) -> String {
        var table = Table("PHASE", "TIMES", "P50 MS", "P99 MS", "MAX MS")
        for phase in Phase.allCases {
            guard let times = report.phases[phase] else { continue }
            table.add([
                phase.rawValue, "\(times.count)", number(times.p50, 1), number(times.p99, 1), number(times.max, 1),
            ])
        }
        let counts = report.counts
        let bytes = counts.bytesReceived + counts.bytesSent
        let rate = report.secondsToHealthy > 0 ? Double(bytes) / report.secondsToHealthy / 1_000_000 : 0
        let perSecond = report.secondsToHealthy > 0 ? Double(counts.boots) / report.secondsToHealthy : 0
        var lines = [
            table.text, "",
            "\(report.healthy) of \(counts.machines) machines healthy, \(report.lost) lost; \(counts.boots) boots, "
                + "\(counts.deaths) died as they were meant to, \(counts.failures) failed",
            "\(number(report.secondsToHealthy, 1)) s from the first power-on, "
                + "\(number(report.secondsAfterLastPowerOn, 1)) s from the last; \(number(perSecond, 0)) boots/s, "
                + "\(bytes / 1_000_000) MB, \(number(rate, 0)) MB/s",
            "sent again: \(counts.dhcpRetransmits) DHCP, \(counts.tftpRetransmits) TFTP, \(counts.httpRetries) HTTP; "
                + "\(counts.waits) times told to wait; \(counts.wrongDigests) wrong digests",
            "the simulator itself: \(number(report.processorSeconds, 1)) s of CPU, \(report.residentMebibytes) MiB",
        ]
        if counts.orders > 0 { lines.append("\(counts.orders) orders taken") }
        if report.phases[.script] != nil, report.phases[.kernel] == nil {
            lines.append(
                "nobody was given a kernel: `muster simulate --prepare` describes the machines to the server, and "
                    + "`muster why machine sim-00001` says what one of them gets"
            )
        }
        if let failure = counts.lastFailure { lines.append("last failure: \(Table.printable(failure))") }
        return lines.joined(separator: "\n")
    }

    private static func number(_ value: Double, _ digits: Int) -> String {
        value.formatted(
            .number.precision(.fractionLength(digits)).locale(Locale(identifier: "en_US_POSIX")).grouping(.never)
        )
    }
}
