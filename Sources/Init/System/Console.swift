import CInit

/// What people at the machine read.
final class Console {
    /// What was said, for those who are not at the machine.
    private(set) var log = LogRing()

    /// A line of ours among the kernel's.
    func say(_ text: String) {
        log.append(Array("\(text)\n".utf8)[...], at: sys_uptime())
        _ = FileSystem.write(Array("muster: \(text)\n".utf8), to: 1)
    }

    /// Lines that a container wrote.
    func pass(_ bytes: [UInt8]) { _ = FileSystem.write(bytes, to: 1) }

    /// A line once on each console that the kernel has, whole: the kernel says nothing meanwhile.
    func announce(_ line: String) {
        let names = FileSystem.line("/sys/class/tty/console/active").map { Array($0.utf8).words } ?? []
        let level = FileSystem.line("/proc/sys/kernel/printk").flatMap { Array($0.utf8).words.first }
        sys_console_level(1)
        for name in names.isEmpty ? [Array("console".utf8)] : names {
            let descriptor = sys_open("/dev/\(String(name))", UInt32(SYS_OPEN_WRITE | SYS_OPEN_TERMINAL))
            guard descriptor >= 0 else { continue }
            _ = FileSystem.write(Array("\(line)\n".utf8), to: descriptor)
            sys_close(descriptor)
        }
        if let level, let number = Int(String(level)) { sys_console_level(Int32(truncatingIfNeeded: number)) }
    }

    /// Makes `/dev/console` the program's own input and output, where the kernel could not: an initramfs may have none.
    static func open() {
        let descriptor = sys_open("/dev/console", UInt32(SYS_OPEN_READ | SYS_OPEN_WRITE | SYS_OPEN_TERMINAL))
        guard descriptor >= 0 else { return }
        for standard in Int32(0)...2 where descriptor != standard { sys_replace(descriptor, standard) }
        if descriptor > 2 { sys_close(descriptor) }
    }
}
