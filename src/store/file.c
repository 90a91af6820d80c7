#define _GNU_SOURCE   /* sync_file_range */
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/log.h"

enum { AFB_COPY_BLOCK = 4 << 20, AFB_IO_BLOCK = 1 << 30 };   /* some systems refuse transfers of 2 GiB and more */

afb_status afb_file_read(int fd, const char *path, int64_t offset, void *data, size_t size)
{
  char *to = data;
  while (size > 0) {
    ssize_t n = pread(fd, to, size < AFB_IO_BLOCK ? size : AFB_IO_BLOCK, (off_t)offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return AFB_FAIL(AFB_E_IO, "cannot read %s: %s", path, strerror(errno));
    if (n == 0)
      return AFB_FAIL(AFB_E_IO, "%s ends at byte %lld, where data were expected", path, (long long)offset);
    to += n;
    offset += n;
    size -= (size_t)n;
  }
  return AFB_OK;
}

afb_status afb_file_write(int fd, const char *path, int64_t offset, const void *data, size_t size)
{
  const char *from = data;
  while (size > 0) {
    ssize_t n = pwrite(fd, from, size < AFB_IO_BLOCK ? size : AFB_IO_BLOCK, (off_t)offset);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, strerror(n < 0 ? errno : ENOSPC));
    from += n;
    offset += n;
    size -= (size_t)n;
  }
  return AFB_OK;
}

static afb_status copy_blocks(int in, int out, const char *from, const char *to, int64_t first, int64_t n, char *block)
{
  while (n > 0) {
    size_t size = n < AFB_COPY_BLOCK ? (size_t)n : AFB_COPY_BLOCK;
    AFB_TRY(afb_file_read(in, from, first, block, size));
    AFB_TRY(afb_file_write(out, to, first, block, size));
    afb_file_hurry(to);
    first += (int64_t)size;
    n -= (int64_t)size;
  }
  return AFB_OK;
}

afb_status afb_file_copy(const char *from, const char *to, int64_t first, int64_t n)
{
  if (n <= 0)
    return AFB_OK;
  char *block = malloc(AFB_COPY_BLOCK);
  int in = open(from, O_RDONLY | O_CLOEXEC), out = in < 0 ? -1 : open(to, O_WRONLY | O_CLOEXEC);
  int error = errno;
  afb_status status;
  if (!block)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for a block of %d bytes", AFB_COPY_BLOCK);
  else if (in < 0 || out < 0)
    status = AFB_FAIL(AFB_E_IO, "cannot open %s: %s", in < 0 ? from : to, strerror(error));
  else
    status = copy_blocks(in, out, from, to, first, n, block);
  if (in >= 0)
    close(in);
  if (out >= 0 && close(out) != 0 && status == AFB_OK)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", to, strerror(errno));
  free(block);
  return status;
}

static afb_status allocate(int fd, const char *path, int64_t size)
{
  int error = size > 0 ? posix_fallocate(fd, 0, (off_t)size) : 0;
  /* File systems that cannot reserve say so with one of these; the writes themselves then find a full disk. */
  if (error == 0 || error == EINVAL || error == EOPNOTSUPP || error == ENOSYS)
    return AFB_OK;
  return AFB_FAIL(AFB_E_IO, "cannot reserve %lld bytes for %s: %s", (long long)size, path, strerror(error));
}

afb_status afb_file_reserve(const char *path, int64_t size)
{
  if (unlink(path) != 0 && errno != ENOENT)
    return AFB_FAIL(AFB_E_IO, "cannot remove %s: %s", path, strerror(errno));
  int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0)
    return AFB_FAIL(AFB_E_IO, "cannot create %s: %s", path, strerror(errno));
  afb_status status = allocate(fd, path, size);
  close(fd);
  if (status != AFB_OK)
    unlink(path);
  return status;
}

afb_status afb_file_space(const char *path, int64_t size)
{
  struct stat info;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0)
    return AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, strerror(errno));
  afb_status status = fstat(fd, &info) == 0 ? AFB_OK : AFB_FAIL(AFB_E_IO, "cannot read %s: %s", path, strerror(errno));
  if (status == AFB_OK && size > info.st_size) {
    status = allocate(fd, path, size);
    if (ftruncate(fd, info.st_size) != 0 && status == AFB_OK)
      status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", path, strerror(errno));
  }
  close(fd);
  return status;
}

afb_status afb_file_size(const char *path, int64_t *size)
{
  struct stat info;
  if (stat(path, &info) != 0)
    return AFB_FAIL(AFB_E_IO, "cannot read %s: %s", path, strerror(errno));
  *size = info.st_size;
  return AFB_OK;
}

void afb_file_hurry(const char *path)
{
#ifdef SYNC_FILE_RANGE_WRITE
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  int begun = fd < 0 ? -1 : sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
  (void)begun;
  if (fd >= 0)
    close(fd);
#else
  (void)path;
#endif
}

void afb_file_drop(const char *path)
{
  if (unlink(path) != 0 && errno != ENOENT)
    afb_log(AFB_LOG_WARNING, "%s is of no use any more, but cannot be removed: %s", path, strerror(errno));
}

static afb_status sync_path(const char *path, const char *name)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return AFB_FAIL(AFB_E_IO, "cannot open %s: %s", path, strerror(errno));
  /* EINVAL: a file system whose directories need no fsync. */
  int error = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
  close(fd);
  return error ? AFB_FAIL(AFB_E_IO, "cannot write %s: %s", name, strerror(error)) : AFB_OK;
}

afb_status afb_file_sync(const char *path) { return sync_path(path, path); }

afb_status afb_file_sync_directory(const char *path)
{
  const char *slash = strrchr(path, '/');
  if (!slash)
    return sync_path(".", path);
  size_t n = slash == path ? 1 : (size_t)(slash - path);
  char *directory = strndup(path, n);
  if (!directory)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a path");
  afb_status status = sync_path(directory, path);
  free(directory);
  return status;
}
