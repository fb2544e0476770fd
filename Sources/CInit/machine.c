#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/rtc.h>
#include <linux/time.h>
#include <linux/utsname.h>
#include <linux/watchdog.h>

#include "CInit.h"
#include "call.h"

int sys_load_module(int descriptor, const char *parameters, bool is_compressed) {
    // MODULE_INIT_COMPRESSED_FILE, Linux 5.17.
    return CALL(finit_module, descriptor, parameters, is_compressed ? 4 : 0);
}

int sys_set_host_name(const char *name, size_t size) { return CALL(sethostname, name, size); }

void sys_release(char buffer[65]) {
    struct new_utsname name = {0};
    CALL(uname, &name);
    for (size_t i = 0; i < 65; i++) buffer[i] = name.release[i];
}

int sys_raise_limits(uint64_t files) {
    struct rlimit64 open = {files, files}, processes = {RLIM64_INFINITY, RLIM64_INFINITY};
    int result = CALL(prlimit64, 0, RLIMIT_NOFILE, &open, NULL);
    return result < 0 ? result : (int)CALL(prlimit64, 0, RLIMIT_NPROC, &processes, NULL);
}

/// SYSLOG_ACTION_CONSOLE_LEVEL.
int sys_console_level(int level) { return CALL(syslog, 8, NULL, level); }

static int reboot(unsigned command) {
    return CALL(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, NULL);
}

int sys_catch_ctrl_alt_del(void) { return reboot(LINUX_REBOOT_CMD_CAD_OFF); }

int sys_watchdog_timeout(int descriptor, int seconds) {
    int result = CALL(ioctl, descriptor, WDIOC_SETTIMEOUT, &seconds);
    return result < 0 ? result : seconds;
}

int sys_clock_from_hardware(const char *device) {
    int descriptor = CALL(openat, AT_FDCWD, device, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return descriptor;
    struct rtc_time time;
    int result = CALL(ioctl, descriptor, RTC_RD_TIME, &time);
    CALL(close, descriptor);
    if (result < 0) return result;
    // Days since 1970: years begin in March, and 400 of them are 146097 days.
    int year = time.tm_year + 1900 - (time.tm_mon < 2), of_era = year % 400;
    int of_year = (153 * (time.tm_mon + (time.tm_mon > 1 ? -2 : 10)) + 2) / 5 + time.tm_mday - 1;
    int64_t days = year / 400 * 146097ll + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    struct timeval now = {.tv_sec = days * 86400 + time.tm_hour * 3600 + time.tm_min * 60 + time.tm_sec};
    return CALL(settimeofday, &now, NULL);
}

int64_t sys_seconds_since_1970(void) {
    struct timeval now = {0};
    CALL(gettimeofday, &now, NULL);
    return now.tv_sec;
}

void sys_random(void *buffer, size_t size) {
    // Heartbeats may be told apart by weak randomness; nothing may wait for better.
    if (CALL(getrandom, buffer, size, GRND_INSECURE) == (long)size) return;
    for (size_t i = 0; i < size; i++) ((char *)buffer)[i] = (char)(sys_uptime() >> (i & 7));
}

void sys_sync(void) { CALL(sync); }

int sys_load_kernel(int kernel, int initrd, const char *command_line) {
    size_t length = 1;
    while (command_line[length - 1]) length++;
    // KEXEC_FILE_NO_INITRAMFS.
    return CALL(kexec_file_load, kernel, initrd, length, command_line, initrd < 0 ? 4 : 0);
}

int sys_reboot(int how) {
    switch (how) {
    case SYS_POWEROFF: return reboot(LINUX_REBOOT_CMD_POWER_OFF);
    case SYS_HALT: return reboot(LINUX_REBOOT_CMD_HALT);
    case SYS_KEXEC: return reboot(LINUX_REBOOT_CMD_KEXEC);
    default: return reboot(LINUX_REBOOT_CMD_RESTART);
    }
}
