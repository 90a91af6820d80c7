#include "materials/scfv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "materials/lines.h"
#include "materials/number.h"

enum { MOST_GAUSSIANS = 10000, MOST_TYPES = 100000000 };

typedef struct {
  const char *path, *at;
  afb_lines lines;
  int64_t line;                /* of `at`, from 0 */
} reader;

static afb_status fail_here(const reader *r, const char *what)
{
  return AFB_FAIL(AFB_E_INPUT, "%s:%lld: %s", r->path, (long long)r->line + 1, what);
}

/* Steps to the next line with words. */
static afb_status next_line(reader *r, const char *wanted)
{
  for (r->line++; r->line < r->lines.n; r->line++) {
    r->at = r->lines.text + r->lines.start[r->line];
    if (afb_word_count(r->at) > 0)
      return AFB_OK;
  }
  r->line = r->lines.n;
  return AFB_FAIL(AFB_E_INPUT, "%s:%lld: the file ends where %s should stand", r->path, (long long)r->lines.n, wanted);
}

static afb_status label(reader *r, const char *name)
{
  afb_word word;
  AFB_TRY(next_line(r, name));
  if (!afb_word_next(&r->at, &word) || !afb_word_is(word, name))
    return AFB_FAIL(AFB_E_INPUT, "%s:%lld: here the line %s should stand", r->path, (long long)r->line + 1, name);
  return AFB_OK;
}

/* Makes room for `rows` rows more. */
static afb_status grow(afb_scfv *s, int64_t type, int64_t rows)
{
  size_t total = (size_t)(s->first[type] + rows) + 1;
  double *alpha = realloc(s->alpha, total * sizeof(double));
  s->alpha = alpha ? alpha : s->alpha;
  double *up = realloc(s->up, total * sizeof(double));
  s->up = up ? up : s->up;
  double *down = realloc(s->down, total * sizeof(double));
  s->down = down ? down : s->down;
  double *charge = realloc(s->charge, 3 * total * sizeof(double));
  s->charge = charge ? charge : s->charge;
  if (!alpha || !up || !down || !charge)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld Gaussians", (long long)total);
  s->first[type + 1] = s->first[type] + rows;
  return AFB_OK;
}

static afb_status read_row(reader *r, afb_scfv *s, int64_t row, int spin)
{
  double value[5];
  AFB_TRY(next_line(r, "a row of five numbers"));
  for (int k = 0; k < 5; k++)
    if (!afb_number_real(&r->at, &value[k]))
      return fail_here(r, "a row has the five numbers A, alpha, and the charge's total, valence and spin coefficients");
  if (!(value[1] > 0))
    return fail_here(r, "an exponent must be above 0");
  if (spin == 0) {
    s->up[row] = value[0];
    s->alpha[row] = value[1];
    memcpy(s->charge + 3 * row, value + 2, 3 * sizeof(double));
  } else if (value[1] < s->alpha[row] * (1 - 1e-9) || value[1] > s->alpha[row] * (1 + 1e-9)) {
    return fail_here(r, "the exponent differs from that of the first spin");
  }
  s->down[row] = value[0];
  return AFB_OK;
}

static afb_status read_spin(reader *r, afb_scfv *s, int spin)
{
  AFB_TRY(label(r, spin ? "SPIN_DN" : "TOTAL__OR__SPIN_UP"));
  for (int64_t t = 0; t < s->n_types; t++) {
    int64_t n;
    AFB_TRY(next_line(r, "the number of Gaussians of a type"));
    if (!afb_number_integer(&r->at, &n) || n < 1 || n > MOST_GAUSSIANS)
      return fail_here(r, "here the number of Gaussians of a type should stand");
    if (spin == 0)
      AFB_TRY(grow(s, t, n));
    else if (n != s->first[t + 1] - s->first[t])
      return fail_here(r, "the number of Gaussians differs from that of the first spin");
    for (int64_t k = 0; k < n; k++)
      AFB_TRY(read_row(r, s, s->first[t] + k, spin));
  }
  return AFB_OK;
}

static afb_status read_all(reader *r, afb_scfv *s)
{
  int64_t terms;
  AFB_TRY(label(r, "NUM_TYPES"));
  if (!afb_number_integer(&r->at, &s->n_types) || s->n_types < 1 || s->n_types > MOST_TYPES) {
    s->n_types = 0;
    return fail_here(r, "NUM_TYPES needs the number of types");
  }
  s->first = calloc((size_t)s->n_types + 1, sizeof *s->first);
  if (!s->first)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld types", (long long)s->n_types);
  AFB_TRY(read_spin(r, s, 0));
  AFB_TRY(read_spin(r, s, 1));
  AFB_TRY(label(r, "NUM__PLUSUJ__TERMS"));
  AFB_TRY(next_line(r, "the number of plus-U terms"));
  if (!afb_number_integer(&r->at, &terms) || terms != 0)
    return fail_here(r, "only potentials without plus-U terms (0 here) can be read");
  AFB_TRY(label(r, "TOTAL__OR__SPIN_UP"));
  return label(r, "SPIN_DN");
}

afb_status afb_scfv_read(const char *path, afb_scfv *s)
{
  *s = (afb_scfv){0};
  reader r = {.path = path, .line = -1};
  FILE *file = fopen(path, "rb");
  if (!file)
    return AFB_FAIL(AFB_E_INPUT, "%s cannot be opened: %s", path, strerror(errno));
  long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  fclose(file);
  if (size < 0)
    return AFB_FAIL(AFB_E_IO, "%s cannot be read", path);
  AFB_TRY(afb_lines_read(path, 0, size, size, &r.lines));
  afb_status status = read_all(&r, s);
  afb_lines_clear(&r.lines);
  if (status != AFB_OK)
    afb_scfv_clear(s);
  return status;
}

void afb_scfv_clear(afb_scfv *s)
{
  free(s->first);
  free(s->alpha);
  free(s->up);
  free(s->down);
  free(s->charge);
  *s = (afb_scfv){0};
}

static int write_all(FILE *f, int64_t n_types, int n, const double *alpha, const double *a)
{
  int good = fprintf(f, "NUM_TYPES %lld\n", (long long)n_types) > 0;
  for (int spin = 0; spin < 2; spin++) {
    good &= fprintf(f, "%s\n", spin ? "SPIN_DN" : "TOTAL__OR__SPIN_UP") > 0;
    for (int64_t t = 0; t < n_types; t++) {
      good &= fprintf(f, "%5d\n", n) > 0;
      for (int k = 0; k < n; k++)
        good &= fprintf(f, " %.16E %.10E 0.0 0.0 0.0\n", a[t * n + k], alpha[k]) > 0;
    }
  }
  good &= fprintf(f, "NUM__PLUSUJ__TERMS\n0\nTOTAL__OR__SPIN_UP\nSPIN_DN\n") > 0;
  return good;
}

afb_status afb_scfv_write(const char *path, int64_t n_types, int n, const double *alpha, const double *a)
{
  char temporary[4096];
  if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
    return AFB_FAIL(AFB_E_INPUT, "the name %s is too long", path);
  FILE *f = fopen(temporary, "wb");
  if (!f)
    return AFB_FAIL(AFB_E_IO, "%s cannot be written: %s", temporary, strerror(errno));
  int good = write_all(f, n_types, n, alpha, a);
  good &= fclose(f) == 0;
  if (good && rename(temporary, path) == 0)
    return AFB_OK;
  int reason = errno;
  remove(temporary);
  return AFB_FAIL(AFB_E_IO, "%s cannot be written: %s", path, strerror(reason));
}
