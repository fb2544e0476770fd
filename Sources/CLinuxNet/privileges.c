#include "CLinuxNet.h"

#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/// capset(2) has no wrapper in the C library, and libcap is not worth a dependency for one call.
static int set_capabilities(uint64_t mask) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        uint32_t bits = (uint32_t)(mask >> (32 * half));
        data[half] = (struct __user_cap_data_struct){.effective = bits, .permitted = bits, .inheritable = bits};
    }
    return (int)syscall(SYS_capset, &header, data);
}

/// The kernel forgets the parent-death signal when the user changes (prctl(2)); whoever asked for it still wants it.
static int keep_parent_death_signal(int sig, pid_t parent) {
    if (sig == 0) return 0;
    if (prctl(PR_SET_PDEATHSIG, sig, 0, 0, 0) != 0) return -1;
    // It does not come for a parent that died in between.
    return getppid() == parent ? 0 : raise(sig);
}

const char *muster_drop_privileges(const char *user, uid_t uid, gid_t gid, uint64_t capabilities) {
    pid_t parent = getppid();
    int parent_death_signal = 0;
    if (prctl(PR_GET_PDEATHSIG, &parent_death_signal, 0, 0, 0) != 0) return "prctl PR_GET_PDEATHSIG";
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return "prctl PR_SET_KEEPCAPS";
    if (initgroups(user, gid) != 0) return "initgroups";
    if (setresgid(gid, gid, gid) != 0) return "setresgid";
    if (setresuid(uid, uid, uid) != 0) return "setresuid";
    if (set_capabilities(capabilities) != 0) return "capset";
    for (int capability = 0; capability < 64; capability++) {
        if ((capabilities >> capability & 1) == 0) continue;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return "prctl PR_CAP_AMBIENT_RAISE";
    }
    (void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    if (keep_parent_death_signal(parent_death_signal, parent) != 0) return "prctl PR_SET_PDEATHSIG";
    return NULL;
}
