#include "atomic/angular.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/matrix_element.h"
#include "numeric/racah.h"

/* What one rank computes. Rows are numbered through all blocks, columns within their block; index counts the rank's own
 * integrals. */
typedef struct {
  int64_t n, room;
  int32_t *row, *column, *index;
  double *value;
} entries;

static void entries_clear(entries *e)
{
  free(e->row);
  free(e->column);
  free(e->index);
  free(e->value);
  memset(e, 0, sizeof *e);
}

static afb_status entries_reserve(entries *e, int64_t more)
{
  if (e->n + more <= e->room)
    return AFB_OK;
  int64_t room = e->room + e->room / 2 + more + 4096;
  int32_t *row = realloc(e->row, (size_t)room * sizeof *row);
  if (row)
    e->row = row;
  int32_t *column = realloc(e->column, (size_t)room * sizeof *column);
  if (column)
    e->column = column;
  int32_t *index = realloc(e->index, (size_t)room * sizeof *index);
  if (index)
    e->index = index;
  double *value = realloc(e->value, (size_t)room * sizeof *value);
  if (value)
    e->value = value;
  if (!row || !column || !index || !value)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld angular coefficients", (long long)room);
  e->room = room;
  return AFB_OK;
}

static int same_occupation(const afb_chain_list *c, int r, int s)
{
  size_t n = (size_t)c->n_open;
  return memcmp(c->occupation + (size_t)r * n, c->occupation + (size_t)s * n, n) == 0;
}

/* End of the CSFs from `first` on that have its occupations. */
static int group_end(const afb_chain_list *c, int first, int end)
{
  int r = first + 1;
  while (r < end && same_occupation(c, first, r))
    r++;
  return r;
}

/* First row >= r that is this rank's: rows are dealt out in turn, which balances the triangle. */
static int next_own(int r, int rank, int size) { return r + ((rank - r) % size + size) % size; }

/* Appends the entries of the rows `top` ... `bottom` - 1, which come by row within pairs of configurations, in order of rows. */
static afb_status append_by_row(const entries *from, int top, int bottom, int64_t *next, entries *out)
{
  AFB_TRY(entries_reserve(out, from->n));
  memset(next, 0, (size_t)(bottom - top + 1) * sizeof *next);
  for (int64_t e = 0; e < from->n; e++)
    next[from->row[e] - top + 1]++;
  for (int r = 0; r < bottom - top; r++)
    next[r + 1] += next[r];
  for (int64_t e = 0; e < from->n; e++) {
    int64_t at = out->n + next[from->row[e] - top]++;
    out->row[at] = from->row[e];
    out->column[at] = from->column[e];
    out->index[at] = from->index[e];
    out->value[at] = from->value[e];
  }
  out->n += from->n;
  return AFB_OK;
}

/* Entries of the rows with the occupations of `top`. */
static afb_status compute_rows(const afb_block *block, const afb_chain_list *chains, int rank, int size, int top, int bottom,
                               afb_operator_table *table, afb_pair_plan *plan, entries *out)
{
  int end = block->first + block->n_csf;
  out->n = 0;
  for (int left = block->first, right; left < bottom; left = right) {
    right = group_end(chains, left, end);
    AFB_TRY(afb_pair_plan_make(table, top, left, plan));
    if (plan->n_values == 0)
      continue;
    for (int r = next_own(top, rank, size); r < bottom; r += size)
      for (int s = left; s < right && s <= r; s++) {
        int n;
        AFB_TRY(entries_reserve(out, plan->n_values));
        afb_pair_plan_evaluate(table, plan, r, s, &n, out->index + out->n, out->value + out->n);
        for (int i = 0; i < n; i++) {
          out->row[out->n] = r;
          out->column[out->n++] = s - block->first;
        }
      }
  }
  return AFB_OK;
}

/* piece: room for the rows of one configuration; next: for as many numbers as there are rows, and one more. */
static afb_status compute_block(const afb_block *block, const afb_chain_list *chains, int rank, int size,
                                afb_operator_table *table, afb_pair_plan *plan, entries *piece, int64_t *next, entries *out)
{
  int end = block->first + block->n_csf;
  for (int top = block->first, bottom; top < end; top = bottom) {
    bottom = group_end(chains, top, end);
    if (next_own(top, rank, size) >= bottom)
      continue;
    AFB_TRY(compute_rows(block, chains, rank, size, top, bottom, table, plan, piece));
    AFB_TRY(append_by_row(piece, top, bottom, next, out));
  }
  return AFB_OK;
}

