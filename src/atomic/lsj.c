#include "atomic/lsj.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/configuration.h"
#include "atomic/ls_shell.h"
#include "atomic/recoupling.h"
#include "atomic/subshell.h"
#include "numeric/racah.h"

enum { P_ORDER = 8, ROW = 7 };

static double sign_of(int n) { return n & 1 ? -1.0 : 1.0; }

/* ---- Shells of a CSF list ---- */

typedef struct {
  int n, l, minus, plus;      /* indices of the orbitals, -1: none */
} nl_shell;

static int find_shells(const afb_csf_list *list, nl_shell *shell)
{
  int n = 0;
  for (int p = 0; p < list->n_orbitals; p++) {
    afb_orbital o = list->orbital[p];
    int l = afb_kappa_l(o.kappa);
    if (n == 0 || shell[n - 1].n != o.n || shell[n - 1].l != l)
      shell[n++] = (nl_shell){o.n, l, -1, -1};
    if (o.kappa > 0)
      shell[n - 1].minus = p;
    else
      shell[n - 1].plus = p;
  }
  return n;
}

void afb_lsj_signs(int n_orbitals, const afb_orbital *orbital, int n_breakpoints, const double *breakpoint, int stride,
                   const double *coefficient, int8_t *sign)
{
  for (int a = 0; a < n_orbitals; a++) {
    sign[a] = 1;
    if (orbital[a].kappa < 0 || a + 1 == n_orbitals || orbital[a + 1].n != orbital[a].n || orbital[a + 1].kappa != -orbital[a].kappa - 1)
      continue;
    const double *minus = coefficient + (size_t)a * (size_t)stride, *plus = minus + stride;
    double overlap = 0;
    /* a coefficient is about the function's value where its spline is large; the spline's integral is its support over the order */
    for (int i = 0; i < n_breakpoints + P_ORDER - 2; i++) {
      int from = i < P_ORDER - 1 ? 0 : i - P_ORDER + 1, to = i + 1 < n_breakpoints ? i + 1 : n_breakpoints - 1;
      overlap += minus[i] * plus[i] * (breakpoint[to] - breakpoint[from]);
    }
    sign[a] = overlap < 0 ? -1 : 1;
  }
}

/* ---- One configuration ---- */

/* What recoupling one shell of an element gives: <.. J> with the 6j symbol, for each J of the shell. */
typedef struct {
  int two_j, column;          /* of the shell's block of J */
  double factor;
} shell_part;

/* Depth d: d shells are in LS coupling, the others in jj. An element is what the rest can be: X_d and all that follows. */
typedef struct {
  int n;
  int *csf;                   /* [n] a CSF of the configuration with this rest */
  int *next;                  /* [n] element of depth d + 1 that it belongs to */
  int *first_part;            /* [n + 1] */
  shell_part *part;
  double *amplitude;          /* [n][n_vectors] */
} depth;

struct afb_lsj_state {
  const nl_shell *shell;
  int n_shells;
  const uint8_t *occupation;  /* [n_shells] of n l */
  const afb_configuration *core;
  int n_open, open[AFB_MAX_ORBITALS];
  const afb_ls_shell *ls[AFB_MAX_ORBITALS];
  int term[AFB_MAX_ORBITALS], l[AFB_MAX_ORBITALS], two_s[AFB_MAX_ORBITALS];   /* of each open shell, and coupled */
};

typedef struct {
  const afb_csf_list *list;
  const double *vector;
  const int8_t *sign;
  int n_vectors, n_in_block, first_csf;
  double least;
  afb_lsj_visitor visit;
  void *context;
  afb_lsj_state state;
  int n_csf;
  const int32_t *csf;         /* [n_csf] of the configuration, numbers in the list */
  int row_size;
  uint8_t *row;               /* [n_csf][row_size]: 0, then for each open shell w-, t-, 2J-, 2X', t+, 2J+, 2X */
  depth *depth;               /* [n_open + 1] */
} work;

