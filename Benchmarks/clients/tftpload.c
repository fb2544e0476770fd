/* tftpload: many TFTP clients in one thread, reading one file again and again.
 *
 * RFC 1350 with the options of RFC 2348 (blksize) and RFC 7440 (windowsize); a server that does not answer an option
 * is spoken to without it. One epoll loop, received in batches, so that the client costs little beside the server.
 * Prints one line of JSON; the exit status is 1 when any transfer failed.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"

enum { BATCH = 64, LARGEST_PACKET = 65536, RECEIVE_BUFFER = 4 << 20 };
enum { DATA = 3, ACKNOWLEDGEMENT = 4, ERROR = 5, OPTIONS = 6 };

/* Seconds without a packet after which the last one that we sent is sent again. */
static const double RETRY_AFTER = 1.0;

struct load {
    struct sockaddr_in server;
    const char *file;
    uint64_t clients, repeat, blksize, windowsize, size;
    double limit;
    bool verify;
};

struct session {
    int descriptor;
    bool connected;      /* the server's port of this transfer is known */
    bool gap_reported;   /* a gap was acknowledged; what follows of the old window is ignored */
    uint64_t next_block; /* the block that would continue the file, counted without wrapping */
    uint64_t offset;     /* bytes of the file that arrived in order */
    uint64_t blksize, windowsize, in_window;
    uint64_t left; /* transfers still to begin after this one */
    double last_heard;
};

struct outcome {
    uint64_t finished, failed, bytes, retransmissions, out_of_order;
    uint64_t blksize, windowsize;
};

static struct load load = {.clients = 1, .repeat = 1, .blksize = 512, .windowsize = 1, .limit = 60};
static struct outcome outcome;
static int poller;

static size_t append(uint8_t *packet, size_t at, const char *text) {
    size_t length = strlen(text) + 1;
    memcpy(packet + at, text, length);
    return at + length;
}

static size_t append_option(uint8_t *packet, size_t at, const char *name, uint64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    return append(packet, append(packet, at, name), digits);
}

static void send_request(struct session *session) {
    uint8_t packet[1024] = {0, 1};
    size_t length = append(packet, append(packet, 2, load.file), "octet");
    length = append_option(packet, length, "tsize", 0);
    length = append_option(packet, length, "blksize", load.blksize);
    if (load.windowsize > 1)
        length = append_option(packet, length, "windowsize", load.windowsize);
    sendto(session->descriptor, packet, length, 0, (struct sockaddr *)&load.server, sizeof load.server);
    session->last_heard = now_seconds();
}

static void acknowledge(struct session *session) {
    uint16_t block = (uint16_t)(session->next_block - 1);
    uint8_t packet[4] = {0, ACKNOWLEDGEMENT, (uint8_t)(block >> 8), (uint8_t)block};
    send(session->descriptor, packet, sizeof packet, 0);
    session->in_window = 0;
}

static void begin(struct session *session) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        fail(true, "opening a socket");
    int buffer = RECEIVE_BUFFER;
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    *session = (struct session){
        .descriptor = descriptor, .next_block = 1, .blksize = 512, .windowsize = 1, .left = session->left - 1};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = session};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event) != 0)
        fail(true, "watching a socket");
    send_request(session);
}

/* Ends this transfer and begins the session's next one, if it has any left. */
static void end(struct session *session, bool succeeded) {
    succeeded ? outcome.finished++ : outcome.failed++;
    close(session->descriptor);
    session->descriptor = -1;
    if (session->left > 0 && succeeded)
        begin(session);
}

