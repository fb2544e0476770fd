#include "CBuildInfo.h"

#ifndef MUSTER_COMMIT
#define MUSTER_COMMIT ""
#endif

const char *muster_commit(void) { return MUSTER_COMMIT; }
