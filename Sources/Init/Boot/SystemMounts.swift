import CInit

/// The file systems that every machine has before anything is started.
enum SystemMounts {
    private struct Mount {
        var type: String
        var target: String
        var options: String
        /// Not every kernel has it.
        var isOptional = false
    }

    private static let nothing = UInt32(SYS_MOUNT_NOSUID | SYS_MOUNT_NOEXEC | SYS_MOUNT_NODEV)

    /// Sizes are of the machine's memory, and are only taken as they are filled.
    private static let mounts = [
        Mount(type: "proc", target: "/proc", options: "nosuid,nodev,noexec"),
        Mount(type: "sysfs", target: "/sys", options: "nosuid,nodev,noexec"),
        Mount(type: "devtmpfs", target: "/dev", options: "nosuid,noexec,size=10m,mode=0755"),
        Mount(type: "devpts", target: "/dev/pts", options: "nosuid,noexec,gid=5,mode=0620,ptmxmode=0666"),
        Mount(type: "tmpfs", target: "/dev/shm", options: "nosuid,nodev,noexec,mode=1777"),
        Mount(type: "mqueue", target: "/dev/mqueue", options: "nosuid,nodev,noexec", isOptional: true),
        Mount(type: "tmpfs", target: "/run", options: "nosuid,nodev,size=10%,mode=0755"),
        Mount(type: "tmpfs", target: "/tmp", options: "nosuid,nodev,size=10%,mode=1777"),
        Mount(type: "tmpfs", target: "/var", options: "nosuid,nodev,size=50%,mode=0755"),
        Mount(type: "cgroup2", target: "/sys/fs/cgroup", options: "nosuid,nodev,noexec"),
    ]

    /// Mounted where the kernel has a directory for them and knows them.
    private static let kernelInterfaces = [
        ("securityfs", "/sys/kernel/security"), ("debugfs", "/sys/kernel/debug"), ("tracefs", "/sys/kernel/tracing"),
        ("configfs", "/sys/kernel/config"), ("fusectl", "/sys/fs/fuse/connections"), ("selinuxfs", "/sys/fs/selinux"),
        ("pstore", "/sys/fs/pstore"), ("bpf", "/sys/fs/bpf"), ("efivarfs", "/sys/firmware/efi/efivars"),
        ("binfmt_misc", "/proc/sys/fs/binfmt_misc"),
    ]

    private static let directories = ["cache", "empty", "lib", "local", "lock", "log", "opt", "spool", "tmp"]

    static func mount(console: Console) throws(InitError) {
        for mount in mounts {
            do throws(InitError) {
                try FileSystem.makeDirectories(mount.target)
                let options = MountOptions(mount.options.parts(separatedBy: UInt8(ascii: ",")))
                let data = options.data.utf8.isEmpty ? nil : options.data
                try Mounting.mount(mount.type, on: mount.target, type: mount.type, flags: options.flags, data: data)
            } catch {
                guard mount.isOptional else { throw error }
                console.say(error.message)
            }
        }
        for (type, target) in kernelInterfaces where FileSystem.isDirectory(target) {
            _ = sys_mount(type, target, type, nothing, nil)
        }
        for name in directories { sys_mkdir("/var/\(name)", 0o755) }
        sys_chmod("/var/tmp", 0o1777)
        sys_symlink("/run", "/var/run")
        for (link, target) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
            sys_symlink(target, "/dev/\(link)")
        }
        makeResolverFile()
    }

    /// Images have `/etc/resolv.conf` as a link to a file that a DHCP client writes; until then it is empty.
    private static func makeResolverFile() {
        guard let target = FileSystem.target(of: "/etc/resolv.conf"), target.hasBytes(prefix: "/"),
            !FileSystem.exists(target)
        else { return }
        let bytes = Array(target.utf8)
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")), slash > 0 else { return }
        try? FileSystem.makeDirectories(String(Array(bytes[..<slash])))
        try? FileSystem.write(target, "")
        sys_chmod(target, 0o644)
    }
}
