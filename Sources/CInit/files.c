#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "CInit.h"

#define RESULT(call) ((call) < 0 ? -errno : 0)

int sys_open(const char *path, uint32_t how) {
    int flags = O_CLOEXEC;
    if ((how & SYS_OPEN_READ) && (how & SYS_OPEN_WRITE)) flags |= O_RDWR;
    else if (how & SYS_OPEN_WRITE) flags |= O_WRONLY;
    if (how & SYS_OPEN_CREATE) flags |= O_CREAT | O_TRUNC;
    if (how & SYS_OPEN_APPEND) flags |= O_APPEND;
    if (how & SYS_OPEN_NONBLOCKING) flags |= O_NONBLOCK;
    if (how & SYS_OPEN_TERMINAL) flags |= O_NOCTTY;
    int descriptor = open(path, flags, 0600);
    return descriptor < 0 ? -errno : descriptor;
}

long sys_read(int descriptor, void *buffer, size_t size) {
    ssize_t count;
    do count = read(descriptor, buffer, size);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

long sys_write(int descriptor, const void *bytes, size_t size) {
    ssize_t count;
    do count = write(descriptor, bytes, size);
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

int sys_close(int descriptor) { return RESULT(close(descriptor)); }

int sys_replace(int descriptor, int other) { return RESULT(dup2(descriptor, other)); }

int sys_type(const char *path, bool follow) {
    struct stat status;
    if ((follow ? stat(path, &status) : lstat(path, &status)) < 0) return -errno;
    if (S_ISREG(status.st_mode)) return SYS_TYPE_FILE;
    if (S_ISDIR(status.st_mode)) return SYS_TYPE_DIRECTORY;
    return S_ISLNK(status.st_mode) ? SYS_TYPE_LINK : SYS_TYPE_OTHER;
}

int sys_mkdir(const char *path, uint32_t mode) { return RESULT(mkdir(path, mode)); }
int sys_chmod(const char *path, uint32_t mode) { return RESULT(chmod(path, mode)); }
int sys_unlink(const char *path) { return RESULT(unlink(path)); }
int sys_remove_directory(const char *path) { return RESULT(rmdir(path)); }
int sys_symlink(const char *target, const char *path) { return RESULT(symlink(target, path)); }

long sys_readlink(const char *path, char *buffer, size_t size) {
    ssize_t count = readlink(path, buffer, size);
    return count < 0 ? -errno : count;
}

int sys_set_attribute(const char *path, const char *name, const void *value, size_t size) {
    return RESULT(lsetxattr(path, name, value, size, 0));
}

void *sys_directory_open(const char *path, int *error) {
    DIR *directory = opendir(path);
    *error = directory ? 0 : -errno;
    return directory;
}

const char *sys_directory_next(void *directory) {
    struct dirent *entry;
    do entry = readdir(directory);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry ? entry->d_name : NULL;
}

void sys_directory_close(void *directory) { closedir(directory); }