static void clear_work(work *w)
{
  for (int d = 0; w->depth && d <= w->state.n_open; d++) {
    free(w->depth[d].csf);
    free(w->depth[d].next);
    free(w->depth[d].first_part);
    free(w->depth[d].part);
    free(w->depth[d].amplitude);
  }
  free(w->depth);
  free(w->row);
  w->depth = NULL;
  w->row = NULL;
}

static afb_status term_two_j(int two_j, int w, int t, uint8_t *out)
{
  const afb_term *term;
  int n;
  *out = 0;
  if (w == 0)
    return AFB_OK;
  AFB_TRY(afb_subshell_terms(two_j, w, &n, &term));
  *out = term[t].two_j;
  return AFB_OK;
}

static afb_status fill_row(const work *w, int csf, uint8_t *row)
{
  const afb_csf_list *list = w->list;
  size_t at = (size_t)csf * (size_t)list->n_orbitals;
  uint8_t x = 0;
  *row++ = 0;
  for (int k = 0; k < w->state.n_open; k++, row += ROW) {
    const nl_shell *s = &w->state.shell[w->state.open[k]];
    memset(row, 0, ROW);
    if (s->minus >= 0) {
      row[0] = list->occupation[at + (size_t)s->minus];
      row[1] = list->term[at + (size_t)s->minus];
      AFB_TRY(term_two_j(2 * s->l - 1, row[0], row[1], &row[2]));
      x = list->two_x[at + (size_t)s->minus];
    }
    row[3] = x;
    if (s->plus >= 0) {
      row[4] = list->term[at + (size_t)s->plus];
      AFB_TRY(term_two_j(2 * s->l + 1, list->occupation[at + (size_t)s->plus], row[4], &row[5]));
      x = list->two_x[at + (size_t)s->plus];
    }
    row[6] = x;
  }
  return AFB_OK;
}

/* <((X J-)X' J+)Y|(X (J- J+)J)Y> */
static double recouple(int x, int minus, int middle, int plus, int y, int j)
{
  if (x == 0 || minus == 0 || plus == 0)
    return 1;
  return sign_of((x + minus + plus + y) / 2) * sqrt((middle + 1.0) * (j + 1.0)) * afb_wigner_6j(x, minus, middle, plus, y, j);
}

static afb_status make_parts(const work *w, int d, depth *here)
{
  const afb_ls_shell *shell = w->state.ls[d];
  int n = 0;
  for (int pass = 0; pass < 2; pass++) {
    n = 0;
    for (int e = 0; e < here->n; e++) {
      const uint8_t *x = w->row + (size_t)here->csf[e] * (size_t)w->row_size + (size_t)(ROW * d), *s = x + 1;
      here->first_part[e] = n;
      for (int j = abs(s[2] - s[5]); j <= s[2] + s[5]; j += 2) {
        if (!afb_triangle(*x, j, s[6]) || j > shell->two_j_max)
          continue;
        int column = pass ? afb_ls_column(&shell->block[j / 2], s[0], s[1], s[4]) : 0;
        if (column < 0)
          return AFB_FAIL(AFB_E_INTERNAL, "a CSF has a shell that does not exist");
        if (pass)
          here->part[n] = (shell_part){j, column, recouple(*x, s[2], s[3], s[5], s[6], j)};
        n++;
      }
    }
    here->first_part[here->n] = n;
    if (!pass && !(here->part = malloc((size_t)n * sizeof *here->part + 1)))
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d recoupling coefficients", n);
  }
  return AFB_OK;
}

typedef struct {
  const uint8_t *key;
  size_t size;
  int element;
} sortable;

static int by_key(const void *a, const void *b)
{
  const sortable *x = a, *y = b;
  int order = memcmp(x->key, y->key, x->size);
  return order ? order : x->element - y->element;
}

static afb_status allocate_depth(const work *w, int n, depth *out)
{
  size_t size = (size_t)n + 1;
  out->n = n;
  out->csf = malloc(size * sizeof *out->csf);
  out->next = malloc(size * sizeof *out->next);
  out->first_part = malloc(size * sizeof *out->first_part);
  out->amplitude = calloc(size * (size_t)w->n_vectors, sizeof *out->amplitude);
  return out->csf && out->next && out->first_part && out->amplitude ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d states", n);
}

