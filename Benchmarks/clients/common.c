#include "common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

double now_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

_Noreturn void fail(bool with_errno, const char *format, ...) {
    int code = errno;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, with_errno ? ": %s\n" : "\n", strerror(code));
    exit(2);
}

uint64_t number_option(const char *option, const char *text, uint64_t minimum, uint64_t maximum) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || text[0] == '-' || value < minimum || value > maximum)
        fail(false, "%s %s: expected a whole number from %llu to %llu", option, text, (unsigned long long)minimum,
             (unsigned long long)maximum);
    return value;
}

struct sockaddr_in endpoint(const char *address, uint64_t port) {
    struct sockaddr_in result = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, address, &result.sin_addr) != 1)
        fail(false, "%s: expected an IPv4 address", address);
    return result;
}

void allow_descriptors(size_t count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail(true, "reading the limit of open files");
    if (limit.rlim_max < count)
        limit.rlim_max = count;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail(true, "raising the limit of open files to %zu", count);
}

static uint32_t pattern_word(uint64_t index) { return (uint32_t)index * 2654435761u; }

uint8_t pattern_byte(uint64_t offset) { return (uint8_t)(pattern_word(offset / 4) >> (8 * (offset % 4))); }

void pattern_fill(uint8_t *bytes, size_t count, uint64_t offset) {
    for (size_t i = 0; i < count; i++)
        bytes[i] = pattern_byte(offset + i);
}

bool pattern_matches(const uint8_t *bytes, size_t count, uint64_t offset) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != pattern_byte(offset + i))
            return false;
    return true;
}

bool pattern_plausible(const uint8_t *bytes, size_t count, uint64_t offset) {
    return count == 0
        || (bytes[0] == pattern_byte(offset) && bytes[count - 1] == pattern_byte(offset + count - 1));
}
