#include "campaign/observed.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "campaign/csv.h"
#include "core/number.h"
#include "core/units.h"

/* ---- Keys ---- */

typedef struct {
  char *text;
  size_t size, used;
} buffer;

static void put(buffer *b, const char *text, size_t length)
{
  if (b->used + length + 1 < b->size) {
    memcpy(b->text + b->used, text, length);
    b->used += length;
    b->text[b->used] = '\0';
  }
}

static const char *skip_digits(const char *at)
{
  while (isdigit((unsigned char)*at))
    at++;
  return at;
}

/* Length of "4F" at the beginning of the text, 0: no term. */
static size_t term_length(const char *text)
{
  const char *end = skip_digits(text);
  return end > text && isupper((unsigned char)*end) ? (size_t)(end - text) + 1 : 0;
}

/* "3d6": *length, and whether it is closed; 0 when the text begins with something else. */
static int read_shell(const char *at, size_t *length, int *closed)
{
  static const char letters[] = "spdfghik";
  const char *begin = at, *letter;
  at = skip_digits(at);
  if (at == begin || !*at || !(letter = strchr(letters, *at)))
    return 0;
  const char *count = ++at;
  int electrons;
  at = skip_digits(at);
  *closed = at > count && afb_number_int(count, &electrons) && electrons == 4 * (int)(letter - letters) + 2;
  *length = (size_t)(at - begin);
  return 1;
}

/* Shells into b with their parents' terms, or without. Returns the number of open shells. */
static int put_shells(const char *at, int parents, buffer *b)
{
  int open = 0;
  while (*at) {
    size_t length;
    int closed;
    if (read_shell(at, &length, &closed)) {
      put(b, at, closed ? 0 : length);
      open += !closed;
      at += length;
    } else if ((*at == '(' || *at == '_') && (length = term_length(at + 1)) > 0) {
      put(b, "(", parents ? 1 : 0);
      put(b, at + 1, parents ? length : 0);
      put(b, ")", parents ? 1 : 0);
      at = skip_digits(at + 1 + length);
    } else {
      at++;
    }
  }
  return open;
}

void afb_level_key_make(const char *configuration, const char *term, afb_level_key *key)
{
  buffer shells = {key->configuration, sizeof key->configuration, 0}, name = {key->term, sizeof key->term, 0};
  key->configuration[0] = key->term[0] = '\0';
  if (put_shells(configuration, 1, &shells) <= 1) {
    shells.used = 0;
    key->configuration[0] = '\0';
    put_shells(configuration, 0, &shells);
  }
  /* The letter of "a 5D" is not part of it. */
  while (*term && term_length(term) == 0)
    term++;
  put(&name, term, term_length(term));
}

/* "3d6(5D).4s 6D" -> its two parts. */
static void key_of_label(const char *label, afb_level_key *key)
{
  char configuration[AFB_OBSERVED_LABEL];
  const char *blank = strrchr(label, ' ');
  size_t length = blank ? (size_t)(blank - label) : 0;
  snprintf(configuration, sizeof configuration, "%.*s", (int)length, label);
  afb_level_key_make(configuration, blank ? blank + 1 : label, key);
}

/* ---- Reading ---- */

enum { COLUMN_J, COLUMN_ENERGY, COLUMN_LABEL, COLUMN_CONFIGURATION, COLUMN_TERM, COLUMN_PARITY, COLUMN_ION, N_COLUMNS };

static const char *const names[N_COLUMNS][2] = {{"J", NULL}, {"energy_cm-1", "Level (cm-1)"}, {"label", NULL},
  {"configuration", NULL}, {"term", NULL}, {"parity", NULL}, {"ion", NULL}};

static afb_status read_header(afb_csv *csv, int column[N_COLUMNS])
{
  int more;
  for (int c = 0; c < N_COLUMNS; c++)
    column[c] = -1;
  AFB_TRY(afb_csv_next(csv, &more));
  if (!more)
    return AFB_FAIL(AFB_E_INPUT, "%s is empty; its first line names the columns J, energy_cm-1, label, parity", csv->path);
  for (int i = 0; i < csv->n_fields; i++)
    for (int c = 0; c < N_COLUMNS; c++)
      for (int k = 0; k < 2; k++)
        if (column[c] < 0 && names[c][k] && strcasecmp(csv->field[i].text, names[c][k]) == 0)
          column[c] = i;
  if (column[COLUMN_J] < 0 || column[COLUMN_ENERGY] < 0)
    return AFB_FAIL(AFB_E_INPUT, "%s:1:1: there is no column %s; observed levels have the columns J and energy_cm-1, and label "
                    "(or configuration and term), parity and ion where they are known", csv->path,
                    names[column[COLUMN_J] < 0 ? COLUMN_J : COLUMN_ENERGY][0]);
  return AFB_OK;
}

