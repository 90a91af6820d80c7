#include "materials/potential_data.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "materials/lines.h"
#include "materials/number.h"
#include "materials/potential_metric.h"

/* A table with a line of names; commas are blanks, and no field is empty. */
static afb_status open_table(const char *path, afb_lines *lines)
{
  *lines = (afb_lines){0};
  FILE *file = fopen(path, "rb");
  if (!file)
    return AFB_FAIL(AFB_E_INPUT, "%s cannot be opened: %s", path, strerror(errno));
  long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  fclose(file);
  if (size < 0)
    return AFB_FAIL(AFB_E_IO, "%s cannot be read", path);
  AFB_TRY(afb_lines_read(path, 0, size, size, lines));
  if (lines->n < 1 || size == 0) {
    afb_lines_clear(lines);
    return AFB_FAIL(AFB_E_INPUT, "%s: the table is empty", path);
  }
  for (char *c = lines->text; *c; c++)
    if (*c == ',')
      *c = ' ';
  return AFB_OK;
}

/* Column of that name; of one that begins so, with `prefix`. -1: none. */
static int column_named(const afb_lines *lines, const char *name, int prefix)
{
  const char *at = lines->text;
  afb_word word;
  for (int column = 0; afb_word_next(&at, &word); column++) {
    size_t length = strlen(name);
    if (prefix ? word.size >= length && strncmp(word.text, name, length) == 0 : afb_word_is(word, name))
      return column;
  }
  return -1;
}

/* Steps over `column` words. */
static const char *field(const afb_lines *lines, int64_t line, int column)
{
  const char *at = lines->text + lines->start[line];
  afb_word word;
  for (int i = 0; i < column && afb_word_next(&at, &word); i++)
    ;
  return at;
}

static afb_status wrong_number(const char *path, int64_t line, const char *what)
{
  return AFB_FAIL(AFB_E_INPUT, "%s:%lld: %s should be a number", path, (long long)line + 1, what);
}

static afb_status parse_exponents(const char *path, const afb_lines *lines, int *n, double *alpha)
{
  int k_column = column_named(lines, "k", 0), column = column_named(lines, "alpha", 1);
  *n = 0;
  if (k_column < 0 || column < 0)
    return AFB_FAIL(AFB_E_INPUT, "%s:1: the table of exponents needs the columns k and alpha", path);
  for (int64_t i = 1; i < lines->n; i++) {
    const char *k_at = field(lines, i, k_column), *at = field(lines, i, column);
    int64_t k;
    if (afb_word_count(field(lines, i, 0)) == 0)
      continue;
    if (*n == AFB_POTENTIAL_MAX_GAUSSIANS)
      return AFB_FAIL(AFB_E_INPUT, "%s:%lld: more than %d exponents", path, (long long)i + 1, AFB_POTENTIAL_MAX_GAUSSIANS);
    if (!afb_number_integer(&k_at, &k) || k != *n + 1)
      return AFB_FAIL(AFB_E_INPUT, "%s:%lld: k should be %d", path, (long long)i + 1, *n + 1);
    if (!afb_number_real(&at, &alpha[*n]))
      return wrong_number(path, i, "alpha");
    if (!isfinite(alpha[*n]) || !(alpha[*n] > 0))
      return AFB_FAIL(AFB_E_INPUT, "%s:%lld: an exponent must be above 0", path, (long long)i + 1);
    ++*n;
  }
  return *n > 0 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "%s: no exponents", path);
}

afb_status afb_potential_read_exponents(MPI_Comm comm, const char *path, int *n, double *alpha)
{
  int rank;
  afb_lines lines = {0};
  MPI_Comm_rank(comm, &rank);
  afb_status status = rank == 0 ? open_table(path, &lines) : AFB_OK;
  if (rank == 0 && status == AFB_OK)
    status = parse_exponents(path, &lines, n, alpha);
  afb_lines_clear(&lines);
  AFB_TRY(afb_agree(comm, status));
  MPI_Bcast(n, 1, MPI_INT, 0, comm);
  MPI_Bcast(alpha, *n, MPI_DOUBLE, 0, comm);
  return AFB_OK;
}

/* Frames by name. */
typedef struct {
  const char *name;
  int64_t frame;
} named;

