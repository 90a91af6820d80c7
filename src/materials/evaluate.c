#include "materials/evaluate.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

enum {
  DEFAULT_WHOLE = 20000,       /* atoms of a frame that one rank still takes alone */
  LEAST_DIVIDED = 1000,        /* rows below which a frame is not worth dividing */
  PIECE_ATOMS = 4096,          /* of a batch */
  SLAB_BYTES = 8 << 20,        /* of rows of whole frames that wait for the sink: what is in caches when it is written */
  SLABS_BETWEEN = 4,           /* after which ranks hear of each other's failures */
  POINTS_BYTES = 32 << 20      /* of rows of points of a divided frame */
};

typedef struct {
  int64_t frame;
  char reason[sizeof ((afb_frame *)0)->reason];
} bad_mark;

typedef struct {
  MPI_Comm comm;
  int rank, size;
  afb_structures *s;
  const int32_t *element;
  const afb_visitor *visitor;
  const afb_sink *sink;
  int skip_bad;
  int64_t points;              /* rows of every frame; 0: its atoms */
  char *divided;               /* [n_frames] */
  int64_t *atom_first;         /* [size + 1] */
  int n_bad, bad_capacity;
  bad_mark *bad;               /* found on this rank */
} traversal;

static int64_t points_of(const afb_visitor *visitor)
{
  return (int64_t)visitor->grid[0] * visitor->grid[1] * visitor->grid[2];
}

int64_t afb_evaluate_rows(const afb_structures *structures, const afb_visitor *visitor)
{
  int64_t points = points_of(visitor);
  return points > 0 ? points * structures->n_frames : structures->n_atoms;
}

static int64_t rows_of(const traversal *t, int64_t f) { return t->points > 0 ? t->points : t->s->frame[f].n_atoms; }

static int64_t row_of(const traversal *t, int64_t f) { return t->points > 0 ? t->points * f : t->s->frame[f].first_atom; }

/* Whether there is nothing to evaluate. On a grid its rows are written all the same. */
static int is_empty(const traversal *t, int64_t f) { return t->s->frame[f].bad || t->s->frame[f].n_atoms == 0; }

/* ---- Who does what ---- */

/* Relative cost of a frame. Where a cell does not tell the density, that of molecules in angstrom^-3. */
static double cost_of(const traversal *t, int64_t f)
{
  const afb_frame *frame = &t->s->frame[f];
  const double (*h)[3] = frame->cell;
  double volume = fabs(h[0][0] * (h[1][1] * h[2][2] - h[1][2] * h[2][1]) + h[0][1] * (h[1][2] * h[2][0] - h[1][0] * h[2][2])
                       + h[0][2] * (h[1][0] * h[2][1] - h[1][1] * h[2][0]));
  double r = t->visitor->cutoff, sphere = 4.0 / 3.0 * 3.14159265358979 * r * r * r, n = (double)frame->n_atoms;
  int bulk = frame->periodic[0] && frame->periodic[1] && frame->periodic[2] && volume > DBL_MIN;
  double neighbours = bulk ? n / volume * sphere : fmin(n, 0.1 * sphere);
  return is_empty(t, f) ? 0 : (double)rows_of(t, f) * (t->visitor->cost_atom + t->visitor->cost_pair * neighbours);
}

static void choose_divided(traversal *t, int64_t whole, const double *cost)
{
  double total = 0;
  for (int64_t f = 0; f < t->s->n_frames; f++)
    total += cost[f];
  for (int64_t f = 0; f < t->s->n_frames; f++) {
    int64_t n = t->s->frame[f].n_atoms > t->points ? t->s->frame[f].n_atoms : t->points;
    int large = n > whole;
    int unbalances = whole < INT64_MAX && t->size > 1 && rows_of(t, f) >= LEAST_DIVIDED && 4 * t->size * cost[f] > total;
    t->divided[f] = !is_empty(t, f) && (large || unbalances);
  }
}

/* Contiguous shares of equal cost; a frame that is not divided goes to the share in which its middle lies. */
static void choose_shares(traversal *t, const double *cost)
{
  double total = 0, sum = 0;
  int r = 1;
  for (int64_t f = 0; f < t->s->n_frames; f++)
    total += cost[f];
  for (int64_t f = 0; f < t->s->n_frames; f++) {
    const afb_frame *frame = &t->s->frame[f];
    for (; r < t->size && cost[f] > 0 && total * r / t->size <= sum + cost[f]; r++) {
      double part = fmax(0, (total * r / t->size - sum) / cost[f]);
      int64_t atoms = t->divided[f] ? (int64_t)(part * (double)frame->n_atoms) : part > 0.5 ? frame->n_atoms : 0;
      t->atom_first[r] = frame->first_atom + (atoms < frame->n_atoms ? atoms : frame->n_atoms);
    }
    sum += cost[f];
  }
  for (; r <= t->size; r++)
    t->atom_first[r] = t->s->n_atoms;
  t->atom_first[0] = 0;
}

static afb_status deal(traversal *t, int64_t whole)
{
  size_t n = (size_t)t->s->n_frames + 1;
  double *cost = calloc(n, sizeof *cost);
  t->divided = calloc(n, 1);
  t->atom_first = calloc((size_t)t->size + 1, sizeof *t->atom_first);
  afb_status status = cost && t->divided && t->atom_first
                        ? AFB_OK
                        : AFB_FAIL(AFB_E_MEMORY, "no memory to deal %lld frames", (long long)t->s->n_frames);
  status = afb_agree(t->comm, status);
  for (int64_t f = 0; status == AFB_OK && f < t->s->n_frames; f++)
    cost[f] = cost_of(t, f);
  if (status == AFB_OK) {
    choose_divided(t, whole > 0 ? whole : DEFAULT_WHOLE, cost);
    choose_shares(t, cost);
    status = afb_structures_deal(t->comm, t->atom_first, t->s);
  }
  free(cost);
  return status;
}

/* ---- Bad frames ---- */

/* The last failure, of frame f, as "file:line: frame NAME: what is wrong". */
static afb_status name_frame(const traversal *t, int64_t f, afb_status status)
{
  const afb_frame *frame = &t->s->frame[f];
  char text[AFB_ERROR_LENGTH - 512];
  snprintf(text, sizeof text, "%s", afb_error_text());
  return AFB_FAIL(status, "%.300s:%lld: frame %s: %s", t->s->file[frame->file], (long long)frame->line, frame->name, text);
}

/* AFB_OK when the failure of frame f is such that it is left out. */
static afb_status judge(traversal *t, int64_t f, afb_status status)
{
  status = name_frame(t, f, status);
  if (status != AFB_E_INPUT || !t->skip_bad)
    return status;
  if (t->n_bad == t->bad_capacity) {
    int capacity = 2 * t->bad_capacity + 16;
    bad_mark *larger = realloc(t->bad, (size_t)capacity * sizeof *larger);
    if (!larger)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for a list of %d bad frames", capacity);
    t->bad = larger;
    t->bad_capacity = capacity;
  }
  bad_mark *mark = &t->bad[t->n_bad++];
  memset(mark, 0, sizeof *mark);
  mark->frame = f;
  /* Of what is too long the beginning, the path, is what can be missed. */
  size_t length = strlen(afb_error_text()), room = sizeof mark->reason;
  snprintf(mark->reason, room, "%s%s", length < room ? "" : "...", afb_error_text() + (length < room ? 0 : length - room + 4));
  return AFB_OK;
}

/* What every rank found becomes known to all. */
static afb_status share_bad(traversal *t)
{
  int bytes = t->n_bad * (int)sizeof *t->bad, total = 0;
  int *count = calloc(2 * (size_t)t->size, sizeof *count);
  afb_status status = afb_agree(t->comm, count ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the lists of bad frames"));
  if (status != AFB_OK) {
    free(count);
    return status;
  }
  MPI_Allgather(&bytes, 1, MPI_INT, count, 1, MPI_INT, t->comm);
  for (int r = 0; r < t->size; r++) {
    count[t->size + r] = total;
    total += count[r];
  }
  bad_mark *all = malloc((size_t)total + 1);
  status = afb_agree(t->comm, all ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the lists of bad frames"));
  if (status == AFB_OK)
    MPI_Allgatherv(t->bad, bytes, MPI_BYTE, all, count, count + t->size, MPI_BYTE, t->comm);
  for (size_t i = 0; status == AFB_OK && i < (size_t)total / sizeof *all; i++) {
    afb_frame *frame = &t->s->frame[all[i].frame];
    frame->bad = 1;
    memcpy(frame->reason, all[i].reason, sizeof frame->reason);
  }
  free(all);
  free(count);
  return status;
}

static void fill_nan(double *value, int64_t n)
{
  for (int64_t i = 0; i < n; i++)
    value[i] = NAN;
}

/* ---- Delivery ---- */

static afb_status deliver_rows(const traversal *t, int64_t first, int64_t n, const double *own)
{
  if (!t->sink || !t->sink->rows || t->visitor->width == 0 || n == 0)
    return AFB_OK;
  AFB_TRY(t->sink->rows(t->sink->owner, first, n, own));
  return AFB_OK;
}

static afb_status deliver_frames(const traversal *t, int64_t first, int64_t n, const double *frames)
{
  if (!t->sink || !t->sink->frames || t->visitor->frame_width == 0 || n == 0)
    return AFB_OK;
  AFB_TRY(t->sink->frames(t->sink->owner, first, n, frames));
  return AFB_OK;
}

static double *zeros(int64_t rows, int width)
{
  return calloc((size_t)rows * (size_t)width + 1, sizeof(double));
}

static void note_piece(const traversal *t, double since)
{
  if (t->visitor->piece_seconds)
    *t->visitor->piece_seconds += afb_wall_seconds() - since;
}

/* ---- A frame over all ranks ---- */

/* This rank's atoms of frame f, and in *first the number of the first in the frame. The caller frees *element. */
static afb_status slice_of(const traversal *t, int64_t f, int32_t **element, afb_structure *slice, int64_t *first)
{
  const afb_frame *frame = &t->s->frame[f];
  int64_t begin = frame->first_atom, end = begin + frame->n_atoms;
  begin = begin > t->s->first ? begin : t->s->first;
  end = end < t->s->first + t->s->n ? end : t->s->first + t->s->n;
  int64_t n = end > begin ? end - begin : 0, at = n > 0 ? begin - t->s->first : 0;
  *element = malloc(((size_t)n + 1) * sizeof **element);
  if (!*element)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms", (long long)n);
  for (int64_t i = 0; i < n; i++)
    (*element)[i] = t->element[t->s->kind[at + i]];
  *slice = (afb_structure){.n_atoms = n, .position = t->s->position + 3 * at, .element = *element};
  memcpy(slice->cell, frame->cell, sizeof slice->cell);
  memcpy(slice->periodic, frame->periodic, sizeof slice->periodic);
  /* A rank without any counts as standing at the end that its share lies at. */
  *first = n > 0 ? begin - frame->first_atom : t->s->first > frame->first_atom ? frame->n_atoms : 0;
  return AFB_OK;
}

/* out [n][width] and value [frame_width], of all ranks. */
static afb_status evaluate_domain(traversal *t, int64_t f, const afb_structure *slice, int64_t first, double *out, double *value)
{
  const afb_visitor *v = t->visitor;
  afb_piece piece;
  double since = afb_wall_seconds();
  AFB_TRY(afb_piece_domain(t->comm, slice, first, v->cutoff, &piece));
  note_piece(t, since);
  double *own = zeros(piece.n_points, v->width);
  afb_status status = own ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the rows of %lld atoms", (long long)piece.n_points);
  status = afb_agree(t->comm, status);
  if (status == AFB_OK)
    status = afb_agree(t->comm, v->visit(v->owner, t->comm, &piece, f, own, value));
  if (status == AFB_OK && v->width > 0)
    status = afb_piece_return(&piece, v->width, own, out);
  if (status == AFB_OK && v->frame_width > 0)
    MPI_Allreduce(MPI_IN_PLACE, value, v->frame_width, MPI_DOUBLE, MPI_SUM, t->comm);
  free(own);
  afb_piece_clear(&piece);
  return status;
}

static afb_status traverse_domain(traversal *t, int64_t f)
{
  const afb_visitor *v = t->visitor;
  int32_t *element;
  afb_structure slice;
  int64_t first;
  afb_status status = afb_agree(t->comm, slice_of(t, f, &element, &slice, &first));
  if (status != AFB_OK) {
    free(element);
    return status;
  }
  double *out = zeros(slice.n_atoms, v->width), *value = zeros(1, v->frame_width);
  status = out && value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the rows of %lld atoms", (long long)slice.n_atoms);
  status = afb_agree(t->comm, status);
  if (status == AFB_OK) {
    status = evaluate_domain(t, f, &slice, first, out, value);
    if (status != AFB_OK) {
      status = judge(t, f, status);
      fill_nan(out, slice.n_atoms * v->width);
      fill_nan(value, v->frame_width);
    }
  }
  status = afb_agree(t->comm, status);
  if (status == AFB_OK)
    status = deliver_rows(t, t->s->frame[f].first_atom + first, slice.n_atoms, out);
  if (status == AFB_OK)
    status = deliver_frames(t, f, t->rank == 0, value);
  status = afb_agree(t->comm, status);
  free(element);
  free(out);
  free(value);
  return status;
}

/* All atoms of frame f on every rank; the caller frees *position and *kind. */
static afb_status gather(const traversal *t, const afb_structure *slice, int64_t n, double **position, int32_t **element)
{
  int mine = (int)slice->n_atoms, at = 0;
  int *count = calloc(2 * (size_t)t->size, sizeof *count);
  *position = malloc(((size_t)n + 1) * 3 * sizeof **position);
  *element = malloc(((size_t)n + 1) * sizeof **element);
  afb_status status = count && *position && *element ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms", (long long)n);
  status = afb_agree(t->comm, status);
  if (status == AFB_OK) {
    MPI_Datatype place;
    MPI_Type_contiguous(3, MPI_DOUBLE, &place);
    MPI_Type_commit(&place);
    MPI_Allgather(&mine, 1, MPI_INT, count, 1, MPI_INT, t->comm);
    for (int r = 0; r < t->size; at += count[r++])
      count[t->size + r] = at;
    MPI_Allgatherv(slice->position, mine, place, *position, count, count + t->size, place, t->comm);
    MPI_Allgatherv(slice->element, mine, MPI_INT32_T, *element, count, count + t->size, MPI_INT32_T, t->comm);
    MPI_Type_free(&place);
  }
  free(count);
  return status;
}

static afb_status visit_points(const traversal *t, int64_t f, const afb_structure *frame, int64_t first, int64_t n, double *own,
                               double *value)
{
  const afb_visitor *v = t->visitor;
  afb_piece piece;
  double since = afb_wall_seconds();
  AFB_TRY(afb_piece_grid(frame, v->grid, first, n, v->cutoff, &piece));
  note_piece(t, since);
  afb_status status = v->visit(v->owner, MPI_COMM_SELF, &piece, f, own, value);
  afb_piece_clear(&piece);
  return status;
}

/* Points that are evaluated at once: as many as there are atoms, because finding the images that they see costs so much. */
static int64_t points_at_once(const traversal *t, int64_t n_atoms)
{
  int width = t->visitor->width > 0 ? t->visitor->width : 1;
  int64_t most = POINTS_BYTES / ((int64_t)sizeof(double) * width), n = n_atoms > PIECE_ATOMS ? n_atoms : PIECE_ATOMS;
  return n < most ? n : most > 0 ? most : 1;
}

/* This rank's share of a frame's points, in turns of which every rank takes as many. */
static afb_status traverse_points(traversal *t, int64_t f, const afb_structure *frame)
{
  const afb_visitor *v = t->visitor;
  int64_t begin = t->points * t->rank / t->size, end = t->points * (t->rank + 1) / t->size;
  int64_t at_once = points_at_once(t, frame->n_atoms), turns = (t->points / t->size + at_once) / at_once;
  int lost = 0;
  double *own = zeros(at_once, v->width), *value = zeros(1, v->frame_width);
  afb_status status = own && value ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld points", (long long)at_once);
  status = afb_agree(t->comm, status);
  for (int64_t i = 0; status == AFB_OK && i < turns; i++) {
    int64_t first = begin + i * at_once < end ? begin + i * at_once : end, n = end - first < at_once ? end - first : at_once;
    memset(own, 0, (size_t)(n * v->width) * sizeof *own);
    if (n > 0 && !lost)
      status = visit_points(t, f, frame, first, n, own, value);
    status = afb_agree(t->comm, status);
    if (status != AFB_OK) {
      status = judge(t, f, status);
      lost = 1;
    }
    if (lost)
      fill_nan(own, n * v->width);
    status = afb_agree(t->comm, status);
    if (status == AFB_OK)
      status = afb_agree(t->comm, deliver_rows(t, row_of(t, f) + first, n, own));
  }
  if (status == AFB_OK && v->frame_width > 0) {
    MPI_Allreduce(MPI_IN_PLACE, value, v->frame_width, MPI_DOUBLE, MPI_SUM, t->comm);
    if (lost)
      fill_nan(value, v->frame_width);
    status = afb_agree(t->comm, deliver_frames(t, f, t->rank == 0, value));
  }
  free(own);
  free(value);
  return status;
}

static afb_status traverse_divided(traversal *t, int64_t f)
{
  int32_t *element, *all_elements = NULL;
  double *position = NULL;
  afb_structure slice;
  int64_t first;
  if (t->points == 0)
    return traverse_domain(t, f);
  afb_status status = afb_agree(t->comm, slice_of(t, f, &element, &slice, &first));
  if (status == AFB_OK)
    status = gather(t, &slice, t->s->frame[f].n_atoms, &position, &all_elements);
  if (status == AFB_OK) {
    slice.n_atoms = t->s->frame[f].n_atoms;
    slice.position = position;
    slice.element = all_elements;
    status = traverse_points(t, f, &slice);
  }
  free(element);
  free(position);
  free(all_elements);
  return status;
}

/* ---- Whole frames ---- */

/* Frames first ... first + n - 1, all of them here and none divided; own and frames begin with the first of them. */
static afb_status visit_frames(const traversal *t, int64_t first, int n, double *own, double *frames)
{
  const afb_visitor *v = t->visitor;
  afb_structure *structure = malloc((size_t)n * sizeof *structure);
  int32_t **element = calloc((size_t)n, sizeof *element);
  afb_piece piece;
  int bad;
  int64_t unused;
  afb_status status = structure && element ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d frames", n);
  for (int i = 0; status == AFB_OK && i < n; i++)
    status = slice_of(t, first + i, &element[i], &structure[i], &unused);
  if (status == AFB_OK && t->points > 0)
    status = visit_points(t, first, structure, 0, t->points, own, frames);
  else if (status == AFB_OK) {
    double since = afb_wall_seconds();
    status = afb_piece_frames(n, structure, v->cutoff, &piece, &bad);
    if (status == AFB_OK) {
      note_piece(t, since);
      status = v->visit(v->owner, MPI_COMM_SELF, &piece, first, own, frames);
      afb_piece_clear(&piece);
    }
  }
  for (int i = 0; element && i < n; i++)
    free(element[i]);
  free(element);
  free(structure);
  return status;
}

/* A batch; when it fails, its frames one by one, so that the bad ones are known. */
static afb_status evaluate_batch(traversal *t, int64_t first, int n, double *own, double *frames)
{
  const afb_visitor *v = t->visitor;
  afb_status status = visit_frames(t, first, n, own, frames);
  if (status == AFB_OK || (status != AFB_E_INPUT && n > 1))
    return status;
  if (n == 1) {
    fill_nan(own, rows_of(t, first) * v->width);
    fill_nan(frames, v->frame_width);
    return judge(t, first, status);
  }
  for (int64_t f = first; f < first + n; f++) {
    double *rows = own + (row_of(t, f) - row_of(t, first)) * v->width, *value = frames + (f - first) * v->frame_width;
    memset(rows, 0, (size_t)(rows_of(t, f) * v->width) * sizeof *rows);
    memset(value, 0, (size_t)v->frame_width * sizeof *value);
    AFB_TRY(evaluate_batch(t, f, 1, rows, value));
  }
  return AFB_OK;
}

/* Whole frames whose rows go to the sink together. */
typedef struct {
  int64_t first, n;            /* frames */
} slab;

/* The slab that begins at the first frame of this rank from `from` on and before `end`; n is 0 when there is none. */
static slab next_slab(const traversal *t, int64_t from, int64_t end)
{
  int width = t->visitor->width > 0 ? t->visitor->width : 1;
  int64_t most = SLAB_BYTES / ((int64_t)sizeof(double) * width), rows = 0;
  while (from < end && t->divided[from])
    from++;
  slab s = {from, 0};
  for (int64_t f = from; f < end && !t->divided[f] && (s.n == 0 || rows + rows_of(t, f) <= most); f++, s.n++)
    rows += rows_of(t, f);
  return s;
}

/* The frames of a slab in batches. own and frames come as zeros. */
static afb_status evaluate_slab(traversal *t, slab s, double *own, double *frames)
{
  const afb_visitor *v = t->visitor;
  int64_t end = s.first + s.n;
  for (int64_t f = s.first; f < end;) {
    double *rows = own + (row_of(t, f) - row_of(t, s.first)) * v->width, *values = frames + (f - s.first) * v->frame_width;
    if (is_empty(t, f)) {
      fill_nan(rows, rows_of(t, f) * v->width);
      fill_nan(values, v->frame_width);
      f++;
      continue;
    }
    int64_t n = 1, atoms = t->s->frame[f].n_atoms;
    while (t->points == 0 && f + n < end && !is_empty(t, f + n) && atoms + t->s->frame[f + n].n_atoms <= PIECE_ATOMS)
      atoms += t->s->frame[f + n++].n_atoms;
    AFB_TRY(evaluate_batch(t, f, (int)n, rows, values));
    f += n;
  }
  return AFB_OK;
}

/* Frames of this rank: those that begin in its share; empty ones are nobody's or the next one's. */
static void frames_of(const traversal *t, int64_t *begin, int64_t *end)
{
  const int64_t n = t->s->n_frames;
  int64_t *cut[2] = {begin, end};
  for (int i = 0; i < 2; i++) {
    int r = t->rank + i;
    int64_t f = 0, high = n;
    while (f < high) {
      int64_t middle = f + (high - f) / 2;
      if (t->s->frame[middle].first_atom < t->atom_first[r])
        f = middle + 1;
      else
        high = middle;
    }
    *cut[i] = r == 0 ? 0 : r == t->size ? n : f;
  }
}

/* This rank's next slab. */
static afb_status traverse_slab(traversal *t, slab s)
{
  const afb_visitor *v = t->visitor;
  int64_t first = row_of(t, s.first), n = 0;
  for (int64_t f = s.first; f < s.first + s.n; f++)
    n += rows_of(t, f);
  double *own = zeros(n, v->width), *frames = zeros(s.n, v->frame_width);
  afb_status status = own && frames ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows", (long long)n);
  if (status == AFB_OK)
    status = evaluate_slab(t, s, own, frames);
  if (status == AFB_OK)
    status = deliver_rows(t, first, n, own);
  if (status == AFB_OK)
    status = deliver_frames(t, s.first, s.n, frames);
  free(own);
  free(frames);
  return status;
}

static void wait_for(MPI_Request *request)
{
  afb_phase phase = afb_phase_enter(AFB_PHASE_WAIT);
  MPI_Wait(request, MPI_STATUS_IGNORE);
  afb_phase_enter(phase);
}

/* Every rank its own slabs, at its own pace: none waits for another that is not SLABS_BETWEEN slabs behind. What the ranks tell each other after so many
 * slabs arrives when the next so many are done. */
static afb_status traverse_whole(traversal *t)
{
  int64_t begin, end, slabs = 0;
  frames_of(t, &begin, &end);
  for (slab s = next_slab(t, begin, end); s.n > 0; s = next_slab(t, s.first + s.n, end))
    slabs++;
  MPI_Allreduce(MPI_IN_PLACE, &slabs, 1, MPI_INT64_T, MPI_MAX, t->comm);
  slab s = {begin, 0};
  MPI_Request request = MPI_REQUEST_NULL;
  afb_status status = AFB_OK;
  int failed, any = 0;
  for (int64_t i = 0; i < slabs; i++) {
    s = next_slab(t, s.first + s.n, end);
    if (status == AFB_OK && s.n > 0)
      status = traverse_slab(t, s);
    if (i % SLABS_BETWEEN != SLABS_BETWEEN - 1)
      continue;
    wait_for(&request);
    if (any)
      break;
    failed = status != AFB_OK;
    MPI_Iallreduce(&failed, &any, 1, MPI_INT, MPI_MAX, t->comm, &request);
  }
  wait_for(&request);
  return afb_agree(t->comm, status);
}

afb_status afb_evaluate(MPI_Comm comm, afb_structures *structures, const int32_t *element, int64_t whole, int skip_bad,
                        const afb_visitor *visitor, const afb_sink *sink)
{
  traversal t = {.comm = comm, .s = structures, .element = element, .visitor = visitor, .sink = sink, .skip_bad = skip_bad,
                 .points = points_of(visitor)};
  MPI_Comm_rank(comm, &t.rank);
  MPI_Comm_size(comm, &t.size);
  afb_status status = deal(&t, whole);
  for (int64_t f = 0; status == AFB_OK && f < structures->n_frames; f++)
    if (t.divided[f])
      status = traverse_divided(&t, f);
  if (status == AFB_OK)
    status = traverse_whole(&t);
  if (status == AFB_OK)
    status = share_bad(&t);
  free(t.divided);
  free(t.atom_first);
  free(t.bad);
  return status;
}
