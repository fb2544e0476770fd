#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <string.h>

#include "CInit.h"

int sys_own_process(void) { return getpid(); }

static char **pointers(sys_texts texts) {
    char **list = malloc((texts.count + 1) * sizeof *list);
    if (!list) return NULL;
    char *next = (char *)texts.texts;
    for (int i = 0; i < texts.count; i++) {
        list[i] = next;
        next += strlen(next) + 1;
    }
    list[texts.count] = NULL;
    return list;
}

/// In the child: says why on `report` when there is no program to become.
static void become(char **arguments, char **environment, const int descriptors[3], int report) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    // Above 2, so that none of the three overwrites another.
    int raised[3];
    for (int i = 0; i < 3; i++) raised[i] = fcntl(descriptors[i], F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; i++)
        if (raised[i] < 0 || dup2(raised[i], i) < 0) goto failed;
    if (chdir("/") < 0) goto failed;
    execve(arguments[0], arguments, environment);
failed:;
    int error = errno;
    (void)!write(report, &error, sizeof error);
    _exit(127);
}

int sys_spawn(sys_texts arguments, sys_texts environment, int input, int output, int errors) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return -errno;
    char **list = pointers(arguments), **variables = pointers(environment);
    const int descriptors[3] = {input, output, errors};
    int process = list && variables ? fork() : -1;
    int error = process < 0 ? (list && variables ? errno : ENOMEM) : 0;
    if (process == 0) become(list, variables, descriptors, report[1]);
    close(report[1]);
    if (process > 0) {
        ssize_t count;
        int reason;
        do count = read(report[0], &reason, sizeof reason);
        while (count < 0 && errno == EINTR);
        if (count == sizeof reason) {
            error = reason;
            waitpid(process, NULL, 0);
        }
    }
    close(report[0]);
    free(list);
    free(variables);
    return error ? -error : process;
}

int sys_reap(int *status) {
    int raw;
    pid_t process;
    do process = waitpid(-1, &raw, WNOHANG);
    while (process < 0 && errno == EINTR);
    if (process < 0) return errno == ECHILD ? 0 : -errno;
    *status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
    return process;
}

int sys_kill(int process, int signal) { return kill(process, signal) < 0 ? -errno : 0; }

int sys_process_descriptor(int process) {
    int descriptor = syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : descriptor;
}

int sys_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}
