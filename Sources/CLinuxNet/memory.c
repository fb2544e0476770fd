#include "CLinuxNet.h"

#include <malloc.h>

void muster_trim_memory(void) {
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}
