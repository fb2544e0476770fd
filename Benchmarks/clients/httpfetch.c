/* httpfetch: many HTTP clients in one thread, each downloading one large file again and again on one connection.
 *
 * With --rate each client takes that many bytes a second and no more, through a small receive buffer: a slow client,
 * whose server must neither run ahead nor hold the file in memory for it.
 * Prints one line of JSON; the exit status is 1 when any download failed or, unless --seconds ended it, is unfinished.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "common.h"

enum { CHUNK = 256 << 10, SLOW_CHUNK = 64 << 10, SLOW_RECEIVE_BUFFER = 128 << 10, LARGEST_HEAD = 8192 };

struct load {
    struct sockaddr_in server;
    const char *path;
    uint64_t clients, repeat, size, rate;
    double limit;
    bool verify;
};

struct client {
    int descriptor;
    bool in_body;
    uint64_t left;   /* downloads still to begin after this one */
    uint64_t offset; /* bytes of the body that arrived */
    uint64_t taken;  /* bytes of all bodies */
    size_t head_length;
    uint8_t head[LARGEST_HEAD];
};

struct outcome {
    uint64_t finished, failed, bytes;
};

static struct load load = {.clients = 1, .repeat = 1, .limit = 60};
static struct outcome outcome;
static uint8_t chunk[CHUNK];

static void ask(struct client *client) {
    char request[1024];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: boot\r\n\r\n", load.path);
    client->in_body = false;
    client->head_length = 0;
    client->offset = 0;
    client->left--;
    if (send(client->descriptor, request, (size_t)length, MSG_NOSIGNAL) != length)
        fail(true, "sending a request");
}

static void stop(struct client *client, bool succeeded) {
    succeeded ? outcome.finished++ : outcome.failed++;
    if (succeeded && client->left > 0) {
        ask(client);
        return;
    }
    close(client->descriptor);
    client->descriptor = -1;
}

static void take_body(struct client *client, const uint8_t *bytes, size_t count) {
    bool right = load.verify ? pattern_matches(bytes, count, client->offset)
                             : pattern_plausible(bytes, count, client->offset);
    if (!right || count > load.size - client->offset)
        fail(false, "what came at byte %llu is not the file", (unsigned long long)client->offset);
    client->offset += count;
    client->taken += count;
    outcome.bytes += count;
    if (client->offset == load.size)
        stop(client, true);
}

/* Takes the part of an answer that may still be its head. */
static void take_head(struct client *client, const uint8_t *bytes, size_t count) {
    size_t kept = client->head_length, room = LARGEST_HEAD - kept;
    size_t copied = count < room ? count : room;
    memcpy(client->head + kept, bytes, copied);
    client->head_length += copied;
    struct answer answer;
    if (!parse_answer(client->head, client->head_length, &answer)) {
        if (client->head_length == LARGEST_HEAD)
            fail(false, "the answer's head has no end");
        return;
    }
    if (answer.status != 200 || answer.length != load.size)
        fail(false, "status %u with %llu bytes, expected 200 with %llu", answer.status,
             (unsigned long long)answer.length, (unsigned long long)load.size);
    client->in_body = true;
    size_t rest = answer.head - kept;
    if (count > rest)
        take_body(client, bytes + rest, count - rest);
}

/* Receives at most `most` bytes; false when there is nothing to receive now. */
static bool receive(struct client *client, size_t most) {
    ssize_t count = recv(client->descriptor, chunk, most, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (count <= 0)
        stop(client, false);
    else if (client->in_body)
        take_body(client, chunk, (size_t)count);
    else
        take_head(client, chunk, (size_t)count);
    return client->descriptor >= 0;
}

static void open_client(struct client *client) {
    client->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int buffer = SLOW_RECEIVE_BUFFER;
    if (client->descriptor < 0)
        fail(true, "opening a socket");
    if (load.rate > 0)
        setsockopt(client->descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    if (connect(client->descriptor, (struct sockaddr *)&load.server, sizeof load.server) != 0)
        fail(true, "connecting");
    client->left = load.repeat;
    ask(client);
}

static bool is_over(void) { return outcome.failed > 0 || outcome.finished == load.clients * load.repeat; }

/* As fast as the server can. */
static void run_fast(struct client *clients, double start) {
    int poller = epoll_create1(EPOLL_CLOEXEC);
    for (uint64_t i = 0; i < load.clients; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, clients[i].descriptor, &event) != 0)
            fail(true, "watching a connection");
    }
    while (!is_over() && now_seconds() - start < load.limit) {
        struct epoll_event events[128];
        int ready = epoll_wait(poller, events, 128, 100);
        for (int i = 0; i < ready; i++)
            receive(events[i].data.ptr, CHUNK);
    }
}

