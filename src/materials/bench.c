#include "materials/bench.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/random.h"
#include "descriptor/piece.h"
#include "numeric/peak.h"
#include "store/arrays.h"

/* Centres handed to a kernel at once, as `describe` does it. */
enum { BLOCK = 512, REPEATS = 5 };
#define SHORTEST 0.15            /* seconds of one measurement */
#define LATTICE 3.1803
#define SHELLS_3 4.73442         /* 26 neighbours */
#define SHELLS_4 5.42            /* 45 to 50 */

typedef struct {
  afb_structure frame;
  double *position;
  int32_t *element;
} crystal;

static void crystal_clear(crystal *c)
{
  free(c->position);
  free(c->element);
  *c = (crystal){.position = NULL};
}

static afb_status make_crystal(int edge, crystal *c)
{
  int64_t n = 2 * (int64_t)edge * edge * edge;
  *c = (crystal){.frame = {.periodic = {1, 1, 1}, .n_atoms = n}};
  c->position = malloc((size_t)n * 3 * sizeof(double));
  c->element = calloc((size_t)n, sizeof(int32_t));
  if (!c->position || !c->element) {
    crystal_clear(c);
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory for %lld atoms", (long long)n);
  }
  for (int64_t i = 0; i < n; i++) {
    int64_t cell[3] = {i / 2 % edge, i / 2 / edge % edge, i / 2 / edge / edge};
    for (int d = 0; d < 3; d++)
      c->position[3 * i + d] = LATTICE * ((double)cell[d] + 0.5 * (double)(i % 2)) + 0.10 * afb_random_normal(7, 0, (uint64_t)(3 * i + d));
  }
  for (int d = 0; d < 3; d++)
    c->frame.cell[d][d] = LATTICE * edge;
  c->frame.position = c->position;
  c->frame.element = c->element;
  return AFB_OK;
}

/* One thing to measure: how often it went over `units` atoms or points, and what it needs. */
typedef struct {
  crystal crystal;
  afb_piece piece;
  afb_bispectrum *bispectrum;
  afb_neighbours list;
  double cutoff, grid_cutoff;
  double *out, *gradient, *beta;
  int64_t pairs, units;
} work;

static void work_clear(work *w)
{
  free(w->out);
  free(w->gradient);
  free(w->beta);
  afb_neighbours_clear(&w->list);
  afb_bispectrum_destroy(&w->bispectrum);
  afb_piece_clear(&w->piece);
  crystal_clear(&w->crystal);
}

/* grid > 0: a grid of so many points along each direction in place of the atoms. */
static afb_status work_init(int two_jmax, double cutoff, int edge, int grid, afb_kernel kernel, work *w)
{
  afb_bispectrum_settings settings;
  int bad;
  *w = (work){.pairs = 0};
  afb_bispectrum_settings_default(&settings);
  settings.two_jmax = two_jmax;
  settings.n_elements = 1;
  settings.radius[0] = 0.5;
  settings.weight[0] = 1;
  settings.rcutfac = cutoff;
  settings.kernel = kernel;
  AFB_TRY(make_crystal(edge, &w->crystal));
  AFB_TRY(afb_bispectrum_create(&settings, &w->bispectrum));
  double largest = afb_bispectrum_cutoffs(w->bispectrum, &w->cutoff, &w->grid_cutoff);
  if (grid > 0)
    AFB_TRY(afb_piece_grid(&w->crystal.frame, (int[3]){grid, grid, grid}, 0, (int64_t)grid * grid * grid, largest, &w->piece));
  else
    AFB_TRY(afb_piece_frames(1, &w->crystal.frame, largest, &w->piece, &bad));
  size_t columns = (size_t)afb_bispectrum_n_columns(w->bispectrum);
  w->out = malloc(BLOCK * columns * sizeof(double));
  w->beta = malloc(columns * sizeof(double));
  if (!w->out || !w->beta)
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory to measure");
  for (size_t k = 0; k < columns; k++)
    w->beta[k] = afb_random_normal(7, 1, k);
  return AFB_OK;
}

static afb_status find(work *w, int64_t first, int64_t n)
{
  return afb_neighbours_find(&w->piece, 1, &w->cutoff, &w->grid_cutoff, first, n, &w->list);
}

typedef afb_status (*evaluation)(work *w);

static afb_status values(work *w) { return afb_bispectrum_values(w->bispectrum, &w->list, w->out); }

static afb_status derivatives(work *w) { return afb_bispectrum_derivatives(w->bispectrum, &w->list, NULL, w->gradient); }

static afb_status forces(work *w) { return afb_bispectrum_energies(w->bispectrum, &w->list, w->beta, w->out, w->gradient); }

/* CPU seconds of `evaluate` on lists that are there: the search is measured by itself. Each list is evaluated often enough to be
 * timed. */
