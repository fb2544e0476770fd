#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <linux/rtc.h>
#include <linux/watchdog.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "CInit.h"

const char *sys_error_text(int error) {
    const char *text = strerrordesc_np(error < 0 ? -error : error);
    return text ? text : "unknown error";
}

int sys_load_module(int descriptor, const char *parameters, bool is_compressed) {
    // MODULE_INIT_COMPRESSED_FILE, Linux 5.17.
    return syscall(SYS_finit_module, descriptor, parameters, is_compressed ? 4 : 0) < 0 ? -errno : 0;
}

int sys_set_host_name(const char *name, size_t size) { return sethostname(name, size) < 0 ? -errno : 0; }

void sys_release(char buffer[65]) {
    struct utsname name;
    uname(&name);
    memcpy(buffer, name.release, 65);
}

int sys_raise_limits(uint64_t files) {
    struct rlimit open = {files, files}, processes = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_NOFILE, &open) < 0) return -errno;
    return setrlimit(RLIMIT_NPROC, &processes) < 0 ? -errno : 0;
}

int sys_console_level(int level) { return klogctl(8, NULL, level) < 0 ? -errno : 0; }

int sys_catch_ctrl_alt_del(void) {
    return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, NULL) < 0 ? -errno : 0;
}

int sys_watchdog_timeout(int descriptor, int seconds) {
    return ioctl(descriptor, WDIOC_SETTIMEOUT, &seconds) < 0 ? -errno : seconds;
}

int sys_clock_from_hardware(const char *device) {
    int descriptor = open(device, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    struct rtc_time hardware;
    int result = ioctl(descriptor, RTC_RD_TIME, &hardware) < 0 ? -errno : 0;
    close(descriptor);
    if (result < 0) return result;
    struct tm time = {
        .tm_sec = hardware.tm_sec, .tm_min = hardware.tm_min, .tm_hour = hardware.tm_hour,
        .tm_mday = hardware.tm_mday, .tm_mon = hardware.tm_mon, .tm_year = hardware.tm_year};
    // Days since 1970 by the calendar of 400 years: timegm() would bring the time zones along.
    int year = time.tm_year + 1900 - (time.tm_mon < 2), era = year / 400, of_era = year % 400;
    int of_year = (153 * (time.tm_mon + (time.tm_mon > 1 ? -2 : 10)) + 2) / 5 + time.tm_mday - 1;
    int64_t days = (int64_t)era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    struct timeval now = {.tv_sec = days * 86400 + time.tm_hour * 3600 + time.tm_min * 60 + time.tm_sec};
    return settimeofday(&now, NULL) < 0 ? -errno : 0;
}

int64_t sys_seconds_since_1970(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

void sys_random(void *buffer, size_t size) {
    // Heartbeats may be told apart by weak randomness; nothing may wait for better.
    if (getrandom(buffer, size, GRND_NONBLOCK) != (ssize_t)size) memset(buffer, (int)sys_uptime(), size);
}

void sys_sync(void) { sync(); }

int sys_reboot(int how) {
    unsigned command = LINUX_REBOOT_CMD_RESTART;
    if (how == SYS_POWEROFF) command = LINUX_REBOOT_CMD_POWER_OFF;
    if (how == SYS_HALT) command = LINUX_REBOOT_CMD_HALT;
    if (how == SYS_KEXEC) command = LINUX_REBOOT_CMD_KEXEC;
    return syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, NULL) < 0 ? -errno : 0;
}