static int by_name(const void *a, const void *b)
{
  return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static afb_status sort_frames(const afb_structures *s, named *frames)
{
  for (int64_t f = 0; f < s->n_frames; f++)
    frames[f] = (named){s->frame[f].name, f};
  qsort(frames, (size_t)s->n_frames, sizeof *frames, by_name);
  for (int64_t f = 1; f < s->n_frames; f++)
    if (strcmp(frames[f].name, frames[f - 1].name) == 0)
      return AFB_FAIL(AFB_E_INPUT, "two structures are called %s (%s:%lld): potentials are given by the names of models", frames[f].name,
                      s->file[s->frame[frames[f].frame].file], (long long)s->frame[frames[f].frame].line);
  return AFB_OK;
}

typedef struct {
  int model, atom, *coefficient;
} columns;

static afb_status find_columns(const char *path, const afb_lines *lines, int n, columns *c)
{
  c->model = column_named(lines, "model", 0);
  c->atom = column_named(lines, "atom", 0);
  if (c->model < 0 || c->atom < 0)
    return AFB_FAIL(AFB_E_INPUT, "%s:1: the table of potentials needs the columns model and atom", path);
  for (int k = 0; k < n; k++) {
    char name[16];
    snprintf(name, sizeof name, "A%d", k + 1);
    c->coefficient[k] = column_named(lines, name, 0);
    if (c->coefficient[k] < 0)
      return AFB_FAIL(AFB_E_INPUT, "%s:1: the column %s is missing: there are %d exponents", path, name, n);
  }
  return AFB_OK;
}

static afb_status parse_row(const char *path, const afb_lines *lines, int64_t line, const afb_structures *s, const named *frames,
                            const columns *c, int n, double *a)
{
  const char *at = field(lines, line, c->model);
  char name[AFB_FRAME_NAME];
  afb_word word;
  int64_t atom;
  if (!afb_word_next(&at, &word))
    return AFB_OK;
  snprintf(name, sizeof name, "%.*s", (int)(word.size < sizeof name ? word.size : sizeof name - 1), word.text);
  named key = {name, 0};
  const named *found = bsearch(&key, frames, (size_t)s->n_frames, sizeof *frames, by_name);
  if (!found)
    return AFB_OK;
  at = field(lines, line, c->atom);
  const afb_frame *frame = &s->frame[found->frame];
  if (!afb_number_integer(&at, &atom) || atom < 1 || atom > frame->n_atoms)
    return AFB_FAIL(AFB_E_INPUT, "%s:%lld: model %s has atoms 1 to %lld", path, (long long)line + 1, name, (long long)frame->n_atoms);
  double *row = a + (frame->first_atom + atom - 1) * n;
  if (!isnan(row[0]))
    return AFB_FAIL(AFB_E_INPUT, "%s:%lld: atom %lld of model %s stands here a second time", path, (long long)line + 1,
                    (long long)atom, name);
  for (int k = 0; k < n; k++) {
    at = field(lines, line, c->coefficient[k]);
    if (!afb_number_real(&at, &row[k]) || !isfinite(row[k]))
      return wrong_number(path, line, "a coefficient");
  }
  return AFB_OK;
}

static afb_status parse_targets(const char *path, const afb_lines *lines, const afb_structures *s, int n, double *a)
{
  int coefficient[AFB_POTENTIAL_MAX_GAUSSIANS];
  columns c = {.coefficient = coefficient};
  AFB_TRY(find_columns(path, lines, n, &c));
  named *frames = malloc(((size_t)s->n_frames + 1) * sizeof *frames);
  afb_status status = frames ? sort_frames(s, frames) : AFB_FAIL(AFB_E_MEMORY, "no memory for names of structures");
  for (int64_t i = 1; i < lines->n && status == AFB_OK; i++)
    status = parse_row(path, lines, i, s, frames, &c, n, a);
  free(frames);
  AFB_TRY(status);
  for (int64_t f = 0; f < s->n_frames; f++)
    for (int64_t i = 0; i < s->frame[f].n_atoms; i++)
      if (isnan(a[(s->frame[f].first_atom + i) * n]))
        return AFB_FAIL(AFB_E_INPUT, "%s:%lld: the table ends without atom %lld of model %s", path, (long long)lines->n,
                        (long long)i + 1, s->frame[f].name);
  return AFB_OK;
}

afb_status afb_potential_read_targets(MPI_Comm comm, const char *path, const afb_structures *structures, int n, double **out)
{
  int rank;
  afb_lines lines = {0};
  int64_t size = structures->n_atoms * n;
  double *a = *out = malloc(((size_t)size + 1) * sizeof *a);
  MPI_Comm_rank(comm, &rank);
  afb_status status = a ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the potentials of %lld atoms", (long long)structures->n_atoms);
  for (int64_t i = 0; i < size && a; i++)
    a[i] = NAN;
  if (rank == 0 && status == AFB_OK)
    status = open_table(path, &lines);
  if (rank == 0 && status == AFB_OK)
    status = parse_targets(path, &lines, structures, n, a);
  afb_lines_clear(&lines);
  status = afb_agree(comm, status);
  for (int64_t at = 0, most = 1 << 24; at < size && status == AFB_OK; at += most)
    MPI_Bcast(a + at, (int)(size - at < most ? size - at : most), MPI_DOUBLE, 0, comm);
  if (status != AFB_OK) {
    free(a);
    *out = NULL;
  }
  return status;
}
