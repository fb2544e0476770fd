// Where the kernel begins: the stack has the number of arguments, and then them.
#include "../../CInit/call.h"

/// Sources/Init/Program/EntryPoint.swift.
extern int muster_init(int count, char **arguments);

#if defined(__x86_64__)
/// What the compilers' stack protector reads at %fs:0x28.
static struct {
    char before[0x28];
    uintptr_t canary;
} thread;
#else
uintptr_t __stack_chk_guard;
#endif

/// That a function has written past the end of its frame.
_Noreturn void __stack_chk_fail(void) { __builtin_trap(); }

__attribute__((used, no_stack_protector)) static void begin(long *stack) {
    uintptr_t canary = 0;
    CALL(getrandom, &canary, sizeof canary, 4);
#if defined(__x86_64__)
    thread.canary = canary;
    CALL(arch_prctl, 0x1002 /* ARCH_SET_FS */, &thread);
#else
    __stack_chk_guard = canary;
#endif
    CALL(exit_group, muster_init((int)*stack, (char **)(stack + 1)));
    __builtin_unreachable();
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
__asm__(".globl _start\n_start: mov x29, #0\n mov x0, sp\n bl begin\n");
#endif
