#include "CLinuxNet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/// Room for IP_PKTINFO or IPV6_PKTINFO, and UDP_SEGMENT.
typedef union {
    char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
    struct cmsghdr alignment;
} control_buffer;

_Static_assert(CMSG_SPACE(sizeof(struct in6_pktinfo)) <= sizeof((muster_route *)0)->control, "a route's control data");

typedef union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address_buffer;

static socklen_t to_kernel(const muster_endpoint *endpoint, address_buffer *address) {
    if (endpoint->version == 4) {
        address->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
        memcpy(&address->v4.sin_addr, endpoint->address + 12, 4);
        return sizeof address->v4;
    }
    address->v6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port), .sin6_scope_id = endpoint->scope};
    memcpy(&address->v6.sin6_addr, endpoint->address, 16);
    return sizeof address->v6;
}

static void from_kernel(const address_buffer *address, muster_endpoint *endpoint) {
    memset(endpoint, 0, sizeof *endpoint);
    if (address->any.sa_family == AF_INET) {
        endpoint->version = 4;
        endpoint->port = ntohs(address->v4.sin_port);
        memcpy(endpoint->address + 12, &address->v4.sin_addr, 4);
    } else if (address->any.sa_family == AF_INET6) {
        endpoint->version = 6;
        endpoint->port = ntohs(address->v6.sin6_port);
        endpoint->scope = address->v6.sin6_scope_id;
        memcpy(endpoint->address, &address->v6.sin6_addr, 16);
    }
}

static int enable(int descriptor, int level, int option) {
    int on = 1;
    return setsockopt(descriptor, level, option, &on, sizeof on);
}

/// SO_…FORCE goes past net.core.…mem_max but needs CAP_NET_ADMIN; without it the kernel gives what it allows.
static void resize(int descriptor, int forced, int plain, int bytes) {
    if (bytes > 0 && setsockopt(descriptor, SOL_SOCKET, forced, &bytes, sizeof bytes) != 0)
        (void)setsockopt(descriptor, SOL_SOCKET, plain, &bytes, sizeof bytes);
}

static const char *configure(int descriptor, const muster_udp_options *options) {
    bool v6 = options->local.version == 6;
    if (v6 && enable(descriptor, IPPROTO_IPV6, IPV6_V6ONLY) != 0) return "setsockopt IPV6_V6ONLY";
    if (options->reuse_address && enable(descriptor, SOL_SOCKET, SO_REUSEADDR) != 0) return "setsockopt SO_REUSEADDR";
    if (options->broadcast && enable(descriptor, SOL_SOCKET, SO_BROADCAST) != 0) return "setsockopt SO_BROADCAST";
    if (options->packet_info
        && enable(descriptor, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO) != 0)
        return "setsockopt IP_PKTINFO";
    resize(descriptor, SO_RCVBUFFORCE, SO_RCVBUF, options->receive_buffer);
    resize(descriptor, SO_SNDBUFFORCE, SO_SNDBUF, options->send_buffer);
    size_t name = strnlen(options->device, sizeof options->device);
    if (name > 0 && setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, options->device, (socklen_t)name) != 0)
        return "setsockopt SO_BINDTODEVICE";
    address_buffer address;
    socklen_t length = to_kernel(&options->local, &address);
    return bind(descriptor, &address.any, length) == 0 ? NULL : "bind";
}

int muster_udp_open(const muster_udp_options *options, const char **failed) {
    int family = options->local.version == 6 ? AF_INET6 : AF_INET;
    int descriptor = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *failed = descriptor < 0 ? "socket" : configure(descriptor, options);
    if (*failed == NULL) return descriptor;
    int reason = errno;
    if (descriptor >= 0) close(descriptor);
    errno = reason;
    return -1;
}

int muster_udp_connect(int descriptor, const muster_endpoint *peer) {
    address_buffer address;
    socklen_t length = to_kernel(peer, &address);
    return connect(descriptor, &address.any, length);
}

