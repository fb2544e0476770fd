#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common.h"

bool parse_answer(const uint8_t *bytes, size_t count, struct answer *answer) {
    static const char length_field[] = "\r\ncontent-length:";
    const uint8_t *stop = memmem(bytes, count, "\r\n\r\n", 4);
    if (stop == NULL)
        return false;
    *answer = (struct answer){.head = (size_t)(stop - bytes) + 4};
    if (answer->head < 16 || memcmp(bytes, "HTTP/1.1 ", 9) != 0)
        fail(false, "the answer is not HTTP/1.1");
    answer->status = (unsigned)strtoul((const char *)bytes + 9, NULL, 10);
    size_t field = sizeof length_field - 1;
    for (const uint8_t *at = bytes; at + field < stop; at++)
        if (*at == '\r' && strncasecmp((const char *)at, length_field, field) == 0) {
            answer->length = strtoull((const char *)at + field, NULL, 10);
            return true;
        }
    fail(false, "the answer has no Content-Length");
}
