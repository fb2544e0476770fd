#include <linux/mount.h>

#include "CInit.h"
#include "call.h"

#define SAME(ours, theirs) _Static_assert((long)(ours) == (long)(theirs), "mount(2)")
SAME(SYS_MOUNT_READONLY, MS_RDONLY);
SAME(SYS_MOUNT_REMOUNT, MS_REMOUNT);
SAME(SYS_MOUNT_DIRSYNC, MS_DIRSYNC);
SAME(SYS_MOUNT_BIND, MS_BIND);
SAME(SYS_MOUNT_MOVE, MS_MOVE);
SAME(SYS_MOUNT_RECURSIVE, MS_REC);
SAME(SYS_MOUNT_UNBINDABLE, MS_UNBINDABLE);
SAME(SYS_MOUNT_PRIVATE, MS_PRIVATE);
SAME(SYS_MOUNT_SLAVE, MS_SLAVE);
SAME(SYS_MOUNT_SHARED, MS_SHARED);
SAME(SYS_MOUNT_RELATIME, MS_RELATIME);
SAME(SYS_MOUNT_STRICTATIME, MS_STRICTATIME);

/// MNT_DETACH of umount2(2), which no header of the kernel has.
enum { DETACH = 2 };

int sys_mount(const char *source, const char *target, const char *type, uint32_t flags, const char *data) {
    return CALL(mount, source, target, type, flags, data);
}

int sys_unmount(const char *target, bool lazy) { return CALL(umount2, target, lazy ? DETACH : 0); }
int sys_chroot(const char *path) { return CALL(chroot, path); }
int sys_chdir(const char *path) { return CALL(chdir, path); }
