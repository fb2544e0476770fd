#ifndef MUSTER_BUILD_INFO_H
#define MUSTER_BUILD_INFO_H

/// The commit that this was built of, in hex, with a `+` when more than the commit was in the tree; empty when the build
/// was not told (`make build` tells it).
const char *muster_commit(void);

#endif
