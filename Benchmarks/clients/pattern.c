/* pattern BYTES > FILE: a file that the load clients can check without having a copy of it. */
#include <stdio.h>

#include "common.h"

int main(int count, char **arguments) {
    if (count != 2)
        fail(false, "usage: pattern BYTES > FILE");
    uint64_t size = number_option("BYTES", arguments[1], 0, UINT64_MAX);
    static uint8_t chunk[1 << 16];
    for (uint64_t offset = 0; offset < size; offset += sizeof chunk) {
        size_t length = size - offset < sizeof chunk ? (size_t)(size - offset) : sizeof chunk;
        pattern_fill(chunk, length, offset);
        if (fwrite(chunk, 1, length, stdout) != length)
            fail(true, "writing the pattern");
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
