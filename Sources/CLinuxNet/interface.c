#include "CLinuxNet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void describe_link(int descriptor, const struct ifaddrs *item, muster_interface *entry) {
    memset(entry, 0, sizeof *entry);
    strncpy(entry->name, item->ifa_name, sizeof entry->name - 1);
    entry->index = if_nametoindex(item->ifa_name);
    entry->up = (item->ifa_flags & IFF_UP) != 0;
    entry->running = (item->ifa_flags & IFF_RUNNING) != 0;
    entry->loopback = (item->ifa_flags & IFF_LOOPBACK) != 0;
    struct ifreq request = {0};
    strncpy(request.ifr_name, item->ifa_name, sizeof request.ifr_name - 1);
    if (ioctl(descriptor, SIOCGIFMTU, &request) == 0) entry->mtu = (uint32_t)request.ifr_mtu;
    if (ioctl(descriptor, SIOCGIFHWADDR, &request) != 0) return;
    entry->hardware = request.ifr_hwaddr.sa_family;
    entry->has_mac = entry->hardware == 1;
    if (entry->has_mac) memcpy(entry->mac, request.ifr_hwaddr.sa_data, 6);
}

static uint8_t prefix_length(const uint8_t *mask, size_t length) {
    uint8_t bits = 0;
    for (size_t i = 0; i < length; i++) bits += (uint8_t)__builtin_popcount(mask[i]);
    return bits;
}

static void describe_address(const struct ifaddrs *item, muster_interface *entry) {
    if (item->ifa_addr->sa_family == AF_INET) {
        entry->address.version = 4;
        memcpy(entry->address.address + 12, &((struct sockaddr_in *)item->ifa_addr)->sin_addr, 4);
        if (item->ifa_netmask != NULL)
            entry->prefix = prefix_length((uint8_t *)&((struct sockaddr_in *)item->ifa_netmask)->sin_addr, 4);
    } else {
        entry->address.version = 6;
        entry->address.scope = ((struct sockaddr_in6 *)item->ifa_addr)->sin6_scope_id;
        memcpy(entry->address.address, &((struct sockaddr_in6 *)item->ifa_addr)->sin6_addr, 16);
        if (item->ifa_netmask != NULL)
            entry->prefix = prefix_length((uint8_t *)&((struct sockaddr_in6 *)item->ifa_netmask)->sin6_addr, 16);
    }
}

int muster_interfaces(muster_interface *entries, int capacity) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct ifaddrs *list = NULL;
    int count = getifaddrs(&list) == 0 ? 0 : -1;
    int reason = errno;
    for (struct ifaddrs *item = list; item != NULL && count >= 0; item = item->ifa_next) {
        if (item->ifa_addr == NULL) continue;
        int family = item->ifa_addr->sa_family;
        if (family != AF_PACKET && family != AF_INET && family != AF_INET6) continue;
        if (count < capacity) {
            describe_link(descriptor, item, &entries[count]);
            if (family != AF_PACKET) describe_address(item, &entries[count]);
        }
        count++;
    }
    if (list != NULL) freeifaddrs(list);
    close(descriptor);
    errno = reason;
    return count;
}

int muster_interface_watch(void) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (descriptor < 0) return -1;
    struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR};
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

int muster_interface_drain(int descriptor) {
    char buffer[8192];
    int seen = 0;
    for (;;) {
        ssize_t length = recv(descriptor, buffer, sizeof buffer, MSG_DONTWAIT);
        // ENOBUFS: reports were lost, which is a reason to look again like any other.
        if (length > 0 || (length < 0 && errno == ENOBUFS)) seen = 1;
        else if (length < 0 && errno == EINTR) continue;
        else return seen;
    }
}

/// NUD_INCOMPLETE and NUD_FAILED say that nobody answered.
static bool is_known(uint16_t state) {
    return (state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) != 0;
}

static int read_neighbour(struct nlmsghdr *header, ssize_t length, uint8_t mac[6]) {
    if (!NLMSG_OK(header, (unsigned)length) || header->nlmsg_type != RTM_NEWNEIGH) return 0;
    struct ndmsg *neighbour = NLMSG_DATA(header);
    if (!is_known(neighbour->ndm_state)) return 0;
    int remaining = (int)NLMSG_PAYLOAD(header, sizeof *neighbour);
    struct rtattr *attribute = (struct rtattr *)((char *)neighbour + NLMSG_ALIGN(sizeof *neighbour));
    for (; RTA_OK(attribute, remaining); attribute = RTA_NEXT(attribute, remaining)) {
        if (attribute->rta_type != NDA_LLADDR || RTA_PAYLOAD(attribute) != 6) continue;
        memcpy(mac, RTA_DATA(attribute), 6);
        return 1;
    }
    return 0;
}

int muster_neighbour(unsigned device, uint32_t address, uint8_t mac[6]) {
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return -1;
    struct timeval limit = {.tv_usec = 200000};
    (void)setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    struct {
        struct nlmsghdr header;
        struct ndmsg neighbour;
        struct rtattr attribute;
        uint32_t destination;
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETNEIGH, .nlmsg_flags = NLM_F_REQUEST},
        .neighbour = {.ndm_family = AF_INET, .ndm_ifindex = (int)device},
        .attribute = {.rta_len = RTA_LENGTH(4), .rta_type = NDA_DST},
        .destination = htonl(address),
    };
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } reply;
    int result = -1;
    if (send(descriptor, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        ssize_t length = recv(descriptor, &reply, sizeof reply, 0);
        if (length >= 0) result = read_neighbour(&reply.header, length, mac);
    }
    int reason = errno;
    close(descriptor);
    errno = reason;
    return result;
}
