#include "materials/snap_file.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lines of words ---- */

enum { MAX_WORDS = AFB_MAX_ELEMENTS + 2, MAX_BYTES = 1 << 30 };

typedef struct {
  const char *path;
  char *text, *next;           /* text is cut into words as it is read */
  int line;
  int n_words;                 /* of the current line; MAX_WORDS: that many or more */
  char *word[MAX_WORDS];
} lines;

static afb_status load(const char *path, char **text, int *size)
{
  FILE *file = fopen(path, "rb");
  if (!file)
    return AFB_FAIL(AFB_E_INPUT, "%s cannot be opened: %s", path, strerror(errno));
  afb_status status = AFB_OK;
  long length = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
  if (length < 0 || length >= MAX_BYTES || fseek(file, 0, SEEK_SET) != 0)
    status = AFB_FAIL(AFB_E_INPUT, "%s cannot be read as a text file", path);
  else if (!(*text = malloc((size_t)length + 1)))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for the text of %s", path);
  else if (fread(*text, 1, (size_t)length, file) != (size_t)length)
    status = AFB_FAIL(AFB_E_INPUT, "%s cannot be read: %s", path, strerror(errno));
  fclose(file);
  *size = status == AFB_OK ? (int)length : 0;
  return status;
}

static afb_status lines_open(MPI_Comm comm, const char *path, lines *in)
{
  int rank, size = 0;
  MPI_Comm_rank(comm, &rank);
  *in = (lines){.path = path};
  AFB_TRY(afb_agree(comm, rank == 0 ? load(path, &in->text, &size) : AFB_OK));
  MPI_Bcast(&size, 1, MPI_INT, 0, comm);
  if (rank != 0)
    in->text = malloc((size_t)size + 1);
  AFB_TRY(afb_agree(comm, in->text ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the text of %s", path)));
  MPI_Bcast(in->text, size, MPI_CHAR, 0, comm);
  in->text[size] = '\0';
  in->next = in->text;
  return AFB_OK;
}

/* Next line that has words; 0 at the end, where in->line is the number of the last line. */
static int lines_next(lines *in)
{
  for (in->n_words = 0; in->n_words == 0 && *in->next;) {
    char *line = in->next, *end = line + strcspn(line, "\n"), *state = NULL;
    in->next = *end ? end + 1 : end;
    *end = '\0';
    line[strcspn(line, "#")] = '\0';
    in->line++;
    for (char *word = strtok_r(line, " \t\r\f\"'", &state); word && in->n_words < MAX_WORDS;
         word = strtok_r(NULL, " \t\r\f\"'", &state))
      in->word[in->n_words++] = word;
  }
  return in->n_words > 0;
}

static afb_status read_number(const lines *in, const char *text, double *value)
{
  char *end;
  *value = strtod(text, &end);
  if (end == text || *end || !isfinite(*value))
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: a number is wanted, found \"%s\"", in->path, in->line, text);
  return AFB_OK;
}

static afb_status read_count(const lines *in, const char *text, int min, int max, int *value)
{
  char *end;
  long number = strtol(text, &end, 10);
  if (end == text || *end || number < min || number > max)
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: a whole number from %d to %d is wanted, found \"%s\"", in->path, in->line, min, max,
                    text);
  *value = (int)number;
  return AFB_OK;
}

/* ---- Coefficients ---- */

typedef struct {
  int n_coefficients, line;    /* as the file says, and where */
  double *value;               /* [elements][n_coefficients], the constant first */
} coefficients;

static afb_status read_element(lines *in, int k, afb_snap_elements *elements, afb_bispectrum_settings *settings,
                               coefficients *c)
{
  if (!lines_next(in))
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: the file ends before element %d of %d", in->path, in->line, k + 1, elements->n);
  if (in->n_words != 3)
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: the name, radius and weight of element %d are wanted", in->path, in->line, k + 1);
  if (strlen(in->word[0]) >= AFB_SNAP_NAME)
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: the name \"%s\" is too long", in->path, in->line, in->word[0]);
  for (int other = 0; other < k; other++)
    if (strcmp(elements->name[other], in->word[0]) == 0)
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: element %s is there twice", in->path, in->line, in->word[0]);
  strcpy(elements->name[k], in->word[0]);
  AFB_TRY(read_number(in, in->word[1], &settings->radius[k]));
  AFB_TRY(read_number(in, in->word[2], &settings->weight[k]));
  for (int i = 0; i < c->n_coefficients; i++) {
    if (!lines_next(in))
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: the file ends after %d of %d coefficients of %s", in->path, in->line, i,
                      c->n_coefficients, elements->name[k]);
    if (in->n_words != 1)
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: coefficient %d of %d of %s is wanted, alone on its line", in->path, in->line,
                      i + 1, c->n_coefficients, elements->name[k]);
    AFB_TRY(read_number(in, in->word[0], &c->value[(size_t)k * (size_t)c->n_coefficients + (size_t)i]));
  }
  return AFB_OK;
}