static afb_status compute_own(const afb_csf_list *list, const afb_chain_list *chains, int rank, int size,
                              afb_operator_table *table, int64_t *block_end, entries *out)
{
  afb_pair_plan plan = {0};
  entries piece = {0};
  int64_t *next = malloc(((size_t)list->n_csf + 1) * sizeof *next);
  afb_status status = next ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d rows", list->n_csf);
  for (int b = 0; b < list->n_blocks && status == AFB_OK; b++) {
    status = compute_block(&list->block[b], chains, rank, size, table, &plan, &piece, next, out);
    block_end[b] = out->n;
  }
  free(next);
  entries_clear(&piece);
  afb_pair_plan_clear(&plan);
  return status;
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

/* The integrals that occur in this rank's entries; malloc'ed. */
static afb_status used_integrals(const afb_operator_table *table, const entries *own, int *n_used, afb_integral **used)
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
  for (int64_t e = 0; e < own->n; e++)
    seen[own->index[e]] = 1;
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
  AFB_TRY(afb_agree(comm, count ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d ranks", size)));
  int *offset = count + size, mine = n_used * (int)sizeof *used;
  MPI_Allgather(&mine, 1, MPI_INT, count, 1, MPI_INT, comm);
  for (int r = 0; r < size; r++) {
    offset[r] = total;
    total += count[r];
  }
  out->integral = malloc((size_t)total + 1);
  afb_status status = out->integral ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the integrals");
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Allgatherv(used, mine, MPI_BYTE, out->integral, count, offset, MPI_BYTE, comm);
    out->n_integrals = sort_unique(total / (int)sizeof *used, out->integral);
  }
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

/* Sorts one CSF pair's few entries by integral. */
static void sort_run(int n, int32_t *index, double *value)
{
  for (int i = 1; i < n; i++) {
    int32_t key = index[i];
    double x = value[i];
    int at = i;
    for (; at > 0 && index[at - 1] > key; at--) {
      index[at] = index[at - 1];
      value[at] = value[at - 1];
    }
    index[at] = key;
    value[at] = x;
  }
}

static void renumber(const int32_t *to, entries *own)
{
  for (int64_t e = 0, end; e < own->n; e = end) {
    for (end = e; end < own->n && own->row[end] == own->row[e] && own->column[end] == own->column[e]; end++)
      own->index[end] = to[own->index[end]];
    sort_run((int)(end - e), own->index + e, own->value + e);
  }
}

/* The entries become the result's; rows are counted within their blocks from here on. */
static void take_over(const afb_csf_list *list, entries *own, afb_angular *out)
{
  for (int b = 0; b < list->n_blocks; b++)
    for (int64_t e = out->entry_start[b]; e < out->entry_start[b + 1]; e++)
      own->row[e] -= list->block[b].first;
  out->row = own->row;
  out->column = own->column;
  out->index = own->index;
  out->value = own->value;
  memset(own, 0, sizeof *own);
}

static afb_status create(MPI_Comm comm, const afb_csf_list *list, afb_chain_list *chains, afb_operator_table **table,
                         entries *own, afb_integral **used, int32_t **to, afb_angular *out)
{
  int rank, size, n_used = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  out->n_blocks = list->n_blocks;
  out->entry_start = calloc((size_t)list->n_blocks + 1, sizeof *out->entry_start);
  afb_status status = out->entry_start ? afb_chain_list_create(list, chains)
                                       : AFB_FAIL(AFB_E_MEMORY, "no memory for %d blocks", list->n_blocks);
  if (status == AFB_OK)
    status = afb_operator_table_create(chains, table);
  if (status == AFB_OK)
    status = compute_own(list, chains, rank, size, *table, out->entry_start + 1, own);
  if (status == AFB_OK)
    status = entries_reserve(own, 1);   /* so that there are arrays, empty or not */
  if (status == AFB_OK)
    status = used_integrals(*table, own, &n_used, used);
  AFB_TRY(afb_agree(comm, status));
  AFB_TRY(share_integrals(comm, n_used, *used, out));
  *to = translation(*table, out);
  AFB_TRY(afb_agree(comm, *to ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the integrals")));
  renumber(*to, own);
  take_over(list, own, out);
  out->comm = comm;
  for (int64_t e = 0; e < out->entry_start[out->n_blocks]; e++)
    out->largest = fmax(out->largest, fabs(out->value[e]));
  MPI_Allreduce(MPI_IN_PLACE, &out->largest, 1, MPI_DOUBLE, MPI_MAX, comm);
  return AFB_OK;
}

afb_status afb_angular_create(MPI_Comm comm, const afb_csf_list *list, afb_angular *out)
{
  afb_chain_list chains = {0};
  afb_operator_table *table = NULL;
  entries own = {0};
  afb_integral *used = NULL;
  int32_t *to = NULL;
  memset(out, 0, sizeof *out);
  afb_status status = create(comm, list, &chains, &table, &own, &used, &to, out);
  free(used);
  free(to);
  entries_clear(&own);
  afb_operator_table_destroy(&table);
  afb_chain_list_clear(&chains);
  if (status != AFB_OK)
    afb_angular_clear(out);
  return status;
}

void afb_angular_clear(afb_angular *angular)
{
  free(angular->integral);
  free(angular->entry_start);
  free(angular->row);
  free(angular->column);
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
