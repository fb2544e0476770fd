import CInit

/// The hardware that restarts a machine whose first process does nothing any more.
final class Watchdog {
    private let descriptor: Int32
    private let loop: EventLoop
    private let pause: Int64

    /// Seconds that it is asked to wait.
    private static let timeout: Int32 = 60

    /// nil when the machine has none.
    init?(loop: EventLoop) {
        let descriptor = sys_open("/dev/watchdog", UInt32(SYS_OPEN_WRITE))
        guard descriptor >= 0 else { return nil }
        self.descriptor = descriptor
        self.loop = loop
        let seconds = sys_watchdog_timeout(descriptor, Self.timeout)
        // Hardware that takes no other time has at least 10 seconds.
        pause = seconds > 0 ? Int64(seconds) * 1000 / 4 : 2_500
        feed()
    }

    private func feed() {
        _ = FileSystem.write([0], to: descriptor)
        loop.after(pause) { [self] in feed() }
    }

    /// A machine that was switched off on purpose stays so.
    func stop() {
        _ = FileSystem.write([UInt8(ascii: "V")], to: descriptor)
        sys_close(descriptor)
    }
}
