import CInit

/// Loads kernel modules from `/lib/modules`, with what they need, by name or for a device.
final class ModuleLoader {
    private let directory: String
    private let index: ModuleIndex
    private let policy: ModulePolicy
    private var loaded: Set<String> = []
    private var asked: Set<String> = []
    private let console: Console

    /// nil when there are no modules for the kernel that runs.
    init?(console: Console) {
        var release = [CChar](repeating: 0, count: 65)
        sys_release(&release)
        directory = "/lib/modules/" + release.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        guard let dependencies = try? FileSystem.read(directory + "/modules.dep") else { return nil }
        let aliases = (try? FileSystem.read(directory + "/modules.alias")) ?? []
        let preferences = (try? FileSystem.read(directory + "/modules.softdep")) ?? []
        index = ModuleIndex(dependencies: dependencies, aliases: aliases, preferences: preferences)
        policy = ModulePolicy(Self.policyFiles())
        self.console = console
    }

    private static func policyFiles() -> [[UInt8]] {
        var files: [[UInt8]] = []
        for directory in ["/lib/modprobe.d", "/etc/modprobe.d"] {
            for name in FileSystem.names(in: directory) where name.utf8.suffix(5).elementsEqual(".conf".utf8) {
                if let bytes = try? FileSystem.read("\(directory)/\(name)", limit: 1 << 20) { files.append(bytes) }
            }
        }
        return files
    }

    /// Loads a module that was asked for by its name or by one of its aliases.
    /// - Returns: whether there is one.
    @discardableResult
    func load(_ name: String) -> Bool {
        let module = ModuleIndex.name(name)
        if index[module] != nil {
            insert(module)
            return true
        }
        let names = index.names(for: name)
        for name in names { insert(name) }
        return !names.isEmpty
    }

    /// Loads what a device asks for by its alias, but what the machine's people have blocked.
    func load(device alias: String) {
        guard asked.insert(alias).inserted else { return }
        for name in index.names(for: alias) where !policy.blocked.contains(name) { insert(name) }
    }

    private func insert(_ name: String) {
        for file in index.files(of: name) {
            guard loaded.insert(file).inserted else { continue }
            let path = "\(directory)/\(file)"
            let descriptor = sys_open(path, UInt32(SYS_OPEN_READ))
            guard descriptor >= 0 else {
                console.say(InitError("read the module \(path)", code: Int(descriptor)).message)
                continue
            }
            let isCompressed = !file.utf8.suffix(3).elementsEqual(".ko".utf8)
            let parameters = policy.parameters[ModuleIndex.name(ofFile: file)] ?? ""
            let result = sys_load_module(descriptor, parameters, isCompressed)
            sys_close(descriptor)
            // A driver for hardware that is not there says ENODEV; that is no news.
            if result < 0, result != ErrorNumber.exists, result != ErrorNumber.noDevice {
                console.say(InitError("load the module \(path)", code: Int(result)).message)
            }
        }
    }

    /// Loads what the devices that are there ask for, and what `/etc/modules-load.d` and `/etc/modules` name.
    func loadForDevices() {
        for bus in FileSystem.names(in: "/sys/bus") {
            let devices = "/sys/bus/\(bus)/devices"
            for device in FileSystem.names(in: devices) {
                if let alias = FileSystem.line("\(devices)/\(device)/modalias"), !alias.utf8.isEmpty {
                    load(device: alias)
                }
            }
        }
    }

    func loadListed() {
        var files = ["/etc/modules"]
        for directory in ["/lib/modules-load.d", "/etc/modules-load.d"] {
            for name in FileSystem.names(in: directory) where name.utf8.suffix(5).elementsEqual(".conf".utf8) {
                files.append("\(directory)/\(name)")
            }
        }
        for file in files {
            guard let bytes = try? FileSystem.read(file, limit: 1 << 20) else { continue }
            for line in bytes.lines {
                let words = line.words
                guard let first = words.first, first[0] != UInt8(ascii: "#"), first[0] != UInt8(ascii: ";") else {
                    continue
                }
                if !load(String(first)) { console.say("\(file): the kernel has no module \(String(first))") }
            }
        }
    }
}
