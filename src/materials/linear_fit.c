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
  afb_structures *structures;
  afb_bispectrum *bispectrum;
  afb_potential reference;
  int n_elements, n_columns, with_constant, n;
  double *cutoff;
  afb_neighbours list;
  double *B, *dB;
  int64_t pairs;               /* room in dB */
  const afb_linear_group *group;
  int skip_bad;
  int32_t *frame_group;        /* [n_frames]; -1: left out */
  double *row;                 /* [n] */
  void *owner;
  afb_status (*take)(void *owner, const afb_linear_row *row);
} builder;

static int constants(const afb_bispectrum *bispectrum) { return !afb_bispectrum_get(bispectrum)->bzero; }

int afb_linear_unknowns(const afb_bispectrum *bispectrum)
{
  return afb_bispectrum_get(bispectrum)->n_elements * (afb_bispectrum_n_columns(bispectrum) + constants(bispectrum));
}

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
  double *room = calloc(10 * points + 1, sizeof *room);
  if (!room)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the reference of %lld atoms", (long long)piece->n_own);
  double *force = room + points, *virial = force + 3 * points;
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

/* ---- Rows handed on ---- */

/* value [n + 1], times `factor`, against `truth`. Values of a frame that turned out to be bad are NaN. */
static afb_status hand_on(builder *w, int kind, int32_t group, double factor, const double *value, double truth)
{
  if (isnan(truth) || (w->skip_bad && isnan(value[0])))
    return AFB_OK;
  for (int k = 0; k < w->n; k++)
    w->row[k] = factor * value[k];
  const afb_linear_row row = {w->row, truth - factor * value[w->n], w->group[group].weight[kind], group, kind};
  return w->take(w->owner, &row);
}

static afb_status take_atoms(void *owner, int64_t first, int64_t n, const double *own)
{
  builder *w = owner;
  const afb_structures *s = w->structures;
  int64_t f = 0;
  if (!s->force)
    return AFB_OK;
  for (int64_t a = first; a < first + n; a++) {
    while (a >= s->frame[f].first_atom + s->frame[f].n_atoms)
      f++;
    for (int d = 0; d < 3 && w->frame_group[f] >= 0 && !s->frame[f].bad; d++)
      AFB_TRY(hand_on(w, AFB_LINEAR_FORCE, w->frame_group[f], 1, own + (size_t)(3 * (a - first) + d) * (size_t)(w->n + 1),
                   s->force[3 * (a - s->first) + d]));
  }
  return AFB_OK;
}

static afb_status take_frames(void *owner, int64_t first, int64_t n, const double *frames)
{
  builder *w = owner;
  for (int64_t f = first; f < first + n; f++) {
    const afb_frame *frame = &w->structures->frame[f];
    const double *value = frames + (size_t)(f - first) * FRAME_ROWS * (size_t)(w->n + 1);
    double V = fabs(afb_cell_volume(frame->cell[0])), atoms = (double)frame->n_atoms;
    int32_t group = w->frame_group[f];
    if (group < 0 || frame->bad || frame->n_atoms == 0)
      continue;
    AFB_TRY(hand_on(w, AFB_LINEAR_ENERGY, group, 1 / atoms, value, frame->energy / atoms));
    for (int v = 0; v < VIRIAL && V > 0; v++)
      AFB_TRY(hand_on(w, AFB_LINEAR_STRESS, group, AFB_BAR / V, value + (size_t)(1 + v) * (size_t)(w->n + 1), frame->stress[v]));
  }
  return AFB_OK;
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
  w->row = malloc((size_t)w->n * sizeof *w->row);
  w->B = malloc(CENTRES * (size_t)w->n_columns * sizeof *w->B);
  w->frame_group = malloc(((size_t)w->structures->n_frames + 1) * sizeof *w->frame_group);
  if (!w->cutoff || !w->row || !w->B || !w->frame_group)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a fit of %d coefficients", w->n);
  w->reference.n_elements = w->n_elements;
  if (zbl)
    w->reference.zbl = *zbl;
  return assign_groups(w, n_groups);
}

