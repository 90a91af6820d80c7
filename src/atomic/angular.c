#include "atomic/angular.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/matrix_element.h"
#include "atomic/pool.h"
#include "core/clock.h"
#include "numeric/racah.h"

/* What one rank computes, row by row; integrals by the table's numbers. */
typedef struct {
  int64_t n, room;
  int32_t *column;
  uint32_t *indices, *values;
  afb_pool index, value;
} elements;

static void elements_clear(elements *e)
{
  free(e->column);
  free(e->indices);
  free(e->values);
  afb_pool_clear(&e->index);
  afb_pool_clear(&e->value);
  memset(e, 0, sizeof *e);
}

static afb_status elements_resize(elements *e, int64_t room)
{
  size_t n = (size_t)room + 1;
  int32_t *column = realloc(e->column, n * sizeof *column);
  if (column)
    e->column = column;
  uint32_t *indices = realloc(e->indices, n * sizeof *indices);
  if (indices)
    e->indices = indices;
  uint32_t *values = realloc(e->values, n * sizeof *values);
  if (values)
    e->values = values;
  if (!column || !indices || !values)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld matrix elements of the angular part", (long long)room);
  e->room = room;
  return AFB_OK;
}

/* A row's element of one configuration, before the configurations of the row are put one behind another. */
typedef struct {
  int32_t row, column;
  uint32_t indices, values;
} piece_element;

/* Room that is used again and again. */
typedef struct {
  afb_pair_plan plan;
  int n_list;
  int32_t *list;              /* [n_list + 1] */
  uint32_t last;              /* where the list of the element before is */
  double *value;              /* [n_list] */
  int64_t n, room;
  piece_element *element;
  int64_t *next;              /* [rows + 1] */
  const afb_angular_watch *watch;
  int64_t since;              /* pairs of CSFs since it was asked */
} workspace;

/* A few milliseconds. */
enum { PAIRS_UNWATCHED = 8192 };

static afb_status ask(workspace *w, int pairs)
{
  w->since += pairs;
  if (w->since < PAIRS_UNWATCHED || !w->watch || !w->watch->over)
    return AFB_OK;
  w->since = 0;
  const char *why = w->watch->over(w->watch->context);
  return why ? AFB_FAIL(AFB_E_LIMIT, "%s", why) : AFB_OK;
}

static void workspace_clear(workspace *w)
{
  afb_pair_plan_clear(&w->plan);
  free(w->list);
  free(w->value);
  free(w->element);
  free(w->next);
}

/* Room for the elements of one row with one configuration. */
static afb_status workspace_reserve(workspace *w, int more)
{
  if (w->plan.n_values > w->n_list) {
    int n = 2 * w->plan.n_values;
    int32_t *list = realloc(w->list, ((size_t)n + 1) * sizeof *list);
    if (list)
      w->list = list;
    double *value = realloc(w->value, (size_t)n * sizeof *value);
    if (value)
      w->value = value;
    if (!list || !value)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d angular coefficients", n);
    w->n_list = n;
  }
  if (w->n + more > w->room) {
    int64_t room = w->room + w->room / 2 + more + 4096;
    piece_element *element = realloc(w->element, (size_t)room * sizeof *element);
    if (!element)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld matrix elements of the angular part", (long long)room);
    w->element = element;
    w->room = room;
  }
  return AFB_OK;
}

static int same_occupation(const afb_chain_list *c, int r, int s)
{
  size_t n = (size_t)c->n_open;
  return memcmp(c->occupation + (size_t)r * n, c->occupation + (size_t)s * n, n) == 0;
}

/* Where the relativistic configurations of the list begin, and its end behind them: returns their number. begin: [n_csf + 1]. */
static int find_groups(const afb_csf_list *list, const afb_chain_list *chains, int *begin)
{
  int n = 0;
  for (int b = 0; b < list->n_blocks; b++)
    for (int r = list->block[b].first; r < list->block[b].first + list->block[b].n_csf; r++)
      if (r == list->block[b].first || !same_occupation(chains, r - 1, r))
        begin[n++] = r;
  begin[n] = list->n_csf;
  return n;
}