static void agree_on_options(struct session *session, const uint8_t *packet, size_t length) {
    const char *cursor = (const char *)packet + 2, *stop = (const char *)packet + length;
    while (cursor < stop) {
        const char *name = cursor;
        cursor += strnlen(cursor, (size_t)(stop - cursor)) + 1;
        if (cursor >= stop)
            break;
        uint64_t value = strtoull(cursor, NULL, 10);
        cursor += strnlen(cursor, (size_t)(stop - cursor)) + 1;
        if (strcasecmp(name, "blksize") == 0)
            session->blksize = value;
        if (strcasecmp(name, "windowsize") == 0)
            session->windowsize = value;
        if (strcasecmp(name, "tsize") == 0 && load.size > 0 && value != load.size)
            fail(false, "tsize is %llu, the file has %llu bytes", (unsigned long long)value,
                 (unsigned long long)load.size);
    }
    acknowledge(session);
}

/* Takes one DATA packet; false when its transfer is over. */
static bool take_data(struct session *session, const uint8_t *packet, size_t length) {
    uint16_t block = (uint16_t)(packet[2] << 8 | packet[3]);
    if (block != (uint16_t)session->next_block) {
        outcome.out_of_order++;
        bool ahead = (uint16_t)(block - (uint16_t)session->next_block) < 0x8000;
        if (ahead && !session->gap_reported) { /* RFC 7440 section 4: acknowledge what came last in order, once */
            outcome.retransmissions++;
            session->gap_reported = true;
            acknowledge(session);
        }
        return true;
    }
    const uint8_t *bytes = packet + 4;
    size_t count = length - 4;
    bool right = load.verify ? pattern_matches(bytes, count, session->offset)
                             : pattern_plausible(bytes, count, session->offset);
    if (!right)
        fail(false, "block %llu does not contain the file's bytes", (unsigned long long)session->next_block);
    session->gap_reported = false;
    session->next_block++;
    session->in_window++;
    session->offset += count;
    outcome.bytes += count;
    bool last = count < session->blksize;
    if (last || session->in_window >= session->windowsize)
        acknowledge(session);
    if (!last)
        return true;
    if (load.size > 0 && session->offset != load.size)
        fail(false, "a transfer ended after %llu of %llu bytes", (unsigned long long)session->offset,
             (unsigned long long)load.size);
    outcome.blksize = session->blksize;
    outcome.windowsize = session->windowsize;
    end(session, true);
    return false;
}

/* Takes one packet; false when the session's transfer is over. */
static bool take(struct session *session, const uint8_t *packet, size_t length, const struct sockaddr_in *sender) {
    if (length < 4)
        return true;
    session->last_heard = now_seconds();
    if (!session->connected) {
        if (connect(session->descriptor, (const struct sockaddr *)sender, sizeof *sender) != 0)
            fail(true, "connecting to the server's port");
        session->connected = true;
    }
    switch (packet[1]) {
    case DATA:
        return take_data(session, packet, length);
    case OPTIONS:
        agree_on_options(session, packet, length);
        return true;
    case ERROR:
        fprintf(stderr, "the server said: %.*s\n", (int)(length - 4), (const char *)packet + 4);
        end(session, false);
        return false;
    default:
        return true;
    }
}

static void drain(struct session *session) {
    static uint8_t packets[BATCH][LARGEST_PACKET];
    static struct sockaddr_in senders[BATCH];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    size_t batch = session->windowsize < BATCH ? (size_t)session->windowsize : BATCH;
    for (;;) {
        for (size_t i = 0; i < batch; i++) {
            parts[i] = (struct iovec){packets[i], LARGEST_PACKET};
            messages[i] = (struct mmsghdr){
                .msg_hdr = {.msg_name = &senders[i], .msg_namelen = sizeof senders[i], .msg_iov = &parts[i],
                            .msg_iovlen = 1}};
        }
        int received = recvmmsg(session->descriptor, messages, (unsigned)batch, MSG_DONTWAIT, NULL);
        for (int i = 0; i < received; i++)
            if (!take(session, packets[i], messages[i].msg_len, &senders[i]))
                return;
        if (received < (int)batch || batch == 1)
            return;
    }
}

