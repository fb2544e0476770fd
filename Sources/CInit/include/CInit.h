// The system calls of the program that runs inside our images, straight to the kernel. There is no C library in it: glibc
// alone is 680 kB in a static program, and all that Embedded Swift asks of one is in Sources/Init/Program. What differs
// between architectures is said in our own words here and translated in the .c files.
//
// Every function that can fail returns a negative error number (-ENOENT …), as the kernel does.
#ifndef CINIT_H
#define CINIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Files (files.c)

enum {
    SYS_OPEN_READ = 1,
    SYS_OPEN_WRITE = 2,
    /// Makes the file (0600) when it is missing, and empties it.
    SYS_OPEN_CREATE = 4,
    SYS_OPEN_APPEND = 8,
    SYS_OPEN_NONBLOCKING = 16,
    /// Does not become the controlling terminal.
    SYS_OPEN_TERMINAL = 32,
};

enum { SYS_TYPE_OTHER, SYS_TYPE_FILE, SYS_TYPE_DIRECTORY, SYS_TYPE_LINK };

/// All descriptors are closed by exec.
int sys_open(const char *path, uint32_t how);
long sys_read(int descriptor, void *buffer, size_t size);
long sys_write(int descriptor, const void *bytes, size_t size);
int sys_close(int descriptor);
/// `descriptor` under the number of `other` as well, across exec.
int sys_replace(int descriptor, int other);
/// SYS_TYPE_…; `follow` looks at what a link leads to.
int sys_type(const char *path, bool follow);
typedef struct {
    /// SYS_TYPE_…, of what is there, not of what a link leads to.
    int type;
    /// Permissions, with set-user-ID and the like.
    uint32_t mode;
    uint32_t owner;
    uint32_t group;
} sys_status;

int sys_look(const char *path, sys_status *status);
/// Of the name itself, if it is a link.
int sys_chown(const char *path, uint32_t owner, uint32_t group);
int sys_mkdir(const char *path, uint32_t mode);
int sys_chmod(const char *path, uint32_t mode);
int sys_unlink(const char *path);
int sys_remove_directory(const char *path);
int sys_symlink(const char *target, const char *path);
/// The number of bytes of the target, which is cut off at `size`.
long sys_readlink(const char *path, char *buffer, size_t size);
/// A pipe with a name.
int sys_make_pipe(const char *path, uint32_t mode);
/// A file that has no place in any file system, and takes memory.
int sys_memory_file(const char *name);
/// A file in memory that nobody changes any more, nor its size.
int sys_seal(int file);
/// At most `size` bytes from where one file stands to where the other does: how many, 0 at the end.
long sys_copy(int from, int to, size_t size);
int sys_set_attribute(const char *path, const char *name, const void *value, size_t size);
int sys_directory_open(const char *path);
/// Entries as getdents64(2) has them: inode 8, offset 8, length 2, type 1, name with a NUL; 0 at the end.
long sys_directory_read(int descriptor, void *buffer, size_t size);

// MARK: Mounts (mounts.c)

/// mount(2)'s flags, which are the same everywhere.
enum {
    SYS_MOUNT_READONLY = 1,
    SYS_MOUNT_NOSUID = 2,
    SYS_MOUNT_NODEV = 4,
    SYS_MOUNT_NOEXEC = 8,
    SYS_MOUNT_SYNCHRONOUS = 16,
    SYS_MOUNT_REMOUNT = 32,
    SYS_MOUNT_MANDLOCK = 64,
    SYS_MOUNT_DIRSYNC = 128,
    SYS_MOUNT_NOATIME = 1024,
    SYS_MOUNT_NODIRATIME = 2048,
    SYS_MOUNT_BIND = 4096,
    SYS_MOUNT_MOVE = 8192,
    SYS_MOUNT_RECURSIVE = 16384,
    SYS_MOUNT_UNBINDABLE = 1 << 17,
    SYS_MOUNT_PRIVATE = 1 << 18,
    SYS_MOUNT_SLAVE = 1 << 19,
    SYS_MOUNT_SHARED = 1 << 20,
    SYS_MOUNT_RELATIME = 1 << 21,
    SYS_MOUNT_STRICTATIME = 1 << 24,
};

int sys_mount(const char *source, const char *target, const char *type, uint32_t flags, const char *data);
/// `lazy`: at once for names, when nobody uses it any more for the rest.
int sys_unmount(const char *target, bool lazy);
int sys_chroot(const char *path);
int sys_chdir(const char *path);

// MARK: Processes (processes.c)

typedef struct {
    /// `count` texts, each with a NUL at its end, one after the other.
    const char *texts;
    int count;
} sys_texts;