/* Appends the elements of the rows `top` ... `bottom` - 1, which come by row within pairs of configurations, in order of rows. */
static afb_status append_by_row(workspace *w, int top, int bottom, int64_t *start, elements *out)
{
  if (out->n + w->n > out->room)
    AFB_TRY(elements_resize(out, out->room + out->room / 2 + w->n + 4096));
  int64_t *next = w->next;
  memset(next, 0, (size_t)(bottom - top + 1) * sizeof *next);
  for (int64_t e = 0; e < w->n; e++)
    next[w->element[e].row - top + 1]++;
  for (int r = 0; r < bottom - top; r++) {
    next[r + 1] += next[r];
    start[top + r + 1] = out->n + next[r + 1];
  }
  for (int64_t e = 0; e < w->n; e++) {
    const piece_element *from = w->element + e;
    int64_t at = out->n + next[from->row - top]++;
    out->column[at] = from->column;
    out->indices[at] = from->indices;
    out->values[at] = from->values;
  }
  out->n += w->n;
  return AFB_OK;
}

static afb_status compute_element(const afb_operator_table *table, int r, int s, int first, workspace *w, elements *out)
{
  int n;
  afb_pair_plan_evaluate(table, &w->plan, r, s, &n, w->list + 1, w->value);
  if (n == 0)
    return AFB_OK;
  piece_element *e = &w->element[w->n];
  w->list[0] = n;
  for (int i = 0; i < n; i++)
    w->value[i] = rint(w->value[i] / AFB_ANGULAR_UNIT) * AFB_ANGULAR_UNIT;
  const size_t bytes = ((size_t)n + 1) * sizeof *w->list;
  if (w->last + (size_t)n + 1 > out->index.n || memcmp((int32_t *)out->index.item + w->last, w->list, bytes) != 0)
    AFB_TRY(afb_pool_find(&out->index, n + 1, w->list, &w->last));
  e->indices = w->last;
  AFB_TRY(afb_pool_find(&out->value, n, w->value, &e->values));
  e->row = r;
  e->column = s - first;
  w->n++;
  return AFB_OK;
}

/* Elements of the rows of configuration `own` with those from `first`, the first of the block, to itself. */
static afb_status compute_rows(afb_operator_table *table, const int *begin, int first, int own, workspace *w, elements *out)
{
  const int top = begin[own], bottom = begin[own + 1];
  w->n = 0;
  for (int other = first; other <= own; other++) {
    const int left = begin[other], right = begin[other + 1];
    AFB_TRY(ask(w, 1));
    AFB_TRY(afb_pair_plan_make(table, top, left, &w->plan));
    if (w->plan.n_values == 0)
      continue;
    for (int r = top; r < bottom; r++) {
      AFB_TRY(ask(w, right - left));
      AFB_TRY(workspace_reserve(w, right - left));
      for (int s = left; s < right && s <= r; s++)
        AFB_TRY(compute_element(table, r, s, begin[first], w, out));
    }
  }
  return AFB_OK;
}

/* The rank with the least to do so far; load: [size] pairs of CSFs, so that all ranks come to the same answer. */
static int next_owner(int size, int64_t *load, int64_t pairs)
{
  int owner = 0;
  for (int r = 1; r < size; r++)
    if (load[r] < load[owner])
      owner = r;
  load[owner] += pairs;
  return owner;
}

