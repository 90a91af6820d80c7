#include "materials/linear_fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "materials/evaluate.h"
#include "materials/reader.h"

/* CENTRES: how many have the derivatives of their descriptors in memory at a time. */
enum { CENTRES = 16, VIRIAL = 6, FRAME_ROWS = 1 + VIRIAL };
static const int from[VIRIAL] = {0, 1, 2, 0, 0, 1}, to[VIRIAL] = {0, 1, 2, 1, 2, 2};

/* Rows of atoms and frames travel as n coefficients and, last, the reference potential's share. */
typedef struct {
  MPI_Comm comm;
  afb_structures *structures;
  afb_bispectrum *bispectrum;
  afb_potential reference;
  int n_elements, n_columns, with_constant, n;
  double *cutoff;
  afb_neighbours list;
  double *B, *dB;
  int64_t pairs;               /* room in dB */
  const afb_linear_group *group;
  int32_t *frame_group;        /* [n_frames]; -1: left out */
  afb_linear_rows *rows;
} builder;

void afb_linear_rows_clear(afb_linear_rows *rows)
{
  free(rows->a);
  free(rows->b);
  free(rows->weight);
  free(rows->group);
  free(rows->kind);
  *rows = (afb_linear_rows){0};
}

static int constants(const afb_bispectrum *bispectrum) { return !afb_bispectrum_get(bispectrum)->bzero; }

/* ---- Rows of a piece ---- */

static afb_status reserve(builder *w, int64_t pairs)
{
  if (pairs <= w->pairs)
    return AFB_OK;
  free(w->dB);
  w->pairs = 0;
  w->dB = malloc((size_t)pairs * 3 * (size_t)w->n_columns * sizeof *w->dB);
  if (!w->dB)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the derivatives of %d descriptors at %lld pairs", w->n_columns,
                    (long long)pairs);
  w->pairs = pairs;
  return AFB_OK;
}

/* An image of an atom of this piece goes to the atom itself, others are folded. */
static int64_t row_of(const afb_piece *piece, int64_t point)
{
  return piece->owner[point] >= 0 ? piece->owner[point] : point;
}

static int frame_of(const afb_piece *piece, int64_t own)
{
  int f = 0;
  while (own >= piece->frame_own[f + 1])
    f++;
  return f;
}

static void add_pair(const builder *w, int64_t pair, double *row_i, double *row_j, double *virial, size_t column)
{
  const afb_neighbours *list = &w->list;
  const double r[3] = {list->x[pair], list->y[pair], list->z[pair]};
  size_t width = (size_t)w->n + 1, n = (size_t)w->n_columns;
  const double *gradient = w->dB + (size_t)pair * 3 * n;
  for (size_t d = 0; d < 3; d++)
    for (size_t k = 0; k < n; k++) {
      row_i[d * width + column + k] += gradient[d * n + k];
      row_j[d * width + column + k] -= gradient[d * n + k];
    }
  for (size_t v = 0; v < VIRIAL; v++)
    for (size_t k = 0; k < n; k++)
      virial[v * width + column + k] -= r[from[v]] * gradient[(size_t)to[v] * n + k];
}

static void add_centre(const builder *w, const afb_piece *piece, int64_t c, double *own, double *frames)
{
  const afb_neighbours *list = &w->list;
  size_t width = (size_t)w->n + 1, n = (size_t)w->n_columns;
  size_t column = (size_t)list->centre_element[c] * (n + (size_t)w->with_constant);
  double *frame = frames + (size_t)frame_of(piece, list->centre[c]) * FRAME_ROWS * width;
  if (w->with_constant)
    frame[column++] += 1;
  for (size_t k = 0; k < n; k++)
    frame[column + k] += w->B[(size_t)c * n + k];
  for (int64_t p = list->first[c]; p < list->first[c + 1]; p++)
    add_pair(w, p, own + (size_t)list->centre[c] * 3 * width, own + (size_t)row_of(piece, list->point[p]) * 3 * width,
             frame + width, column);
}

