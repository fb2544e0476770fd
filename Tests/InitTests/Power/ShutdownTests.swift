import Testing

@testable import Init

@Suite("The way down")
struct ShutdownTests {
    @Test("onshutdown is waited for, then everything ends by itself")
    func quick() {
        var life = ShutdownLife(now: 1000)
        equal(life.next(at: 1000, areTasksDone: false, hasProcesses: true), nil)
        equal(life.next(at: 2000, areTasksDone: true, hasProcesses: true), .terminate)
        equal(life.next(at: 2050, areTasksDone: true, hasProcesses: true), nil)
        equal(life.next(at: 2100, areTasksDone: true, hasProcesses: false), .finish)
        equal(life.next(at: 2150, areTasksDone: true, hasProcesses: false), nil)
    }

    @Test("what does not end is ended, and then nobody is waited for")
    func slow() {
        var life = ShutdownLife(now: 0)
        equal(life.next(at: ShutdownLife.tasks - 1, areTasksDone: false, hasProcesses: true), nil)
        equal(life.next(at: ShutdownLife.tasks, areTasksDone: false, hasProcesses: true), .terminate)
        var now = ShutdownLife.tasks + ShutdownLife.patience
        equal(life.next(at: now - 1, areTasksDone: false, hasProcesses: true), nil)
        equal(life.next(at: now, areTasksDone: false, hasProcesses: true), .kill)
        now += ShutdownLife.lastPatience
        equal(life.next(at: now - 1, areTasksDone: false, hasProcesses: true), nil)
        equal(life.next(at: now, areTasksDone: false, hasProcesses: true), .finish)
    }

    @Test("a machine without any process asks nobody to wait")
    func empty() {
        var life = ShutdownLife(now: 0)
        equal(life.next(at: 0, areTasksDone: true, hasProcesses: false), .terminate)
        equal(life.next(at: 50, areTasksDone: true, hasProcesses: false), .finish)
    }

    @Test("disks are let go newest first; what the kernel is behind stays, and so does the root")
    func disks() {
        let mounts = """
            rootfs / rootfs rw 0 0
            proc /proc proc rw 0 0
            sysfs /sys sysfs rw 0 0
            cgroup2 /sys/fs/cgroup cgroup2 rw 0 0
            udev /dev devtmpfs rw 0 0
            tmpfs /var tmpfs rw 0 0
            /dev/vda /var/lib/a\\040b\\134 ext4 rw 0 0
            /dev/vdb /devices ext4 rw 0 0
            broken

            """
        #expect(Shutdown.disks(Array(mounts.utf8)) == ["/devices", "/var/lib/a b\\", "/var"])
    }
}