static afb_status compute_own(MPI_Comm comm, const afb_csf_list *list, const afb_angular_watch *watch, const afb_chain_list *chains,
                              afb_operator_table *table, int64_t *start, elements *out)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  workspace w = {.watch = watch, .next = malloc(((size_t)list->n_csf + 1) * sizeof *w.next)};
  int64_t *load = calloc((size_t)size, sizeof *load);
  int *begin = malloc(((size_t)list->n_csf + 1) * sizeof *begin), block = 0, first = 0;
  afb_status status = w.next && load && begin ? elements_resize(out, 4096) : AFB_FAIL(AFB_E_MEMORY, "no memory for %d rows", list->n_csf);
  int n = status == AFB_OK ? find_groups(list, chains, begin) : 0;
  for (int own = 0; own < n && status == AFB_OK; own++) {
    if (begin[own] == list->block[block].first + list->block[block].n_csf) {
      block++;
      first = own;
    }
    for (int r = begin[own]; r < begin[own + 1]; r++)
      start[r + 1] = out->n;
    if (next_owner(size, load, (int64_t)(begin[own + 1] - begin[own]) * (begin[own + 1] - begin[first])) != rank)
      continue;
    status = compute_rows(table, begin, first, own, &w, out);
    if (status == AFB_OK)
      status = append_by_row(&w, begin[own], begin[own + 1], start, out);
  }
  free(begin);
  free(load);
  workspace_clear(&w);
  return status == AFB_OK ? elements_resize(out, out->n) : status;
}

static int compare_integrals(const void *x, const void *y)
{
  const afb_integral *i = x, *j = y;
  const int difference[5] = {i->k - j->k, i->a - j->a, i->b - j->b, i->c - j->c, i->d - j->d};
  for (int n = 0; n < 5; n++)
    if (difference[n] != 0)
      return difference[n];
  return 0;
}

static int sort_unique(int n, afb_integral *integral)
{
  int kept = 0;
  qsort(integral, (size_t)n, sizeof *integral, compare_integrals);
  for (int i = 0; i < n; i++)
    if (kept == 0 || compare_integrals(&integral[kept - 1], &integral[i]) != 0)
      integral[kept++] = integral[i];
  return kept;
}

/* The integrals that occur in this rank's elements; malloc'ed. */
static afb_status used_integrals(const afb_operator_table *table, const afb_pool *lists, int *n_used, afb_integral **used)
{
  const afb_integral *integral;
  int n = afb_operator_table_integrals(table, &integral);
  unsigned char *seen = calloc((size_t)n + 1, 1);
  *n_used = 0;
  *used = malloc((size_t)n * sizeof **used + 1);
  if (!seen || !*used) {
    free(seen);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d integrals", n);
  }
  const int32_t *index = lists->item;
  for (uint32_t at = 0; at < lists->n; at += 1 + (uint32_t)index[at])
    for (int i = 1; i <= index[at]; i++)
      seen[index[at + (uint32_t)i]] = 1;
  for (int i = 0; i < n; i++)
    if (seen[i])
      (*used)[(*n_used)++] = integral[i];
  free(seen);
  return AFB_OK;
}

/* Collective. All ranks' integrals, sorted, into out->integral. */
static afb_status share_integrals(MPI_Comm comm, int n_used, const afb_integral *used, afb_angular *out)
{
  int size, total = 0;
  MPI_Comm_size(comm, &size);
  int *count = malloc(2 * (size_t)size * sizeof *count);
  afb_status status = afb_agree(comm, count ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d ranks", size));
  if (status != AFB_OK) {
    free(count);
    return status;
  }
  int *offset = count + size, mine = n_used * (int)sizeof *used;
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Allgather(&mine, 1, MPI_INT, count, 1, MPI_INT, comm);
  for (int r = 0; r < size; r++) {
    offset[r] = total;
    total += count[r];
  }
  out->integral = malloc((size_t)total + 1);
  status = out->integral ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the integrals");
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Allgatherv(used, mine, MPI_BYTE, out->integral, count, offset, MPI_BYTE, comm);
    out->n_integrals = sort_unique(total / (int)sizeof *used, out->integral);
  }
  afb_phase_enter(phase);
  free(count);
  return status;
}

/* Numbers of the table's integrals in the sorted list, -1 for those that do not occur; malloc'ed. */
static int32_t *translation(const afb_operator_table *table, const afb_angular *angular)
{
  const afb_integral *integral;
  int n = afb_operator_table_integrals(table, &integral);
  int32_t *to = malloc((size_t)n * sizeof *to + 1);
  for (int i = 0; to && i < n; i++) {
    const afb_integral *found =
      bsearch(&integral[i], angular->integral, (size_t)angular->n_integrals, sizeof *integral, compare_integrals);
    to[i] = found ? (int32_t)(found - angular->integral) : -1;
  }
  return to;
}