static afb_status add_reference(builder *w, const afb_piece *piece, double *own, double *frames)
{
  size_t width = (size_t)w->n + 1, points = (size_t)piece->n_points;
  double *room = calloc(10 * points + 1, sizeof *room), *force = room + points, *virial = force + 3 * points;
  if (!room)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the reference of %lld atoms", (long long)piece->n_own);
  afb_status status = afb_potential_piece(&w->reference, piece, room, force, virial);
  for (int64_t p = 0; status == AFB_OK && p < piece->n_points; p++) {
    int64_t row = row_of(piece, p);
    double *frame = frames + (size_t)(row < piece->n_own ? frame_of(piece, row) : 0) * FRAME_ROWS * width + w->n;
    frame[0] += room[p];
    for (size_t v = 0; v < VIRIAL; v++)
      frame[(1 + v) * width] += virial[6 * (size_t)p + v];
    for (size_t d = 0; d < 3; d++)
      own[((size_t)row * 3 + d) * width + (size_t)w->n] += force[3 * (size_t)p + d];
  }
  free(room);
  return status;
}

static afb_status visit(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames)
{
  builder *w = owner;
  afb_status status = AFB_OK;
  (void)frame;
  for (int64_t first = 0; status == AFB_OK && first < piece->n_own; first += CENTRES) {
    int64_t count = piece->n_own - first < CENTRES ? piece->n_own - first : CENTRES;
    status = afb_neighbours_find(piece, w->n_elements, w->cutoff, NULL, first, count, &w->list);
    if (status == AFB_OK)
      status = reserve(w, w->list.first[count]);
    if (status == AFB_OK)
      status = afb_bispectrum_derivatives(w->bispectrum, &w->list, w->B, w->dB);
    for (int64_t c = 0; status == AFB_OK && c < count; c++)
      add_centre(w, piece, c, own, frames);
  }
  if (status == AFB_OK && w->reference.zbl.n_elements > 0)
    status = add_reference(w, piece, own, frames);
  if (comm == MPI_COMM_SELF)
    return status;
  AFB_TRY(afb_agree(comm, status));
  return afb_piece_fold(piece, 3 * (w->n + 1), own);
}

/* ---- Rows kept ---- */

static afb_status grow(afb_linear_rows *rows)
{
  int64_t capacity = 2 * rows->capacity + 1024;
  void *a = realloc(rows->a, (size_t)capacity * (size_t)rows->n * sizeof *rows->a);
  rows->a = a ? a : rows->a;
  void *b = realloc(rows->b, (size_t)capacity * sizeof *rows->b);
  rows->b = b ? b : rows->b;
  void *weight = realloc(rows->weight, (size_t)capacity * sizeof *rows->weight);
  rows->weight = weight ? weight : rows->weight;
  void *group = realloc(rows->group, (size_t)capacity * sizeof *rows->group);
  rows->group = group ? group : rows->group;
  void *kind = realloc(rows->kind, (size_t)capacity * sizeof *rows->kind);
  rows->kind = kind ? kind : rows->kind;
  if (!a || !b || !weight || !group || !kind)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of %d coefficients: use more nodes", (long long)capacity, rows->n);
  rows->capacity = capacity;
  return AFB_OK;
}

/* value [n + 1], times `factor`, against `truth`. */
static afb_status keep(builder *w, int kind, int32_t group, double factor, const double *value, double truth)
{
  afb_linear_rows *rows = w->rows;
  if (isnan(truth))
    return AFB_OK;
  if (rows->m == rows->capacity)
    AFB_TRY(grow(rows));
  double *a = rows->a + (size_t)rows->m * (size_t)rows->n;
  for (int k = 0; k < rows->n; k++)
    a[k] = factor * value[k];
  rows->b[rows->m] = truth - factor * value[rows->n];
  rows->weight[rows->m] = w->group[group].weight[kind];
  rows->group[rows->m] = group;
  rows->kind[rows->m++] = (int8_t)kind;
  return AFB_OK;
}

static afb_status keep_atoms_here(builder *w, int64_t first, int64_t n, const double *own)
{
  const afb_structures *s = w->structures;
  int64_t f = 0;
  if (!s->force)
    return AFB_OK;
  for (int64_t a = first; a < first + n; a++) {
    while (a >= s->frame[f].first_atom + s->frame[f].n_atoms)
      f++;
    for (int d = 0; d < 3 && w->frame_group[f] >= 0 && !s->frame[f].bad; d++)
      AFB_TRY(keep(w, AFB_LINEAR_FORCE, w->frame_group[f], 1, own + (size_t)(3 * (a - first) + d) * (size_t)(w->n + 1),
                   s->force[3 * (a - s->first) + d]));
  }
  return AFB_OK;
}

