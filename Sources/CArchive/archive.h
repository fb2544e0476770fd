/* libarchive: reads tar, cpio and ar archives, and compresses. */
#include <archive.h>
#include <archive_entry.h>