static void renumber(const int32_t *to, const afb_pool *lists)
{
  int32_t *index = lists->item;
  for (uint32_t at = 0; at < lists->n; at += 1 + (uint32_t)index[at])
    for (int i = 1; i <= index[at]; i++)
      index[at + (uint32_t)i] = to[index[at + (uint32_t)i]];
}

/* The elements become the result's. */
static void take_over(elements *own, afb_angular *out)
{
  out->column = own->column;
  out->indices = own->indices;
  out->values = own->values;
  out->index = afb_pool_take(&own->index);
  out->value = afb_pool_take(&own->value);
  own->column = NULL;
  own->indices = own->values = NULL;
}

static afb_status begin(const afb_csf_list *list, afb_chain_list *chains, afb_operator_table **table, elements *own, afb_angular *out)
{
  out->n_rows = list->n_csf;
  out->n_blocks = list->n_blocks;
  out->start = calloc((size_t)list->n_csf + 1, sizeof *out->start);
  out->first = calloc((size_t)list->n_blocks + 1, sizeof *out->first);
  if (!out->start || !out->first)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d rows", list->n_csf);
  for (int b = 0; b < list->n_blocks; b++)
    out->first[b + 1] = list->block[b].first + list->block[b].n_csf;
  afb_pool_init(&own->index, sizeof(int32_t));
  afb_pool_init(&own->value, sizeof(double));
  AFB_TRY(afb_chain_list_create(list, chains));
  return afb_operator_table_create(chains, table);
}

static afb_status create(MPI_Comm comm, const afb_csf_list *list, const afb_angular_watch *watch, afb_chain_list *chains,
                         afb_operator_table **table, elements *own, afb_integral **used, int32_t **to, afb_angular *out)
{
  int n_used = 0;
  afb_status status = begin(list, chains, table, own, out);
  if (status == AFB_OK)
    status = compute_own(comm, list, watch, chains, *table, out->start, own);
  if (status == AFB_OK)
    status = used_integrals(*table, &own->index, &n_used, used);
  AFB_TRY(afb_agree(comm, status));
  AFB_TRY(share_integrals(comm, n_used, *used, out));
  *to = translation(*table, out);
  AFB_TRY(afb_agree(comm, *to ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the integrals")));
  renumber(*to, &own->index);
  const double *value = own->value.item;
  for (uint32_t i = 0; i < own->value.n; i++)
    out->largest = fmax(out->largest, fabs(value[i]));
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Allreduce(MPI_IN_PLACE, &out->largest, 1, MPI_DOUBLE, MPI_MAX, comm);
  afb_phase_enter(phase);
  take_over(own, out);
  out->comm = comm;
  return AFB_OK;
}

afb_status afb_angular_create(MPI_Comm comm, const afb_csf_list *list, const afb_angular_watch *watch, afb_angular *out)
{
  afb_chain_list chains = {0};
  afb_operator_table *table = NULL;
  elements own = {0};
  afb_integral *used = NULL;
  int32_t *to = NULL;
  memset(out, 0, sizeof *out);
  afb_status status = create(comm, list, watch, &chains, &table, &own, &used, &to, out);
  free(used);
  free(to);
  elements_clear(&own);
  afb_operator_table_destroy(&table);
  afb_chain_list_clear(&chains);
  if (status != AFB_OK)
    afb_angular_clear(out);
  return status;
}

void afb_angular_clear(afb_angular *angular)
{
  free(angular->integral);
  free(angular->first);
  free(angular->start);
  free(angular->column);
  free(angular->indices);
  free(angular->values);
  free(angular->index);
  free(angular->value);
  memset(angular, 0, sizeof *angular);
}

double afb_core_exchange(int kappa_a, int kappa_c, int k)
{
  int two_a = afb_kappa_two_j(kappa_a), two_c = afb_kappa_two_j(kappa_c);
  if (k < 0 || (afb_kappa_l(kappa_a) + afb_kappa_l(kappa_c) + k) & 1)
    return 0;
  double x = afb_wigner_3j(two_a, 2 * k, two_c, 1, 0, -1);
  return x * x;
}