static afb_status keep_atoms(void *owner, int64_t first, int64_t n, const double *own)
{
  builder *w = owner;
  return afb_agree(w->comm, keep_atoms_here(w, first, n, own));
}

static afb_status keep_frames_here(builder *w, int64_t first, int64_t n, const double *frames)
{
  for (int64_t f = first; f < first + n; f++) {
    const afb_frame *frame = &w->structures->frame[f];
    const double *value = frames + (size_t)(f - first) * FRAME_ROWS * (size_t)(w->n + 1);
    double V = fabs(afb_cell_volume(frame->cell[0])), atoms = (double)frame->n_atoms;
    int32_t group = w->frame_group[f];
    if (group < 0 || frame->bad || frame->n_atoms == 0)
      continue;
    AFB_TRY(keep(w, AFB_LINEAR_ENERGY, group, 1 / atoms, value, frame->energy / atoms));
    for (int v = 0; v < VIRIAL && V > 0; v++)
      AFB_TRY(keep(w, AFB_LINEAR_STRESS, group, AFB_BAR / V, value + (size_t)(1 + v) * (size_t)(w->n + 1), frame->stress[v]));
  }
  return AFB_OK;
}

static afb_status keep_frames(void *owner, int64_t first, int64_t n, const double *frames)
{
  builder *w = owner;
  return afb_agree(w->comm, keep_frames_here(w, first, n, frames));
}

/* ---- All together ---- */

static afb_status assign_groups(builder *w, int n_groups)
{
  const afb_structures *s = w->structures;
  for (int64_t f = 0; f < s->n_frames; f++) {
    w->frame_group[f] = -1;
    for (int32_t g = 0; g < n_groups; g++)
      if (strcmp(s->frame[f].group, w->group[g].name) == 0)
        w->frame_group[f] = g;
  }
  for (int32_t g = 0; g < n_groups; g++) {
    int64_t f = 0;
    while (f < s->n_frames && w->frame_group[f] != g)
      f++;
    if (f == s->n_frames)
      return AFB_FAIL(AFB_E_INPUT, "the group %s has no configuration: the first that was read, %s, is of the group %s",
                      w->group[g].name, s->n_frames > 0 ? s->frame[0].name : "none", s->n_frames > 0 ? s->frame[0].group : "-");
  }
  return AFB_OK;
}

static afb_status prepare(builder *w, const afb_zbl *zbl, int n_groups)
{
  size_t elements = (size_t)w->n_elements;
  w->cutoff = malloc(elements * elements * sizeof *w->cutoff);
  w->B = malloc(CENTRES * (size_t)w->n_columns * sizeof *w->B);
  w->frame_group = malloc(((size_t)w->structures->n_frames + 1) * sizeof *w->frame_group);
  if (!w->cutoff || !w->B || !w->frame_group)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a fit of %d coefficients", w->n);
  w->reference.n_elements = w->n_elements;
  if (zbl)
    w->reference.zbl = *zbl;
  return assign_groups(w, n_groups);
}

afb_status afb_linear_rows_make(MPI_Comm comm, afb_structures *structures, const int32_t *element, afb_bispectrum *bispectrum,
                                const afb_zbl *reference, int n_groups, const afb_linear_group *group, int64_t whole,
                                int skip_bad, afb_linear_rows *out)
{
  double grid[AFB_MAX_ELEMENTS];
  builder w = {.comm = comm, .structures = structures, .bispectrum = bispectrum, .group = group, .rows = out,
               .n_elements = afb_bispectrum_get(bispectrum)->n_elements, .n_columns = afb_bispectrum_n_columns(bispectrum),
               .with_constant = constants(bispectrum)};
  w.n = w.n_elements * (w.n_columns + w.with_constant);
  *out = (afb_linear_rows){.n = w.n};
  afb_status status = afb_agree(comm, prepare(&w, reference, n_groups));
  if (status == AFB_OK) {
    double cutoff = afb_bispectrum_cutoffs(bispectrum, w.cutoff, grid);
    afb_visitor visitor = {.owner = &w, .width = 3 * (w.n + 1), .frame_width = FRAME_ROWS * (w.n + 1), .visit = visit,
                           .cutoff = reference ? fmax(cutoff, reference->outer) : cutoff, .cost_pair = 1};
    afb_sink sink = {.owner = &w, .rows = keep_atoms, .frames = keep_frames};
    status = afb_evaluate(comm, structures, element, whole, skip_bad, &visitor, &sink);
  }
  free(w.cutoff);
  free(w.B);
  free(w.dB);
  free(w.frame_group);
  afb_neighbours_clear(&w.list);
  return status;
}

