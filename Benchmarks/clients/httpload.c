/* httpload: asks an HTTP server for many small answers, each as another machine.
 *
 * {mac}, {uuid} and {number} in --path are the machine's. With --sources machine i asks from the i-th address of that
 * network, which the client's namespace must route to itself (`ip route add local 10.50.0.0/16 dev lo`).
 * Each request is a connection of its own, as firmware makes them, or, with --keep-alive, goes out on one that was
 * opened before the clock started: one a machine with --sources, else as many as requests may be in flight.
 * Prints one line of JSON; the exit status is 1 when any answer was not 200, did not contain --expect, or contained
 * --forbid.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "common.h"

enum { LARGEST_ANSWER = 16384, LARGEST_REQUEST = 1024 };

struct load {
    struct sockaddr_in server;
    const char *path, *expect, *forbid;
    uint32_t sources; /* network address in host order; 0 for whatever the system chooses */
    uint64_t machines, first, requests, in_flight;
    double limit;
    bool keep_alive;
};

struct connection {
    int descriptor;
    uint64_t machine;
    double asked;
    size_t received;
    uint8_t answer[LARGEST_ANSWER];
};

struct outcome {
    uint64_t begun, finished, refused, unexpected, broken, bytes;
    double *latencies;
};

static struct load load = {.machines = 1, .requests = 1, .in_flight = 64, .limit = 60};
static struct outcome outcome;
static int poller;

/* With --keep-alive: the connections that wait for their turn, in its order. */
static struct {
    struct connection **ring;
    uint64_t room, taken, added;
} idle;

/* Copies `template` with the machine's values in the places of their names. */
static size_t render_path(char *path, size_t room, const char *template, uint64_t machine) {
    char mac[24], uuid[40], number[24];
    unsigned low = (unsigned)machine;
    snprintf(mac, sizeof mac, "02-4d-55-%02x-%02x-%02x", low >> 16 & 255, low >> 8 & 255, low & 255);
    snprintf(uuid, sizeof uuid, "4d555354-4552-4000-8000-%012x", low);
    snprintf(number, sizeof number, "%llu", (unsigned long long)machine);
    const struct { const char *name, *value; } places[] = {{"{mac}", mac}, {"{uuid}", uuid}, {"{number}", number}};
    size_t length = 0;
    while (*template != 0 && length + 64 < room) {
        bool replaced = false;
        for (size_t i = 0; i < sizeof places / sizeof *places && !replaced; i++)
            if (strncmp(template, places[i].name, strlen(places[i].name)) == 0) {
                length += (size_t)snprintf(path + length, room - length, "%s", places[i].value);
                template += strlen(places[i].name);
                replaced = true;
            }
        if (!replaced)
            path[length++] = *template++;
    }
    path[length] = 0;
    return length;
}

/* Sends the machine's request. A request fits into any socket buffer, so that a short write is a broken connection. */
static bool ask(struct connection *connection) {
    char path[LARGEST_REQUEST], request[LARGEST_REQUEST + 128];
    render_path(path, sizeof path, load.path, connection->machine);
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: boot\r\nConnection: %s\r\n\r\n", path,
                          load.keep_alive ? "keep-alive" : "close");
    connection->asked = now_seconds();
    connection->received = 0;
    return send(connection->descriptor, request, (size_t)length, MSG_NOSIGNAL) == length;
}

/* Connects from the machine's own address. Blocking: on a local link an accept queue answers at once. */
static bool open_connection(struct connection *connection, uint64_t machine) {
    int yes = 1;
    connection->machine = machine;
    connection->asked = now_seconds();
    connection->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->descriptor < 0)
        fail(true, "opening a socket");
    setsockopt(connection->descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (load.sources != 0) {
        struct sockaddr_in source = {.sin_family = AF_INET};
        source.sin_addr.s_addr = htonl(load.sources + (uint32_t)machine);
        setsockopt(connection->descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        if (bind(connection->descriptor, (struct sockaddr *)&source, sizeof source) != 0)
            fail(true, "binding the address of machine %llu", (unsigned long long)machine);
    }
    return connect(connection->descriptor, (struct sockaddr *)&load.server, sizeof load.server) == 0;
}

static void watch(struct connection *connection) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, connection->descriptor, &event) != 0)
        fail(true, "watching a connection");
}

static void close_connection(struct connection *connection) {
    close(connection->descriptor);
    connection->descriptor = -1;
}

static void add_idle(struct connection *connection) { idle.ring[idle.added++ % idle.room] = connection; }

/* Puts the next request on its way: on the connection that waits longest, or on a new one in the place of `free`. */
static void begin_next(struct connection *free) {
    while (outcome.begun < load.requests) {
        uint64_t machine = load.first + outcome.begun++ % load.machines;
        double start = now_seconds();
        if (load.keep_alive) {
            struct connection *connection = idle.ring[idle.taken++ % idle.room];
            if (load.sources == 0)
                connection->machine = machine;
            if (ask(connection))
                return;
            fail(true, "asking on the connection of machine %llu", (unsigned long long)connection->machine);
        }
        if (open_connection(free, machine) && ask(free)) {
            free->asked = start;
            watch(free);
            return;
        }
        outcome.broken++;
        close_connection(free);
    }
}

static void judge(const struct connection *connection, const struct answer *answer) {
    outcome.latencies[outcome.finished++] = now_seconds() - connection->asked;
    outcome.bytes += answer->length;
    const uint8_t *body = connection->answer + answer->head;
    if (answer->status != 200)
        outcome.refused++;
    else if ((load.expect != NULL && memmem(body, answer->length, load.expect, strlen(load.expect)) == NULL)
             || (load.forbid != NULL && memmem(body, answer->length, load.forbid, strlen(load.forbid)) != NULL))
        outcome.unexpected++;
}

