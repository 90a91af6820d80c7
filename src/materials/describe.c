#include "materials/describe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "materials/evaluate.h"
#include "materials/tables.h"

enum {
  BLOCK_CENTRES = 512,         /* whose neighbours are found at a time */
  PAIR_BYTES = 8 << 20,        /* of derivatives of pairs at a time */
  SPLIT_BYTES = 16 << 20       /* of rows of one quantity while it is separated from the others */
};

typedef struct {
  const char *name;
  unsigned bit;
  int blocks;                  /* of K columns, for each element; B has one */
  const char *unit, *description;
} quantity;

static const quantity quantities[] = {
  {"descriptors/B", AFB_DESCRIBE_B, 0, "1", "components of the bispectrum, in the order of /components"},
  {"descriptors/dB", AFB_DESCRIBE_DB, 3, "1/angstrom",
   "derivative with respect to the atom's x, y, z of the sum of components over all centres of the first element, then of the "
   "second ..."},
  {"descriptors/virial", AFB_DESCRIBE_VIRIAL, 6, "1",
   "derivative times position, summed over the atom's images: xx yy zz yz xz xy of the first element of centres, then of the second "
   "...; their sum over a frame is the derivative by strain"},
};
enum { N_QUANTITIES = sizeof quantities / sizeof quantities[0] };

typedef struct {
  MPI_Comm comm;
  afb_bispectrum *bispectrum;
  const afb_describe_options *options;
  afb_arrays *arrays;
  int n_elements, k, width;
  int at[N_QUANTITIES];        /* first column in a row; -1: not wanted */
  double *cutoff, *grid_cutoff;
  afb_neighbours list;
  double *b, *db;              /* of one block: [centres][k], [pairs][3][k] */
  int64_t b_capacity, db_capacity;
  double pairs;                /* of a centre, in the block before */
  double neighbours, descriptors, output;   /* seconds of this rank */
} work;

static int columns_of(const quantity *q, int n_elements, int k) { return q->blocks > 0 ? q->blocks * n_elements * k : k; }

double afb_describe_row_bytes(const afb_bispectrum *bispectrum, const afb_describe_options *options)
{
  double columns = 0;
  for (int q = 0; q < N_QUANTITIES; q++)
    if (options->quantities & quantities[q].bit)
      columns += (quantities[q].blocks > 0 ? quantities[q].blocks * options->n_elements : 1.0)
                 * afb_bispectrum_n_columns(bispectrum);
  return columns * sizeof(double);
}

/* ---- Evaluation ---- */

static afb_status fit(double **array, int64_t *capacity, int64_t n)
{
  if (n <= *capacity)
    return AFB_OK;
  free(*array);
  *array = malloc((size_t)n * sizeof **array);
  *capacity = *array ? n : 0;
  return *array ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %.3g GiB of descriptors", (double)n * 8 / 1073741824);
}

/* Adds one pair's d B / d r, times sign, to the row of the atom that moves, which stands at x. */
static void add_derivative(const work *w, int element, double sign, const double *x, const double *d, double *row)
{
  static const int first[6] = {0, 1, 2, 1, 0, 0}, second[6] = {0, 1, 2, 2, 2, 1};
  const int k = w->k;
  if (w->at[1] >= 0) {
    double *to = row + w->at[1] + (int64_t)3 * element * k;
    for (int i = 0; i < 3 * k; i++)
      to[i] += sign * d[i];
  }
  for (int v = 0; w->at[2] >= 0 && v < 6; v++) {
    double *to = row + w->at[2] + ((int64_t)6 * element + v) * k, factor = sign * x[second[v]];
    const double *from = d + (int64_t)first[v] * k;
    for (int i = 0; i < k; i++)
      to[i] += factor * from[i];
  }
}

