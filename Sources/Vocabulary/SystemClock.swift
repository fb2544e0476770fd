#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Moment {
    /// What the host's clocks say. The one place that asks them.
    public static func now() -> Moment {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        var uptime = timespec()
        clock_gettime(CLOCK_BOOTTIME, &uptime)
        return Moment(
            wall: Timestamp(milliseconds: Int64(wall.tv_sec) * 1000 + Int64(wall.tv_nsec) / 1_000_000),
            uptime: .seconds(uptime.tv_sec) + .nanoseconds(uptime.tv_nsec)
        )
    }
}
