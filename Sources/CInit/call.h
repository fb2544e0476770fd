// System calls as the kernel takes them: a negative error number when they fail, no errno, no library.
#ifndef CINIT_CALL_H
#define CINIT_CALL_H

#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

static inline long call(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result = number;
    __asm__ volatile("syscall"
                     : "+a"(result)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#else
#error "the init is made for amd64 and arm64"
#endif
}

#define CALL1(n) call(__NR_##n, 0, 0, 0, 0, 0, 0)
#define CALL2(n, a) call(__NR_##n, (long)(a), 0, 0, 0, 0, 0)
#define CALL3(n, a, b) call(__NR_##n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL4(n, a, b, c) call(__NR_##n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL5(n, a, b, c, d) call(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define CALL6(n, a, b, c, d, e) call(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define CALL7(n, a, b, c, d, e, f) call(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define CALL_PICK(_1, _2, _3, _4, _5, _6, _7, NAME, ...) NAME
/// CALL(close, descriptor)
#define CALL(...) CALL_PICK(__VA_ARGS__, CALL7, CALL6, CALL5, CALL4, CALL3, CALL2, CALL1)(__VA_ARGS__)

#endif