/* To the rows of neighbours, or of the atoms that they are images of, and with the other sign to those of the centres. */
static void scatter(const work *w, const afb_piece *piece, double *own)
{
  const afb_neighbours *list = &w->list;
  for (int64_t c = 0; c < list->n_centres; c++) {
    int64_t centre = list->centre[c];
    int element = list->centre_element[c];
    if (w->at[0] >= 0)
      memcpy(own + centre * w->width + w->at[0], w->b + c * w->k, (size_t)w->k * sizeof *own);
    for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
      int64_t point = list->point[p], row = piece->owner[point] >= 0 ? piece->owner[point] : point;
      const double *d = w->db + 3 * p * w->k;
      add_derivative(w, element, 1, piece->position + 3 * point, d, own + row * w->width);
      add_derivative(w, element, -1, piece->position + 3 * centre, d, own + centre * w->width);
    }
  }
}

static afb_status evaluate_derivatives(work *w, const afb_piece *piece, double *own)
{
  int64_t n = w->list.n_centres, n_pairs = w->list.first[n];
  if (n > 0)
    w->pairs = (double)n_pairs / (double)n;
  AFB_TRY(fit(&w->b, &w->b_capacity, n * w->k));
  AFB_TRY(fit(&w->db, &w->db_capacity, (3 * n_pairs + 1) * w->k));
  AFB_TRY(afb_bispectrum_derivatives(w->bispectrum, &w->list, w->at[0] >= 0 ? w->b : NULL, w->db));
  scatter(w, piece, own);
  return AFB_OK;
}

/* Centres of the next block: fewer where the derivatives of their pairs take more room. */
static int64_t block_centres(const work *w)
{
  if (w->at[1] < 0 && w->at[2] < 0)
    return BLOCK_CENTRES;
  double bytes = (w->pairs + 1) * 3 * w->k * (double)sizeof(double), most = PAIR_BYTES / bytes;
  return most < 8 ? 8 : most > BLOCK_CENTRES ? BLOCK_CENTRES : (int64_t)most;
}

static afb_status visit(void *owner, MPI_Comm comm, const afb_piece *piece, int64_t frame, double *own, double *frames)
{
  work *w = owner;
  int64_t n_centres = piece->n_grid > 0 ? piece->n_grid : piece->n_own;
  (void)frame;
  (void)frames;
  afb_status status = AFB_OK;
  for (int64_t first = 0, n; first < n_centres && status == AFB_OK; first += n) {
    n = block_centres(w);
    n = n_centres - first < n ? n_centres - first : n;
    double start = afb_wall_seconds();
    status = afb_neighbours_find(piece, w->n_elements, w->cutoff, w->grid_cutoff, first, n, &w->list);
    double middle = afb_wall_seconds();
    if (status == AFB_OK && w->width == w->k && w->at[0] == 0)
      status = afb_bispectrum_values(w->bispectrum, &w->list, own + first * w->k);
    else if (status == AFB_OK)
      status = evaluate_derivatives(w, piece, own);
    w->neighbours += middle - start;
    w->descriptors += afb_wall_seconds() - middle;
  }
  if (comm == MPI_COMM_SELF)
    return status;
  AFB_TRY(afb_agree(comm, status));
  return w->at[1] >= 0 || w->at[2] >= 0 ? afb_piece_fold(piece, w->width, own) : AFB_OK;
}

/* ---- Output ---- */

/* One quantity out of rows that hold several. */
static afb_status write_columns(work *w, const quantity *q, int from, int64_t first, int64_t n, const double *own)
{
  int columns = columns_of(q, w->n_elements, w->k);
  if (columns == w->width)
    return afb_arrays_write_own(w->arrays, q->name, first, n, own);
  size_t bytes = (size_t)columns * sizeof *own;
  int64_t most = (int64_t)(SPLIT_BYTES / bytes) + 1;
  double *part = malloc((size_t)(n < most ? n : most) * bytes + 1);
  afb_status status = part ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to write %s", q->name);
  for (int64_t done = 0, now; done < n && status == AFB_OK; done += now) {
    now = n - done < most ? n - done : most;
    for (int64_t i = 0; i < now; i++)
      memcpy(part + i * columns, own + (done + i) * w->width + from, bytes);
    status = afb_arrays_write_own(w->arrays, q->name, first + done, now, part);
  }
  free(part);
  return status;
}