/* Elements of depth d + 1 from those of depth d: equal rests become one. */
static afb_status merge(work *w, int d)
{
  depth *here = &w->depth[d], *next = &w->depth[d + 1];
  sortable *list = malloc((size_t)here->n * sizeof *list + 1);
  int n = 0;
  if (!list)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d states", here->n);
  for (int e = 0; e < here->n; e++)
    list[e] = (sortable){w->row + (size_t)here->csf[e] * (size_t)w->row_size + (size_t)(ROW * (d + 1)),
                         (size_t)(w->row_size - ROW * (d + 1)), e};
  qsort(list, (size_t)here->n, sizeof *list, by_key);
  for (int i = 0; i < here->n; i++) {
    n += i == 0 || memcmp(list[i].key, list[i - 1].key, list[i].size) != 0;
    here->next[list[i].element] = n - 1;
  }
  free(list);
  AFB_TRY(allocate_depth(w, n, next));
  for (int e = 0; e < here->n; e++)
    next->csf[here->next[e]] = here->csf[e];
  return AFB_OK;
}

/* The vectors, in the phases in which l- and l+ are the same orbital. */
static void load_vectors(work *w)
{
  const afb_lsj_state *state = &w->state;
  for (int e = 0; e < w->n_csf; e++) {
    int flips = 0;
    for (int k = 0; k < state->n_open; k++) {
      int minus = state->shell[state->open[k]].minus;
      flips += minus >= 0 && w->sign[minus] < 0 ? w->row[(size_t)e * (size_t)w->row_size + 1 + (size_t)(ROW * k)] : 0;
    }
    for (int v = 0; v < w->n_vectors; v++)
      w->depth[0].amplitude[(size_t)e * (size_t)w->n_vectors + (size_t)v] =
        sign_of(flips) * w->vector[(size_t)v * (size_t)w->n_in_block + (size_t)(w->csf[e] - w->first_csf)];
  }
}

/* Whether any vector has more than the least weight among n elements. */
static int is_there(const work *w, int n, const double *amplitude)
{
  for (int v = 0; v < w->n_vectors; v++) {
    double sum = 0;
    for (int e = 0; e < n; e++) {
      double a = amplitude[(size_t)e * (size_t)w->n_vectors + (size_t)v];
      sum += a * a;
    }
    if (sum > w->least)
      return 1;
  }
  return 0;
}

/* <(L1 S1)X (L2 S2)J; Y|(L1 L2)L (S1 S2)S; Y>; the spins stand where the table of 9j symbols has room for small numbers. */
static double couple(int l1, int s1, int x, int l2, int s2, int j, int l, int s, int y)
{
  if (l1 == 0 && s1 == 0)
    return 1;
  afb_link link = {AFB_LINK_MIDDLE, 2 * l1, x, s1, 2 * l2, j, s2, 2 * l, y, s};
  double sign = sign_of((2 * l1 + s1 + x + 2 * l2 + s2 + j + 2 * l + s + y) / 2);
  return sign * afb_link_factor(&link) * sqrt((x + 1.0) * (j + 1.0) / (y + 1.0));
}

/* Amplitudes of depth d + 1 when shell d is in `term` and all so far in (l, two_s). */
static void project(work *w, int d, int term, int l, int two_s)
{
  const depth *here = &w->depth[d];
  depth *next = &w->depth[d + 1];
  const afb_ls_shell *shell = w->state.ls[d];
  const afb_ls_term *t = &shell->term[term];
  int l1 = d ? w->state.l[d - 1] : 0, s1 = d ? w->state.two_s[d - 1] : 0;
  size_t n_vectors = (size_t)w->n_vectors;
  memset(next->amplitude, 0, (size_t)next->n * n_vectors * sizeof *next->amplitude);
  for (int e = 0; e < here->n; e++) {
    const uint8_t *x = w->row + (size_t)here->csf[e] * (size_t)w->row_size + (size_t)(ROW * d);
    int y = x[ROW];
    double sum = 0;
    if (!afb_triangle(2 * l1, s1, *x) || !afb_triangle(2 * l, two_s, y))
      continue;
    for (int p = here->first_part[e]; p < here->first_part[e + 1]; p++) {
      const shell_part *part = &here->part[p];
      const afb_ls_block *block = &shell->block[part->two_j / 2];
      int row = block->row[term];
      if (row < 0)
        continue;
      double value = part->factor * block->coefficient[(size_t)row * (size_t)block->n + (size_t)part->column];
      if (value != 0)
        sum += value * couple(l1, s1, *x, t->l, t->two_s, part->two_j, l, two_s, y);
    }
    for (size_t v = 0; sum != 0 && v < n_vectors; v++)
      next->amplitude[(size_t)here->next[e] * n_vectors + v] += sum * here->amplitude[(size_t)e * n_vectors + v];
  }
}

