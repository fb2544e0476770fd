import Foundation
import Vocabulary

#if canImport(Glibc)
import Glibc
#endif

/// What every program that Prometheus scrapes says of its process, read from `/proc/self` (proc(5)).
enum ProcessMetrics {
    static var families: [MetricFamily] {
        var families: [MetricFamily] = []
        var usage = rusage()
        if getrusage(__rusage_who_t(0), &usage) == 0 {
            let time = seconds(usage.ru_utime) + seconds(usage.ru_stime)
            families.append(MetricFamily("process_cpu_seconds_total", "User and system time.", .counter, time))
        }
        let pages = numbers(in: "/proc/self/statm")
        if pages.count >= 2 {
            let size = UInt64(sysconf(Int32(_SC_PAGESIZE)))
            families += [
                MetricFamily("process_virtual_memory_bytes", "Virtual memory.", .gauge, pages[0] * size),
                MetricFamily("process_resident_memory_bytes", "Resident memory.", .gauge, pages[1] * size),
            ]
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            families.append(MetricFamily("process_open_fds", "Open files and sockets.", .gauge, open.count))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(7), &limit) == 0 {
            families.append(
                MetricFamily("process_max_fds", "Open files and sockets that it may have.", .gauge, limit.rlim_cur)
            )
        }
        families.append(
            MetricFamily("process_start_time_seconds", "When it began, since 1970.", .gauge, started)
        )
        return families
    }

    /// Of the process: its start in ticks since the system's (field 22 of `stat`), and the system's since 1970.
    private static let started: Double = {
        let stat = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
        // The second field is the program's name in parentheses, and may hold anything.
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        let ticks = fields.count > 19 ? Double(fields[19]) ?? 0 : 0
        let lines = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8))?.split(separator: "\n") ?? []
        let boot = lines.first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) } ?? 0
        return boot + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }()

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }

    private static func numbers(in path: String) -> [UInt64] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split { $0 == " " || $0 == "\n" }.compactMap { UInt64($0) }
    }
}
