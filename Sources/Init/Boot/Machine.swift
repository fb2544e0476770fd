import CInit

/// The machine from the kernel's first process to the end: what there is one of, and the order in which it comes about.
final class Machine {
    let console = Console()
    let loop: EventLoop
    let processes = ProcessTable()
    private(set) var arguments = KernelArguments([])
    private(set) var modules: ModuleLoader?
    /// What the server gave this boot to be recognized by; nil when the image was not handed out by a server.
    private(set) var token: String?
    /// Swallows what nobody reads.
    private(set) var silence: Int32 = -1
    private(set) var watchdog: Watchdog?
    /// What ends from now on is meant to.
    var isGoingDown = false
    /// Does what signals ask for.
    var ordered: (PowerAction, String) -> Void = { _, _ in }
    private var signals: Int32 = -1
    private var uevents: Int32 = -1

    /// Open files for every container, as LinuxKit's machines have them.
    private static let openFiles: UInt64 = 1 << 20
    /// Seconds after which a kernel that has panicked starts again, unless its command line says otherwise.
    private static let panicPause = "30"
    /// Linux: Documentation/RCU, rcu_expedited.
    private static let expedition = "/sys/kernel/rcu_expedited"
    private static let tokenPath = "/etc/muster/token"

    init() throws(InitError) { loop = try EventLoop() }

    /// Everything before containers.
    func prepare() throws(InitError) {
        token = Self.takeToken()
        if FetchedRoot.isWanted {
            FetchedRoot.enter(self)
        } else {
            FileCapabilities.apply(console: console)
            try RootMount.enter()
        }
        try SystemMounts.mount(console: console)
        Console.open()
        try RootMount.seal()
        readArguments()
        signals = sys_signals_open()
        guard signals >= 0 else { throw InitError("receive signals", code: Int(signals)) }
        loop.watch(signals, .readable) { [self] _ in receiveSignals() }
        silence = sys_open("/dev/null", UInt32(SYS_OPEN_WRITE))
        setKernel()
        findDevices()
        watchdog = Watchdog(loop: loop)
        sys_interface_up("lo")
        let mac = bootInterface?.mac
        let name = FileSystem.line("/etc/hostname")
        try Hostname.set(Hostname.choose(file: name, machine: arguments.value("muster.machine"), mac: mac))
    }

    /// The card that the machine booted from, else the first.
    var bootInterface: NetworkInterface? {
        let all = NetworkInterface.all()
        return all.first { $0.mac == arguments.bootInterface } ?? all.first
    }

    /// Reads the token and takes it out of the root: nothing that runs here later finds it.
    private static func takeToken() -> String? {
        guard let token = FileSystem.line(tokenPath) else { return nil }
        sys_unlink(tokenPath)
        let isToken =
            !token.utf8.isEmpty && token.utf8.count <= 256 && token.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        return isToken ? token : nil
    }

    func readArguments() {
        arguments = KernelArguments((try? FileSystem.read("/proc/cmdline", limit: 64 << 10)) ?? [])
    }

    private func setKernel() {
        // Mounts and control groups wait for grace periods: short ones, until the machine is up.
        try? FileSystem.write(Self.expedition, "1", creates: false)
        if arguments["panic"] == nil {
            try? FileSystem.write("/proc/sys/kernel/panic", Self.panicPause, creates: false)
        }
        // The kernel asks for modules by starting this program, where there is no other for it.
        if ProcessTable.find("modprobe") == nil {
            try? FileSystem.write("/proc/sys/kernel/modprobe", "/init", creates: false)
        }
        let limits = sys_raise_limits(Self.openFiles)
        if limits < 0 { console.say(InitError("raise the limits of processes", code: Int(limits)).message) }
        sys_catch_ctrl_alt_del()
    }

    // MARK: Devices

    private func findDevices() {
        uevents = sys_uevents_open()
        modules = ModuleLoader(console: console)
        modules?.loadListed()
        modules?.loadForDevices()
        // A bus that a module brought has devices of its own, which the kernel has told by now.
        receiveUevents()
        if sys_seconds_since_1970() < 1 << 30 { sys_clock_from_hardware("/dev/rtc0") }
        guard uevents >= 0 else { return }
        loop.watch(uevents, .readable) { [self] _ in receiveUevents() }
    }

    private func receiveUevents() {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while uevents >= 0 {
            let count = buffer.withUnsafeMutableBytes { sys_read(uevents, $0.baseAddress!, $0.count) }
            // Too much at once to be told: everything is looked at again.
            if count == ErrorNumber.noBuffers { modules?.loadForDevices() }
            guard count > 0 || count == ErrorNumber.noBuffers else { return }
            guard count > 0, let event = Uevent(Array(buffer[..<count])), let alias = event.addedAlias else { continue }
            modules?.load(device: alias)
        }
    }

    // MARK: Signals

    private func receiveSignals() {
        while true {
            let signal = sys_signals_next(signals)
            guard signal >= 0 else { return }
            switch Int(signal) {
            case SYS_SIGNAL_CHILD: processes.reap()
            case SYS_SIGNAL_REBOOT: ordered(.reboot, "a signal asks for a reboot")
            case SYS_SIGNAL_POWEROFF: ordered(.powerOff, "a signal asks for power off")
            case SYS_SIGNAL_HALT: ordered(.halt, "a signal asks for a halt")
            default: break
            }
        }
    }

    // MARK: Up

    /// `MUSTER-UP …`, once on each console.
    func announceUp() {
        try? FileSystem.write(Self.expedition, "0", creates: false)
        let machine = arguments.value("muster.machine") ?? "none"
        let boot = arguments.value("muster.boot") ?? "none"
        let image = arguments.value("muster.image") ?? "none"
        console.announce(
            "MUSTER-UP machine=\(machine) mac=\(bootInterface?.mac ?? "none") boot=\(boot) image=\(image)"
        )
    }
}
