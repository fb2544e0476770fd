#include <linux/fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/route.h>
#include <linux/sockios.h>

#include "CInit.h"
#include "call.h"

/// Of socket(2): the kernel's headers do not have them.
enum { INTERNET = 2, DATAGRAM = 2, PACKET = 17 };

int sys_packets_open(int interface) {
    int protocol = __builtin_bswap16(ETH_P_IP);
    int descriptor = CALL(socket, PACKET, DATAGRAM | O_CLOEXEC | O_NONBLOCK, protocol);
    if (descriptor < 0) return descriptor;
    struct sockaddr_ll local = {.sll_family = PACKET, .sll_protocol = protocol, .sll_ifindex = interface};
    int result = CALL(bind, descriptor, &local, sizeof local);
    if (result >= 0) return descriptor;
    CALL(close, descriptor);
    return result;
}

long sys_packets_broadcast(int descriptor, int interface, const void *packet, size_t size) {
    struct sockaddr_ll everybody = {
        .sll_family = PACKET,
        .sll_protocol = __builtin_bswap16(ETH_P_IP),
        .sll_ifindex = interface,
        .sll_halen = 6,
        .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    };
    return CALL(sendto, descriptor, packet, size, 0, &everybody, sizeof everybody);
}

static void put(struct sockaddr *place, uint32_t address) {
    struct sockaddr_in internet = {.sin_family = INTERNET, .sin_addr.s_addr = __builtin_bswap32(address)};
    __builtin_memcpy(place, &internet, sizeof internet);
}

static int control(int what, void *request) {
    int descriptor = CALL(socket, INTERNET, DATAGRAM | O_CLOEXEC, 0);
    if (descriptor < 0) return descriptor;
    int result = CALL(ioctl, descriptor, what, request);
    CALL(close, descriptor);
    return result;
}

static bool named(struct ifreq *request, const char *name) {
    for (size_t i = 0; i < IFNAMSIZ; i++) {
        request->ifr_name[i] = name[i];
        if (!name[i]) return true;
    }
    return false;
}

int sys_interface_set_address(const char *name, uint32_t address, uint32_t mask) {
    struct ifreq request = {0};
    if (!named(&request, name)) return -36 /* ENAMETOOLONG */;
    put(&request.ifr_addr, address);
    int result = control(SIOCSIFADDR, &request);
    if (result < 0 || !address) return result;
    put(&request.ifr_netmask, mask);
    return control(SIOCSIFNETMASK, &request);
}

int sys_interface_address(const char *name, uint32_t *address) {
    struct ifreq request = {0};
    if (!named(&request, name)) return -36 /* ENAMETOOLONG */;
    request.ifr_addr.sa_family = INTERNET;
    int result = control(SIOCGIFADDR, &request);
    struct sockaddr_in internet;
    __builtin_memcpy(&internet, &request.ifr_addr, sizeof internet);
    *address = __builtin_bswap32(internet.sin_addr.s_addr);
    return result;
}

int sys_route_by_default(uint32_t gateway) {
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    put(&route.rt_dst, 0);
    put(&route.rt_genmask, 0);
    put(&route.rt_gateway, gateway);
    return control(SIOCADDRT, &route);
}
