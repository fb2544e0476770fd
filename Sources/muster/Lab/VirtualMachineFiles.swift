import FoundationEssentials

#if canImport(Glibc)
import Glibc
#endif

/// The files that a virtual machine begins with.
enum VirtualMachineFiles {
    /// An empty disk: 1 GiB of nothing, which takes no space.
    private static let diskSize: off_t = 1 << 30

    static func make(for machine: VirtualMachine) throws {
        try? FileManager.default.removeItem(atPath: machine.directory)
        try FileManager.default.createDirectory(atPath: machine.directory, withIntermediateDirectories: true)
        try Data().write(to: URL(filePath: machine.disk))
        guard truncate(machine.disk, diskSize) == 0 else {
            throw LabError("cannot make the disk \(machine.disk): \(String(cString: strerror(errno)))")
        }
        if let flash = machine.firmware.flash {
            try FileManager.default.copyItem(atPath: flash.variables, toPath: machine.variables)
        }
        if machine.firmware == .biosChain {
            try Data(chainScript.utf8).write(to: URL(filePath: machine.chainScript))
        }
    }

    /// What a PXE ROM does: an address by DHCP, a loader by TFTP. The loader asks again by itself.
    private static let chainScript = """
        #!ipxe
        dhcp
        chain tftp://${next-server}/undionly.kpxe

        """
}