static afb_status write_rows(void *owner, int64_t first, int64_t n, const double *own)
{
  work *w = owner;
  double start = afb_wall_seconds();
  for (int q = 0; q < N_QUANTITIES; q++)
    if (w->at[q] >= 0)
      AFB_TRY(write_columns(w, &quantities[q], w->at[q], first, n, own));
  w->output += afb_wall_seconds() - start;
  return AFB_OK;
}

/* Where the rows of each frame begin; every rank writes its share. */
static afb_status write_first_rows(work *w, const afb_structures *s)
{
  int rank, size;
  MPI_Comm_rank(w->comm, &rank);
  MPI_Comm_size(w->comm, &size);
  int64_t first = s->n_frames * rank / size, n = s->n_frames * (rank + 1) / size - first;
  int64_t points = (int64_t)w->options->grid[0] * w->options->grid[1] * w->options->grid[2];
  const afb_array array = {"frames/first_row", AFB_I64, 1, 1, {s->n_frames}, "1", "first row of /descriptors"};
  int64_t *row = malloc(((size_t)n + 1) * sizeof *row);
  afb_status status = afb_agree(w->comm, row ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld frames", (long long)n));
  for (int64_t i = 0; i < n && status == AFB_OK; i++)
    row[i] = points > 0 ? (first + i) * points : s->frame[first + i].first_atom;
  if (status == AFB_OK)
    status = afb_arrays_add(w->arrays, &array);
  if (status == AFB_OK)
    status = afb_arrays_write(w->arrays, array.name, first, n, row);
  free(row);
  return status;
}

static afb_status declare_rows(work *w, int64_t rows)
{
  const int *g = w->options->grid;
  const int64_t grid[3] = {g[0], g[1], g[2]};
  const afb_array points = {"descriptors/grid", AFB_I64, 1, 1, {3}, "1", "points of the grid along a, b, c; zeros: rows are atoms"};
  const afb_array cutoff = {"descriptors/cutoff", AFB_F64, 1, 2, {0, w->n_elements}, "angstrom", "cut-off by element of the centre and of the neighbour"};
  AFB_TRY(afb_tables_small(w->comm, w->arrays, points, 3, grid));
  AFB_TRY(afb_tables_small(w->comm, w->arrays, cutoff, w->n_elements, w->cutoff));
  for (int q = 0; q < N_QUANTITIES; q++) {
    const quantity *what = &quantities[q];
    afb_array array = {what->name, AFB_F64, 1, what->blocks > 0 ? 3 : 2, {rows, w->k}, what->unit, what->description};
    if (what->blocks > 0) {
      array.dim[1] = what->blocks * w->n_elements;
      array.dim[2] = w->k;
    }
    if (w->at[q] >= 0)
      AFB_TRY(afb_arrays_add(w->arrays, &array));
  }
  return AFB_OK;
}

/* ---- All together ---- */

static afb_status prepare(work *w)
{
  size_t n = (size_t)w->options->n_elements;
  w->n_elements = w->options->n_elements;
  w->k = afb_bispectrum_n_columns(w->bispectrum);
  w->pairs = 100;
  if (afb_describe_row_bytes(w->bispectrum, w->options) > 2147483647.0)
    return AFB_FAIL(AFB_E_LIMIT, "a row of %.3g GiB for each atom cannot be", afb_describe_row_bytes(w->bispectrum, w->options) / 1073741824);
  for (int q = 0; q < N_QUANTITIES; q++) {
    int wanted = (w->options->quantities & quantities[q].bit) != 0;
    w->at[q] = wanted ? w->width : -1;
    w->width += wanted ? columns_of(&quantities[q], w->n_elements, w->k) : 0;
  }
  w->cutoff = malloc((n + 1) * n * sizeof *w->cutoff);
  if (!w->cutoff)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the cut-offs of %d elements", w->n_elements);
  w->grid_cutoff = w->cutoff + n * n;
  return AFB_OK;
}

/* Rows of a frame that is not divided have to fit into memory. */
static afb_status check_memory(const work *w, const afb_structures *s)
{
  double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  int64_t most = 0;
  int size;
  MPI_Comm_size(w->comm, &size);
  if (w->options->grid[0] > 0)
    return AFB_OK;
  for (int64_t f = 0; f < s->n_frames; f++)
    most = s->frame[f].n_atoms > most ? s->frame[f].n_atoms : most;
  double bytes = (double)most * w->width * sizeof(double);
  if (memory > 0 && bytes / size > memory)
    return AFB_FAIL(AFB_E_LIMIT,
                    "the descriptors of the largest frame, %lld atoms with %d numbers each, are %.3g GiB, and this machine has %.3g GiB: "
                    "take more of them, or a smaller twojmax, fewer elements with chem or fewer quantities",
                    (long long)most, w->width, bytes / 1073741824, memory / 1073741824);
  return AFB_OK;
}

static afb_status write_rest(work *w, const afb_structures *s, const int32_t *element)
{
  double start = afb_wall_seconds();
  AFB_TRY(afb_tables_structures(w->comm, w->arrays, s, w->n_elements, w->options->element, element));
  AFB_TRY(afb_tables_components(w->comm, w->arrays, w->bispectrum));
  AFB_TRY(write_first_rows(w, s));
  w->output += afb_wall_seconds() - start;
  return AFB_OK;
}

static afb_status run(work *w, afb_structures *s, const int32_t *element)
{
  const afb_describe_options *o = w->options;
  double cutoff = afb_bispectrum_cutoffs(w->bispectrum, w->cutoff, w->grid_cutoff);
  afb_visitor visitor = {.owner = w, .width = w->width, .cutoff = cutoff, .cost_atom = w->k, .cost_pair = 1,
                         .grid = {o->grid[0], o->grid[1], o->grid[2]}, .piece_seconds = &w->neighbours, .visit = visit};
  const afb_sink sink = {.owner = w, .rows = write_rows};
  AFB_TRY(afb_agree(w->comm, check_memory(w, s)));
  AFB_TRY(declare_rows(w, afb_evaluate_rows(s, &visitor)));
  AFB_TRY(afb_evaluate(w->comm, s, element, o->whole, o->skip_bad, &visitor, &sink));
  return write_rest(w, s, element);
}

static void count(const work *w, const afb_structures *s, double start, afb_describe_result *result)
{
  int64_t points = (int64_t)w->options->grid[0] * w->options->grid[1] * w->options->grid[2];
  double seconds[4] = {w->neighbours, w->descriptors, w->output, afb_wall_seconds() - start};
  MPI_Allreduce(MPI_IN_PLACE, seconds, 4, MPI_DOUBLE, MPI_SUM, w->comm);
  *result = (afb_describe_result){.rows = points > 0 ? points * s->n_frames : s->n_atoms, .neighbours = seconds[0],
                                  .descriptors = seconds[1], .output = seconds[2], .total = seconds[3]};
  for (int64_t f = 0; f < s->n_frames; f++)
    result->n_bad += s->frame[f].bad != 0;
}

afb_status afb_describe(MPI_Comm comm, afb_structures *structures, const int32_t *element, afb_bispectrum *bispectrum,
                        const afb_describe_options *options, afb_arrays *arrays, afb_describe_result *result)
{
  work w = {.comm = comm, .bispectrum = bispectrum, .options = options, .arrays = arrays};
  double start = afb_wall_seconds();
  afb_status status = afb_agree(comm, prepare(&w));
  if (status == AFB_OK)
    status = run(&w, structures, element);
  if (status == AFB_OK)
    count(&w, structures, start, result);
  afb_neighbours_clear(&w.list);
  free(w.cutoff);
  free(w.b);
  free(w.db);
  return status;
}