/* All ways to put shell d and those behind it into LS coupling. The rest of the transformation is orthogonal, so that what a branch
 * holds is the sum of the weights in it. */
static void descend(work *w, int d)
{
  afb_lsj_state *state = &w->state;
  if (d == state->n_open) {
    w->visit(w->context, state, w->depth[d].amplitude);
    return;
  }
  int l1 = d ? state->l[d - 1] : 0, s1 = d ? state->two_s[d - 1] : 0;
  for (int term = 0; term < state->ls[d]->n_terms; term++) {
    const afb_ls_term *t = &state->ls[d]->term[term];
    for (int two_s = abs(s1 - t->two_s); two_s <= s1 + t->two_s; two_s += 2)
      for (int l = abs(l1 - t->l); l <= l1 + t->l; l++) {
        project(w, d, term, l, two_s);
        if (!is_there(w, w->depth[d + 1].n, w->depth[d + 1].amplitude))
          continue;
        state->term[d] = term;
        state->l[d] = l;
        state->two_s[d] = two_s;
        descend(w, d + 1);
      }
  }
}

static afb_status visit_configuration(work *w)
{
  afb_lsj_state *state = &w->state;
  state->n_open = 0;
  for (int i = 0; i < state->n_shells; i++) {
    int l = state->shell[i].l, q = state->occupation[i];
    if (q == 0 || q == 4 * l + 2)
      continue;
    state->open[state->n_open] = i;
    AFB_TRY(afb_ls_shell_get(l, q, &state->ls[state->n_open++]));
  }
  w->row_size = 1 + ROW * state->n_open;
  w->row = malloc((size_t)w->n_csf * (size_t)w->row_size);
  w->depth = calloc((size_t)state->n_open + 1, sizeof *w->depth);
  if (!w->row || !w->depth)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d CSFs", w->n_csf);
  AFB_TRY(allocate_depth(w, w->n_csf, &w->depth[0]));
  for (int e = 0; e < w->n_csf; e++) {
    w->depth[0].csf[e] = e;
    AFB_TRY(fill_row(w, w->csf[e], w->row + (size_t)e * (size_t)w->row_size));
  }
  load_vectors(w);
  if (!is_there(w, w->n_csf, w->depth[0].amplitude))
    return AFB_OK;
  for (int d = 0; d < state->n_open; d++) {
    AFB_TRY(merge(w, d));
    AFB_TRY(make_parts(w, d, &w->depth[d]));
  }
  descend(w, 0);
  return AFB_OK;
}

/* ---- All configurations of a block ---- */

/* The noble-gas core that is closed in every CSF. */
static afb_status common_core(const afb_csf_list *list, int n_shells, const nl_shell *shell, afb_configuration *core)
{
  afb_configuration closed = {0};
  char text[AFB_CONFIGURATION_LENGTH];
  *core = (afb_configuration){0};
  for (int i = 0; i < n_shells; i++)
    if ((shell[i].minus < 0 ? shell[i].l == 0 : list->closed[shell[i].minus]) && shell[i].plus >= 0 && list->closed[shell[i].plus])
      AFB_TRY(afb_configuration_add(&closed, shell[i].n, shell[i].l, 4 * shell[i].l + 2));
  afb_configuration_format(&closed, 1, text, sizeof text);
  if (text[0] != '[')
    return AFB_OK;
  text[strcspn(text, "]") + 1] = '\0';
  return afb_configuration_parse(text, core);
}

