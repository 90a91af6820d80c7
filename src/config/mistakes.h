/* Mistakes of an input, collected to be reported together. Not collective.
 *
 * A source is one text that the user wrote: the input file, or one --set option. A place is a byte offset into a
 * source. Lines and columns count from 1; a column is one UTF-8 character. */
#ifndef AFB_CONFIG_MISTAKES_H
#define AFB_CONFIG_MISTAKES_H

#include <stdarg.h>
#include <stddef.h>

#include "core/status.h"

typedef struct {
  char *name;       /* the file's name, or "--set" */
  char *text;       /* ends with 0 */
  size_t size;
} afb_source;

typedef struct {
  int source;       /* < 0: nowhere in particular (a default) */
  size_t offset;
} afb_place;

typedef struct {
  afb_place place;
  char *message;
} afb_mistake;

typedef struct {
  int n_sources;
  afb_source *source;
  int n, capacity;
  afb_mistake *mistake;
  int out_of_memory;   /* a source or a mistake was lost */
} afb_mistakes;

void afb_mistakes_clear(afb_mistakes *mistakes);

/* Copies name and text. Returns the number of the source, -1 when out of memory. */
int afb_mistakes_add_source(afb_mistakes *mistakes, const char *name, const char *text, size_t size);

void afb_mistakes_add(afb_mistakes *mistakes, afb_place place, const char *format, ...)
  __attribute__((format(printf, 3, 4)));
void afb_mistakes_vadd(afb_mistakes *mistakes, afb_place place, const char *format, va_list args)
  __attribute__((format(printf, 3, 0)));

/* Line and column of a place. */
void afb_place_locate(const afb_mistakes *mistakes, afb_place place, int *line, int *column);

/* AFB_OK when there are none. Otherwise AFB_E_INPUT, and the text of the failure holds every mistake in the order of
 * the sources, each as "file:line:column: message", the line, and a caret below the place; those that do not fit into
 * AFB_ERROR_LENGTH are counted at the end. AFB_E_MEMORY when some were lost. */
afb_status afb_mistakes_verdict(const afb_mistakes *mistakes);

#endif
