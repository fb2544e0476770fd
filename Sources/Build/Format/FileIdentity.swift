#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Tells a file as it is from any other one, and from what it becomes when anybody changes it: every change of a file's
/// contents, owner, mode or names sets its time of change, which nobody can set back.
///
/// It holds until the host is started again: what a power cut takes from a file that was not flushed changes no time.
struct FileIdentity: Hashable, Codable, Sendable {
    private struct Moment: Hashable, Codable {
        var seconds: Int
        var nanoseconds: Int

        init(_ time: timespec) {
            seconds = time.tv_sec
            nanoseconds = time.tv_nsec
        }
    }

    private var boot: String
    private var device: UInt64
    private var inode: UInt64
    private var size: Int64
    private var modified: Moment
    private var changed: Moment

    /// nil for what is no regular file.
    init?(of path: String) {
        var status = stat()
        guard let boot = Self.boot, lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        self.boot = boot
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Moment(status.st_mtim)
        changed = Moment(status.st_ctim)
    }

    /// Whether a change from now on gives the file another time. File systems take their times from a clock that goes on
    /// by steps of some milliseconds; within a step two changes are one.
    var isSettled: Bool {
        var now = timespec()
        guard clock_gettime(CLOCK_REALTIME_COARSE, &now) == 0 else { return false }
        return (now.tv_sec, now.tv_nsec) > (changed.seconds, changed.nanoseconds)
    }

    /// Another one after each start of the host (random(4)).
    private static let boot: String? = {
        var text = [UInt8](repeating: 0, count: 36)
        guard let file = try? POSIXFile("/proc/sys/kernel/random/boot_id", flags: O_RDONLY),
            let count = try? text.withUnsafeMutableBytes({ try file.read(into: $0) }), count == text.count
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }()
}