/* Occupations of the shells n l of every CSF of the block: key[n_csf][n_shells]; order: the CSFs, those of one configuration
 * together. */
static afb_status sort_csfs(const afb_csf_list *list, const afb_block *block, int n_shells, const nl_shell *shell, uint8_t *key,
                            int32_t *order)
{
  sortable *sorted = malloc((size_t)block->n_csf * sizeof *sorted + 1);
  if (!sorted)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d CSFs", block->n_csf);
  for (int i = 0; i < block->n_csf; i++) {
    const uint8_t *occupation = list->occupation + (size_t)(block->first + i) * (size_t)list->n_orbitals;
    uint8_t *mine = key + (size_t)i * (size_t)n_shells;
    for (int s = 0; s < n_shells; s++)
      mine[s] = (uint8_t)((shell[s].minus >= 0 ? occupation[shell[s].minus] : 0) + (shell[s].plus >= 0 ? occupation[shell[s].plus] : 0));
    sorted[i] = (sortable){mine, (size_t)n_shells, i};
  }
  qsort(sorted, (size_t)block->n_csf, sizeof *sorted, by_key);
  for (int i = 0; i < block->n_csf; i++)
    order[i] = block->first + sorted[i].element;
  free(sorted);
  return AFB_OK;
}

static afb_status visit_all(work *w, const afb_block *block, const uint8_t *key, const int32_t *order)
{
  size_t n_shells = (size_t)w->state.n_shells;
  for (int first = 0, end; first < block->n_csf; first = end) {
    w->state.occupation = key + (size_t)(order[first] - block->first) * n_shells;
    for (end = first + 1; end < block->n_csf; end++)
      if (memcmp(w->state.occupation, key + (size_t)(order[end] - block->first) * n_shells, n_shells) != 0)
        break;
    w->csf = order + first;
    w->n_csf = end - first;
    afb_status status = visit_configuration(w);
    clear_work(w);
    AFB_TRY(status);
  }
  return AFB_OK;
}

afb_status afb_lsj_visit(const afb_csf_list *csfs, int block, const int8_t *sign, int n_vectors, const double *vector, double least,
                         afb_lsj_visitor visit, void *context)
{
  const afb_block *b = &csfs->block[block];
  nl_shell shell[AFB_MAX_ORBITALS];
  afb_configuration core;
  int n_shells = find_shells(csfs, shell);
  AFB_TRY(common_core(csfs, n_shells, shell, &core));
  work w = {.list = csfs, .vector = vector, .sign = sign, .n_vectors = n_vectors, .n_in_block = b->n_csf, .first_csf = b->first,
            .least = least, .visit = visit, .context = context,
            .state = {.shell = shell, .n_shells = n_shells, .core = &core}};
  uint8_t *key = malloc((size_t)b->n_csf * (size_t)n_shells + 1);
  int32_t *order = malloc((size_t)b->n_csf * sizeof *order + 1);
  afb_status status = key && order ? sort_csfs(csfs, b, n_shells, shell, key, order)
                                   : AFB_FAIL(AFB_E_MEMORY, "no memory for %d CSFs", b->n_csf);
  if (status == AFB_OK)
    status = visit_all(&w, b, key, order);
  free(key);
  free(order);
  return status;
}

/* ---- Names ---- */

typedef struct {
  char *buffer;
  size_t size, used;
  int cut;
} writer;

static void put(writer *w, const char *text)
{
  size_t length = strlen(text), room = w->size - 1 - w->used, n = length < room ? length : room;
  memcpy(w->buffer + w->used, text, n);
  w->used += n;
  w->buffer[w->used] = '\0';
  w->cut |= n < length;
}

/* "3P", with a number "3P2" */
static void put_term(writer *w, int two_s, int l, int number)
{
  static const char letters[] = "SPDFGHIKLMNOQRTUVWXYZ";
  char text[32], digits[12] = "";
  if (number > 0)
    snprintf(digits, sizeof digits, "%d", number);
  snprintf(text, sizeof text, "%d%c%s", two_s + 1, l < (int)sizeof letters - 1 ? letters[l] : '?', digits);
  put(w, text);
}

