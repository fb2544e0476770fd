/* The compressors that a kernel's initrd can be packed with: zstd, gzip (zlib), xz (liblzma). */
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* zlib's and liblzma's initialisers are macros, which Swift does not see. */

/* A gzip member without name and time, so that the same bytes give the same bytes. */
static inline int compression_gzip_begin(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline lzma_stream compression_xz_stream(void) {
    lzma_stream stream = LZMA_STREAM_INIT;
    return stream;
}
