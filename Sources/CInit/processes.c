#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "CInit.h"
#include "call.h"

/// WNOHANG of wait4(2).
enum { AT_ONCE = 1 };

int sys_own_process(void) { return CALL(getpid); }

/// Fills `list` with where each text begins, and NULL.
static void point(const char **list, sys_texts texts) {
    const char *next = texts.texts;
    for (int i = 0; i < texts.count; i++) {
        list[i] = next;
        while (*next++) {}
    }
    list[texts.count] = NULL;
}

/// In the child: says why on `report` when there is no program to become.
static void become(const char **arguments, const char **environment, const int descriptors[3], int report) {
    uint64_t none = 0;
    CALL(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    CALL(setsid);
    // Above 2, so that none of the three overwrites another.
    int raised[3], error = 0;
    for (int i = 0; i < 3; i++) raised[i] = CALL(fcntl, descriptors[i], F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3 && error >= 0; i++) error = raised[i] < 0 ? raised[i] : (int)CALL(dup3, raised[i], i, 0);
    if (error >= 0) error = CALL(chdir, "/");
    if (error >= 0) error = CALL(execve, arguments[0], arguments, environment);
    CALL(write, report, &error, sizeof error);
    CALL(exit_group, 127);
}

int sys_spawn(sys_texts arguments, sys_texts environment, int input, int output, int errors) {
    if (arguments.count > 250 || environment.count > 60) return -E2BIG;
    const char *list[256], *variables[64];
    point(list, arguments);
    point(variables, environment);
    int report[2];
    int result = CALL(pipe2, report, O_CLOEXEC);
    if (result < 0) return result;
    const int descriptors[3] = {input, output, errors};
    // A plain fork.
    int process = CALL(clone, SIGCHLD, 0, 0, 0, 0);
    if (process == 0) become(list, variables, descriptors, report[1]);
    CALL(close, report[1]);
    int error = process < 0 ? process : 0;
    if (process > 0 && sys_read(report[0], &result, sizeof result) == sizeof result) {
        error = result;
        int status;
        while (CALL(wait4, process, &status, 0, NULL) == -EINTR) {}
    }
    CALL(close, report[0]);
    return error < 0 ? error : process;
}

int sys_reap(int *status) {
    int raw = 0;
    int process = CALL(wait4, -1, &raw, AT_ONCE, NULL);
    if (process > 0) *status = raw & 0x7f ? 128 + (raw & 0x7f) : raw >> 8 & 0xff;
    return process;
}

int sys_kill(int process, int signal) { return CALL(kill, process, signal); }
int sys_process_descriptor(int process) { return CALL(pidfd_open, process, 0); }

int sys_pipe(int ends[2]) {
    int result = CALL(pipe2, ends, O_CLOEXEC);
    return result < 0 ? result : (int)CALL(fcntl, ends[0], F_SETFL, O_NONBLOCK);
}
