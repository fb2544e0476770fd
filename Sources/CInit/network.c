#include <asm/byteorder.h>
#include <asm/ioctls.h>
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/if.h>
#include <linux/in.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <linux/un.h>

#include "CInit.h"
#include "call.h"

/// Of socket(2): the kernel's headers do not have them.
enum { LOCAL = 1, INTERNET = 2, STREAM = 1, DATAGRAM = 2, RAW = 3 };

static int closed(int descriptor, int result) {
    CALL(close, descriptor);
    return result;
}

static int connection(int family, int type, const void *peer, size_t size, int pending) {
    int descriptor = CALL(socket, family, type | O_CLOEXEC | O_NONBLOCK, 0);
    if (descriptor < 0) return descriptor;
    int result = CALL(connect, descriptor, peer, size);
    return result < 0 && result != pending ? closed(descriptor, result) : descriptor;
}

int sys_tcp_connect(uint32_t address, uint16_t port) {
    struct sockaddr_in peer = {
        .sin_family = INTERNET,
        .sin_port = __builtin_bswap16(port),
        .sin_addr.s_addr = __builtin_bswap32(address),
    };
    return connection(INTERNET, STREAM, &peer, sizeof peer, -EINPROGRESS);
}

int sys_socket_error(int descriptor) {
    int error = 0, size = sizeof error;
    int result = CALL(getsockopt, descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    return result < 0 ? result : -error;
}

int sys_unix_connect(const char *path) {
    struct sockaddr_un peer = {.sun_family = LOCAL};
    size_t length = 0;
    for (; path[length]; length++) {
        if (length + 1 >= sizeof peer.sun_path) return -ENAMETOOLONG;
        peer.sun_path[length] = path[length];
    }
    return connection(LOCAL, STREAM, &peer, sizeof peer, 0);
}

int sys_uevents_open(void) {
    int descriptor = CALL(socket, AF_NETLINK, RAW | O_CLOEXEC | O_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    if (descriptor < 0) return descriptor;
    struct sockaddr_nl local = {.nl_family = AF_NETLINK, .nl_groups = 1};
    // A machine with many devices says much while modules are being loaded.
    int size = 8 << 20;
    CALL(setsockopt, descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    int result = CALL(bind, descriptor, &local, sizeof local);
    return result < 0 ? closed(descriptor, result) : descriptor;
}

int sys_route_request(const void *message, size_t size) {
    int descriptor = CALL(socket, AF_NETLINK, RAW | O_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return descriptor;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int result = CALL(connect, descriptor, &kernel, sizeof kernel);
    if (result >= 0) result = CALL(write, descriptor, message, size);
    if (result < 0) return closed(descriptor, result);
    _Alignas(8) char answer[4096];
    long count = CALL(read, descriptor, answer, sizeof answer);
    CALL(close, descriptor);
    if (count < 0) return count;
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    if (count < (long)NLMSG_LENGTH(sizeof(struct nlmsgerr)) || header->nlmsg_type != NLMSG_ERROR) return -EPROTO;
    return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
}

/// One question about an interface, or one order to it.
static int ask(struct ifreq *request, const char *name, int what) {
    for (size_t i = 0; name[i]; i++) {
        if (i + 1 >= IFNAMSIZ) return -ENAMETOOLONG;
        request->ifr_name[i] = name[i];
    }
    int descriptor = CALL(socket, INTERNET, DATAGRAM | O_CLOEXEC, 0);
    return descriptor < 0 ? descriptor : closed(descriptor, CALL(ioctl, descriptor, what, request));
}

int sys_interface_index(const char *name) {
    struct ifreq request = {0};
    int result = ask(&request, name, SIOCGIFINDEX);
    return result < 0 ? result : request.ifr_ifindex;
}

int sys_interface_up(const char *name) {
    struct ifreq request = {0};
    int result = ask(&request, name, SIOCGIFFLAGS);
    if (result < 0) return result;
    request.ifr_flags |= IFF_UP;
    return ask(&request, name, SIOCSIFFLAGS);
}
