import Vocabulary

/// One virtual machine of the lab, and the words that make QEMU run it.
struct VirtualMachine: Hashable, Sendable {
    /// From 1.
    var number: Int
    var firmware: LabFirmware
    /// MiB.
    var memory: Int
    /// `kvm` or `tcg`.
    var accelerator: String
    /// Where its disk, its variables and its console's log lie.
    var directory: String

    var name: String { "lab-\(number)" }
    var tap: String { "tap\(number)" }
    /// Locally administered, of QEMU's range; the network is private, so it need not differ from another lab's.
    var mac: MACAddress { MACAddress(rawValue: 0x5254_0077_0000 + UInt64(number)) }
    /// A version 4 UUID that shows whose it is: "Must" in hexadecimal, and the MAC address.
    var uuid: String { "4d757374-6572-4c61-b000-\(hexadecimal(mac.octets))" }
    var disk: String { directory + "/disk.raw" }
    var variables: String { directory + "/variables.fd" }
    var log: String { directory + "/console.log" }
    /// What the first iPXE of `bios-chain` does.
    var chainScript: String { directory + "/chain.ipxe" }

    /// QEMU's arguments.
    ///
    /// The console is QEMU's standard input and output, and is kept in `log`. Control-A X ends the machine.
    /// - Parameters:
    ///   - ipxe: the iPXE that `bios-chain` starts with.
    ///   - reboots: whether a system that reboots boots again, as on a real machine; else it ends there.
    func arguments(ipxe: String?, reboots: Bool = false) -> [String] {
        var arguments = [
            "-name", name, "-uuid", uuid, "-accel", accelerator, "-m", "\(memory)", "-smp", "1",
            "-nodefaults", "-no-user-config", "-display", "none",
            "-chardev", "stdio,id=console,mux=on,signal=off,logfile=\(Self.escaped(log))",
            "-serial", "chardev:console", "-mon", "chardev=console",
        ]
        if !reboots { arguments.append("-no-reboot") }
        arguments += machine
        if let flash = firmware.flash {
            arguments += [
                "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=\(Self.escaped(flash.code))",
                "-drive", "if=pflash,format=raw,unit=1,file=\(Self.escaped(variables))",
            ]
        }
        if firmware == .biosChain, let ipxe { arguments += ["-kernel", ipxe, "-initrd", chainScript] }
        // QEMU's default ROM is an iPXE, which would take the place of the firmware's own network boot.
        let rom = firmware == .bios ? "" : ",romfile="
        arguments += [
            "-netdev", "tap,id=network,ifname=\(tap),script=no,downscript=no",
            "-device", "virtio-net-pci,netdev=network,mac=\(mac),bootindex=1\(rom)",
            "-drive", "if=none,id=disk,format=raw,file=\(Self.escaped(disk))",
            "-device", "virtio-blk-pci,drive=disk,bootindex=2",
            "-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=random",
        ]
        return arguments
    }

    private var machine: [String] {
        let processor = accelerator == "kvm" ? ["-cpu", "host"] : []
        switch firmware {
        case .bios, .biosChain:
            // Without graphics SeaBIOS and iPXE write to the serial port.
            return ["-machine", "pc,graphics=off"] + processor
        case .uefi:
            return ["-machine", "q35,smm=off"] + processor
        case .uefiHTTP:
            let off = ["IPv4PXESupport", "IPv6PXESupport"].flatMap {
                ["-fw_cfg", "name=opt/org.tianocore/\($0),string=n"]
            }
            return ["-machine", "q35,smm=off"] + processor + off
        case .secureBoot:
            // The variables are safe only from code that is not in system management mode.
            return [
                "-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
                "-global", "ICH9-LPC.disable_s3=1",
            ] + processor
        case .arm64, .arm64GRUB:
            return ["-machine", "virt", "-cpu", accelerator == "kvm" ? "host" : "cortex-a57"]
        }
    }

    /// A path inside a comma-separated option: QEMU reads two commas as one.
    static func escaped(_ path: String) -> String {
        path.split(separator: ",", omittingEmptySubsequences: false).joined(separator: ",,")
    }
}
