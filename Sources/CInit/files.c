#include <asm/stat.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/stat.h>

#include "CInit.h"
#include "call.h"

int sys_open(const char *path, uint32_t how) {
    int flags = O_CLOEXEC;
    if ((how & SYS_OPEN_READ) && (how & SYS_OPEN_WRITE)) flags |= O_RDWR;
    else if (how & SYS_OPEN_WRITE) flags |= O_WRONLY;
    if (how & SYS_OPEN_CREATE) flags |= O_CREAT | O_TRUNC;
    if (how & SYS_OPEN_APPEND) flags |= O_APPEND;
    if (how & SYS_OPEN_NONBLOCKING) flags |= O_NONBLOCK;
    if (how & SYS_OPEN_TERMINAL) flags |= O_NOCTTY;
    return CALL(openat, AT_FDCWD, path, flags, 0600);
}

long sys_read(int descriptor, void *buffer, size_t size) {
    long count;
    do count = CALL(read, descriptor, buffer, size);
    while (count == -EINTR);
    return count;
}

long sys_write(int descriptor, const void *bytes, size_t size) {
    long count;
    do count = CALL(write, descriptor, bytes, size);
    while (count == -EINTR);
    return count;
}

int sys_close(int descriptor) { return CALL(close, descriptor); }
int sys_replace(int descriptor, int other) { return CALL(dup3, descriptor, other, 0); }

static int type(const struct stat *status) {
    switch (status->st_mode & S_IFMT) {
    case S_IFREG: return SYS_TYPE_FILE;
    case S_IFDIR: return SYS_TYPE_DIRECTORY;
    case S_IFLNK: return SYS_TYPE_LINK;
    default: return SYS_TYPE_OTHER;
    }
}

int sys_type(const char *path, bool follow) {
    struct stat status;
    int result = CALL(newfstatat, AT_FDCWD, path, &status, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    return result < 0 ? result : type(&status);
}

int sys_look(const char *path, sys_status *found) {
    struct stat status;
    int result = CALL(newfstatat, AT_FDCWD, path, &status, AT_SYMLINK_NOFOLLOW);
    if (result < 0) return result;
    *found = (sys_status){type(&status), status.st_mode & 07777, status.st_uid, status.st_gid};
    return 0;
}

int sys_chown(const char *path, uint32_t owner, uint32_t group) {
    return CALL(fchownat, AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);
}

int sys_mkdir(const char *path, uint32_t mode) { return CALL(mkdirat, AT_FDCWD, path, mode); }
int sys_chmod(const char *path, uint32_t mode) { return CALL(fchmodat, AT_FDCWD, path, mode); }
int sys_unlink(const char *path) { return CALL(unlinkat, AT_FDCWD, path, 0); }
int sys_remove_directory(const char *path) { return CALL(unlinkat, AT_FDCWD, path, AT_REMOVEDIR); }
int sys_symlink(const char *target, const char *path) { return CALL(symlinkat, target, AT_FDCWD, path); }

long sys_readlink(const char *path, char *buffer, size_t size) {
    return CALL(readlinkat, AT_FDCWD, path, buffer, size);
}

int sys_make_pipe(const char *path, uint32_t mode) { return CALL(mknodat, AT_FDCWD, path, S_IFIFO | mode, 0); }

int sys_memory_file(const char *name) { return CALL(memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING); }

int sys_seal(int file) {
    return CALL(fcntl, file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

long sys_copy(int from, int to, size_t size) {
    long count;
    do count = CALL(sendfile, to, from, NULL, size);
    while (count == -EINTR);
    return count;
}

int sys_set_attribute(const char *path, const char *name, const void *value, size_t size) {
    return CALL(lsetxattr, path, name, value, size, 0);
}

int sys_directory_open(const char *path) {
    return CALL(openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

long sys_directory_read(int descriptor, void *buffer, size_t size) {
    return CALL(getdents64, descriptor, buffer, size);
}
