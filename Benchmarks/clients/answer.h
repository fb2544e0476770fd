/* The head of an HTTP/1.1 answer, as far as a load client needs it. */
#ifndef MUSTER_BENCHMARKS_ANSWER_H
#define MUSTER_BENCHMARKS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct answer {
    unsigned status;
    size_t head;     /* bytes up to and with the empty line */
    uint64_t length; /* Content-Length */
};

/* True when `bytes` hold a whole head, which then is in `answer`. An answer without a status line or a
 * Content-Length ends the program: nothing that is measured here may send one. */
bool parse_answer(const uint8_t *bytes, size_t count, struct answer *answer);

#endif
