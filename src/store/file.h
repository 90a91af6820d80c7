/* Whole reads and writes of plain files, and what makes them durable. Not collective.
 * Those with a status return AFB_OK, or AFB_E_IO with a message that names the path and the system's reason. */
#ifndef AFB_STORE_FILE_H
#define AFB_STORE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* Reads exactly `size` bytes at `offset`; a file that ends before is a failure. */
afb_status afb_file_read(int fd, const char *path, int64_t offset, void *data, size_t size);
afb_status afb_file_write(int fd, const char *path, int64_t offset, const void *data, size_t size);
/* Bytes first ... first + n - 1 from one path to the same place in another; both exist. */
afb_status afb_file_copy(const char *from, const char *to, int64_t first, int64_t n);
/* Makes an empty file of `size` bytes of allocated space, removing what was there: finds a full disk before it matters. */
afb_status afb_file_reserve(const char *path, int64_t size);
/* Whether a file that is there can grow to `size` bytes; the space is given back, because writing into reserved space is slower than
 * into new one. */
afb_status afb_file_space(const char *path, int64_t size);
afb_status afb_file_size(const char *path, int64_t *size);
/* Has the system begin to bring to the disk what was written to a file, and does not wait: a later fsync then finds less to do, and any failure. Does nothing where the
 * system has no call for it. */
void afb_file_hurry(const char *path);
/* Removes a file, if it is there, that is of no use any more; a warning says so when it stays. */
void afb_file_drop(const char *path);
/* fsync of a file by its path, and of the directory that holds it. */
afb_status afb_file_sync(const char *path);
afb_status afb_file_sync_directory(const char *path);

#endif
