/* The lines of a part of a text file: those that begin in a range of its bytes. Not collective.
 *
 * Ranks that read ranges which together are the file have each line exactly once, on the rank where its first byte
 * lies; a line that goes on behind the range is read to its end. */
#ifndef AFB_MATERIALS_LINES_H
#define AFB_MATERIALS_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

typedef struct {
  char *text;                  /* the lines, each ended by a line feed (the last one as well), then a zero byte */
  size_t *start;               /* [n] offsets in text */
  int64_t n;
} afb_lines;

/* Reads the lines that begin in bytes begin ... end - 1 of a file of `size` bytes. AFB_E_IO (also: the file has become shorter), AFB_E_MEMORY; *lines
 * is then empty. The caller clears *lines. Cost: the range is read once and walked through twice; memory is its bytes and 8 bytes a
 * line. Reads are independent of other ranks: the ranges are long, contiguous and disjoint, and there is nothing to gain from
 * reading collectively. */
afb_status afb_lines_read(const char *path, int64_t begin, int64_t end, int64_t size, afb_lines *lines);
/* Gives back the memory of the text; the number of lines stays. */
void afb_lines_drop(afb_lines *lines);
void afb_lines_clear(afb_lines *lines);

#endif