/* Reads what came; true when the request is over, well or badly. */
static bool receive(struct connection *connection) {
    size_t room = LARGEST_ANSWER - connection->received;
    ssize_t count = recv(connection->descriptor, connection->answer + connection->received, room, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    struct answer answer;
    if (count > 0) {
        connection->received += (size_t)count;
        if (!parse_answer(connection->answer, connection->received, &answer))
            return false;
        if (answer.head + answer.length > LARGEST_ANSWER)
            fail(false, "an answer of %llu bytes is too long for this client", (unsigned long long)answer.length);
        if (connection->received < answer.head + answer.length)
            return false;
        judge(connection, &answer);
    } else if (load.keep_alive) {
        fail(count < 0, "the server closed the connection of machine %llu", (unsigned long long)connection->machine);
    } else {
        outcome.broken++;
    }
    load.keep_alive ? add_idle(connection) : close_connection(connection);
    return true;
}

static struct connection *prepare(uint64_t count) {
    struct connection *connections = calloc(count, sizeof *connections);
    outcome.latencies = calloc(load.requests, sizeof *outcome.latencies);
    idle.ring = calloc(count, sizeof *idle.ring);
    idle.room = count;
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (connections == NULL || outcome.latencies == NULL || idle.ring == NULL || poller < 0)
        fail(true, "preparing %llu connections", (unsigned long long)count);
    for (uint64_t i = 0; load.keep_alive && i < count; i++) {
        if (!open_connection(&connections[i], load.first + i))
            fail(true, "connecting machine %llu", (unsigned long long)(load.first + i));
        watch(&connections[i]);
        add_idle(&connections[i]);
    }
    return connections;
}

static uint64_t connection_count(void) {
    return load.keep_alive && load.sources != 0 ? load.machines : load.in_flight;
}

static double run(void) {
    uint64_t count = connection_count();
    struct connection *connections = prepare(count);
    double start = now_seconds();
    for (uint64_t i = 0; i < load.in_flight && i < count; i++)
        begin_next(&connections[i]);
    while (outcome.finished + outcome.broken < load.requests && now_seconds() - start < load.limit) {
        struct epoll_event events[256];
        int ready = epoll_wait(poller, events, 256, 100);
        for (int i = 0; i < ready; i++)
            if (receive(events[i].data.ptr))
                begin_next(events[i].data.ptr);
    }
    return now_seconds() - start;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double percentile(double share) {
    return outcome.finished == 0 ? 0 : outcome.latencies[(uint64_t)((double)(outcome.finished - 1) * share)];
}

static uint32_t source_network(const char *text) { return ntohl(endpoint(text, 0).sin_addr.s_addr); }

static void parse(int count, char **arguments) {
    static const struct option options[] = {
        {"server", required_argument, NULL, 'a'},   {"port", required_argument, NULL, 'p'},
        {"path", required_argument, NULL, 'u'},     {"expect", required_argument, NULL, 'e'},
        {"forbid", required_argument, NULL, 'x'},
        {"sources", required_argument, NULL, 's'},  {"machines", required_argument, NULL, 'm'},
        {"first", required_argument, NULL, 'f'},    {"requests", required_argument, NULL, 'n'},
        {"in-flight", required_argument, NULL, 'c'}, {"seconds", required_argument, NULL, 't'},
        {"keep-alive", no_argument, NULL, 'k'},     {NULL, 0, NULL, 0}};
    const char *server = NULL;
    uint64_t port = 80;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;)
        switch (option) {
        case 'a': server = optarg; break;
        case 'p': port = number_option("--port", optarg, 1, 65535); break;
        case 'u': load.path = optarg; break;
        case 'e': load.expect = optarg; break;
        case 'x': load.forbid = optarg; break;
        case 's': load.sources = source_network(optarg); break;
        case 'm': load.machines = number_option("--machines", optarg, 1, 1 << 24); break;
        case 'f': load.first = number_option("--first", optarg, 0, 1 << 24); break;
        case 'n': load.requests = number_option("--requests", optarg, 1, 100000000); break;
        case 'c': load.in_flight = number_option("--in-flight", optarg, 1, 20000); break;
        case 't': load.limit = (double)number_option("--seconds", optarg, 1, 3600); break;
        case 'k': load.keep_alive = true; break;
        default: exit(2);
        }
    if (server == NULL || load.path == NULL || strlen(load.path) > LARGEST_REQUEST / 2)
        fail(false, "usage: httpload --server ADDRESS --path TEMPLATE [--port P] [--machines N] [--first N] "
                    "[--sources NETWORK] [--requests N] [--in-flight N] [--keep-alive] [--expect TEXT] [--forbid TEXT] "
                    "[--seconds N]");
    load.server = endpoint(server, port);
}

int main(int count, char **arguments) {
    parse(count, arguments);
    allow_descriptors(connection_count() + 64);
    double seconds = run();
    qsort(outcome.latencies, outcome.finished, sizeof *outcome.latencies, ascending);
    uint64_t bad = load.requests - outcome.finished + outcome.refused + outcome.unexpected;
    printf("{\"seconds\": %.6f, \"finished\": %llu, \"rate\": %.1f, \"median_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"mean_bytes\": %.1f, \"refused\": %llu, \"unexpected\": %llu, \"unfinished\": %llu}\n",
           seconds, (unsigned long long)outcome.finished, (double)outcome.finished / seconds, percentile(0.5) * 1e3,
           percentile(0.99) * 1e3, outcome.finished == 0 ? 0 : (double)outcome.bytes / (double)outcome.finished,
           (unsigned long long)outcome.refused, (unsigned long long)outcome.unexpected,
           (unsigned long long)(load.requests - outcome.finished));
    return bad == 0 ? 0 : 1;
}
