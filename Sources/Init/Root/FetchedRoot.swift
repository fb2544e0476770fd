import CInit

/// The root of an image whose initrd is not its root: fetched, checked, mounted read-only under a layer in memory, and
/// entered. What runs here afterwards is the same program, and goes on in the new root.
final class FetchedRoot {
    /// Whether this initrd was made to fetch a root.
    static var isWanted: Bool { FileSystem.exists(RootDescription.path) }
    /// Everything of the root hangs below it, and is out of sight afterwards.
    static let place = "/muster"

    private static let file = "\(place)/image/root"
    private static let lower = "\(place)/lower"
    private static let upper = "\(place)/upper"
    private static let root = "\(place)/root"
    /// Bytes that have to be free beside the root: its pages in use, and the first programs.
    private static let reserve: UInt64 = 48 << 20
    /// In milliseconds: for the card to appear, for an address, and until the machine that has no root starts again.
    private static let cardPatience: Int64 = 30_000
    private static let addressPatience: Int64 = 120_000
    private static let pause: Int64 = 30_000

    private let machine: Machine
    private let modules: ModuleLoader?
    private var console: Console { machine.console }

    /// Comes back in the new root, or never: a machine without a root says why, reports it, and starts again.
    static func enter(_ machine: Machine) {
        do throws(InitError) {
            try FetchedRoot(machine).run()
        } catch {
            giveUp(error.message, machine)
        }
    }