/* Says again what was said last in every session that heard nothing for a while. */
static void retry_silent(struct session *sessions) {
    double now = now_seconds();
    for (uint64_t i = 0; i < load.clients; i++) {
        struct session *session = &sessions[i];
        if (session->descriptor < 0 || now - session->last_heard < RETRY_AFTER)
            continue;
        outcome.retransmissions++;
        session->gap_reported = false;
        session->last_heard = now;
        session->connected ? acknowledge(session) : send_request(session);
    }
}

static double run(void) {
    struct session *sessions = calloc(load.clients, sizeof *sessions);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (sessions == NULL || poller < 0)
        fail(true, "preparing %llu clients", (unsigned long long)load.clients);
    double start = now_seconds(), checked = start;
    for (uint64_t i = 0; i < load.clients; i++) {
        sessions[i].left = load.repeat;
        begin(&sessions[i]);
    }
    uint64_t wanted = load.clients * load.repeat;
    while (outcome.finished < wanted && outcome.failed == 0 && now_seconds() - start < load.limit) {
        struct epoll_event events[128];
        int count = epoll_wait(poller, events, 128, 100);
        for (int i = 0; i < count; i++)
            drain(events[i].data.ptr);
        if (now_seconds() - checked > 0.1) {
            retry_silent(sessions);
            checked = now_seconds();
        }
    }
    free(sessions);
    return now_seconds() - start;
}

static void parse(int count, char **arguments) {
    static const struct option options[] = {
        {"server", required_argument, NULL, 'a'},  {"port", required_argument, NULL, 'p'},
        {"file", required_argument, NULL, 'f'},    {"clients", required_argument, NULL, 'c'},
        {"repeat", required_argument, NULL, 'r'},  {"blksize", required_argument, NULL, 'b'},
        {"size", required_argument, NULL, 's'},    {"windowsize", required_argument, NULL, 'w'},
        {"seconds", required_argument, NULL, 't'}, {"verify", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0}};
    const char *server = NULL;
    uint64_t port = 69;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;)
        switch (option) {
        case 'a': server = optarg; break;
        case 'p': port = number_option("--port", optarg, 1, 65535); break;
        case 'f': load.file = optarg; break;
        case 'c': load.clients = number_option("--clients", optarg, 1, 20000); break;
        case 'r': load.repeat = number_option("--repeat", optarg, 1, 1000000); break;
        case 'b': load.blksize = number_option("--blksize", optarg, 8, 65464); break;
        case 's': load.size = number_option("--size", optarg, 0, UINT64_MAX); break;
        case 'w': load.windowsize = number_option("--windowsize", optarg, 1, 65535); break;
        case 't': load.limit = (double)number_option("--seconds", optarg, 1, 3600); break;
        case 'v': load.verify = true; break;
        default: exit(2);
        }
    if (server == NULL || load.file == NULL || strlen(load.file) > 500)
        fail(false, "usage: tftpload --server ADDRESS --file NAME [--port P] [--clients N] [--repeat N] [--blksize N] "
                    "[--windowsize N] [--size BYTES] [--seconds N] [--verify]");
    load.server = endpoint(server, port);
}

int main(int count, char **arguments) {
    parse(count, arguments);
    allow_descriptors(load.clients + 64);
    double seconds = run();
    uint64_t unfinished = load.clients * load.repeat - outcome.finished;
    double mebibytes = (double)outcome.bytes / 1048576.0;
    printf("{\"seconds\": %.6f, \"mebibytes\": %.3f, \"rate\": %.3f, \"finished\": %llu, \"unfinished\": %llu, "
           "\"retransmissions\": %llu, \"out_of_order\": %llu, \"blksize\": %llu, \"windowsize\": %llu}\n",
           seconds, mebibytes, mebibytes / seconds, (unsigned long long)outcome.finished,
           (unsigned long long)unfinished, (unsigned long long)outcome.retransmissions,
           (unsigned long long)outcome.out_of_order, (unsigned long long)outcome.blksize,
           (unsigned long long)outcome.windowsize);
    return unfinished == 0 ? 0 : 1;
}