afb_status afb_linear_rows(MPI_Comm comm, const afb_linear_data *data, void *owner,
                           afb_status (*take)(void *owner, const afb_linear_row *row))
{
  double grid[AFB_MAX_ELEMENTS];
  builder w = {.structures = data->structures, .bispectrum = data->bispectrum, .group = data->group,
               .skip_bad = data->skip_bad, .owner = owner, .take = take, .n = afb_linear_unknowns(data->bispectrum),
               .n_elements = afb_bispectrum_get(data->bispectrum)->n_elements,
               .n_columns = afb_bispectrum_n_columns(data->bispectrum), .with_constant = constants(data->bispectrum)};
  afb_status status = afb_agree(comm, prepare(&w, data->reference, data->n_groups));
  if (status == AFB_OK) {
    double cutoff = afb_bispectrum_cutoffs(data->bispectrum, w.cutoff, grid);
    afb_visitor visitor = {.owner = &w, .width = 3 * (w.n + 1), .frame_width = FRAME_ROWS * (w.n + 1), .visit = visit,
                           .cutoff = data->reference ? fmax(cutoff, data->reference->outer) : cutoff, .cost_pair = 1};
    afb_sink sink = {.owner = &w, .rows = take_atoms, .frames = take_frames};
    status = afb_evaluate(comm, data->structures, data->element, data->whole, data->skip_bad, &visitor, &sink);
  }
  free(w.cutoff);
  free(w.row);
  free(w.B);
  free(w.dB);
  free(w.frame_group);
  afb_neighbours_clear(&w.list);
  return status;
}

/* ---- The fit ---- */

static afb_status fold(void *owner, const afb_linear_row *row)
{
  return afb_least_squares_add(owner, row->a, row->b, row->weight);
}

afb_status afb_linear_solve(MPI_Comm comm, const afb_linear_data *data, double ridge, double tolerance, double *x,
                            afb_least_squares_result *result)
{
  afb_least_squares *fit;
  afb_status status = afb_agree(comm, afb_least_squares_create(afb_linear_unknowns(data->bispectrum), &fit));
  if (status == AFB_OK)
    status = afb_linear_rows(comm, data, fit, fold);
  if (status == AFB_OK)
    status = afb_least_squares_solve(comm, fit, ridge, tolerance, x, result);
  afb_least_squares_destroy(&fit);
  if (status == AFB_OK && result->rows == 0)
    status = AFB_FAIL(AFB_E_INPUT, "the structures have neither energies nor forces nor stresses to fit to");
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

/* The spread about the mean as it comes: Welford, Technometrics 4, 419 (1962). */
typedef struct {
  double count, mean, spread, absolute, square;
} sums;

typedef struct {
  int n;
  const double *x;
  sums *sum;                   /* [n_groups + 1][2][AFB_LINEAR_KINDS] */
} judge;

static void add_row(sums *sum, double truth, double miss)
{
  double before = truth - sum->mean;
  sum->count += 1;
  sum->mean += before / sum->count;
  sum->spread += before * (truth - sum->mean);
  sum->absolute += fabs(miss);
  sum->square += miss * miss;
}

/* Into its group's sums and those of all. */
static afb_status judge_row(void *owner, const afb_linear_row *row)
{
  judge *j = owner;
  double miss = -row->b;
  for (int k = 0; k < j->n; k++)
    miss += row->a[k] * j->x[k];
  for (int weighted = 0; weighted < 2; weighted++) {
    double w = weighted ? row->weight : 1;
    for (int g = 0; g < 2 && w > 0; g++)
      add_row(&j->sum[((g ? row->group + 1 : 0) * 2 + weighted) * AFB_LINEAR_KINDS + row->kind], w * row->b, w * miss);
  }
  return AFB_OK;
}

/* Of all ranks: the spread about the common mean is that about each rank's, and that of the ranks' means. */
static void reduce(MPI_Comm comm, size_t n, sums *sum)
{
  for (size_t k = 0; k < n; k++) {
    sums *s = &sum[k];
    double total[2] = {s->count, s->count * s->mean};
    MPI_Allreduce(MPI_IN_PLACE, total, 2, MPI_DOUBLE, MPI_SUM, comm);
    double off = s->mean - total[1] / total[0];
    if (s->count > 0)
      s->spread += s->count * off * off;
    MPI_Allreduce(MPI_IN_PLACE, s, (int)(sizeof *s / sizeof(double)), MPI_DOUBLE, MPI_SUM, comm);
  }
}

afb_status afb_linear_errors(MPI_Comm comm, const afb_linear_data *data, const double *x, afb_linear_error *error)
{
  size_t n = (size_t)(data->n_groups + 1) * 2 * AFB_LINEAR_KINDS;
  judge j = {afb_linear_unknowns(data->bispectrum), x, calloc(n, sizeof *j.sum)};
  afb_status status = afb_agree(comm, j.sum ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for errors of %d groups", data->n_groups));
  if (status == AFB_OK)
    status = afb_linear_rows(comm, data, &j, judge_row);
  if (status == AFB_OK)
    reduce(comm, n, j.sum);
  for (size_t k = 0; status == AFB_OK && k < n; k++) {
    const sums *s = &j.sum[k];
    error[k] = (afb_linear_error){.count = (int64_t)s->count, .mae = s->absolute / s->count, .rmse = sqrt(s->square / s->count),
                                  .rsq = 1 - s->square / s->spread};
  }
  free(j.sum);
  return status;
}
