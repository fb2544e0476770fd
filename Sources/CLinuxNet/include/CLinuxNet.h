// What Swift cannot say to the Linux kernel by itself: epoll, datagrams with control messages, packet sockets,
// netlink and capabilities. Every function returns -1 with errno set when it fails, unless it says otherwise; ports
// and IPv4 addresses are in host byte order on this side of the line.
#ifndef CLINUXNET_H
#define CLINUXNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// MARK: epoll and eventfd (epoll.c)

enum {
    MUSTER_READABLE = 1,
    MUSTER_WRITABLE = 2,
    /// The peer or the device reported an error; reading the descriptor tells which.
    MUSTER_TROUBLED = 4,
};

/// One descriptor that is ready, named by the token it was registered with.
typedef struct {
    uint64_t token;
    uint32_t ready;
} muster_event;

int muster_epoll_open(void);
/// Level-triggered. `interest` is a set of MUSTER_READABLE and MUSTER_WRITABLE.
int muster_epoll_add(int epoll, int descriptor, uint32_t interest, uint64_t token);
int muster_epoll_change(int epoll, int descriptor, uint32_t interest, uint64_t token);
int muster_epoll_remove(int epoll, int descriptor);
/// At most 256 events a call; `milliseconds` -1 waits for ever. A signal counts as no event.
int muster_epoll_wait(int epoll, muster_event *events, int capacity, int milliseconds);
/// A non-blocking eventfd.
int muster_wakeup_open(void);
void muster_wakeup_raise(int descriptor);
void muster_wakeup_clear(int descriptor);
/// Names the calling thread; what is longer than 15 characters is cut off.
void muster_thread_name(const char *name);

// MARK: files to sockets (filepipe.c)

/// A pipe through which pages of files reach sockets without a copy; empty between two calls, so that any number of
/// files and sockets may take turns with it.
typedef struct {
    int read_end;
    int write_end;
    /// Takes what a socket did not.
    int drain;
    /// Bytes that fit into it.
    size_t size;
} muster_file_pipe;

/// Asks the kernel for room for `size` bytes, and takes what it gives.
int muster_file_pipe_open(muster_file_pipe *pipe, size_t size);
void muster_file_pipe_close(muster_file_pipe *pipe);
/// Sends bytes of a file, at most `count` from `offset` on, until the non-blocking socket is full. Blocks for the disk
/// when they are not cached. The end of what is sent stays with the kernel for more, until TCP_CORK is taken from the
/// socket. Returns how many bytes the socket took; `error` is why they are fewer than `count`, else 0: EAGAIN when the
/// socket is full, EIO when the file ends early, ENOTRECOVERABLE when the pipe could not be emptied and has to be closed.
size_t muster_file_pipe_send(const muster_file_pipe *pipe, int file, uint64_t offset, size_t count, int socket,
                             int *error);

// MARK: UDP (datagram.c)

/// An address and a port of either family.
typedef struct {
    /// 4 or 6; 0 for "none".
    uint8_t version;
    uint16_t port;
    uint32_t scope;
    /// An IPv4 address stands in the last four, in network order.
    uint8_t address[16];
} muster_endpoint;

typedef struct {
    /// Bound to this device; empty for any.
    char device[16];
    muster_endpoint local;
    bool reuse_address;
    bool broadcast;
    /// Asks for IP_PKTINFO (or IPV6_PKTINFO) with every datagram.
    bool packet_info;
    /// Bytes; 0 leaves the kernel's default.
    int receive_buffer;
    int send_buffer;
} muster_udp_options;

/// A non-blocking, bound UDP socket. On failure `*failed` names the call that the kernel refused.
int muster_udp_open(const muster_udp_options *options, const char **failed);
int muster_udp_connect(int descriptor, const muster_endpoint *peer);
int muster_udp_local(int descriptor, muster_endpoint *local);
/// The MTU of the path to the connected peer.
int muster_udp_path_mtu(int descriptor);

/// A datagram to receive into, or to send.
typedef struct {
    uint8_t *bytes;
    /// Room in `bytes`, when receiving.
    uint32_t capacity;
    uint32_t length;
    muster_endpoint peer;
    /// Receiving: the address it was sent to. Sending: the source address, or version 0 for the route's.
    muster_endpoint local;
    /// Receiving: where it arrived. Sending: where it shall leave, or 0 for the route's.
    uint32_t device;
    /// True when the datagram was longer than `capacity`.
    bool truncated;
} muster_datagram;

enum { MUSTER_BATCH = 32 };