static afb_status read_coefficients(lines *in, afb_snap_elements *elements, afb_bispectrum_settings *settings,
                                    coefficients *c)
{
  if (!lines_next(in))
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: the file is empty", in->path, in->line);
  if (in->n_words != 2)
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: the number of elements and of coefficients of each are wanted", in->path,
                    in->line);
  c->line = in->line;
  AFB_TRY(read_count(in, in->word[0], 1, AFB_MAX_ELEMENTS, &elements->n));
  AFB_TRY(read_count(in, in->word[1], 1, 100000000, &c->n_coefficients));
  settings->n_elements = elements->n;
  c->value = calloc((size_t)elements->n * (size_t)c->n_coefficients, sizeof *c->value);
  if (!c->value)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d coefficients of %d elements", c->n_coefficients, elements->n);
  for (int k = 0; k < elements->n; k++)
    AFB_TRY(read_element(in, k, elements, settings, c));
  if (lines_next(in))
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: the file should end behind %d elements of %d coefficients", in->path, in->line,
                    elements->n, c->n_coefficients);
  return AFB_OK;
}

/* ---- Parameters ---- */

typedef enum { NUMBER, COUNT, FLAG, PER_ELEMENT, IGNORED } kind;

static const struct {
  const char *name;
  kind kind;
  size_t field;
} keyword[] = {
  {"rcutfac", NUMBER, offsetof(afb_bispectrum_settings, rcutfac)},
  {"twojmax", COUNT, offsetof(afb_bispectrum_settings, two_jmax)},
  {"rfac0", NUMBER, offsetof(afb_bispectrum_settings, rfac0)},
  {"rmin0", NUMBER, offsetof(afb_bispectrum_settings, rmin0)},
  {"switchflag", FLAG, offsetof(afb_bispectrum_settings, switching)},
  {"bzeroflag", FLAG, offsetof(afb_bispectrum_settings, bzero)},
  {"quadraticflag", FLAG, offsetof(afb_bispectrum_settings, quadratic)},
  {"chemflag", FLAG, offsetof(afb_bispectrum_settings, chem)},
  {"bnormflag", FLAG, offsetof(afb_bispectrum_settings, bnorm)},
  {"wselfallflag", FLAG, offsetof(afb_bispectrum_settings, self_all)},
  {"switchinnerflag", FLAG, offsetof(afb_bispectrum_settings, inner_switching)},
  {"sinner", PER_ELEMENT, offsetof(afb_bispectrum_settings, inner_s)},
  {"dinner", PER_ELEMENT, offsetof(afb_bispectrum_settings, inner_d)},
  {"chunksize", IGNORED, 0},
  {"parallelthresh", IGNORED, 0},
};
enum { N_KEYWORDS = sizeof keyword / sizeof keyword[0], SWITCHINNER = 10, SINNER = 11, DINNER = 12 };

static afb_status read_values(const lines *in, int k, afb_bispectrum_settings *settings)
{
  char *field = (char *)settings + keyword[k].field;
  int n = keyword[k].kind == PER_ELEMENT ? settings->n_elements : 1;
  if (in->n_words != n + 1)
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: %s has %d value%s, found %d", in->path, in->line, keyword[k].name, n,
                    n == 1 ? "" : "s (one for each element)", in->n_words - 1);
  for (int i = 0; i < n; i++)
    switch (keyword[k].kind) {
    case NUMBER:
    case PER_ELEMENT: AFB_TRY(read_number(in, in->word[1 + i], (double *)(void *)field + i)); break;
    case COUNT: AFB_TRY(read_count(in, in->word[1], 0, AFB_BISPECTRUM_MAX_TWOJ, (int *)(void *)field)); break;
    case FLAG: AFB_TRY(read_count(in, in->word[1], 0, 1, (int *)(void *)field)); break;
    case IGNORED: break;
    }
  return AFB_OK;
}

