#include "materials/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 1 << 30, STEP_TO_LINE_END = 1 << 16 };

/* Bytes begin ... end - 1 to `text`. */
static afb_status read_range(int file, const char *path, int64_t begin, int64_t end, char *text)
{
  while (begin < end) {
    int64_t wanted = end - begin < MOST_AT_ONCE ? end - begin : MOST_AT_ONCE;
    ssize_t got = pread(file, text, (size_t)wanted, (off_t)begin);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return AFB_FAIL(AFB_E_IO, "%s cannot be read: %s", path, strerror(errno));
    if (got == 0)
      return AFB_FAIL(AFB_E_IO, "%s has become shorter while it was read", path);
    begin += got;
    text += got;
  }
  return AFB_OK;
}

static char *grow(afb_lines *lines, int64_t bytes)
{
  char *text = realloc(lines->text, (size_t)bytes + 2);
  if (text)
    lines->text = text;
  return text;
}

static afb_status no_memory(const char *path, int64_t bytes)
{
  return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld bytes of %s", (long long)bytes, path);
}

/* Reads on from `got` bytes until the last line is complete. */
static afb_status complete_line(int file, const char *path, int64_t begin, int64_t size, int64_t *got, afb_lines *lines)
{
  while (begin + *got < size && lines->text[*got - 1] != '\n') {
    int64_t more = size - begin - *got;
    if (more > STEP_TO_LINE_END)
      more = STEP_TO_LINE_END;
    if (!grow(lines, *got + more))
      return no_memory(path, *got + more);
    AFB_TRY(read_range(file, path, begin + *got, begin + *got + more, lines->text + *got));
    char *line_end = memchr(lines->text + *got, '\n', (size_t)more);
    *got = line_end ? line_end + 1 - lines->text : *got + more;
  }
  return AFB_OK;
}

/* Lines from offset `at` on of `got` bytes. */
static afb_status find_lines(const char *path, size_t at, size_t got, afb_lines *lines)
{
  int64_t n = 0;
  for (size_t i = at; i < got; i++)
    n += lines->text[i] == '\n';
  lines->start = malloc((size_t)(n + 1) * sizeof *lines->start);
  if (!lines->start)
    return no_memory(path, n * (int64_t)sizeof *lines->start);
  for (int64_t i = 0; i < n; i++) {
    lines->start[i] = at;
    const char *line_end = memchr(lines->text + at, '\n', got - at);
    at = (size_t)(line_end + 1 - lines->text);
  }
  lines->n = n;
  return AFB_OK;
}

static afb_status read_lines(int file, const char *path, int64_t begin, int64_t end, int64_t size, afb_lines *lines)
{
  /* One byte more in front tells whether a line begins at `begin`. */
  int64_t from = begin > 0 ? begin - 1 : 0, got = end - from;
  if (!grow(lines, got))
    return no_memory(path, got);
  AFB_TRY(read_range(file, path, from, end, lines->text));
  size_t first = 0;
  if (begin > 0) {
    const char *line_end = memchr(lines->text, '\n', (size_t)got);
    if (!line_end || line_end + 1 == lines->text + got)
      return AFB_OK;
    first = (size_t)(line_end + 1 - lines->text);
  }
  if (end > begin)
    AFB_TRY(complete_line(file, path, from, size, &got, lines));
  if (got > 0 && lines->text[got - 1] != '\n')
    lines->text[got++] = '\n';
  lines->text[got] = '\0';
  return find_lines(path, first, (size_t)got, lines);
}

afb_status afb_lines_read(const char *path, int64_t begin, int64_t end, int64_t size, afb_lines *lines)
{
  *lines = (afb_lines){.n = 0};
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return AFB_FAIL(AFB_E_IO, "%s cannot be opened: %s", path, strerror(errno));
  afb_status status = read_lines(file, path, begin, end, size, lines);
  close(file);
  if (status != AFB_OK)
    afb_lines_clear(lines);
  return status;
}

void afb_lines_drop(afb_lines *lines)
{
  free(lines->text);
  free(lines->start);
  lines->text = NULL;
  lines->start = NULL;
}

void afb_lines_clear(afb_lines *lines)
{
  afb_lines_drop(lines);
  *lines = (afb_lines){.n = 0};
}
