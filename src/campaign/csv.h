/* Comma-separated values as in RFC 4180: fields in double quotes may hold commas, line ends and doubled quotes; lines end
 * with LF or CRLF; a UTF-8 byte order mark is passed over. Not collective: call on one rank. */
#ifndef AFB_CAMPAIGN_CSV_H
#define AFB_CAMPAIGN_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "core/status.h"

typedef struct {
  char *text;                   /* of the field, without quotes */
  int line, column;             /* where it begins, from 1, the column in bytes */
} afb_csv_field;

typedef struct {
  char *path, *text;            /* the whole file; fields are made in place */
  size_t size, at;
  int line, column;
  int n_fields, capacity;       /* of the record read last */
  afb_csv_field *field;
} afb_csv;

/* Reads the file. AFB_E_NOT_FOUND, AFB_E_IO, AFB_E_MEMORY; AFB_E_FOREIGN: not text (a zero byte). Clear *csv in every
 * case. */
afb_status afb_csv_open(const char *path, afb_csv *csv);
void afb_csv_clear(afb_csv *csv);

/* Next record that is not an empty line into csv->field; *more is 0 at the end. The former record's fields are gone.
 * AFB_E_INPUT "path:line:column: ...": a quote that does not end, or text behind one. Cost: linear. */
afb_status afb_csv_next(afb_csv *csv, int *more);

/* Records AFB_E_INPUT with "path:line:column: text (found "field")" and returns it. */
afb_status afb_csv_fail(const afb_csv *csv, int field, const char *text);

/* Writes a field, quoted where that is needed, and a comma before it unless `first`. Errors: see ferror(). */
void afb_csv_write(FILE *file, const char *text, int first);

#endif
