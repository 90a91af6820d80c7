/* isodata and rcsf. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/subshell.h"
#include "core/number.h"
#include "core/units.h"
#include "engine/grasp_files.h"

enum { LINE = 1024 };

typedef struct {
  const char *path;
  FILE *stream;
  int number;
  char text[LINE];
} reader;

static afb_status open_text(const char *path, reader *r)
{
  *r = (reader){.path = path, .stream = fopen(path, "r")};
  return r->stream ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
}

/* The next line without its end; 0 at the end of the file. */
static int next_line(reader *r)
{
  if (!fgets(r->text, sizeof r->text, r->stream))
    return 0;
  r->number++;
  r->text[strcspn(r->text, "\r\n")] = '\0';
  return 1;
}

static afb_status __attribute__((format(printf, 2, 3))) say_wrong(const reader *r, const char *format, ...)
{
  char what[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  return AFB_FAIL(AFB_E_FOREIGN, "%s:%d: %s", r->path, r->number, what);
}
/* The analyzer does not look into functions with `...`: it has to see what this one returns. */
#define wrong(r, ...) AFB_FAILED_(AFB_E_FOREIGN, say_wrong((r), __VA_ARGS__))

/* ---- isodata ---- */

static const char *const labels[] = {
  "Atomic number:", "Mass number (integer) :", "Fermi distribution parameter a:", "Fermi distribution parameter c:",
  "Mass of nucleus (in amu):", "Nuclear spin (I) (in units of h / 2 pi):", "Nuclear dipole moment (in nuclear magnetons):",
  "Nuclear quadrupole moment (in barns):"};
enum { N_LABELS = sizeof labels / sizeof labels[0], N_NEEDED = 4 };

static afb_status read_pairs(reader *r, double *value)
{
  for (int i = 0; i < N_NEEDED; i++) {
    char *end;
    if (!next_line(r) || strncmp(r->text, labels[i], strlen(labels[i])) != 0)
      return wrong(r, "\"%s\" is missing: not an isodata file of GRASP2018", labels[i]);
    if (!next_line(r))
      return wrong(r, "the file ends after \"%s\"", labels[i]);
    for (char *c = r->text; *c; c++)
      *c = (char)(*c == 'D' || *c == 'd' ? 'E' : *c);
    value[i] = strtod(r->text, &end);
    if (end == r->text || !isfinite(value[i]))
      return wrong(r, "no number after \"%s\"", labels[i]);
  }
  return AFB_OK;
}

afb_status afb_grasp_read_isodata(const char *path, afb_grasp_isodata *out)
{
  reader r;
  double value[N_NEEDED];
  *out = (afb_grasp_isodata){0};
  AFB_TRY(open_text(path, &r));
  afb_status status = read_pairs(&r, value);
  if (status == AFB_OK && !(value[0] >= 1 && value[0] < 200 && floor(value[0]) == value[0] && value[1] >= 0 && value[1] < 500 &&
                            value[2] >= 0 && value[3] >= 0))
    status = wrong(&r, "Z = %g, A = %g, a = %g fm, c = %g fm is no nucleus", value[0], value[1], value[2], value[3]);
  fclose(r.stream);
  if (status == AFB_OK)
    *out = (afb_grasp_isodata){(int)value[0], (int)value[1], value[3], value[2]};
  return status;
}

afb_grasp_isodata afb_grasp_isodata_of(const afb_nucleus *nucleus, int mass_number)
{
  int point = nucleus->a <= 0;
  return (afb_grasp_isodata){nucleus->z, point ? 0 : mass_number, nucleus->c / AFB_FM_IN_BOHR, nucleus->a / AFB_FM_IN_BOHR};
}

static afb_status end_text(FILE *stream, const char *path)
{
  int failed = ferror(stream);
  failed |= fclose(stream) != 0;
  return failed ? AFB_FAIL(AFB_E_IO, "%s: cannot be written: %s", path, strerror(errno)) : AFB_OK;
}

afb_status afb_grasp_write_isodata(const char *path, const afb_grasp_isodata *in)
{
  FILE *stream = fopen(path, "w");
  if (!stream)
    return AFB_FAIL(AFB_E_IO, "%s: cannot be written: %s", path, strerror(errno));
  const double value[N_LABELS] = {in->z, in->mass_number, in->a_fm, in->c_fm};
  for (int i = 0; i < N_LABELS; i++)
    fprintf(stream, "%s\n  %.17g%s\n", labels[i], value[i], floor(value[i]) == value[i] ? ".0" : "");
  return end_text(stream, path);
}

/* ---- rcsf: reading ---- */

typedef struct {
  int n_orbitals, n_core;
  afb_orbital orbital[AFB_MAX_ORBITALS];
  /* [room][3][n_orbitals]: occupation, term, 2X after coupling */
  uint8_t *row;
  int n, room;
  int n_blocks, block_room;
  afb_block *block;
  int n_electrons;
} table;

/* "4d-" at *text, which moves behind it; 0 when there is none. */
static int take_orbital(const char **text, afb_orbital *out)
{
  static const char letters[] = "spdfghik";
  const char *c = *text;
  int n = 0;
  while (isdigit((unsigned char)*c) && n < 1000)
    n = 10 * n + (*c++ - '0');
  const char *letter = *c ? strchr(letters, *c) : NULL;
  if (n < 1 || !letter)
    return 0;
  int l = (int)(letter - letters);
  c++;
  if (*c == '-' && l == 0)
    return 0;
  *out = (afb_orbital){n, *c == '-' ? l : -l - 1};
  *text = c + (*c == '-');
  return l < n;
}

static int find_orbital(const table *t, afb_orbital o)
{
  for (int i = 0; i < t->n_orbitals; i++)
    if (t->orbital[i].n == o.n && t->orbital[i].kappa == o.kappa)
      return i;
  return -1;
}

static afb_status read_subshells(const reader *r, table *t)
{
  for (const char *c = r->text;;) {
    while (*c == ' ' || *c == ',' || *c == '\t')
      c++;
    if (!*c)
      return AFB_OK;
    afb_orbital o;
    if (!take_orbital(&c, &o))
      return wrong(r, "\"%.12s\" is no subshell such as 4d or 4d-", c);
    if (o.n > AFB_MAX_N || t->n_orbitals == AFB_MAX_ORBITALS)
      return AFB_FAIL(AFB_E_LIMIT, "%s:%d: more than %d subshells, or one with n above %d", r->path, r->number, AFB_MAX_ORBITALS, AFB_MAX_N);
    if (find_orbital(t, o) >= 0)
      return wrong(r, "subshell %d, kappa %d, stands there twice", o.n, o.kappa);
    t->orbital[t->n_orbitals++] = o;
  }
}

static afb_status expect_header(reader *r, const char *header)
{
  return next_line(r) && strncmp(r->text, header, strlen(header)) == 0
           ? AFB_OK : wrong(r, "\"%s\" is missing: not a list of CSFs of GRASP2018", header);
}

static afb_status read_head(reader *r, table *t)
{
  AFB_TRY(expect_header(r, "Core subshells:"));
  if (!next_line(r))
    return wrong(r, "the file ends in its head");
  AFB_TRY(read_subshells(r, t));
  t->n_core = t->n_orbitals;
  AFB_TRY(expect_header(r, "Peel subshells:"));
  while (next_line(r))
    if (strncmp(r->text, "CSF(s):", 7) == 0)
      return AFB_OK;
    else
      AFB_TRY(read_subshells(r, t));
  return wrong(r, "\"CSF(s):\" is missing");
}

static int is_full(afb_orbital o, int w) { return w == afb_kappa_two_j(o.kappa) + 1; }
static int is_open(afb_orbital o, int w) { return w > 0 && !is_full(o, w); }

/* " ( 2)": the number, and where the text goes on; NULL: it is something else. */
static const char *take_count(const char *text, int *count)
{
  text += strspn(text, " ");
  const char *end = *text == '(' ? afb_number_int(text + 1, count) : NULL;
  return end && *end == ')' ? end + 1 : NULL;
}

static afb_status read_occupations(const reader *r, const table *t, uint8_t *occupation)
{
  int last = t->n_core - 1;
  for (int p = 0; p < t->n_orbitals; p++)
    occupation[p] = (uint8_t)(p < t->n_core ? afb_kappa_two_j(t->orbital[p].kappa) + 1 : 0);
  for (const char *c = r->text + strspn(r->text, " "); *c; c += strspn(c, " ")) {
    afb_orbital o;
    int w;
    const char *end = take_orbital(&c, &o) ? take_count(c, &w) : NULL;
    if (!end)
      return wrong(r, "\"%.12s\" is no occupation such as 4d-( 2)", c);
    int p = find_orbital(t, o), full = afb_kappa_two_j(o.kappa) + 1;
    if (p <= last)
      return wrong(r, "\"%.30s\": a subshell that is no peel subshell, or out of their order", r->text);
    if (w < 0 || w > full)
      return wrong(r, "%d electrons in a subshell of %d", w, full);
    if (full >= 10 && w > 2 && w < full - 2)
      return AFB_FAIL(AFB_E_LIMIT, "%s:%d: above j = 7/2 at most two electrons or two holes are supported", r->path, r->number);
    occupation[p] = (uint8_t)w;
    last = p;
    c = end;
  }
  return AFB_OK;
}

/* "3/2" or "2": twice the value; -1 when it is none. *text moves behind it. */
static int take_half(const char **text)
{
  int value;
  *text += strspn(*text, " ,");
  const char *end = isdigit((unsigned char)**text) ? afb_number_int(*text, &value) : NULL;
  if (!end || value > AFB_LARGEST_TWO_J)
    return -1;
  *text = end;
  if (strncmp(*text, "/2", 2) != 0)
    return 2 * value;
  *text += 2;
  return value;
}

/* Terms of the open subshells from "v;J" or "J". */
static afb_status read_terms(const reader *r, const table *t, const uint8_t *occupation, uint8_t *term)
{
  const char *c = r->text;
  for (int p = 0; p < t->n_orbitals; p++) {
    term[p] = 0;
    if (!is_open(t->orbital[p], occupation[p]))
      continue;
    int seniority = -1, two_j = take_half(&c), n_terms, found = 0;
    const afb_term *all;
    if (two_j >= 0 && *(c + strspn(c, " ")) == ';') {
      seniority = two_j / 2;
      c += strspn(c, " ") + 1;
      two_j = take_half(&c);
    }
    if (two_j < 0)
      return wrong(r, "an angular momentum for each open subshell is wanted");
    AFB_TRY(afb_subshell_terms(afb_kappa_two_j(t->orbital[p].kappa), occupation[p], &n_terms, &all));
    for (int i = 0; i < n_terms; i++)
      if (all[i].two_j == two_j && (seniority < 0 || all[i].seniority == seniority)) {
        term[p] = (uint8_t)i;
        found++;
      }
    if (found != 1)
      return wrong(r, found ? "2J = %d is ambiguous without its seniority" : "such a subshell has no 2J = %d", two_j);
  }
  return c[strspn(c, " ")] ? wrong(r, "more angular momenta than open subshells") : AFB_OK;
}

/* Couplings: one number after each further open subshell with J > 0, and the total J with its parity, which also stands for the last
 * of them when no occupied subshell follows. */
static afb_status read_couplings(const reader *r, const table *t, uint8_t *row, int *two_j, int *parity)
{
  const char *c = r->text;
  const uint8_t *occupation = row, *term = row + t->n_orbitals;
  uint8_t *two_x = row + 2 * t->n_orbitals;
  int x = 0, n_open = 0, sign = 1, last_is_total = 0;
  for (int p = 0; p < t->n_orbitals; p++) {
    int w = occupation[p], n_terms, j;
    const afb_term *all;
    if (is_open(t->orbital[p], w)) {
      AFB_TRY(afb_subshell_terms(afb_kappa_two_j(t->orbital[p].kappa), w, &n_terms, &all));
      j = all[term[p]].two_j;
      sign *= afb_kappa_l(t->orbital[p].kappa) * w % 2 ? -1 : 1;
      int before = x, given = n_open++ > 0 && j > 0;
      x = n_open == 1 ? j : given ? take_half(&c) : x;
      if (x < abs(before - j) || x > before + j || (before + j - x) % 2)
        return wrong(r, "a coupling that is missing, or that the angular momenta %d/2 and %d/2 do not allow", before, j);
      last_is_total = given;
    } else if (w > 0 && p >= t->n_core) {
      last_is_total = 0;
    }
    two_x[p] = (uint8_t)x;
  }
  *two_j = last_is_total ? x : take_half(&c);
  *parity = *c == '+' ? 1 : *c == '-' ? -1 : 0;
  if (*two_j != x || *parity == 0 || c[1 + strspn(c + 1, " ")])
    return wrong(r, "the total J and the parity, such as 3/2+, are missing or do not end the line");
  return *parity == sign ? AFB_OK : wrong(r, "the parity is not that of the occupations");
}

static afb_status start_row(const reader *r, table *t, uint8_t **row)
{
  size_t width = 3 * (size_t)t->n_orbitals;
  if (t->n == t->room) {
    int room = t->room ? 2 * t->room : 256;
    uint8_t *more = room > 0 ? realloc(t->row, (size_t)room * width) : NULL;
    if (!more)
      return AFB_FAIL(AFB_E_MEMORY, "%s: no memory for more than %d CSFs", r->path, t->room);
    t->row = more;
    t->room = room;
  }
  *row = t->row + (size_t)t->n * width;
  return AFB_OK;
}

static afb_status start_block(const reader *r, table *t, int two_j, int parity)
{
  for (int i = 0; i < t->n_blocks; i++)
    if (t->block[i].two_j == two_j && t->block[i].parity == parity)
      return wrong(r, "2J = %d, parity %c comes in two places: GRASP's rcsfblock brings it into one block", two_j, parity > 0 ? '+' : '-');
  if (t->n_blocks == t->block_room) {
    int room = t->block_room ? 2 * t->block_room : 32;
    afb_block *more = realloc(t->block, (size_t)room * sizeof *more);
    if (!more)
      return AFB_FAIL(AFB_E_MEMORY, "%s: no memory for %d blocks", r->path, room);
    t->block = more;
    t->block_room = room;
  }
  t->block[t->n_blocks++] = (afb_block){two_j, parity, t->n, 0};
  return AFB_OK;
}

static afb_status read_rows(reader *r, table *t)
{
  int fresh = 1;
  while (next_line(r)) {
    if (r->text[strspn(r->text, " ")] == '*') {
      fresh = 1;
      continue;
    }
    uint8_t *row = NULL;
    int two_j = 0, parity = 0, electrons = 0;
    AFB_TRY(start_row(r, t, &row));
    AFB_TRY(read_occupations(r, t, row));
    if (!next_line(r))
      return wrong(r, "the file ends within a CSF");
    AFB_TRY(read_terms(r, t, row, row + t->n_orbitals));
    if (!next_line(r))
      return wrong(r, "the file ends within a CSF");
    AFB_TRY(read_couplings(r, t, row, &two_j, &parity));
    for (int p = 0; p < t->n_orbitals; p++)
      electrons += row[p];
    if (t->n > 0 && electrons != t->n_electrons)
      return wrong(r, "a CSF of %d electrons, where those before have %d", electrons, t->n_electrons);
    t->n_electrons = electrons;
    if (fresh)
      AFB_TRY(start_block(r, t, two_j, parity));
    afb_block *block = t->block + t->n_blocks - 1;
    if (block->two_j != two_j || block->parity != parity)
      return wrong(r, "J or parity changes within a block: GRASP's rcsfblock separates them");
    block->n_csf++;
    t->n++;
    fresh = 0;
  }
  return t->n > 0 ? AFB_OK : wrong(r, "there is no CSF");
}

static int orbital_rank(afb_orbital o) { return (o.n * (AFB_MAX_L + 1) + afb_kappa_l(o.kappa)) * 2 + (o.kappa < 0); }

/* Order of the table's orbitals in the list: ascending, unless that would change the order of the peel; without empty ones. */
static int choose_order(const table *t, int *order)
{
  int n = 0, ascending = 1;
  for (int p = t->n_core + 1; p < t->n_orbitals; p++)
    ascending &= orbital_rank(t->orbital[p - 1]) < orbital_rank(t->orbital[p]);
  for (int p = 0; p < t->n_orbitals; p++) {
    int used = 0, to = n;
    for (int i = 0; i < t->n && !used; i++)
      used = t->row[(size_t)i * 3 * (size_t)t->n_orbitals + (size_t)p] > 0;
    if (!used)
      continue;
    for (; ascending && to > 0 && orbital_rank(t->orbital[order[to - 1]]) > orbital_rank(t->orbital[p]); to--)
      order[to] = order[to - 1];
    order[to] = p;
    n++;
  }
  return n;
}

static afb_status configuration_of(const afb_csf_list *list, int csf, afb_configuration *out)
{
  *out = (afb_configuration){0};
  for (int p = 0; p < list->n_orbitals; p++) {
    int w = list->occupation[(size_t)csf * (size_t)list->n_orbitals + (size_t)p];
    if (w > 0)
      AFB_TRY(afb_configuration_add(out, list->orbital[p].n, afb_kappa_l(list->orbital[p].kappa), w));
  }
  return AFB_OK;
}

/* Where c stands among all[n], first looked for at `last`; n when it is not among them. */
static int find_configuration(int n, const afb_configuration *all, int last, const afb_configuration *c)
{
  if (last < n && afb_configuration_compare(all + last, c) == 0)
    return last;
  int k = 0;
  while (k < n && afb_configuration_compare(all + k, c) != 0)
    k++;
  return k;
}

/* Numbers the configurations as they first occur; CSFs of one usually follow each other. */
static afb_status find_configurations(afb_csf_list *list, int *n, afb_configuration **all)
{
  int room = 0, last = 0;
  for (int i = 0; i < list->n_csf; i++) {
    afb_configuration c;
    AFB_TRY(configuration_of(list, i, &c));
    last = find_configuration(*n, *all, last, &c);
    list->configuration[i] = last;
    if (last < *n)
      continue;
    if (*n == room) {
      room = room ? 2 * room : 16;
      afb_configuration *more = realloc(*all, (size_t)room * sizeof *more);
      if (!more)
        return AFB_FAIL(AFB_E_MEMORY, "no memory for %d configurations", room);
      *all = more;
    }
    (*all)[(*n)++] = c;
  }
  return AFB_OK;
}

static afb_status make_list(const table *t, afb_csf_list *out)
{
  int order[AFB_MAX_ORBITALS] = {0};
  size_t n = (size_t)t->n, width = (size_t)t->n_orbitals;
  *out = (afb_csf_list){.n_orbitals = choose_order(t, order), .n_csf = t->n, .n_blocks = t->n_blocks};
  size_t columns = (size_t)out->n_orbitals;
  out->block = malloc((size_t)t->n_blocks * sizeof *out->block);
  out->occupation = malloc(n * columns);
  out->term = malloc(n * columns);
  out->two_x = malloc(n * columns);
  out->configuration = malloc(n * sizeof *out->configuration);
  if (!out->block || !out->occupation || !out->term || !out->two_x || !out->configuration)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d CSFs", t->n);
  memcpy(out->block, t->block, (size_t)t->n_blocks * sizeof *out->block);
  for (size_t k = 0; k < columns; k++) {
    out->orbital[k] = t->orbital[order[k]];
    out->closed[k] = 1;
  }
  for (size_t i = 0; i < n; i++) {
    uint8_t x = 0;
    for (size_t k = 0; k < columns; k++) {
      const uint8_t *from = t->row + i * 3 * width + (size_t)order[k];
      out->occupation[i * columns + k] = from[0];
      out->term[i * columns + k] = from[width];
      /* Core subshells move among the others, with the coupling that is there. */
      x = order[k] < t->n_core ? x : from[2 * width];
      out->two_x[i * columns + k] = x;
      out->closed[k] &= (uint8_t)is_full(out->orbital[k], from[0]);
    }
  }
  return AFB_OK;
}

afb_status afb_grasp_read_csfs(const char *path, afb_csf_list *list, int *n_configurations, afb_configuration **configurations)
{
  reader r;
  table t = {0};
  *list = (afb_csf_list){0};
  *n_configurations = 0;
  *configurations = NULL;
  AFB_TRY(open_text(path, &r));
  afb_status status = read_head(&r, &t);
  if (status == AFB_OK)
    status = read_rows(&r, &t);
  fclose(r.stream);
  if (status == AFB_OK)
    status = make_list(&t, list);
  if (status == AFB_OK)
    status = find_configurations(list, n_configurations, configurations);
  free(t.row);
  free(t.block);
  if (status != AFB_OK) {
    afb_csf_list_clear(list);
    free(*configurations);
    *configurations = NULL;
    *n_configurations = 0;
  }
  return status;
}

int afb_grasp_electrons(const afb_csf_list *list)
{
  int n = 0;
  for (int p = 0; p < list->n_orbitals && list->n_csf > 0; p++)
    n += list->occupation[p];
  return n;
}

/* ---- rcsf: writing ---- */

/* Closed subshells are the core; GRASP wants one peel subshell at least. */
static int is_core(const afb_csf_list *list, int p)
{
  int n_closed = 0;
  for (int i = 0; i < list->n_orbitals; i++)
    n_closed += list->closed[i];
  return list->closed[p] && !(n_closed == list->n_orbitals && p == n_closed - 1);
}

static const char *padded_label(afb_orbital o, char buffer[8])
{
  char label[8];
  snprintf(buffer, 8, "%3d%s", o.n % 100, strpbrk(afb_orbital_label(o, label), "spdfghik"));
  return buffer;
}

static void write_subshells(FILE *stream, const afb_csf_list *list, int core)
{
  char label[8];
  int gap = 0;
  for (int p = 0; p < list->n_orbitals; p++)
    if (is_core(list, p) == core) {
      fprintf(stream, "%*s%s", gap, "", padded_label(list->orbital[p], label));
      gap = list->orbital[p].kappa < 0;
    }
  fprintf(stream, "\n");
}

static const char *half(int two_j, char buffer[8])
{
  snprintf(buffer, 8, two_j % 2 ? "%d/2" : "%d", two_j % 2 ? two_j % 1000 : two_j / 2 % 1000);
  return buffer;
}

/* Puts text so that it ends in front of column `end` of the line. */
static void put(char *line, int end, const char *text)
{
  memcpy(line + end - (int)strlen(text), text, strlen(text));
}

/* The three lines of a CSF, fields of nine columns. */
static afb_status write_csf(FILE *stream, const afb_csf_list *list, int csf, const afb_block *block)
{
  enum { FIELD = 9, ROOM = FIELD * (AFB_MAX_ORBITALS + 3) };
  char occupied[ROOM] = "", terms[ROOM], couplings[ROOM], text[8], label[8];
  memset(terms, ' ', ROOM);
  memset(couplings, ' ', ROOM);
  size_t row = (size_t)csf * (size_t)list->n_orbitals;
  int field = 0, n_open = 0, pending = -1;
  for (int p = 0; p < list->n_orbitals; p++) {
    int w = list->occupation[row + (size_t)p], n_terms;
    const afb_term *all;
    if (is_core(list, p) || w == 0)
      continue;
    snprintf(occupied + FIELD * field, FIELD + 8, "%s%s(%2d)", padded_label(list->orbital[p], label),
             list->orbital[p].kappa > 0 ? "" : " ", w);
    field++;
    /* a coupling is written when an occupied subshell follows; before the total it would be said twice */
    if (pending >= 0)
      put(couplings, FIELD * (field - 1) + 3, half(pending, text));
    pending = -1;
    if (!is_open(list->orbital[p], w))
      continue;
    AFB_TRY(afb_subshell_terms(afb_kappa_two_j(list->orbital[p].kappa), w, &n_terms, &all));
    const afb_term *term = all + list->term[row + (size_t)p];
    put(terms, FIELD * field, half(term->two_j, text));
    for (int i = 0; i < n_terms; i++)
      if (all[i].two_j == term->two_j && all[i].seniority != term->seniority) {
        snprintf(text, sizeof text, "%d;", term->seniority);
        put(terms, FIELD * field - 4, text);
        break;
      }
    pending = n_open++ > 0 && term->two_j > 0 ? list->two_x[row + (size_t)p] : -1;
  }
  put(couplings, FIELD * field + 1, half(block->two_j, text));
  couplings[FIELD * field + 1] = block->parity > 0 ? '+' : '-';
  int n_terms = FIELD * field;
  while (n_terms > 0 && terms[n_terms - 1] == ' ')
    n_terms--;
  fprintf(stream, "%s\n%.*s\n%.*s\n", occupied, n_terms, terms, FIELD * field + 2, couplings);
  return AFB_OK;
}

afb_status afb_grasp_write_csfs(const char *path, const afb_csf_list *list)
{
  FILE *stream = fopen(path, "w");
  afb_status status = AFB_OK;
  if (!stream)
    return AFB_FAIL(AFB_E_IO, "%s: cannot be written: %s", path, strerror(errno));
  fprintf(stream, "Core subshells:\n");
  write_subshells(stream, list, 1);
  fprintf(stream, "Peel subshells:\n");
  write_subshells(stream, list, 0);
  fprintf(stream, "CSF(s):\n");
  for (int b = 0; b < list->n_blocks; b++) {
    if (b > 0)
      fprintf(stream, " *\n");
    for (int i = 0; i < list->block[b].n_csf && status == AFB_OK; i++)
      status = write_csf(stream, list, list->block[b].first + i, list->block + b);
  }
  afb_status ended = end_text(stream, path);
  return status == AFB_OK ? ended : status;
}