int sys_own_process(void);
/// Starts `arguments[0]` in a session of its own, without any signal blocked, at `/`; `input`, `output` and `errors` become
/// 0, 1 and 2. What keeps the program from being executed is the result.
int sys_spawn(sys_texts arguments, sys_texts environment, int input, int output, int errors);
/// One process that has ended: its number; 0 when none has, -ECHILD when there is none at all. `*status` is its exit status, or 128 + the signal.
int sys_reap(int *status);
int sys_kill(int process, int signal);
/// Readable when the process has ended, whosever child it is.
int sys_process_descriptor(int process);
/// Reading, `ends[0]`, never blocks; writing does, as programs expect.
int sys_pipe(int ends[2]);

// MARK: Events (events.c)

enum { SYS_READABLE = 1, SYS_WRITABLE = 2, SYS_TROUBLED = 4 };

typedef struct {
    uint64_t token;
    uint32_t ready;
} sys_event;

enum { SYS_SIGNAL_CHILD, SYS_SIGNAL_REBOOT, SYS_SIGNAL_POWEROFF, SYS_SIGNAL_HALT, SYS_SIGNAL_OTHER };

int sys_epoll_open(void);
int sys_epoll_set(int epoll, int descriptor, uint32_t interest, uint64_t token, bool is_new);
int sys_epoll_remove(int epoll, int descriptor);
int sys_epoll_wait(int epoll, sys_event *events, int capacity, int milliseconds);
/// Blocks the signals that are meant for a first process and reads them here: children, Ctrl-Alt-Del and what `reboot`,
/// `poweroff` and `halt` of busybox and sysvinit send.
int sys_signals_open(void);
/// SYS_SIGNAL_…, or -EAGAIN.
int sys_signals_next(int descriptor);
/// Milliseconds since the machine was started, time asleep included.
int64_t sys_uptime(void);

// MARK: Network (network.c)

/// A non-blocking TCP connection under way to an IPv4 address in host byte order.
int sys_tcp_connect(uint32_t address, uint16_t port);
/// Why the connection failed; 0 when it did not.
int sys_socket_error(int descriptor);
/// Connects at once or fails.
int sys_unix_connect(const char *path);
/// What the kernel says about devices.
int sys_uevents_open(void);
/// One request to rtnetlink and its answer. 0 or the error that the kernel named.
int sys_route_request(const void *message, size_t size);
/// The interface's number.
int sys_interface_index(const char *name);
int sys_interface_up(const char *name);

// MARK: Raw packets and addresses (packets.c)

/// Non-blocking; gives and takes IPv4 packets of one interface, without their link's header.
int sys_packets_open(int interface);
/// To everybody on the link.
long sys_packets_broadcast(int descriptor, int interface, const void *packet, size_t size);
/// The interface's only IPv4 address, in host byte order as its mask is; 0 takes it away.
int sys_interface_set_address(const char *name, uint32_t address, uint32_t mask);
/// -EADDRNOTAVAIL when it has none.
int sys_interface_address(const char *name, uint32_t *address);
int sys_route_by_default(uint32_t gateway);

// MARK: Block devices (devices.c)

/// Makes an open file a read-only block device, `/dev/loop<result>`.
int sys_loop_attach(int file);
/// Makes `/dev/dm-<result>`, read-only, of dm-verity's table for that many sectors of 512 bytes.
int sys_verity_open(const char *name, uint64_t sectors, const char *table);

// MARK: The machine (machine.c)

enum { SYS_RESTART, SYS_POWEROFF, SYS_HALT, SYS_KEXEC };

/// What the error number means, in English; NULL for rare ones.
const char *sys_error_text(int error);
int sys_load_module(int descriptor, const char *parameters, bool is_compressed);
int sys_set_host_name(const char *name, size_t size);
/// The kernel's release.
void sys_release(char buffer[65]);
/// Open files for everything that is started from now on; processes without a limit.
int sys_raise_limits(uint64_t files);
/// Of messages that the kernel writes to its console: those below `level`.
int sys_console_level(int level);
/// Ctrl-Alt-Del becomes a signal for the first process.
int sys_catch_ctrl_alt_del(void);
int sys_watchdog_timeout(int descriptor, int seconds);
/// The hardware's clock becomes the system's; -ENODEV without one.
int sys_clock_from_hardware(const char *device);
int64_t sys_seconds_since_1970(void);
void sys_random(void *buffer, size_t size);
void sys_sync(void);
/// Takes what SYS_KEXEC starts from files; `initrd` is -1 for none.
int sys_load_kernel(int kernel, int initrd, const char *command_line);
/// Returns only when it fails.
int sys_reboot(int how);

#endif
