import CInit

/// One mount of `runtime.json`.
struct MountRequest: Equatable {
    /// Absolute, or relative to the container's root file system.
    var destination: String
    var type: String?
    var source: String?
    var options: MountOptions
}

/// Options of a mount as they stand in a list, told apart into what mount(2) takes.
struct MountOptions: Equatable {
    /// Without those of `propagation`.
    var flags: UInt32 = 0
    /// What can only be set by a call of its own.
    var propagation: UInt32 = 0
    /// For the file system, separated by commas.
    var data = ""
    /// What an overlay needs: it makes neither of its directories.
    var directories: [String] = []

    init(_ options: [String]) {
        var rest: [String] = []
        for option in options {
            if let (flag, isSet) = Self.flag(option) {
                flags = isSet ? flags | UInt32(flag) : flags & ~UInt32(flag)
            } else if let kind = Self.propagation(option) {
                propagation = UInt32(kind)
            } else {
                rest.append(option)
                for name in ["upperdir=", "workdir="] where option.hasBytes(prefix: name) {
                    directories.append(option.droppingBytes(name.utf8.count))
                }
            }
        }
        data = rest.joined(separator: ",")
    }

    /// The flag that an option sets or takes back.
    private static func flag(_ option: String) -> (Int, Bool)? {
        switch option {
        case "defaults": (0, true)
        case "ro": (SYS_MOUNT_READONLY, true)
        case "rw": (SYS_MOUNT_READONLY, false)
        case "nosuid": (SYS_MOUNT_NOSUID, true)
        case "suid": (SYS_MOUNT_NOSUID, false)
        case "nodev": (SYS_MOUNT_NODEV, true)
        case "dev": (SYS_MOUNT_NODEV, false)
        case "noexec": (SYS_MOUNT_NOEXEC, true)
        case "exec": (SYS_MOUNT_NOEXEC, false)
        case "sync": (SYS_MOUNT_SYNCHRONOUS, true)
        case "async": (SYS_MOUNT_SYNCHRONOUS, false)
        case "remount": (SYS_MOUNT_REMOUNT, true)
        case "mand": (SYS_MOUNT_MANDLOCK, true)
        case "nomand": (SYS_MOUNT_MANDLOCK, false)
        case "dirsync": (SYS_MOUNT_DIRSYNC, true)
        case "noatime": (SYS_MOUNT_NOATIME, true)
        case "atime": (SYS_MOUNT_NOATIME, false)
        case "nodiratime": (SYS_MOUNT_NODIRATIME, true)
        case "diratime": (SYS_MOUNT_NODIRATIME, false)
        case "relatime": (SYS_MOUNT_RELATIME, true)
        case "norelatime": (SYS_MOUNT_RELATIME, false)
        case "strictatime": (SYS_MOUNT_STRICTATIME, true)
        case "nostrictatime": (SYS_MOUNT_STRICTATIME, false)
        case "bind": (SYS_MOUNT_BIND, true)
        case "rbind": (SYS_MOUNT_BIND | SYS_MOUNT_RECURSIVE, true)
        default: nil
        }
    }

    private static func propagation(_ option: String) -> Int? {
        switch option {
        case "private": SYS_MOUNT_PRIVATE
        case "rprivate": SYS_MOUNT_PRIVATE | SYS_MOUNT_RECURSIVE
        case "shared": SYS_MOUNT_SHARED
        case "rshared": SYS_MOUNT_SHARED | SYS_MOUNT_RECURSIVE
        case "slave": SYS_MOUNT_SLAVE
        case "rslave": SYS_MOUNT_SLAVE | SYS_MOUNT_RECURSIVE
        case "unbindable": SYS_MOUNT_UNBINDABLE
        case "runbindable": SYS_MOUNT_UNBINDABLE | SYS_MOUNT_RECURSIVE
        default: nil
        }
    }
}
