import CInit

/// A root that pivot_root(2) accepts, without a copy of anything.
///
/// The initramfs is the one file system that cannot be pivoted away from, because its mount lies on no other one; runc
/// pivots in every container. So the same files are bound a second time, that mount is moved onto `/`, and we live in it:
/// two mounts, no bytes.
enum RootMount {
    private static let stage = "/muster-root"

    static func enter() throws(InitError) {
        let made = sys_mkdir(stage, 0o700)
        guard made >= 0 || made == ErrorNumber.exists else { throw InitError("make \(stage)", code: Int(made)) }
        try Mounting.mount("/", on: stage, type: nil, flags: UInt32(SYS_MOUNT_BIND))
        try become(stage)
        sys_remove_directory(stage)
    }

    /// Makes a mount the root, over the one that there is.
    static func become(_ stage: String) throws(InitError) {
        let steps = [
            ("enter", { sys_chdir(stage) }),
            ("move over /", { sys_mount(".", "/", nil, UInt32(SYS_MOUNT_MOVE), nil) }),
            ("make a root of", { sys_chroot(".") }),
            ("enter the root of", { sys_chdir("/") }),
        ]
        for (attempt, step) in steps {
            let result = step()
            guard result >= 0 else { throw InitError("\(attempt) \(stage)", code: Int(result)) }
        }
    }

    /// Nothing that runs in the machine's own namespace changes the image; mounts on it reach containers that ask for that.
    static func seal() throws(InitError) {
        let readonly = SYS_MOUNT_REMOUNT | SYS_MOUNT_BIND | SYS_MOUNT_READONLY
        try Mounting.mount(nil, on: "/", type: nil, flags: UInt32(readonly))
        try share()
    }

    static func share() throws(InitError) {
        try Mounting.mount(nil, on: "/", type: nil, flags: UInt32(SYS_MOUNT_SHARED | SYS_MOUNT_RECURSIVE))
    }
}