static afb_status time_evaluation(work *w, evaluation evaluate, int64_t first, int64_t n, double *seconds)
{
  AFB_TRY(find(w, first, n));
  int64_t pairs = w->list.first[n];
  if (evaluate != values) {
    size_t width = evaluate == derivatives ? 3 * (size_t)afb_bispectrum_n_columns(w->bispectrum) : 3;
    free(w->gradient);
    w->gradient = malloc((size_t)pairs * width * sizeof(double));
    if (!w->gradient)
      return AFB_FAIL(AFB_E_MEMORY, "not enough memory to measure");
  }
  AFB_TRY(evaluate(w));
  int64_t units = 0;
  double start = afb_cpu_seconds(), now = start;
  for (; now - start < SHORTEST; now = afb_cpu_seconds()) {
    AFB_TRY(evaluate(w));
    units += n;
  }
  *seconds = (now - start) / (double)units;
  w->pairs += pairs;
  w->units += n;
  return AFB_OK;
}

/* The search, and for a grid the values with it. */
static afb_status time_search(work *w, int grid, double *seconds)
{
  int64_t all = grid ? w->piece.n_grid : w->piece.n_own, units = 0;
  double start = afb_cpu_seconds(), now = start;
  while (now - start < SHORTEST) {
    for (int64_t first = 0; first < all && now - start < SHORTEST; first += BLOCK, now = afb_cpu_seconds()) {
      int64_t n = all - first < BLOCK ? all - first : BLOCK;
      AFB_TRY(find(w, first, n));
      if (grid)
        AFB_TRY(values(w));
      units += n;
      w->pairs += w->list.first[n];
      w->units += n;
    }
  }
  *seconds = (now - start) / (double)units;
  return AFB_OK;
}

static int compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The median of REPEATS measurements, and the peak as it was meanwhile. */
static afb_status measure(work *w, evaluation evaluate, int grid, afb_bench_row *row)
{
  double seconds[REPEATS], peak[REPEATS];
  int64_t n = w->piece.n_own < BLOCK ? w->piece.n_own : BLOCK;
  if (evaluate == derivatives)
    n = n < 64 ? n : 64;
  for (int i = 0; i < REPEATS; i++) {
    peak[i] = afb_peak_gflops();
    AFB_TRY(evaluate ? time_evaluation(w, evaluate, (i * n) % (w->piece.n_own - n + 1), n, &seconds[i])
                     : time_search(w, grid, &seconds[i]));
  }
  qsort(seconds, REPEATS, sizeof *seconds, compare);
  qsort(peak, REPEATS, sizeof *peak, compare);
  row->microseconds = 1e6 * seconds[REPEATS / 2];
  row->peak = peak[REPEATS / 2];
  row->neighbours = (double)w->pairs / (double)w->units;
  row->atoms = w->crystal.frame.n_atoms;
  return AFB_OK;
}

typedef struct {
  const char *quantity;
  evaluation evaluate;
  int two_jmax;
  double cutoff;
  int edge, grid;
  double lammps, target;
} bench_case;