/* Each client as far as its rate allows by now, a few hundred times a second. */
static void run_slowly(struct client *clients, double start) {
    while (!is_over() && now_seconds() - start < load.limit) {
        double allowed = (now_seconds() - start) * (double)load.rate;
        for (uint64_t i = 0; i < load.clients; i++)
            while (clients[i].descriptor >= 0 && (double)clients[i].taken < allowed)
                if (!receive(&clients[i], SLOW_CHUNK))
                    break;
        usleep(5000);
    }
}

static void parse(int count, char **arguments) {
    static const struct option options[] = {
        {"server", required_argument, NULL, 'a'},  {"port", required_argument, NULL, 'p'},
        {"path", required_argument, NULL, 'u'},    {"clients", required_argument, NULL, 'c'},
        {"repeat", required_argument, NULL, 'r'},  {"size", required_argument, NULL, 's'},
        {"rate", required_argument, NULL, 'l'},    {"seconds", required_argument, NULL, 't'},
        {"verify", no_argument, NULL, 'v'},        {NULL, 0, NULL, 0}};
    const char *server = NULL;
    uint64_t port = 80;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;)
        switch (option) {
        case 'a': server = optarg; break;
        case 'p': port = number_option("--port", optarg, 1, 65535); break;
        case 'u': load.path = optarg; break;
        case 'c': load.clients = number_option("--clients", optarg, 1, 20000); break;
        case 'r': load.repeat = number_option("--repeat", optarg, 1, 1000000); break;
        case 's': load.size = number_option("--size", optarg, 1, UINT64_MAX); break;
        case 'l': load.rate = number_option("--rate", optarg, 1, UINT64_MAX); break;
        case 't': load.limit = (double)number_option("--seconds", optarg, 1, 3600); break;
        case 'v': load.verify = true; break;
        default: exit(2);
        }
    if (server == NULL || load.path == NULL || load.size == 0 || strlen(load.path) > 900)
        fail(false, "usage: httpfetch --server ADDRESS --path PATH --size BYTES [--port P] [--clients N] [--repeat N] "
                    "[--rate BYTES-A-SECOND] [--seconds N] [--verify]");
    load.server = endpoint(server, port);
}

int main(int count, char **arguments) {
    parse(count, arguments);
    allow_descriptors(load.clients + 64);
    struct client *clients = calloc(load.clients, sizeof *clients);
    if (clients == NULL)
        fail(true, "preparing %llu clients", (unsigned long long)load.clients);
    double start = now_seconds();
    for (uint64_t i = 0; i < load.clients; i++)
        open_client(&clients[i]);
    load.rate > 0 ? run_slowly(clients, start) : run_fast(clients, start);
    double seconds = now_seconds() - start, mebibytes = (double)outcome.bytes / 1048576.0;
    uint64_t unfinished = load.clients * load.repeat - outcome.finished;
    printf("{\"seconds\": %.6f, \"mebibytes\": %.3f, \"rate\": %.3f, \"finished\": %llu, \"unfinished\": %llu, "
           "\"failed\": %llu}\n",
           seconds, mebibytes, mebibytes / seconds, (unsigned long long)outcome.finished,
           (unsigned long long)unfinished, (unsigned long long)outcome.failed);
    return outcome.failed == 0 && (unfinished == 0 || load.rate > 0) ? 0 : 1;
}
