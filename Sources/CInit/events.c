#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/eventpoll.h>
#include <linux/fcntl.h>
#include <linux/signalfd.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "CInit.h"
#include "call.h"

int sys_epoll_open(void) { return CALL(epoll_create1, EPOLL_CLOEXEC); }

int sys_epoll_set(int epoll, int descriptor, uint32_t interest, uint64_t token, bool is_new) {
    struct epoll_event event = {.events = 0, .data = token};
    if (interest & SYS_READABLE) event.events |= EPOLLIN;
    if (interest & SYS_WRITABLE) event.events |= EPOLLOUT;
    return CALL(epoll_ctl, epoll, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event);
}

int sys_epoll_remove(int epoll, int descriptor) { return CALL(epoll_ctl, epoll, EPOLL_CTL_DEL, descriptor, NULL); }

int sys_epoll_wait(int epoll, sys_event *events, int capacity, int milliseconds) {
    struct epoll_event ready[32];
    int count = CALL(epoll_pwait, epoll, ready, capacity < 32 ? capacity : 32, milliseconds, NULL);
    if (count < 0) return count == -EINTR ? 0 : count;
    for (int i = 0; i < count; i++) {
        uint32_t state = 0;
        if (ready[i].events & EPOLLIN) state |= SYS_READABLE;
        if (ready[i].events & EPOLLOUT) state |= SYS_WRITABLE;
        if (ready[i].events & (EPOLLERR | EPOLLHUP)) state |= SYS_TROUBLED;
        events[i] = (sys_event){.token = ready[i].data, .ready = state};
    }
    return count;
}

int sys_signals_open(void) {
    const int numbers[] = {SIGCHLD, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGPWR, SIGHUP, SIGPIPE};
    uint64_t set = 0;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) set |= 1ull << (numbers[i] - 1);
    int result = CALL(rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof set);
    return result < 0 ? result : (int)CALL(signalfd4, -1, &set, sizeof set, O_CLOEXEC | O_NONBLOCK);
}

int sys_signals_next(int descriptor) {
    struct signalfd_siginfo info;
    if (CALL(read, descriptor, &info, sizeof info) != sizeof info) return -EAGAIN;
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
    struct __kernel_timespec now;
    CALL(clock_gettime, CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