static afb_status read_parameters(lines *in, afb_bispectrum_settings *settings)
{
  int given[N_KEYWORDS] = {0};
  while (lines_next(in)) {
    int k = 0;
    while (k < N_KEYWORDS && strcmp(keyword[k].name, in->word[0]) != 0)
      k++;
    if (k == N_KEYWORDS)
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: unknown keyword \"%s\"", in->path, in->line, in->word[0]);
    if (given[k])
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: %s is there twice, first in line %d", in->path, in->line, in->word[0], given[k]);
    given[k] = in->line;
    AFB_TRY(read_values(in, k, settings));
  }
  for (int k = 0; k < 2; k++)
    if (!given[k])
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: %s is missing", in->path, in->line, keyword[k].name);
  for (int k = SINNER; k <= DINNER; k++)
    if (settings->inner_switching && !given[k])
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: switchinnerflag 1 needs %s", in->path, given[SWITCHINNER], keyword[k].name);
    else if (!settings->inner_switching && given[k])
      return AFB_FAIL(AFB_E_INPUT, "%s:%d: %s has no meaning without switchinnerflag 1", in->path, given[k],
                      keyword[k].name);
  return AFB_OK;
}

/* ---- Reading both ---- */

static afb_status make_potential(const lines *in, const lines *parameters, const afb_bispectrum_settings *settings,
                                 const coefficients *c, afb_potential *out)
{
  afb_status status = afb_bispectrum_create(settings, &out->bispectrum);
  if (status != AFB_OK) {
    char text[AFB_ERROR_LENGTH];
    snprintf(text, sizeof text, "%s", afb_error_text());
    return AFB_FAIL(status, "%s with %s: %s", in->path, parameters->path, text);
  }
  int n_columns = afb_bispectrum_n_columns(out->bispectrum), n = settings->n_elements;
  if (c->n_coefficients != n_columns + 1)
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: %d coefficients of each element, but %s (twojmax %d%s%s) asks for %d: a constant and %d",
                    in->path, c->line, c->n_coefficients, parameters->path, settings->two_jmax,
                    settings->quadratic ? ", quadratic" : "", settings->chem ? ", chem" : "", n_columns + 1, n_columns);
  out->n_elements = n;
  out->constant = malloc((size_t)n * sizeof *out->constant);
  out->beta = malloc((size_t)n * (size_t)n_columns * sizeof *out->beta);
  if (!out->constant || !out->beta)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d coefficients of %d elements", n_columns, n);
  for (int e = 0; e < n; e++) {
    const double *value = c->value + (size_t)e * (size_t)(n_columns + 1);
    out->constant[e] = value[0];
    memcpy(out->beta + (size_t)e * (size_t)n_columns, value + 1, (size_t)n_columns * sizeof *value);
  }
  return AFB_OK;
}

afb_status afb_snap_read(MPI_Comm comm, const char *coefficients_path, const char *parameters_path,
                         afb_snap_elements *elements, afb_potential *out)
{
  lines in = {0}, parameters = {0};
  coefficients c = {0};
  afb_bispectrum_settings settings;
  *elements = (afb_snap_elements){0};
  *out = (afb_potential){0};
  afb_bispectrum_settings_default(&settings);
  afb_status status = lines_open(comm, coefficients_path, &in);
  if (status == AFB_OK)
    status = lines_open(comm, parameters_path, &parameters);
  /* All ranks have the same text and come to the same result but for memory. */
  if (status == AFB_OK) {
    status = read_coefficients(&in, elements, &settings, &c);
    if (status == AFB_OK)
      status = read_parameters(&parameters, &settings);
    if (status == AFB_OK)
      status = make_potential(&in, &parameters, &settings, &c, out);
    status = afb_agree(comm, status);
  }
  free(in.text);
  free(parameters.text);
  free(c.value);
  return status;
}

/* ---- Writing ---- */

