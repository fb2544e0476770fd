#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "CInit.h"

int sys_epoll_open(void) {
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    return epoll < 0 ? -errno : epoll;
}

int sys_epoll_set(int epoll, int descriptor, uint32_t interest, uint64_t token, bool is_new) {
    struct epoll_event event = {.data.u64 = token};
    if (interest & SYS_READABLE) event.events |= EPOLLIN;
    if (interest & SYS_WRITABLE) event.events |= EPOLLOUT;
    return epoll_ctl(epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event) < 0 ? -errno : 0;
}

int sys_epoll_remove(int epoll, int descriptor) {
    return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL) < 0 ? -errno : 0;
}

int sys_epoll_wait(int epoll, sys_event *events, int capacity, int milliseconds) {
    struct epoll_event ready[32];
    int count = epoll_wait(epoll, ready, capacity < 32 ? capacity : 32, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        uint32_t state = 0;
        if (ready[i].events & EPOLLIN) state |= SYS_READABLE;
        if (ready[i].events & EPOLLOUT) state |= SYS_WRITABLE;
        if (ready[i].events & (EPOLLERR | EPOLLHUP)) state |= SYS_TROUBLED;
        events[i] = (sys_event){.token = ready[i].data.u64, .ready = state};
    }
    return count;
}

int sys_signals_open(void) {
    sigset_t set;
    sigemptyset(&set);
    const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGPWR, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -errno;
    // A reader that is gone is an error of the write, not our end.
    signal(SIGPIPE, SIG_IGN);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int sys_signals_next(int descriptor) {
    struct signalfd_siginfo info;
    if (read(descriptor, &info, sizeof info) != sizeof info) return -EAGAIN;
    switch (info.ssi_signo) {
    case SIGCHLD: return SYS_SIGNAL_CHILD;
    case SIGTERM:
    case SIGINT: return SYS_SIGNAL_REBOOT;
    case SIGUSR2:
    case SIGPWR: return SYS_SIGNAL_POWEROFF;
    case SIGUSR1: return SYS_SIGNAL_HALT;
    default: return SYS_SIGNAL_OTHER;
    }
}

int64_t sys_uptime(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
