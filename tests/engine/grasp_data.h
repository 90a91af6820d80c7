/* Recorded files of GRASP2018: those beside the tests, and those of the shared reference where it is. */
#ifndef AFB_TESTS_ENGINE_GRASP_DATA_H
#define AFB_TESTS_ENGINE_GRASP_DATA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_ROOM = 1200 };

static inline char *recorded(const char *name, char path[PATH_ROOM])
{
  const char *source = getenv("AUFBAU_SOURCE");
  snprintf(path, PATH_ROOM, "%s/tests/engine/data/grasp/%s", source ? source : ".", name);
  return path;
}

/* A file of the shared reference; 0 when it is not there. */
static inline int shared(const char *set, const char *name, char path[PATH_ROOM])
{
  const char *folder = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  if (folder)
    snprintf(path, PATH_ROOM, "%s/reference/grasp/files/%s/%s", folder, set, name);
  else
    snprintf(path, PATH_ROOM, "%s/../shared/reference/grasp/files/%s/%s", source ? source : ".", set, name);
  return access(path, R_OK) == 0;
}

/* All bytes of a file, malloc'ed. */
static inline unsigned char *contents(const char *path, size_t *size)
{
  FILE *stream = fopen(path, "rb");
  unsigned char *data = NULL;
  *size = 0;
  if (!stream)
    return NULL;
  if (fseek(stream, 0, SEEK_END) == 0) {
    long end = ftell(stream);
    rewind(stream);
    data = malloc((size_t)end + 1);
    *size = data ? fread(data, 1, (size_t)end, stream) : 0;
  }
  fclose(stream);
  return data;
}

static inline int write_bytes(const char *path, const void *data, size_t size)
{
  FILE *stream = fopen(path, "wb");
  int ok = stream && fwrite(data, 1, size, stream) == size;
  return stream && fclose(stream) == 0 && ok;
}

static inline int same_bytes(const char *a, const char *b)
{
  size_t n, m;
  unsigned char *x = contents(a, &n), *y = contents(b, &m);
  int same = x && y && n == m && memcmp(x, y, n) == 0;
  free(x);
  free(y);
  return same;
}

#endif
