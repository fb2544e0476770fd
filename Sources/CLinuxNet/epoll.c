#include "CLinuxNet.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

static int control(int epoll, int operation, int descriptor, uint32_t interest, uint64_t token) {
    struct epoll_event event = {.data.u64 = token};
    if (interest & MUSTER_READABLE) event.events |= EPOLLIN;
    if (interest & MUSTER_WRITABLE) event.events |= EPOLLOUT;
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int muster_epoll_open(void) { return epoll_create1(EPOLL_CLOEXEC); }

int muster_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, interest, token);
}

int muster_epoll_change(int epoll, int descriptor, uint32_t interest, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, interest, token);
}

int muster_epoll_remove(int epoll, int descriptor) { return control(epoll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int muster_epoll_wait(int epoll, muster_event *events, int capacity, int milliseconds) {
    struct epoll_event ready[256];
    int count = epoll_wait(epoll, ready, capacity < 256 ? capacity : 256, milliseconds);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int i = 0; i < count; i++) {
        uint32_t state = 0;
        if (ready[i].events & EPOLLIN) state |= MUSTER_READABLE;
        if (ready[i].events & EPOLLOUT) state |= MUSTER_WRITABLE;
        if (ready[i].events & (EPOLLERR | EPOLLHUP)) state |= MUSTER_TROUBLED;
        events[i] = (muster_event){.token = ready[i].data.u64, .ready = state};
    }
    return count;
}

int muster_wakeup_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void muster_wakeup_raise(int descriptor) { (void)eventfd_write(descriptor, 1); }

void muster_wakeup_clear(int descriptor) {
    eventfd_t value;
    (void)eventfd_read(descriptor, &value);
}

void muster_thread_name(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }
