#include "descriptor/neighbours.h"

#include <stdlib.h>
#include <string.h>

#include "descriptor/piece_work.h"

static const double too_close = 1e-3; /* angstrom: no two atoms of a structure */
static const double self_squared = 1e-20;

void afb_neighbours_clear(afb_neighbours *list)
{
  free(list->centre_element);
  free(list->centre);
  free(list->first);
  free(list->x);
  free(list->y);
  free(list->z);
  free(list->element);
  free(list->point);
  *list = (afb_neighbours){0};
}

static int resize(void *pointer, int64_t n, size_t size)
{
  void **array = pointer, *p = realloc(*array, ((size_t)n + 1) * size);
  if (p)
    *array = p;
  return p != NULL;
}

static afb_status centres_fit(afb_neighbours *list, int64_t n)
{
  if (n > list->centre_capacity || !list->first) {
    list->centre_capacity = 0;
    if (!resize(&list->centre_element, n, sizeof *list->centre_element) ||
        !resize(&list->centre, n, sizeof *list->centre) || !resize(&list->first, n, sizeof *list->first))
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the neighbours of %lld atoms", (long long)n);
    list->centre_capacity = n;
  }
  return AFB_OK;
}

static afb_status pairs_fit(afb_neighbours *list, int64_t n)
{
  if (n > list->pair_capacity) {
    int64_t more = n + n / 2 + 4096;
    if (!resize(&list->x, more, sizeof *list->x) || !resize(&list->y, more, sizeof *list->y) ||
        !resize(&list->z, more, sizeof *list->z) || !resize(&list->element, more, sizeof *list->element) ||
        !resize(&list->point, more, sizeof *list->point))
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld pairs of neighbours", (long long)more);
    list->pair_capacity = more;
  }
  return AFB_OK;
}

/* Slots within the largest cut-off of a centre. */
typedef struct {
  int64_t n, capacity;
  int32_t *slot;
} candidates;

enum { RUN = 64 };

/* Appends the slots of a run that are closer than r2_max. The distances of a block first, because that loop vectorises. */
static void test_run(const afb_piece_work *work, const double *centre, double r2_max, int32_t begin, int32_t end,
                     candidates *found)
{
  const double x = centre[0], y = centre[1], z = centre[2];
  int32_t *restrict slot = found->slot;
  int64_t n = found->n;
  for (int32_t from = begin; from < end; from += RUN) {
    const double *restrict px = work->x + from, *restrict py = work->y + from, *restrict pz = work->z + from;
    double r2[RUN];
    int count = end - from < RUN ? end - from : RUN;
    for (int i = 0; i < count; i++) {
      double dx = px[i] - x, dy = py[i] - y, dz = pz[i] - z;
      r2[i] = dx * dx + dy * dy + dz * dz;
    }
    for (int i = 0; i < count; i++) {
      slot[n] = from + i;
      n += r2[i] < r2_max;
    }
  }
  found->n = n;
}

/* The slots within r2_max of a centre in cell c (numbers in the box of the list). */
static afb_status test_cells(const afb_piece_work *work, const afb_cell_list *list, const int *c, const double *centre,
                             double r2_max, candidates *found)
{
  int low[3], high[3];
  for (int k = 0; k < 3; k++) {
    low[k] = c[k] - list->cells.m[k] > 0 ? c[k] - list->cells.m[k] : 0;
    high[k] = c[k] + list->cells.m[k] < list->box.n[k] ? c[k] + list->cells.m[k] : list->box.n[k] - 1;
  }
  found->n = 0;
  if (low[0] > high[0])
    return AFB_OK;
  for (int z = low[2]; z <= high[2]; z++)
    for (int y = low[1]; y <= high[1]; y++) {
      const int32_t *row = list->begin + ((int64_t)z * list->box.n[1] + y) * list->box.n[0];
      int32_t begin = row[low[0]], end = row[high[0] + 1];
      if (!found->slot || found->n + (end - begin) >= found->capacity) {
        int64_t more = 2 * (found->n + (end - begin)) + 1024;
        if (!resize(&found->slot, more, sizeof *found->slot))
          return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld neighbours of one atom", (long long)more);
        found->capacity = more;
      }
      test_run(work, centre, r2_max, begin, end, found);
    }
  return AFB_OK;
}

/* What is the same for all centres of one element: squared cut-offs by the neighbour's element. */
typedef struct {
  int n_elements;
  double *squared; /* [n_elements + 1][n_elements], the last row for grid points */
  double *largest; /* [n_elements + 1] */
} limits;

/* Appends the pairs of a centre; *close: how many are closer than too_close, the centre itself included. */
static void append(const afb_piece_work *work, const candidates *found, const double *centre, const double *squared,
                   afb_neighbours *list, int64_t *n_pairs, int *close)
{
  const double x = centre[0], y = centre[1], z = centre[2];
  int64_t n = *n_pairs;
  int near = 0;
  for (int64_t i = 0; i < found->n; i++) {
    int32_t s = found->slot[i], element = work->element[s];
    double dx = work->x[s] - x, dy = work->y[s] - y, dz = work->z[s] - z, r2 = dx * dx + dy * dy + dz * dz;
    list->x[n] = dx;
    list->y[n] = dy;
    list->z[n] = dz;
    list->element[n] = element;
    list->point[n] = work->point[s];
    near += r2 < too_close * too_close;
    n += (r2 < squared[element]) & (r2 > self_squared);
  }
  *n_pairs = n;
  *close = near;
}

