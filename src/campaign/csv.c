#include "campaign/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void afb_csv_clear(afb_csv *csv)
{
  free(csv->path);
  free(csv->text);
  free(csv->field);
  *csv = (afb_csv){.path = NULL};
}

/* The rest of an open file, NUL at the end. */
static afb_status read_all(FILE *file, afb_csv *csv)
{
  size_t capacity = 0, got = 1;
  while (got > 0) {
    if (csv->size + 1 >= capacity) {
      capacity = 2 * capacity + 65536;
      char *grown = realloc(csv->text, capacity);
      if (!grown)
        return AFB_FAIL(AFB_E_MEMORY, "no memory for the text of %s", csv->path);
      csv->text = grown;
    }
    got = fread(csv->text + csv->size, 1, capacity - csv->size - 1, file);
    csv->size += got;
  }
  if (ferror(file))
    return AFB_FAIL(AFB_E_IO, "%s cannot be read: %s", csv->path, strerror(errno));
  csv->text[csv->size] = '\0';
  if (memchr(csv->text, '\0', csv->size))
    return AFB_FAIL(AFB_E_FOREIGN, "%s is not a text file: comma-separated values are wanted", csv->path);
  return AFB_OK;
}

afb_status afb_csv_open(const char *path, afb_csv *csv)
{
  *csv = (afb_csv){.line = 1, .column = 1};
  csv->path = malloc(strlen(path) + 1);
  if (!csv->path)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a path");
  strcpy(csv->path, path);
  FILE *file = fopen(path, "rb");
  if (!file)
    return AFB_FAIL(errno == ENOENT ? AFB_E_NOT_FOUND : AFB_E_IO, "%s cannot be opened: %s", path, strerror(errno));
  afb_status status = read_all(file, csv);
  fclose(file);
  if (status == AFB_OK && csv->size >= 3 && memcmp(csv->text, "\xef\xbb\xbf", 3) == 0)
    csv->at = 3;
  return status;
}

static int line_ends(const afb_csv *csv)
{
  const char *at = csv->text + csv->at;
  return at[0] == '\n' || (at[0] == '\r' && at[1] == '\n') || csv->at == csv->size;
}

/* One character on, keeping line and column. */
static char advance(afb_csv *csv)
{
  char c = csv->text[csv->at++];
  if (c == '\n') {
    csv->line++;
    csv->column = 1;
  } else {
    csv->column++;
  }
  return c;
}

static void skip_line_end(afb_csv *csv)
{
  while (csv->at < csv->size && advance(csv) != '\n')
    ;
}

static afb_status add_field(afb_csv *csv)
{
  if (csv->n_fields == csv->capacity) {
    int capacity = 2 * csv->capacity + 32;
    afb_csv_field *grown = realloc(csv->field, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d fields of %s", capacity, csv->path);
    csv->field = grown;
    csv->capacity = capacity;
  }
  csv->field[csv->n_fields++] = (afb_csv_field){csv->text + csv->at, csv->line, csv->column};
  return AFB_OK;
}

/* The field at csv->at; its text is moved to the left over quotes. *length is what remains of it; its end is marked later,
 * when the character behind it is no longer needed. */
static afb_status read_field(afb_csv *csv, size_t *length)
{
  AFB_TRY(add_field(csv));
  afb_csv_field *field = &csv->field[csv->n_fields - 1];
  char *to = field->text;
  if (csv->text[csv->at] != '"' || csv->at == csv->size) {
    while (!line_ends(csv) && csv->text[csv->at] != ',')
      advance(csv);
    *length = (size_t)(csv->text + csv->at - field->text);
    return AFB_OK;
  }
  advance(csv);
  for (;;) {
    if (csv->at == csv->size)
      return AFB_FAIL(AFB_E_INPUT, "%s:%d:%d: the quote that begins here does not end", csv->path, field->line,
                      field->column);
    char c = advance(csv);
    if (c == '"' && csv->text[csv->at] != '"')
      break;
    if (c == '"')
      advance(csv);
    *to++ = c;
  }
  if (!line_ends(csv) && csv->text[csv->at] != ',')
    return AFB_FAIL(AFB_E_INPUT, "%s:%d:%d: a comma or the end of the line must follow a closing quote", csv->path,
                    csv->line, csv->column);
  *length = (size_t)(to - field->text);
  return AFB_OK;
}

afb_status afb_csv_next(afb_csv *csv, int *more)
{
  csv->n_fields = 0;
  *more = 0;
  while (csv->at < csv->size && line_ends(csv))
    skip_line_end(csv);
  if (csv->at == csv->size)
    return AFB_OK;
  for (int last = 0; !last;) {
    size_t length = 0;
    AFB_TRY(read_field(csv, &length));
    char *text = csv->field[csv->n_fields - 1].text;
    last = line_ends(csv);
    if (last)
      skip_line_end(csv);
    else
      advance(csv);
    text[length] = '\0';
  }
  *more = 1;
  return AFB_OK;
}

afb_status afb_csv_fail(const afb_csv *csv, int field, const char *text)
{
  const afb_csv_field *f = &csv->field[field];
  char copy[600];               /* text may be afb_error_text() itself */
  snprintf(copy, sizeof copy, "%s", text);
  return AFB_FAIL(AFB_E_INPUT, "%s:%d:%d: %s (found \"%.200s\")", csv->path, f->line, f->column, copy,
                  f->text);
}

void afb_csv_write(FILE *file, const char *text, int first)
{
  if (!first)
    fputc(',', file);
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, file);
    return;
  }
  fputc('"', file);
  for (; *text; text++) {
    if (*text == '"')
      fputc('"', file);
    fputc(*text, file);
  }
  fputc('"', file);
}