/* The field without what surrounds numbers in tables of levels: ="...", brackets, question marks, blanks. */
static const char *field_of(const afb_csv *csv, const int column[N_COLUMNS], int which, char *text, size_t size)
{
  size_t used = 0;
  text[0] = '\0';
  if (column[which] < 0 || column[which] >= csv->n_fields)
    return text;
  const char *from = csv->field[column[which]].text;
  int quoted = from[0] == '=';
  for (const char *at = from + quoted; *at && used + 1 < size; at++)
    if (*at != '"' && !(used == 0 && isspace((unsigned char)*at)))
      text[used++] = *at;
  while (used > 0 && isspace((unsigned char)text[used - 1]))
    used--;
  text[used] = '\0';
  return text;
}

/* 1: one J; 0: none or several. */
static int read_j(const char *text, int *two_j)
{
  char *end;
  double j = strtod(text, &end);
  if (end == text || !(j >= 0 && j < 100))
    return 0;
  if (strcmp(end, "/2") == 0)
    j /= 2;
  else if (*end)
    return 0;
  *two_j = (int)lround(2 * j);
  return fabs(2 * j - *two_j) < 1e-9;
}

static int read_energy(const char *text, double *energy)
{
  char *end;
  text += strspn(text, "[( ");
  *energy = strtod(text, &end);
  return end > text && isfinite(*energy) && strspn(end, "])? +xa") == strlen(end);
}

/* 0: what stands there is no parity. */
static int read_parity(const char *text)
{
  static const char *const even[] = {"+", "even", "e", "1", "+1"}, *const odd[] = {"-", "odd", "o", "-1"};
  for (int i = 0; i < 5; i++)
    if (strcasecmp(text, even[i]) == 0)
      return 1;
  for (int i = 0; i < 4; i++)
    if (strcasecmp(text, odd[i]) == 0)
      return -1;
  return 0;
}

static int is_odd_term(const char *term) { return strchr(term, '*') || strstr(term, "\xc2\xb0"); }

static afb_status read_row(afb_csv *csv, const int column[N_COLUMNS], afb_observed_level *out, int *good)
{
  char text[AFB_OBSERVED_LABEL], configuration[AFB_OBSERVED_LABEL], term[AFB_OBSERVED_LABEL];
  *out = (afb_observed_level){.parity = 0};
  *good = read_j(field_of(csv, column, COLUMN_J, text, sizeof text), &out->two_j) &&
          read_energy(field_of(csv, column, COLUMN_ENERGY, text, sizeof text), &out->energy);
  if (!*good)
    return AFB_OK;
  field_of(csv, column, COLUMN_LABEL, out->label, sizeof out->label);
  field_of(csv, column, COLUMN_CONFIGURATION, configuration, sizeof configuration);
  field_of(csv, column, COLUMN_TERM, term, sizeof term);
  if (out->label[0])
    key_of_label(out->label, &out->key);
  else {
    afb_level_key_make(configuration, term, &out->key);
    snprintf(out->label, sizeof out->label, "%.48s%s%.32s", configuration, configuration[0] && term[0] ? " " : "", term);
  }
  if (field_of(csv, column, COLUMN_PARITY, text, sizeof text)[0]) {
    if ((out->parity = read_parity(text)) == 0)
      return afb_csv_fail(csv, column[COLUMN_PARITY], "a parity is +, -, even or odd");
  } else if (out->key.term[0]) {
    out->parity = is_odd_term(term) || is_odd_term(out->label) ? -1 : 1;
  }
  if (field_of(csv, column, COLUMN_ION, text, sizeof text)[0] && afb_ion_parse(text, &out->ion) != AFB_OK)
    return afb_csv_fail(csv, column[COLUMN_ION], "an ion is written as \"Fe I\"");
  return AFB_OK;
}

static int by_energy(const void *a, const void *b)
{
  const afb_observed_level *x = a, *y = b;
  return x->energy < y->energy ? -1 : x->energy > y->energy;
}

static afb_status read_rows(afb_csv *csv, afb_observed *out)
{
  int column[N_COLUMNS], more = 1, room = 0, good;
  AFB_TRY(read_header(csv, column));
  for (;;) {
    AFB_TRY(afb_csv_next(csv, &more));
    if (!more)
      break;
    if (out->n == room) {
      room = 2 * room + 64;
      afb_observed_level *grown = realloc(out->level, (size_t)room * sizeof *grown);
      if (!grown)
        return AFB_FAIL(AFB_E_MEMORY, "no memory for %d observed levels", room);
      out->level = grown;
    }
    AFB_TRY(read_row(csv, column, &out->level[out->n], &good));
    out->n += good;
    out->n_left_out += !good;
  }
  if (out->n == 0)
    return AFB_FAIL(AFB_E_INPUT, "%s has no row with a J and an energy", csv->path);
  qsort(out->level, (size_t)out->n, sizeof *out->level, by_energy);
  return AFB_OK;
}

