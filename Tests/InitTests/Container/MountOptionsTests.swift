import CInit
import Testing

@testable import Init

@Suite("Options of mounts")
struct MountOptionsTests {
    @Test("flags, propagation and data are told apart")
    func parsed() {
        let bind = MountOptions(["rbind", "ro", "rslave"])
        #expect(bind.flags == UInt32(SYS_MOUNT_BIND | SYS_MOUNT_RECURSIVE | SYS_MOUNT_READONLY))
        #expect(bind.propagation == UInt32(SYS_MOUNT_SLAVE | SYS_MOUNT_RECURSIVE))
        #expect(bind.data == "")

        let overlay = MountOptions(["lowerdir=/a/lower", "upperdir=/a/tmp/upper", "workdir=/a/tmp/work"])
        #expect(overlay.flags == 0)
        #expect(overlay.data == "lowerdir=/a/lower,upperdir=/a/tmp/upper,workdir=/a/tmp/work")
        #expect(overlay.directories == ["/a/tmp/upper", "/a/tmp/work"])

        #expect(MountOptions(["ro", "rw", "nosuid", "size=10m"]).flags == UInt32(SYS_MOUNT_NOSUID))
        #expect(MountOptions(["ro", "rw", "nosuid", "size=10m"]).data == "size=10m")
        #expect(MountOptions(["remount", "private"]).propagation == UInt32(SYS_MOUNT_PRIVATE))
        #expect(MountOptions([]) == MountOptions(["defaults"]))
    }
}
