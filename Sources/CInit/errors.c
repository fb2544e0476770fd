#include <linux/errno.h>

#include "CInit.h"

/// Those that mounts, modules, files and sockets give; the numbers are the same on both architectures.
static const struct {
    int number;
    const char *text;
} errors[] = {
    {EPERM, "operation not permitted"},
    {ENOENT, "no such file or directory"},
    {EINTR, "interrupted"},
    {EIO, "input/output error"},
    {ENXIO, "no such device or address"},
    {E2BIG, "too many arguments"},
    {ENOEXEC, "not in a format that the kernel executes"},
    {EBADF, "bad file descriptor"},
    {ECHILD, "no child processes"},
    {EAGAIN, "resource temporarily unavailable"},
    {ENOMEM, "out of memory"},
    {EACCES, "permission denied"},
    {ENOTBLK, "not a block device"},
    {EBUSY, "device or resource busy"},
    {EEXIST, "file exists"},
    {EXDEV, "across file systems"},
    {ENODEV, "no such device, or file system that the kernel does not know"},
    {ENOTDIR, "not a directory"},
    {EISDIR, "a directory"},
    {EINVAL, "invalid argument"},
    {ENFILE, "too many open files in the system"},
    {EMFILE, "too many open files"},
    {EFBIG, "file too large"},
    {ENOSPC, "no space left"},
    {EROFS, "read-only file system"},
    {EMLINK, "too many links"},
    {EPIPE, "nobody reads"},
    {ENAMETOOLONG, "name too long"},
    {ENOSYS, "the kernel cannot do this"},
    {ENOTEMPTY, "directory not empty"},
    {ELOOP, "too many symbolic links"},
    {ENOKEY, "required key not available"},
    {EKEYREJECTED, "the signature was rejected"},
    {EPROTO, "not as the protocol says"},
    {EOPNOTSUPP, "not supported"},
    {EADDRINUSE, "address in use"},
    {EADDRNOTAVAIL, "address not available"},
    {ENETDOWN, "network is down"},
    {ENETUNREACH, "network is unreachable"},
    {ECONNABORTED, "connection aborted"},
    {ECONNRESET, "connection reset by peer"},
    {ETIMEDOUT, "timed out"},
    {ECONNREFUSED, "connection refused"},
    {EHOSTDOWN, "host is down"},
    {EHOSTUNREACH, "no route to host"},
};

const char *sys_error_text(int error) {
    if (error < 0) error = -error;
    for (unsigned i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].number == error) return errors[i].text;
    return NULL;
}