/// recvmmsg: the number of datagrams received, at most MUSTER_BATCH.
int muster_udp_receive(int descriptor, muster_datagram *datagrams, unsigned count);
/// sendmmsg: the number of datagrams that left, at most MUSTER_BATCH; the error is that of the one after them.
int muster_udp_send(int descriptor, const muster_datagram *datagrams, unsigned count);
/// A destination with a source, made ready once for many sends.
typedef struct {
    uint8_t peer[28];
    uint8_t control[48];
    uint8_t peer_length;
    uint8_t control_length;
} muster_route;

/// From a datagram's `peer`, `local` and `device`.
void muster_route_prepare(muster_route *route, const muster_datagram *way);
/// One buffer as datagrams of `segment` bytes, the last one perhaps shorter or empty, each behind a header of its own:
/// `headers` holds `count` of them, `header_size` bytes each. With `offload` the kernel cuts them (UDP_SEGMENT, Linux
/// 4.18) from one message, at most 64 segments and 65,507 bytes a call; without, sendmmsg sends at most MUSTER_BATCH.
/// Returns the number of datagrams that left.
int muster_udp_send_framed(
    int descriptor, const muster_route *route, const uint8_t *headers, size_t header_size, unsigned count,
    const uint8_t *bytes, size_t length, size_t segment, bool offload);
/// recvfrom of one datagram: its length, longer than `capacity` when it was cut.
ssize_t muster_udp_receive_one(int descriptor, uint8_t *bytes, size_t capacity, muster_endpoint *peer);

// MARK: Packet sockets (packet.c)

enum {
    /// Only sends.
    MUSTER_FILTER_NOTHING,
    /// IPv4 UDP datagrams to one port, not fragments.
    MUSTER_FILTER_UDP_PORT,
    MUSTER_FILTER_ARP,
    /// ICMPv6 messages of one type, without extension headers.
    MUSTER_FILTER_ICMPV6,
};

/// An AF_PACKET SOCK_DGRAM socket on one device. The filter is in place before the first packet can arrive.
/// - argument: the port or the ICMPv6 type.
int muster_packet_open(unsigned device, int filter, uint16_t argument);
/// Lets the device receive a multicast hardware address.
int muster_packet_join(int descriptor, unsigned device, const uint8_t mac[6]);
ssize_t muster_packet_send(
    int descriptor, unsigned device, uint16_t ethertype, const uint8_t mac[6], const uint8_t *bytes, size_t length);
/// One packet, from its network header on. Packets that this host sent are passed over.
/// `*checksum_pending` is true when the sender left the transport checksum to hardware that never saw the packet (veth).
ssize_t muster_packet_receive(
    int descriptor, uint8_t *bytes, size_t capacity, uint8_t mac[6], bool *checksum_pending);

// MARK: Interfaces and neighbours (interface.c)

typedef struct {
    char name[16];
    uint32_t index;
    uint32_t mtu;
    /// ARPHRD_…: 1 is Ethernet, 772 loopback.
    uint16_t hardware;
    bool up;
    /// The link is there.
    bool running;
    bool loopback;
    bool has_mac;
    uint8_t mac[6];
    /// One address of the interface, version 0 when it has none: an interface with n addresses makes n entries.
    muster_endpoint address;
    uint8_t prefix;
} muster_interface;

/// The number of entries there are, of which at most `capacity` were written.
int muster_interfaces(muster_interface *entries, int capacity);
/// A non-blocking netlink socket that becomes readable when a link or an IPv4 address changes.
int muster_interface_watch(void);
/// Reads all that has been reported; 1 when there was something, 0 when not.
int muster_interface_drain(int descriptor);
/// The hardware address that the kernel knows for an IPv4 address on a device: 1 found, 0 unknown.
int muster_neighbour(unsigned device, uint32_t address, uint8_t mac[6]);

// MARK: Privileges (privileges.c)

enum {
    MUSTER_CAP_NET_BIND_SERVICE = 10,
    MUSTER_CAP_NET_RAW = 13,
};

/// Becomes another user for good and keeps the capabilities in the mask (1 << number) as permitted, effective,
/// inheritable and ambient. Capabilities belong to threads: only to be called while there is one.
/// Returns null, or the name of the step that failed, with errno set.
const char *muster_drop_privileges(const char *user, uid_t uid, gid_t gid, uint64_t capabilities);

// MARK: Memory (memory.c)

/// Gives back to the system what the C library keeps of freed memory; does nothing where the library cannot.
void muster_trim_memory(void);

#endif
