#include "CLinuxNet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPT = 0x40000, DROP = 0 };

// Offsets count from the network header, because the sockets are SOCK_DGRAM.

static int attach(int descriptor, struct sock_filter *code, unsigned short count) {
    struct sock_fprog program = {.len = count, .filter = code};
    return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int filter_udp(int descriptor, uint16_t port) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),                    // protocol
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 6),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),                    // flags and fragment offset
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 4, 0),       // more fragments, or not the first
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),                   // header length
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),                    // destination port
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, ACCEPT),
        BPF_STMT(BPF_RET | BPF_K, DROP),
    };
    return attach(descriptor, code, sizeof code / sizeof *code);
}

static int filter_icmpv6(int descriptor, uint16_t type) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 6),                    // next header
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 40),                   // ICMPv6 type
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, type, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, ACCEPT),
        BPF_STMT(BPF_RET | BPF_K, DROP),
    };
    return attach(descriptor, code, sizeof code / sizeof *code);
}

static int prepare(int descriptor, unsigned device, int filter, uint16_t argument) {
    uint16_t protocol = 0;
    int result = 0;
    switch (filter) {
    case MUSTER_FILTER_UDP_PORT: protocol = ETH_P_IP; result = filter_udp(descriptor, argument); break;
    case MUSTER_FILTER_ICMPV6: protocol = ETH_P_IPV6; result = filter_icmpv6(descriptor, argument); break;
    case MUSTER_FILTER_ARP: protocol = ETH_P_ARP; break;
    default: break;
    }
    if (result != 0) return result;
    int on = 1;
    if (protocol != 0 && setsockopt(descriptor, SOL_PACKET, PACKET_AUXDATA, &on, sizeof on) != 0) return -1;
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(protocol), .sll_ifindex = (int)device};
    return bind(descriptor, (struct sockaddr *)&address, sizeof address);
}

int muster_packet_open(unsigned device, int filter, uint16_t argument) {
    // Protocol 0 receives nothing until bind() names one, so no packet passes before the filter is attached.
    int descriptor = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || prepare(descriptor, device, filter, argument) == 0) return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

int muster_packet_join(int descriptor, unsigned device, const uint8_t mac[6]) {
    struct packet_mreq request = {.mr_ifindex = (int)device, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};
    memcpy(request.mr_address, mac, 6);
    return setsockopt(descriptor, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request);
}

ssize_t muster_packet_send(
    int descriptor, unsigned device, uint16_t ethertype, const uint8_t mac[6], const uint8_t *bytes, size_t length) {
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ethertype), .sll_ifindex = (int)device, .sll_halen = 6};
    memcpy(address.sll_addr, mac, 6);
    return sendto(
        descriptor, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof address);
}

ssize_t muster_packet_receive(
    int descriptor, uint8_t *bytes, size_t capacity, uint8_t mac[6], bool *checksum_pending) {
    for (;;) {
        struct sockaddr_ll address;
        union {
            char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
            struct cmsghdr alignment;
        } control;
        struct iovec vector = {.iov_base = bytes, .iov_len = capacity};
        struct msghdr message = {
            .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &vector, .msg_iovlen = 1,
            .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t length = recvmsg(descriptor, &message, MSG_DONTWAIT);
        if (length < 0) return -1;
        if (address.sll_pkttype == PACKET_OUTGOING) continue;
        memcpy(mac, address.sll_addr, 6);
        *checksum_pending = false;
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
            if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA) continue;
            struct tpacket_auxdata data;
            memcpy(&data, CMSG_DATA(c), sizeof data);
            *checksum_pending = (data.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
        }
        return length;
    }
}
