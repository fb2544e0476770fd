/// What simulated machines load: random bytes that a seed decides, as large as a boot's smallest.
public struct SimulatedFiles: Sendable {
    private let seed: UInt64

    /// What the profile, the image and the loader are called.
    public static let profile = "simulated"
    public static let loaderName = "simulated.efi"

    public init(seed: UInt64) { self.seed = seed }

    /// 296 kB: an iPXE with its drivers, the same for every seed.
    public static var loader: [UInt8] { bytes(296_000, seed: 0) }
    public var initrd: [UInt8] { Self.bytes(256 << 10, seed: seed << 1 | 1) }

    /// 64 KiB that are an amd64 kernel by their header (Linux, Documentation/arch/x86/boot.rst) and nothing else.
    public var kernel: [UInt8] {
        var bytes = Self.bytes(64 << 10, seed: seed << 1)
        bytes.replaceSubrange(0x1f1..<0x268, with: repeatElement(0, count: 0x268 - 0x1f1))
        bytes.replaceSubrange(0x202..<0x206, with: "HdrS".utf8)
        bytes.replaceSubrange(0x206..<0x208, with: [0x0f, 0x02])  // boot protocol 2.15
        bytes[0x236] = 1  // XLF_KERNEL_64
        bytes.replaceSubrange(0x238..<0x23c, with: [0xff, 0x07, 0, 0])  // cmdline_size
        return bytes
    }

    private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var fate = Fate(seed: seed, machine: 0, boot: 0)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: fate.next().littleEndian) { bytes.append(contentsOf: $0) } }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// The profile and `machines` machines, as resources to apply, some thousands in each document.
    public static func resources(machines: Int) -> [String] {
        let head = "kind: Profile\nname: \(profile)\nimage: \(profile)\n"
        return stride(from: 1, through: machines, by: 5000).map { first in
            let numbers = first...min(machines, first + 4999)
            return ([head] + numbers.map { resource(SimulatedIdentity(number: $0)) }).joined(separator: "---\n")
        }
    }

    private static func resource(_ machine: SimulatedIdentity) -> String {
        """
        kind: Machine
        name: \(machine.name)
        macs: ["\(machine.mac)"]
        uuid: \(machine.uuid)
        labels: { rack: \(machine.rack) }
        profile: \(profile)
        loader: \(loaderName)

        """
    }
}