static const bench_case cases[] = {
  {"B", values, 4, SHELLS_3, 8, 0, 10.6, 8},
  {"B", values, 6, SHELLS_3, 8, 0, 34.7, 10},
  {"B", values, 8, SHELLS_3, 8, 0, 101.8, 10},
  {"B", values, 8, SHELLS_4, 8, 0, 117.7, 10},
  {"B", values, 14, SHELLS_3, 8, 0, 1683, 12},
  {"dB", derivatives, 4, SHELLS_3, 8, 0, 0, 0},
  {"dB", derivatives, 6, SHELLS_3, 8, 0, 0, 0},
  {"dB", derivatives, 8, SHELLS_3, 8, 0, 288, 5},
  {"dB", derivatives, 8, SHELLS_4, 8, 0, 0, 0},
  {"dB", derivatives, 14, SHELLS_3, 8, 0, 0, 0},
  {"forces", forces, 4, SHELLS_3, 8, 0, 0, 0},
  {"forces", forces, 6, SHELLS_3, 8, 0, 0, 0},
  {"forces", forces, 8, SHELLS_3, 8, 0, 167, 5},
  {"forces", forces, 8, SHELLS_4, 8, 0, 0, 0},
  {"forces", forces, 14, SHELLS_3, 8, 0, 0, 0},
  {"grid", NULL, 8, SHELLS_3, 4, 16, 108, 10},
  {"grid", NULL, 8, SHELLS_3, 10, 24, 116, 10},
  {"grid", NULL, 8, SHELLS_3, 20, 24, 149, 10},
  {"neighbours", NULL, -1, SHELLS_3, 30, 0, 0, 0},
  {"neighbours", NULL, -1, SHELLS_4, 30, 0, 0, 0},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static afb_status run_case(const bench_case *c, afb_kernel kernel, afb_bench_row *row)
{
  work w;
  *row = (afb_bench_row){.quantity = c->quantity, .two_jmax = c->two_jmax, .lammps = c->lammps, .target = c->target};
  afb_status status = work_init(c->two_jmax < 0 ? 0 : c->two_jmax, c->cutoff, c->edge, c->grid, kernel, &w);
  if (status == AFB_OK)
    status = measure(&w, c->evaluate, c->grid, row);
  work_clear(&w);
  return status;
}

enum { ATOMS = 200000, COLUMNS = 55 };   /* of the output, on each rank */

static afb_status create_and_write(MPI_Comm comm, const char *path, const double *data)
{
  int rank, size;
  afb_arrays *arrays = NULL;
  afb_store_writer writer = {.input = "", .identity = ""};
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  afb_array B = {"descriptors/B", AFB_F64, 1, 2, {(int64_t)ATOMS * size, COLUMNS}, "1", "measurement"};
  AFB_TRY(afb_arrays_create(comm, path, "bench", &writer, &arrays));
  afb_status status = afb_arrays_add(arrays, &B);
  if (status == AFB_OK)
    status = afb_arrays_write(arrays, B.name, (int64_t)ATOMS * rank, ATOMS, data);
  return afb_arrays_close(&arrays, status);
}

/* The same bytes by plain writing, one file a rank, brought to the disk as the result file is. */
static afb_status write_plainly(MPI_Comm comm, const char *path, const double *data)
{
  char name[1024];
  int rank;
  size_t bytes = (size_t)ATOMS * COLUMNS * sizeof *data, done = 0;
  MPI_Comm_rank(comm, &rank);
  snprintf(name, sizeof name, "%s.%d", path, rank);
  int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  for (ssize_t n = 1; file >= 0 && done < bytes && n > 0; done += n > 0 ? (size_t)n : 0)
    n = write(file, (const char *)data + done, bytes - done);
  int failed = file < 0 || done < bytes || fsync(file) != 0;
  if (file >= 0) {
    close(file);
    unlink(name);
  }
  return afb_agree(comm, failed ? AFB_FAIL(AFB_E_IO, "%s cannot be written", name) : AFB_OK);
}

/* 55 components from memory to the closed file; and by plain writing, `row` of what is compared with. */
static afb_status time_output(MPI_Comm comm, int plain, const char *path, afb_bench_row *row)
{
  int rank;
  MPI_Comm_rank(comm, &rank);
  double *data = malloc((size_t)ATOMS * COLUMNS * sizeof *data);
  afb_status status = afb_agree(comm, data ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "not enough memory to measure"));
  for (size_t i = 0; status == AFB_OK && i < (size_t)ATOMS * COLUMNS; i++)
    data[i] = (double)i;
  /* The first to write pays for the memory that the system takes for it. */
  if (status == AFB_OK && plain)
    status = write_plainly(comm, path, data);
  if (status != AFB_OK) {
    free(data);
    return status;
  }
  MPI_Barrier(comm);
  double start = afb_wall_seconds();
  status = plain ? write_plainly(comm, path, data) : create_and_write(comm, path, data);
  MPI_Barrier(comm);
  double seconds = afb_wall_seconds() - start;
  if (status == AFB_OK && !plain && rank == 0)
    unlink(path);
  free(data);
  *row = (afb_bench_row){.quantity = plain ? "plain write" : "output", .two_jmax = 8, .atoms = ATOMS,
                         .microseconds = 1e6 * seconds / ATOMS, .peak = afb_peak_gflops()};
  return status;
}

static void average(MPI_Comm comm, afb_bench_row *row)
{
  int size;
  double mean[2] = {row->microseconds, row->peak};
  MPI_Comm_size(comm, &size);
  MPI_Allreduce(MPI_IN_PLACE, mean, 2, MPI_DOUBLE, MPI_SUM, comm);
  row->microseconds = mean[0] / size;
  row->peak = mean[1] / size;
}

afb_status afb_bench_bispectrum(MPI_Comm comm, afb_kernel kernel, const char *path, void (*show)(const afb_bench_row *row),
                                int *n, afb_bench_row row[AFB_BENCH_ROWS])
{
  int rank;
  MPI_Comm_rank(comm, &rank);
  *n = 0;
  for (int i = 0; i < N_CASES + 2; i++) {
    if (i < N_CASES)
      AFB_TRY(afb_agree(comm, run_case(&cases[i], kernel, &row[i])));
    else
      AFB_TRY(time_output(comm, i == N_CASES, path, &row[i]));
    average(comm, &row[i]);
    *n = i + 1;
    if (show && rank == 0)
      show(&row[i]);
  }
  return AFB_OK;
}