/* With as few digits as read back to the same number. */
static void put_number(FILE *file, const char *before, double value)
{
  char text[32];
  int digits = 15;
  do
    snprintf(text, sizeof text, "%.*g", digits, value);
  while (++digits <= 17 && memcmp(&value, &(double){strtod(text, NULL)}, sizeof value) != 0);
  fprintf(file, "%s%s", before, text);
}

static void write_coefficients(FILE *file, const afb_snap_elements *elements, const afb_potential *potential)
{
  const afb_bispectrum_settings *s = afb_bispectrum_get(potential->bispectrum);
  int n_columns = afb_bispectrum_n_columns(potential->bispectrum);
  fprintf(file, "%d %d\n", elements->n, n_columns + 1);
  for (int e = 0; e < elements->n; e++) {
    fputs(elements->name[e], file);
    put_number(file, " ", s->radius[e]);
    put_number(file, " ", s->weight[e]);
    put_number(file, "\n", potential->constant[e]);
    fputs(" # constant\n", file);
    for (int k = 0; k < n_columns; k++) {
      afb_bispectrum_component c = afb_bispectrum_column(potential->bispectrum, k);
      put_number(file, "", potential->beta[(size_t)e * (size_t)n_columns + (size_t)k]);
      fprintf(file, " # %d: %d %d %d", k + 1, c.two_j1, c.two_j2, c.two_j);
      if (c.element1 >= 0)
        fprintf(file, " %s %s %s", elements->name[c.element1], elements->name[c.element2], elements->name[c.element3]);
      if (c.other >= 0)
        fprintf(file, ", times %d", c.other + 1);
      fputc('\n', file);
    }
  }
}

static void write_parameters(FILE *file, const afb_snap_elements *elements, const afb_potential *potential)
{
  const afb_bispectrum_settings *s = afb_bispectrum_get(potential->bispectrum);
  for (int k = 0; k < N_KEYWORDS; k++) {
    const void *field = (const char *)s + keyword[k].field;
    int n = keyword[k].kind == PER_ELEMENT ? elements->n : 1;
    if (keyword[k].kind == IGNORED || (k >= SWITCHINNER && !s->inner_switching))
      continue;
    fputs(keyword[k].name, file);
    for (int i = 0; i < n; i++)
      if (keyword[k].kind == COUNT || keyword[k].kind == FLAG)
        fprintf(file, " %d", *(const int *)field);
      else
        put_number(file, " ", ((const double *)field)[i]);
    fputc('\n', file);
  }
}

static afb_status write_file(const char *path, const char *comment, const afb_snap_elements *elements,
                             const afb_potential *potential,
                             void (*content)(FILE *, const afb_snap_elements *, const afb_potential *))
{
  char temporary[4096];
  if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
    return AFB_FAIL(AFB_E_IO, "the path %s is too long", path);
  FILE *file = fopen(temporary, "w");
  if (!file)
    return AFB_FAIL(AFB_E_IO, "%s cannot be written: %s", temporary, strerror(errno));
  fprintf(file, "# %s\n", comment);
  content(file, elements, potential);
  int failed = ferror(file);
  failed |= fclose(file) != 0;
  if (failed || rename(temporary, path) != 0) {
    int reason = errno;
    remove(temporary);
    return AFB_FAIL(AFB_E_IO, "%s cannot be written: %s", path, strerror(reason));
  }
  return AFB_OK;
}

afb_status afb_snap_write(const char *coefficients_path, const char *parameters_path, const char *comment,
                          const afb_snap_elements *elements, const afb_potential *potential)
{
  const afb_bispectrum_settings *s = afb_bispectrum_get(potential->bispectrum);
  int shared = 0;
  for (int e = 0; s->chem && e < s->n_elements; e++)
    shared |= s->channel[e] != e;
  if (s->n_pairs > 0 || s->adaptive != AFB_ADAPTIVE_NONE || s->self < 1 || s->self > 1 || shared)
    return AFB_FAIL(AFB_E_INPUT, "%s cannot express %s", parameters_path,
                    s->n_pairs > 0                        ? "a choice of pairs (j1, j2)"
                    : s->adaptive != AFB_ADAPTIVE_NONE ? "an adaptive cut-off"
                    : shared                             ? "elements that share a channel of chem"
                                                         : "a weight of the centre other than 1");
  AFB_TRY(write_file(coefficients_path, comment, elements, potential, write_coefficients));
  return write_file(parameters_path, comment, elements, potential, write_parameters);
}
