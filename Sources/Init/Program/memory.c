// What Embedded Swift asks of a C library: memory, and a few functions on it. One thread, so there are no locks.
#include <linux/errno.h>
#include <linux/mman.h>

#include "../../CInit/call.h"

// MARK: Bytes

void *memset(void *target, int value, size_t count) {
    char *to = target;
    while (count--) *to++ = (char)value;
    return target;
}

void *memcpy(void *restrict target, const void *restrict source, size_t count) {
    char *to = target;
    const char *from = source;
    for (; count >= 8; count -= 8, to += 8, from += 8) __builtin_memcpy_inline(to, from, 8);
    while (count--) *to++ = *from++;
    return target;
}

void *memmove(void *target, const void *source, size_t count) {
    char *to = target;
    const char *from = source;
    if (to <= from || to >= from + count) return memcpy(target, source, count);
    while (count--) to[count] = from[count];
    return target;
}

int memcmp(const void *left, const void *right, size_t count) {
    const unsigned char *a = left, *b = right;
    for (; count--; a++, b++)
        if (*a != *b) return *a - *b;
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

// MARK: Allocation

/// Before every block: of which class it is, or the size of its own mapping; and where that begins.
typedef struct {
    size_t kind;
    void *start;
} header;

/// Blocks of 32, 64, … 65536 bytes, their headers included; what is larger is mapped by itself and given back.
enum { CLASSES = 12, SMALLEST = 32, CHUNK = 256 << 10 };
static void *unused[CLASSES];
static char *fresh, *fresh_end;

static void *map(size_t size) {
    long result = CALL(mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (result < 0 && result > -4096) __builtin_trap();
    return (void *)result;
}

static void *take(size_t class) {
    size_t size = (size_t)SMALLEST << class;
    void *block = unused[class];
    if (block) {
        unused[class] = *(void **)block;
        return block;
    }
    if ((size_t)(fresh_end - fresh) < size) {
        fresh = map(CHUNK);
        fresh_end = fresh + CHUNK;
    }
    block = fresh;
    fresh += size;
    return block;
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment < sizeof(header)) alignment = sizeof(header);
    if (size > SIZE_MAX / 2) return ENOMEM;
    size_t whole = size + sizeof(header) + (alignment > sizeof(header) ? alignment : 0);
    size_t class = 0;
    while (class < CLASSES && ((size_t)SMALLEST << class) < whole) class++;
    char *start = class < CLASSES ? take(class) : map(whole);
    uintptr_t address = ((uintptr_t)start + sizeof(header) + alignment - 1) & ~(alignment - 1);
    ((header *)address)[-1] = (header){.kind = class < CLASSES ? class : whole, .start = start};
    *result = (void *)address;
    return 0;
}

void free(void *block) {
    if (!block) return;
    header of = ((header *)block)[-1];
    if (of.kind >= CLASSES) {
        CALL(munmap, of.start, of.kind);
        return;
    }
    *(void **)of.start = unused[of.kind];
    unused[of.kind] = of.start;
}

// MARK: Others

/// Seeds of hash tables.
void arc4random_buf(void *buffer, size_t size) { CALL(getrandom, buffer, size, 4); }

/// Of capacities of hash tables: positive and far from where doubles have no fractions.
double ceil(double value) {
    double whole = (double)(long)value;
    return whole < value ? whole + 1 : whole;
}