int muster_udp_local(int descriptor, muster_endpoint *local) {
    address_buffer address;
    socklen_t length = sizeof address;
    if (getsockname(descriptor, &address.any, &length) != 0) return -1;
    from_kernel(&address, local);
    return 0;
}

int muster_udp_path_mtu(int descriptor) {
    int mtu = 0;
    socklen_t length = sizeof mtu;
    if (getsockopt(descriptor, IPPROTO_IP, IP_MTU, &mtu, &length) == 0) return mtu;
    length = sizeof mtu;
    return getsockopt(descriptor, IPPROTO_IPV6, IPV6_MTU, &mtu, &length) == 0 ? mtu : -1;
}

static void read_control(struct msghdr *message, muster_datagram *datagram) {
    memset(&datagram->local, 0, sizeof datagram->local);
    datagram->device = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            datagram->local.version = 4;
            memcpy(datagram->local.address + 12, &info.ipi_addr, 4);
            datagram->device = (uint32_t)info.ipi_ifindex;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            datagram->local.version = 6;
            datagram->local.scope = info.ipi6_ifindex;
            memcpy(datagram->local.address, &info.ipi6_addr, 16);
            datagram->device = info.ipi6_ifindex;
        }
    }
}

int muster_udp_receive(int descriptor, muster_datagram *datagrams, unsigned count) {
    struct mmsghdr messages[MUSTER_BATCH];
    struct iovec vectors[MUSTER_BATCH];
    address_buffer peers[MUSTER_BATCH];
    control_buffer controls[MUSTER_BATCH];
    if (count > MUSTER_BATCH) count = MUSTER_BATCH;
    for (unsigned i = 0; i < count; i++) {
        vectors[i] = (struct iovec){.iov_base = datagrams[i].bytes, .iov_len = datagrams[i].capacity};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &vectors[i], .msg_iovlen = 1,
            .msg_control = &controls[i], .msg_controllen = sizeof controls[i]};
    }
    int received = recvmmsg(descriptor, messages, count, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++) {
        datagrams[i].length = messages[i].msg_len;
        datagrams[i].truncated = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
        from_kernel(&peers[i], &datagrams[i].peer);
        read_control(&messages[i].msg_hdr, &datagrams[i]);
    }
    return received;
}

