#include "CLinuxNet.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int muster_file_pipe_open(muster_file_pipe *pipe, size_t size) {
    int ends[2];
    int drain = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (drain < 0) return -1;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        int error = errno;
        close(drain);
        errno = error;
        return -1;
    }
    *pipe = (muster_file_pipe){.read_end = ends[0], .write_end = ends[1], .drain = drain};
    // Refused past fs.pipe-user-pages-soft; the size that the pipe has works too.
    int room = fcntl(ends[1], F_SETPIPE_SZ, (int)size);
    if (room < 0) room = fcntl(ends[1], F_GETPIPE_SZ);
    pipe->size = room > 0 ? (size_t)room : 4096;
    return 0;
}

void muster_file_pipe_close(muster_file_pipe *pipe) {
    close(pipe->read_end);
    close(pipe->write_end);
    close(pipe->drain);
}

/// Moves `count` bytes out of the pipe, to the socket as far as that takes them and the others nowhere, so that the
/// pipe is empty again. Returns what the socket took; `error` is what ended that, 0 for nothing.
static size_t empty(const muster_file_pipe *pipe, size_t count, int socket, int *error) {
    size_t taken = 0;
    *error = 0;
    while (taken < count) {
        ssize_t moved = splice(pipe->read_end, NULL, socket, NULL, count - taken, SPLICE_F_NONBLOCK | SPLICE_F_MORE);
        if (moved < 0 && errno == EINTR) continue;
        if (moved <= 0) {
            *error = moved < 0 ? errno : EPIPE;
            break;
        }
        taken += (size_t)moved;
    }
    for (size_t rest = count - taken; rest > 0;) {
        ssize_t moved = splice(pipe->read_end, NULL, pipe->drain, NULL, rest, 0);
        if (moved < 0 && errno == EINTR) continue;
        if (moved <= 0) {
            *error = ENOTRECOVERABLE;
            break;
        }
        rest -= (size_t)moved;
    }
    return taken;
}

size_t muster_file_pipe_send(const muster_file_pipe *pipe, int file, uint64_t offset, size_t count, int socket,
                             int *error) {
    size_t sent = 0;
    *error = 0;
    while (sent < count && *error == 0) {
        loff_t from = (loff_t)(offset + sent);
        size_t wanted = count - sent < pipe->size ? count - sent : pipe->size;
        ssize_t loaded = splice(file, &from, pipe->write_end, NULL, wanted, 0);
        if (loaded < 0 && errno == EINTR) continue;
        if (loaded > 0)
            sent += empty(pipe, (size_t)loaded, socket, error);
        else
            *error = loaded < 0 ? errno : EIO;
    }
    return sent;
}
