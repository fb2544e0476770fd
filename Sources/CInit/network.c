#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "CInit.h"

/// Closes and names the error.
static int refuse(int descriptor) {
    int error = errno;
    if (descriptor >= 0) close(descriptor);
    return -error;
}

int sys_tcp_connect(uint32_t address, uint16_t port) {
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return refuse(descriptor);
    struct sockaddr_in peer = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    if (connect(descriptor, (struct sockaddr *)&peer, sizeof peer) < 0 && errno != EINPROGRESS) return refuse(descriptor);
    return descriptor;
}

int sys_socket_error(int descriptor) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return -errno;
    return -error;
}

int sys_unix_connect(const char *path) {
    struct sockaddr_un peer = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof peer.sun_path) return -ENAMETOOLONG;
    strcpy(peer.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&peer, sizeof peer) < 0) return refuse(descriptor);
    return descriptor;
}

int sys_uevents_open(void) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    struct sockaddr_nl local = {.nl_family = AF_NETLINK, .nl_groups = 1};
    // A machine with many devices says much while modules are being loaded.
    int size = 8 << 20;
    if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&local, sizeof local) < 0) return refuse(descriptor);
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    return descriptor;
}

int sys_route_request(const void *message, size_t size) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return -errno;
    char answer[4096] __attribute__((aligned(8)));
    if (send(descriptor, message, size, 0) < 0) return refuse(descriptor);
    ssize_t count = recv(descriptor, answer, sizeof answer, 0);
    if (count < 0) return refuse(descriptor);
    close(descriptor);
    struct nlmsghdr *header = (struct nlmsghdr *)answer;
    if (!NLMSG_OK(header, (size_t)count) || header->nlmsg_type != NLMSG_ERROR) return -EPROTO;
    return ((struct nlmsgerr *)NLMSG_DATA(header))->error;
}

int sys_interface_index(const char *name) {
    unsigned index = if_nametoindex(name);
    return index == 0 ? -errno : (int)index;
}

int sys_interface_up(const char *name) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (descriptor < 0 || ioctl(descriptor, SIOCGIFFLAGS, &request) < 0) return refuse(descriptor);
    request.ifr_flags |= IFF_UP;
    if (ioctl(descriptor, SIOCSIFFLAGS, &request) < 0) return refuse(descriptor);
    close(descriptor);
    return 0;
}
