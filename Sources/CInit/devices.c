#include <linux/dm-ioctl.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/loop.h>

#include "CInit.h"
#include "call.h"

int sys_loop_attach(int file) {
    int control = CALL(openat, AT_FDCWD, "/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return control;
    int number = CALL(ioctl, control, LOOP_CTL_GET_FREE);
    CALL(close, control);
    if (number < 0) return number;
    char path[24] = "/dev/loop", digits[12];
    size_t length = 9, count = 0;
    for (int rest = number; count == 0 || rest; rest /= 10) digits[count++] = '0' + rest % 10;
    while (count) path[length++] = digits[--count];
    int device = CALL(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (device < 0) return device;
    // Read-only as the file is; it stays until the machine ends.
    int result = CALL(ioctl, device, LOOP_SET_FD, file);
    CALL(close, device);
    return result < 0 ? result : number;
}

/// A request to the device mapper, and room for the one target of its table (Linux, include/uapi/linux/dm-ioctl.h).
typedef struct {
    struct dm_ioctl head;
    struct dm_target_spec target;
    char table[1024];
} mapping;

static int map(int control, mapping *request, unsigned what, const char *name) {
    request->head.version[0] = DM_VERSION_MAJOR;
    request->head.data_size = sizeof *request;
    request->head.data_start = sizeof request->head;
    for (size_t i = 0; i + 1 < DM_NAME_LEN && name[i]; i++) request->head.name[i] = name[i];
    return CALL(ioctl, control, what, request);
}

int sys_verity_open(const char *name, uint64_t sectors, const char *table) {
    static mapping request;
    size_t length = 0;
    while (table[length])
        if (++length >= sizeof request.table) return -E2BIG;
    int control = CALL(openat, AT_FDCWD, "/dev/mapper/control", O_RDWR | O_CLOEXEC);
    if (control < 0) return control;
    request = (mapping){0};
    int result = map(control, &request, DM_DEV_CREATE, name);
    int number = request.head.dev & 0xff;
    if (result >= 0) {
        request = (mapping){.head = {.flags = DM_READONLY_FLAG, .target_count = 1}};
        request.target.length = sectors;
        request.target.next = sizeof request.target + sizeof request.table;
        __builtin_memcpy(request.target.target_type, "verity", sizeof "verity");
        __builtin_memcpy(request.table, table, length);
        result = map(control, &request, DM_TABLE_LOAD, name);
    }
    if (result >= 0) {
        // Without the suspend flag it begins to work.
        request = (mapping){.head = {.flags = DM_READONLY_FLAG}};
        result = map(control, &request, DM_DEV_SUSPEND, name);
    }
    if (result < 0) {
        request = (mapping){0};
        map(control, &request, DM_DEV_REMOVE, name);
    }
    CALL(close, control);
    return result < 0 ? result : number;
}