static void put_shell(writer *w, const nl_shell *s, int q)
{
  char text[32], digits[12] = "";
  if (q > 1)
    snprintf(digits, sizeof digits, "%d", q);
  snprintf(text, sizeof text, "%s%d%c%s", w->used > 0 ? "." : "", s->n, "spdfghik"[s->l], digits);
  put(w, text);
}

/* With an empty shell list a closed atom's label would be a bare term: its outermost shells stay. */
static int is_shown(const afb_lsj_state *state, int i)
{
  int outermost = 0, left = 0;
  for (int s = 0; s < state->n_shells; s++) {
    int q = state->occupation[s];
    outermost = q > 0 && state->shell[s].n > outermost ? state->shell[s].n : outermost;
    left += q > 0 && afb_configuration_occupation(state->core, state->shell[s].n, state->shell[s].l) == 0;
  }
  return state->occupation[i] > 0 && (left > 0 ? afb_configuration_occupation(state->core, state->shell[i].n, state->shell[i].l) == 0
                                               : state->shell[i].n == outermost);
}

char *afb_lsj_label(const afb_lsj_state *state, char *buffer, size_t size)
{
  writer w = {buffer, size, 0, 0};
  int open = 0, last = state->n_open - 1;
  buffer[0] = '\0';
  for (int i = 0; i < state->n_shells; i++) {
    int k = open < state->n_open && state->open[open] == i ? open++ : -1;
    if (is_shown(state, i))
      put_shell(&w, &state->shell[i], state->occupation[i]);
    if (k < 0 || last == 0)
      continue;
    const afb_ls_term *t = &state->ls[k]->term[state->term[k]];
    if (state->ls[k]->n_terms > 1) {
      put(&w, "(");
      put_term(&w, t->two_s, t->l, t->of > 1 ? t->number : 0);
      put(&w, ")");
    }
    if (k > 0 && k < last) {
      put(&w, "_");
      put_term(&w, state->two_s[k], state->l[k], 0);
    }
  }
  const afb_ls_term *only = last == 0 ? &state->ls[0]->term[state->term[0]] : NULL;
  put(&w, " ");
  put_term(&w, last < 0 ? 0 : state->two_s[last], last < 0 ? 0 : state->l[last], only && only->of > 1 ? only->number : 0);
  if (w.cut)
    memcpy(buffer + size - 4, "...", 4);
  return buffer;
}

typedef struct {
  int n_vectors;
  afb_lsj *out;
} collection;

static const double least_weight = 1e-4;

static void collect(void *context, const afb_lsj_state *state, const double *amplitude)
{
  const collection *c = context;
  for (int v = 0; v < c->n_vectors; v++) {
    afb_lsj *out = &c->out[v];
    double weight = amplitude[v] * amplitude[v];
    if (weight < least_weight || (out->n == AFB_LSJ_LEADING && weight <= out->weight[AFB_LSJ_LEADING - 1]))
      continue;
    int at = out->n < AFB_LSJ_LEADING ? out->n++ : AFB_LSJ_LEADING - 1;
    for (; at > 0 && out->weight[at - 1] < weight; at--) {
      out->weight[at] = out->weight[at - 1];
      memcpy(out->label[at], out->label[at - 1], AFB_LSJ_LABEL);
    }
    out->weight[at] = weight;
    afb_lsj_label(state, out->label[at], AFB_LSJ_LABEL);
  }
}

afb_status afb_lsj_compose(const afb_csf_list *csfs, int block, const int8_t *sign, int n_vectors, const double *vector, afb_lsj *out)
{
  collection c = {n_vectors, out};
  memset(out, 0, (size_t)n_vectors * sizeof *out);
  afb_status status = afb_lsj_visit(csfs, block, sign, n_vectors, vector, least_weight, collect, &c);
  if (status != AFB_OK)
    memset(out, 0, (size_t)n_vectors * sizeof *out);
  return status;
}
