#include <errno.h>
#include <sys/mount.h>
#include <unistd.h>

#include "CInit.h"

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), "mount(2)")
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
SAME(SYS_MOUNT_STRICTATIME, (int)MS_STRICTATIME);

int sys_mount(const char *source, const char *target, const char *type, uint32_t flags, const char *data) {
    return mount(source, target, type, flags, data) < 0 ? -errno : 0;
}

int sys_unmount(const char *target, bool lazy) { return umount2(target, lazy ? MNT_DETACH : 0) < 0 ? -errno : 0; }
int sys_chroot(const char *path) { return chroot(path) < 0 ? -errno : 0; }
int sys_chdir(const char *path) { return chdir(path) < 0 ? -errno : 0; }