static void *append(struct msghdr *message, control_buffer *control, int level, int type, size_t size) {
    struct cmsghdr *c = (struct cmsghdr *)(control->bytes + message->msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(size);
    message->msg_control = control;
    message->msg_controllen += CMSG_SPACE(size);
    return CMSG_DATA(c);
}

/// Destination, source address and outgoing device of one message.
static void write_route(
    const muster_datagram *route, struct msghdr *message, address_buffer *peer, control_buffer *control) {
    if (route->peer.version != 0) {
        message->msg_name = peer;
        message->msg_namelen = to_kernel(&route->peer, peer);
    }
    if (route->local.version == 0 && route->device == 0) return;
    memset(control, 0, sizeof *control);
    if (route->peer.version == 6) {
        struct in6_pktinfo info = {.ipi6_ifindex = route->device};
        if (route->local.version == 6) memcpy(&info.ipi6_addr, route->local.address, 16);
        memcpy(append(message, control, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), &info, sizeof info);
    } else {
        struct in_pktinfo info = {.ipi_ifindex = (int)route->device};
        if (route->local.version == 4) memcpy(&info.ipi_spec_dst, route->local.address + 12, 4);
        memcpy(append(message, control, IPPROTO_IP, IP_PKTINFO, sizeof info), &info, sizeof info);
    }
}

int muster_udp_send(int descriptor, const muster_datagram *datagrams, unsigned count) {
    struct mmsghdr messages[MUSTER_BATCH];
    struct iovec vectors[MUSTER_BATCH];
    address_buffer peers[MUSTER_BATCH];
    control_buffer controls[MUSTER_BATCH];
    if (count > MUSTER_BATCH) count = MUSTER_BATCH;
    for (unsigned i = 0; i < count; i++) {
        vectors[i] = (struct iovec){.iov_base = datagrams[i].bytes, .iov_len = datagrams[i].length};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
        write_route(&datagrams[i], &messages[i].msg_hdr, &peers[i], &controls[i]);
    }
    return sendmmsg(descriptor, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void muster_route_prepare(muster_route *route, const muster_datagram *way) {
    struct msghdr message = {0};
    address_buffer peer;
    control_buffer control;
    memset(route, 0, sizeof *route);
    write_route(way, &message, &peer, &control);
    route->peer_length = (uint8_t)message.msg_namelen;
    route->control_length = (uint8_t)message.msg_controllen;
    memcpy(route->peer, &peer, message.msg_namelen);
    memcpy(route->control, &control, message.msg_controllen);
}

enum { SEGMENTS = 64, UDP_PAYLOAD = 65507 };

/// One message that the kernel cuts into `count` datagrams of `segment` bytes.
static int send_offloaded(
    int descriptor, const muster_route *route, struct iovec *vectors, unsigned count, size_t segment) {
    control_buffer control;
    memcpy(&control, route->control, sizeof route->control);
    struct msghdr message = {
        .msg_name = (void *)route->peer, .msg_namelen = route->peer_length, .msg_iov = vectors,
        .msg_iovlen = 2 * count, .msg_controllen = route->control_length};
    uint16_t size = (uint16_t)segment;
    memcpy(append(&message, &control, IPPROTO_UDP, UDP_SEGMENT, sizeof size), &size, sizeof size);
    return sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : (int)count;
}

/// One message for each pair of vectors.
static int send_each(int descriptor, const muster_route *route, struct iovec *vectors, unsigned count) {
    struct mmsghdr messages[MUSTER_BATCH];
    for (unsigned i = 0; i < count; i++) {
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = (void *)route->peer, .msg_namelen = route->peer_length, .msg_iov = vectors + 2 * i,
            .msg_iovlen = 2, .msg_controllen = route->control_length,
            .msg_control = route->control_length > 0 ? (void *)route->control : NULL};
    }
    if (count > 1) return sendmmsg(descriptor, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sendmsg(descriptor, &messages[0].msg_hdr, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 1;
}

int muster_udp_send_framed(
    int descriptor, const muster_route *route, const uint8_t *headers, size_t header_size, unsigned count,
    const uint8_t *bytes, size_t length, size_t segment, bool offload) {
    struct iovec vectors[2 * SEGMENTS];
    size_t limit = offload ? UDP_PAYLOAD / (header_size + segment) : MUSTER_BATCH;
    if (offload && limit > SEGMENTS) limit = SEGMENTS;
    if (count > limit) count = (unsigned)limit;
    for (unsigned i = 0; i < count; i++) {
        size_t offset = i * segment;
        size_t size = offset >= length ? 0 : length - offset < segment ? length - offset : segment;
        vectors[2 * i] = (struct iovec){.iov_base = (void *)(headers + i * header_size), .iov_len = header_size};
        vectors[2 * i + 1] = (struct iovec){.iov_base = (void *)(bytes + (size > 0 ? offset : 0)), .iov_len = size};
    }
    return offload && count > 1 ? send_offloaded(descriptor, route, vectors, count, header_size + segment)
                                : send_each(descriptor, route, vectors, count);
}

ssize_t muster_udp_receive_one(int descriptor, uint8_t *bytes, size_t capacity, muster_endpoint *peer) {
    address_buffer address;
    socklen_t size = sizeof address;
    ssize_t length = recvfrom(descriptor, bytes, capacity, MSG_DONTWAIT | MSG_TRUNC, &address.any, &size);
    if (length >= 0) from_kernel(&address, peer);
    return length;
}