afb_status afb_linear_potential(const double *x, afb_potential *potential)
{
  size_t n = (size_t)afb_bispectrum_n_columns(potential->bispectrum);
  size_t elements = (size_t)afb_bispectrum_get(potential->bispectrum)->n_elements;
  int with_constant = constants(potential->bispectrum);
  potential->n_elements = (int)elements;
  potential->constant = calloc(elements, sizeof *potential->constant);
  potential->beta = malloc(elements * n * sizeof *potential->beta);
  if (!potential->constant || !potential->beta)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the coefficients of %zu elements", elements);
  for (size_t e = 0; e < elements; e++) {
    if (with_constant)
      potential->constant[e] = *x++;
    memcpy(potential->beta + e * n, x, n * sizeof *x);
    x += n;
  }
  return AFB_OK;
}

/* ---- Errors ---- */

typedef struct {
  double count, truth, absolute, square, spread;
} sums;

/* Adds a row to its group's sums and to those of all; `pass` 1 needs the means of pass 0. */
static void add_row(sums *sum, const sums *mean, double truth, double miss)
{
  sum->count += 1;
  sum->truth += truth;
  sum->absolute += fabs(miss);
  sum->square += miss * miss;
  if (mean)
    sum->spread += (truth - mean->truth / mean->count) * (truth - mean->truth / mean->count);
}

static void add_rows(const afb_linear_rows *rows, const double *x, const sums *mean, sums *sum)
{
  for (int64_t i = 0; i < rows->m; i++) {
    const double *a = rows->a + (size_t)i * (size_t)rows->n;
    double miss = -rows->b[i];
    for (int k = 0; k < rows->n; k++)
      miss += a[k] * x[k];
    for (int weighted = 0; weighted < 2; weighted++) {
      double w = weighted ? rows->weight[i] : 1;
      for (int g = 0; g < 2 && w > 0; g++) {
        size_t at = ((size_t)(g ? rows->group[i] + 1 : 0) * 2 + (size_t)weighted) * AFB_LINEAR_KINDS + (size_t)rows->kind[i];
        add_row(&sum[at], mean ? &mean[at] : NULL, w * rows->b[i], w * miss);
      }
    }
  }
}

afb_status afb_linear_errors(MPI_Comm comm, const afb_linear_rows *rows, const double *x, int n_groups,
                             afb_linear_error *error)
{
  size_t n = (size_t)(n_groups + 1) * 2 * AFB_LINEAR_KINDS;
  int n_doubles = (int)(n * sizeof(sums) / sizeof(double));
  sums *mean = calloc(n, sizeof *mean), *sum = calloc(n, sizeof *sum);
  afb_status status = afb_agree(comm, mean && sum ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for errors of %d groups", n_groups));
  if (status == AFB_OK) {
    add_rows(rows, x, NULL, mean);
    MPI_Allreduce(MPI_IN_PLACE, mean, n_doubles, MPI_DOUBLE, MPI_SUM, comm);
    add_rows(rows, x, mean, sum);
    MPI_Allreduce(MPI_IN_PLACE, sum, n_doubles, MPI_DOUBLE, MPI_SUM, comm);
    for (size_t k = 0; k < n; k++)
      error[k] = (afb_linear_error){.count = (int64_t)sum[k].count, .mae = sum[k].absolute / sum[k].count,
                                    .rmse = sqrt(sum[k].square / sum[k].count), .rsq = 1 - sum[k].square / sum[k].spread};
  }
  free(mean);
  free(sum);
  return status;
}