    private init(_ machine: Machine) throws(InitError) {
        self.machine = machine
        for (type, target) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev")] {
            try FileSystem.makeDirectories(target)
            try Mounting.mount(type, on: target, type: type, flags: 0)
        }
        Console.open()
        machine.readArguments()
        // The kernel asks for modules by starting this program.
        try? FileSystem.write("/proc/sys/kernel/modprobe", "/init", creates: false)
        modules = ModuleLoader(console: machine.console)
    }

    private static func giveUp(_ reason: String, _ machine: Machine) -> Never {
        machine.console.say("\(reason); the machine starts again in \(pause / 1000) s")
        let agent = Agent(machine: machine, logs: { [] }, obey: { _ in })
        agent?.report(.failed(reason))
        let end = machine.loop.now + pause
        while machine.loop.now < end { machine.loop.turn(longest: end - machine.loop.now) }
        sys_reboot(Int32(SYS_RESTART))
        while true { machine.loop.turn(longest: nil) }
    }

    private func run() throws(InitError) {
        let root = try RootDescription(parsing: FileSystem.read(RootDescription.path, limit: 64 << 10))
        for name in ["af_packet", "loop", "overlay", "dm_verity", root.kind.rawValue] { modules?.load(name) }
        let sources = try sources(of: root)
        try checkMemory(for: root)
        let interface = try card()
        let client = try DHCPClient(interface, loop: machine.loop, console: console)
        try wait(for: client, on: interface)
        try fetch(root, from: sources)
        let device = try device(of: root)
        try mount(root, device)
        let files = try SegmentFiles()
        client.stop()
        // The image sets up its network itself, as if nobody had been there.
        sys_interface_set_address(interface.name, 0, 0)
        SegmentFiles.clear()
        for target in ["/proc", "/sys", "/dev"] { sys_unmount(target, true) }
        try RootMount.become(Self.root)
        files.put(console: console)
    }

    // MARK: The way to it

    /// `muster.mirrors=http://A:P,…` in their order, and then the server itself.
    private func sources(of root: RootDescription) throws(InitError) -> [HTTPAddress] {
        let mirrors = machine.arguments.value("muster.mirrors")?.parts(separatedBy: UInt8(ascii: ",")) ?? []
        var sources: [HTTPAddress] = []
        for base in mirrors + [machine.arguments.value("muster.url")].compactMap({ $0 }) {
            do throws(InitError) {
                sources.append(try HTTPAddress("\(base)/blobs/sha256/\(root.digest)"))
            } catch {
                console.say("no root is fetched from there: \(error.message)")
            }
        }
        guard !sources.isEmpty else {
            throw InitError("cannot fetch the root: neither muster.url nor muster.mirrors says from where")
        }
        return sources
    }

    private func checkMemory(for root: RootDescription) throws(InitError) {
        guard let free = Self.freeMemory, free < root.size + Self.reserve else { return }
        throw InitError(
            "the root does not fit into memory: it has \(root.size >> 20) MiB and needs "
                + "\((root.size + Self.reserve) >> 20) MiB free, and there are \(free >> 20) MiB"
        )
    }

    /// MemAvailable, in bytes.
    private static var freeMemory: UInt64? {
        guard let lines = try? FileSystem.read("/proc/meminfo").lines else { return nil }
        for line in lines where line.starts(with: "MemAvailable:") {
            let words = line.words
            return words.count > 1 ? UInt64(String(words[1])).map { $0 * 1024 } : nil
        }
        return nil
    }

    /// The card that the machine booted from, as soon as its driver has found it.
    private func card() throws(InitError) -> NetworkInterface {
        let loop = machine.loop
        let end = loop.now + Self.cardPatience
        let wanted = machine.arguments.bootInterface
        while true {
            modules?.loadForDevices()
            let all = NetworkInterface.all()
            if let card = all.first(where: { wanted == nil || $0.mac == wanted }) { return card }
            guard loop.now < end else {
                guard let first = all.first else {
                    throw InitError("cannot fetch the root: no driver of this initrd has found a network card")
                }
                console.say("there is no card \(wanted ?? ""): the root comes by \(first.name), \(first.mac)")
                return first
            }
            loop.turn(longest: 100)
        }
    }

    private func wait(for client: DHCPClient, on interface: NetworkInterface) throws(InitError) {
        let loop = machine.loop
        let end = loop.now + Self.addressPatience
        while client.lease == nil {
            guard loop.now < end else {
                let isLinked = FileSystem.line("/sys/class/net/\(interface.name)/carrier") == "1"
                throw InitError(
                    "cannot fetch the root: no DHCP server gave \(interface.name) (\(interface.mac)) an address within "
                        + "\(Self.addressPatience / 1000) s\(isLinked ? "" : ", and it has no link")"
                )
            }
            loop.turn(longest: 1000)
        }
    }

    private func fetch(_ root: RootDescription, from sources: [HTTPAddress]) throws(InitError) {
        try FileSystem.makeDirectories("\(Self.place)/image")
        // tmpfs takes half of the memory unless it is told otherwise, and takes it only as it is filled.
        let size = (root.size / RootDescription.block + 16) * RootDescription.block
        try Mounting.mount("tmpfs", on: "\(Self.place)/image", type: "tmpfs", flags: 0, data: "size=\(size),mode=0700")
        var failure: String?
        var isDone = false
        let fetch = RootFetch(root, from: sources, to: Self.file, loop: machine.loop, console: console) {
            failure = $0
            isDone = true
        }
        while !isDone { machine.loop.turn(longest: 1000) }
        _ = fetch
        if let failure { throw InitError("cannot fetch the root: \(failure)") }
    }

    // MARK: Mounting

    /// The block device that the root is.
    private func device(of root: RootDescription) throws(InitError) -> String {
        let file = sys_open(Self.file, UInt32(SYS_OPEN_READ))
        guard file >= 0 else { throw InitError("read \(Self.file)", code: Int(file)) }
        defer { sys_close(file) }
        let number = sys_loop_attach(file)
        guard number >= 0 else { throw InitError("make a block device of the root", code: Int(number)) }
        let device = "/dev/loop\(number)"
        guard let verity = root.verity else { return device }
        let table = RootDescription.table(verity, device: device)
        let mapped = sys_verity_open("muster-root", verity.offset / 512, table)
        if mapped == ErrorNumber.noEntry || mapped == ErrorNumber.noDevice {
            console.say("this kernel has no device mapper: the root was checked once and is not while it is read")
            return device
        }
        guard mapped >= 0 else { throw InitError("put dm-verity over the root", code: Int(mapped)) }
        console.say("dm-verity checks every block of the root that is read")
        return "/dev/dm-\(mapped)"
    }

    private func mount(_ root: RootDescription, _ device: String) throws(InitError) {
        for directory in [Self.lower, Self.upper, Self.root] { try FileSystem.makeDirectories(directory) }
        let type = root.kind.rawValue
        try Mounting.mount(device, on: Self.lower, type: type, flags: UInt32(SYS_MOUNT_READONLY))
        try Mounting.mount("tmpfs", on: Self.upper, type: "tmpfs", flags: 0, data: "size=50%,mode=0755")
        for name in ["files", "work"] { try FileSystem.makeDirectories("\(Self.upper)/\(name)") }
        let layers = "lowerdir=\(Self.lower),upperdir=\(Self.upper)/files,workdir=\(Self.upper)/work"
        try Mounting.mount("root", on: Self.root, type: "overlay", flags: 0, data: layers)
    }
}