/* Names the atom on top of own point `point`. */
static afb_status on_top(const afb_piece *piece, int64_t point, const candidates *found)
{
  const double *a = piece->position + 3 * point;
  for (int64_t i = 0; i < found->n; i++) {
    int64_t other = piece->work->point[found->slot[i]];
    const double *b = piece->position + 3 * other;
    double d[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
    if (other == point || d[0] * d[0] + d[1] * d[1] + d[2] * d[2] >= too_close * too_close)
      continue;
    long long first = piece->atom[point] + 1, second = piece->atom[other] + 1;
    if (first == second)
      return AFB_FAIL(AFB_E_INPUT, "atom %lld lies on top of its own image: the cell is too small", first);
    return AFB_FAIL(AFB_E_INPUT, "atoms %lld and %lld are on top of each other (closer than %g angstrom)",
                    first < second ? first : second, first < second ? second : first, too_close);
  }
  return AFB_FAIL(AFB_E_INTERNAL, "atoms on top of each other are not found again");
}

static afb_status search_atoms(const afb_piece *piece, const limits *limit, int64_t first, int64_t n, candidates *found,
                               afb_neighbours *list)
{
  const afb_piece_work *work = piece->work;
  int64_t n_pairs = 0;
  int frame = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t point = first + i;
    while (point >= piece->frame_own[frame + 1])
      frame++;
    const afb_cell_list *cells = &work->list[frame];
    int32_t element = piece->element[point], cell = work->cell[point], row = cell / cells->box.n[0];
    const int c[3] = {cell % cells->box.n[0], row % cells->box.n[1], row / cells->box.n[1]};
    const double *centre = piece->position + 3 * point;
    int close;
    AFB_TRY(test_cells(work, cells, c, centre, limit->largest[element], found));
    AFB_TRY(pairs_fit(list, n_pairs + found->n));
    append(work, found, centre, limit->squared + (int64_t)element * limit->n_elements, list, &n_pairs, &close);
    if (close > 1) {
      list->bad_frame = frame;
      return on_top(piece, point, found);
    }
    list->centre[i] = point;
    list->centre_element[i] = element;
    list->first[i + 1] = n_pairs;
  }
  return AFB_OK;
}

static afb_status search_grid(const afb_piece *piece, const limits *limit, int64_t first, int64_t n, candidates *found,
                              afb_neighbours *list)
{
  const afb_piece_work *work = piece->work;
  const afb_cell_list *cells = &work->list[0];
  const double *squared = limit->squared + (int64_t)limit->n_elements * limit->n_elements;
  int64_t n_pairs = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t point = piece->grid_first + first + i, row = point / piece->grid[0];
    const int64_t number[3] = {point % piece->grid[0], row % piece->grid[1], row / piece->grid[1]};
    double s[3], centre[3];
    int c[3], close;
    for (int k = 0; k < 3; k++) {
      s[k] = (double)number[k] / piece->grid[k];
      c[k] = afb_cells_number(&cells->cells, k, s[k]) - cells->box.first[k];
    }
    for (int l = 0; l < 3; l++)
      centre[l] = s[0] * cells->cells.h[0][l] + s[1] * cells->cells.h[1][l] + s[2] * cells->cells.h[2][l];
    AFB_TRY(test_cells(work, cells, c, centre, limit->largest[limit->n_elements], found));
    AFB_TRY(pairs_fit(list, n_pairs + found->n));
    append(work, found, centre, squared, list, &n_pairs, &close);
    list->centre[i] = point;
    list->centre_element[i] = AFB_GRID_POINT;
    list->first[i + 1] = n_pairs;
  }
  return AFB_OK;
}

static afb_status set_limits(int n_elements, const double *cutoff, const double *grid_cutoff, double most,
                             limits *limit)
{
  size_t n = (size_t)n_elements;
  *limit = (limits){.n_elements = n_elements, .squared = calloc((n + 1) * (n + 1), sizeof *limit->squared)};
  if (!limit->squared)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the cut-offs of %d elements", n_elements);
  limit->largest = limit->squared + (n + 1) * n;
  for (size_t i = 0; i <= n; i++)
    for (size_t j = 0; j < n; j++) {
      double r = i < n ? cutoff[i * n + j] : grid_cutoff ? grid_cutoff[j] : 0;
      if (!(r <= most * (1 + 1e-12)))
        return AFB_FAIL(AFB_E_INTERNAL, "a cut-off of %g angstrom on a piece for %g angstrom", r, most);
      limit->squared[i * n + j] = r > 0 ? r * r : 0;
      if (limit->squared[i * n + j] * (1 + 1e-12) > limit->largest[i])
        limit->largest[i] = limit->squared[i * n + j] * (1 + 1e-12);
    }
  return AFB_OK;
}

afb_status afb_neighbours_find(const afb_piece *piece, int n_elements, const double *cutoff, const double *grid_cutoff,
                               int64_t first, int64_t n, afb_neighbours *list)
{
  limits limit;
  candidates found = {0};
  list->n_centres = 0;
  list->bad_frame = -1;
  afb_status status = set_limits(n_elements, cutoff, grid_cutoff, piece->cutoff, &limit);
  if (status == AFB_OK)
    status = centres_fit(list, n);
  if (status == AFB_OK)
    status = pairs_fit(list, 1);
  if (status == AFB_OK) {
    list->first[0] = 0;
    status = piece->n_grid > 0 ? search_grid(piece, &limit, first, n, &found, list)
                               : search_atoms(piece, &limit, first, n, &found, list);
  }
  if (status == AFB_OK)
    list->n_centres = n;
  free(limit.squared);
  free(found.slot);
  return status;
}
