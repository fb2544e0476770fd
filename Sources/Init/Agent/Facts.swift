import CInit

/// What the machine is, for the inventory.
enum Facts {
    static func gather() -> JSON {
        var release = [CChar](repeating: 0, count: 65)
        sys_release(&release)
        return .members([
            ("cpus", processors.map { .integer($0) }),
            ("memory", memory.map { .integer($0) }),
            ("disks", .array(disks)),
            ("nics", .array(NetworkInterface.all().map(Self.json))),
            ("firmware", .string(FileSystem.exists("/sys/firmware/efi") ? "efi" : "bios")),
            ("vendor", identity("sys_vendor")),
            ("product", identity("product_name")),
            ("serial", identity("product_serial")),
            ("uuid", identity("product_uuid")),
            ("kernel", .string(release.withUnsafeBufferPointer { String(cString: $0.baseAddress!) })),
        ])
    }

    private static func identity(_ name: String) -> JSON? {
        guard let text = FileSystem.line("/sys/class/dmi/id/\(name)"), text != "" else { return nil }
        return .string(text)
    }

    /// `0-3,8` is five.
    static func count(ofRanges text: String) -> Int? {
        var count = 0
        for part in text.parts(separatedBy: UInt8(ascii: ",")) {
            let ends = part.parts(separatedBy: UInt8(ascii: "-")).compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, ends.count <= 2, first <= last else { return nil }
            count += last - first + 1
        }
        return count
    }

    private static var processors: Int? {
        FileSystem.line("/sys/devices/system/cpu/online").flatMap { count(ofRanges: $0) }
    }

    /// In bytes, without what the kernel took for itself at its start.
    private static var memory: Int? {
        guard let lines = try? FileSystem.read("/proc/meminfo").lines else { return nil }
        for line in lines where line.starts(with: "MemTotal:") {
            let words = line.words
            return words.count > 1 ? Int(String(words[1])).map { $0 * 1024 } : nil
        }
        return nil
    }

    /// Those with hardware behind them, sizes in bytes.
    private static var disks: [JSON] {
        FileSystem.names(in: "/sys/block").compactMap { name in
            let directory = "/sys/block/\(name)"
            guard FileSystem.exists(directory + "/device"), let text = FileSystem.line(directory + "/size"),
                let sectors = Int(text), sectors > 0
            else { return nil }
            let model = FileSystem.line(directory + "/device/model").flatMap { $0 == "" ? nil : $0 }
            return .members([
                ("name", .string(name)), ("size", .integer(sectors * 512)), ("model", model.map { .string($0) }),
            ])
        }
    }

    private static func json(_ interface: NetworkInterface) -> JSON {
        .members([
            ("name", .string(interface.name)), ("mac", .string(interface.mac)),
            ("driver", interface.driver.map { .string($0) }), ("speed", interface.speed.map { .integer($0) }),
        ])
    }
}