afb_status afb_observed_read(const char *path, afb_observed *out)
{
  afb_csv csv;
  *out = (afb_observed){.n = 0};
  afb_status status = afb_csv_open(path, &csv);
  if (status == AFB_OK)
    status = read_rows(&csv, out);
  afb_csv_clear(&csv);
  return status;
}

void afb_observed_clear(afb_observed *observed)
{
  free(observed->level);
  *observed = (afb_observed){.n = 0};
}

/* ---- Matching ---- */

typedef struct {
  int number;
  double energy;
  afb_level_key key;
} calculated;

static int by_calculated_energy(const void *a, const void *b)
{
  const calculated *x = a, *y = b;
  if (x->energy != y->energy)
    return x->energy < y->energy ? -1 : 1;
  return x->number - y->number;
}

static int fits(const afb_observed_level *o, const calculated *c, const afb_store_level *level, afb_match stage)
{
  if (o->two_j != level->two_j || (o->parity != 0 && o->parity != level->parity))
    return 0;
  int same_term = o->key.term[0] && strcmp(o->key.term, c->key.term) == 0;
  return stage == AFB_MATCH_ORDER || (same_term && (stage == AFB_MATCH_TERM || strcmp(o->key.configuration, c->key.configuration) == 0));
}

int afb_observed_is_of(const afb_observed_level *level, afb_ion ion)
{
  return level->ion.z == 0 || (level->ion.z == ion.z && level->ion.charge == ion.charge);
}

static void pair(const afb_observed *observed, afb_ion ion, int n, const calculated *sorted, const afb_store_level *level, int *taken,
                 int *partner, afb_match *by)
{
  for (afb_match stage = AFB_MATCH_LABEL; stage <= AFB_MATCH_ORDER; stage++)
    for (int i = 0; i < observed->n; i++) {
      const afb_observed_level *o = &observed->level[i];
      for (int k = 0; afb_observed_is_of(o, ion) && partner[i] < 0 && k < n; k++)
        if (!taken[k] && fits(o, &sorted[k], &level[sorted[k].number], stage)) {
          taken[k] = 1;
          partner[i] = sorted[k].number;
          by[i] = stage;
        }
    }
}

static void deviations(const afb_observed *observed, const afb_store_level *level, const int *partner, const afb_match *by,
                       afb_deviation *out)
{
  double sum = 0, absolute = 0;
  *out = (afb_deviation){.reference = -1, .worst = -1, .mean = NAN, .mean_absolute = NAN, .largest = NAN};
  for (int i = 0; i < observed->n; i++) {
    if (partner[i] < 0)
      continue;
    out->n++;
    out->n_by[by[i]]++;
    if (out->reference < 0) {
      out->reference = i;
      continue;
    }
    double value = (level[partner[i]].energy - level[partner[out->reference]].energy) * AFB_HARTREE_IN_INVERSE_CM -
                   (observed->level[i].energy - observed->level[out->reference].energy);
    sum += value;
    absolute += fabs(value);
    if (out->worst < 0 || fabs(value) > fabs(out->largest)) {
      out->worst = i;
      out->largest = value;
    }
  }
  if (out->n > 1) {
    out->mean = sum / (out->n - 1);
    out->mean_absolute = absolute / (out->n - 1);
  }
}

afb_status afb_observed_match(const afb_observed *observed, afb_ion ion, int n, const afb_store_level *level, int *partner,
                              afb_match *by, afb_deviation *out)
{
  calculated *sorted = malloc((size_t)n * sizeof *sorted + 1);
  int *taken = calloc((size_t)n + 1, sizeof *taken);
  for (int i = 0; i < observed->n; i++) {
    partner[i] = -1;
    by[i] = AFB_MATCH_NONE;
  }
  if (sorted && taken) {
    for (int i = 0; i < n; i++) {
      sorted[i] = (calculated){.number = i, .energy = level[i].energy};
      key_of_label(level[i].label, &sorted[i].key);
    }
    qsort(sorted, (size_t)n, sizeof *sorted, by_calculated_energy);
    pair(observed, ion, n, sorted, level, taken, partner, by);
    deviations(observed, level, partner, by, out);
  }
  afb_status status = sorted && taken ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to compare %d levels", n);
  free(sorted);
  free(taken);
  return status;
}
