/* ISA-L: decompresses gzip several times as fast as zlib. */
#include <isa-l/igzip_lib.h>
