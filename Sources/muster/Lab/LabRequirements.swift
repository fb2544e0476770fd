import Build
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#endif

/// What a host must have and allow for a lab.
enum LabRequirements {
    /// What is missing, each with its cure; empty when a lab can be made.
    static func missing(for firmware: LabFirmware) async -> [String] {
        var missing: [String] = []
        if geteuid() != 0 {
            missing.append("a private network needs root: run it with sudo")
        } else if (try? await HostProgram.run("unshare", ["--net", "true"])) == nil {
            missing.append("this host lets nobody make network namespaces (a container without CAP_SYS_ADMIN?)")
        }
        if access("/dev/net/tun", F_OK) != 0 {
            missing.append("there is no /dev/net/tun: load the kernel's module with modprobe tun")
        }
        if which("ip") == nil { missing.append(install(["iproute2"], for: "ip")) }
        if which("setpriv") == nil { missing.append(install(["util-linux"], for: "setpriv")) }
        if which(firmware.emulator) == nil {
            missing.append(install(firmware.packages, for: firmware.emulator))
        } else if let flash = firmware.flash {
            let files: [String] = [flash.code, flash.variables]
            if let file = files.first(where: { access($0, R_OK) != 0 }) {
                missing.append(install(firmware.packages, for: file))
            }
        }
        return missing
    }

    /// Where a program of the search path lies.
    static func which(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    private static func install(_ packages: [String], for file: String) -> String {
        "\(file) is not there: apt-get install --no-install-recommends \(packages.joined(separator: " "))"
    }
}
