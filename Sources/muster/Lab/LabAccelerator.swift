import Build
import FoundationEssentials
import Subprocess

#if canImport(Glibc)
import Glibc
#endif

/// Whether the processor's own virtualisation works here.
///
/// That /dev/kvm opens says little: there are hosts where it then interprets every instruction and no kernel starts
/// within minutes. So a kernel is booted once, with a short limit, and only its word counts.
enum LabAccelerator {
    /// Emulation is this fast at worst; acceleration that is slower is none.
    private static let limit = Duration.seconds(4)

    /// `kvm` when it can accelerate `firmware` and proves it by booting the kernel of the lab's image, else `tcg`.
    static func choose(for firmware: LabFirmware, kernel: String, initrd: String) async -> String {
        guard firmware.emulator == "qemu-system-\(Self.machineName)", access("/dev/kvm", R_OK | W_OK) == 0 else {
            return "tcg"
        }
        // Without the processor's flag KVM can only pretend. arm64 has no such flag.
        let cpu = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        if machineName == "x86_64", !cpu.contains(" vmx"), !cpu.contains(" svm") { return "tcg" }
        let machine = machineName == "aarch64" ? "virt" : "q35"
        let console = machineName == "aarch64" ? "ttyAMA0" : "ttyS0"
        let arguments = [
            "-accel", "kvm", "-machine", machine, "-cpu", "host", "-m", "256", "-nodefaults", "-display", "none",
            "-no-reboot", "-serial", "stdio", "-kernel", kernel, "-initrd", initrd,
            "-append", "console=\(console) quiet muster.lab=poweroff",
        ]
        let booted = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await boots(firmware.emulator, arguments) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            return first
        }
        return booted ? "kvm" : "tcg"
    }

    private static func boots(_ emulator: String, _ arguments: [String]) async -> Bool {
        let output = try? await HostProgram.run(emulator, arguments)
        return output?.contains("MUSTER-UP") == true
    }

    /// The host's processor as QEMU names it.
    private static var machineName: String {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: &name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
