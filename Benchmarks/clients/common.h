/* What every load client shares: the clock, strict options, and the pattern that measured files are made of. */
#ifndef MUSTER_BENCHMARKS_COMMON_H
#define MUSTER_BENCHMARKS_COMMON_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds on a clock that only goes forward. */
double now_seconds(void);

/* Ends the program with status 2 and one line that says why, with errno's text when `with_errno`. */
_Noreturn void fail(bool with_errno, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A whole number between the bounds, or the end of the program with a line that names the option. */
uint64_t number_option(const char *option, const char *text, uint64_t minimum, uint64_t maximum);

/* An IPv4 address and a port as a socket address, or the end of the program. */
struct sockaddr_in endpoint(const char *address, uint64_t port);

/* Lets this process open as many descriptors as the system allows, and asks for at least `count`. */
void allow_descriptors(size_t count);

/* The byte at `offset` of every measured file: the 32-bit word i, little-endian, is i times an odd constant, so
 * that a block that is missing, doubled or swapped cannot look right. */
uint8_t pattern_byte(uint64_t offset);

/* Writes the `count` bytes of the pattern that begin at `offset`. */
void pattern_fill(uint8_t *bytes, size_t count, uint64_t offset);

/* True when the `count` bytes are those of the pattern at `offset`. */
bool pattern_matches(const uint8_t *bytes, size_t count, uint64_t offset);

/* True when the first and the last byte are the pattern's: cheap enough to stay on while time is measured. */
bool pattern_plausible(const uint8_t *bytes, size_t count, uint64_t offset);

#endif
