/* The fit of tantalum of the FitSNAP examples: its matrix, coefficients and table of errors come out on any number of ranks. The data lie
 * outside of the repository. */
#include "tests/check.h"

#include <string.h>

#include "materials/linear_fit.h"
#include "materials/snap_file.h"
#include "numeric/least_squares.h"

enum { N_GROUPS = 12, N = 31, M = 15213 };

/* Counts of configurations and forces, in the order of the reference. */
static const struct {
  afb_linear_group group;
  int frames, forces;
} groups[N_GROUPS] = {
  {{"Displaced_A15", {100, 1, 1e-8}}, 9, 1728},     {{"Displaced_BCC", {100, 1, 1e-8}}, 9, 1458},
  {{"Displaced_FCC", {100, 1, 1e-8}}, 9, 1296},     {{"Elastic_BCC", {1e-8, 1e-8, 1e-4}}, 100, 600},
  {{"Elastic_FCC", {1e-9, 1e-9, 1e-9}}, 100, 1200}, {{"GSF_110", {100, 1, 1e-8}}, 22, 1584},
  {{"GSF_112", {100, 1, 1e-8}}, 22, 1980},          {{"Liquid", {467, 1, 1e-8}}, 3, 900},
  {{"Surface", {100, 1, 1e-8}}, 7, 708},            {{"Volume_A15", {1, 1e-9, 1e-9}}, 30, 720},
  {{"Volume_BCC", {1, 1e-9, 1e-9}}, 21, 126},       {{"Volume_FCC", {1, 1e-9, 1e-9}}, 31, 372},
};

static void path_of(const char *name, char path[4096])
{
  const char *shared = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  if (shared)
    snprintf(path, 4096, "%s/datasets/fitsnap_ta/%s", shared, name);
  else
    snprintf(path, 4096, "%s/../shared/datasets/fitsnap_ta/%s", source ? source : ".", name);
}

/* The numbers of a .npy file of little-endian doubles; NULL when it is not there. */
static double *read_npy(const char *name, size_t n)
{
  char path[4096];
  unsigned char head[10];
  path_of(name, path);
  FILE *file = fopen(path, "rb");
  if (!file)
    return NULL;
  double *value = malloc(n * sizeof *value);
  assert_true(fread(head, 1, sizeof head, file) == sizeof head);
  assert_int_equal(fseek(file, 10 + head[8] + 256 * head[9], SEEK_SET), 0);
  assert_true(fread(value, sizeof *value, n, file) == n);
  fclose(file);
  return value;
}

typedef struct {
  afb_structures structures;
  afb_bispectrum *bispectrum;
  afb_zbl zbl;
  afb_linear_group group[N_GROUPS];
  afb_linear_rows rows;
} fit;

static void fit_clear(fit *f)
{
  afb_structures_clear(&f->structures);
  afb_bispectrum_destroy(&f->bispectrum);
  afb_zbl_clear(&f->zbl);
  afb_linear_rows_clear(&f->rows);
}

static void make_rows(fit *f)
{
  char pattern[4096];
  const char *patterns[] = {getenv("SNAP_PATTERN") ? getenv("SNAP_PATTERN") : pattern};
  const int z = 73;
  const int32_t element = 0;
  afb_structures_options options = {0};
  afb_bispectrum_settings s;
  *f = (fit){.bispectrum = NULL};
  path_of("JSON/*/*.json", pattern);
  check_ok(afb_structures_read(MPI_COMM_WORLD, 1, patterns, &options, &f->structures));
  check_true(f->structures.n_frames == 363 && f->structures.n_species == 1);
  afb_bispectrum_settings_default(&s);
  s.n_elements = 1;
  s.radius[0] = 0.5;
  s.two_jmax = 6;
  s.rcutfac = 4.67637;
  s.bzero = 0;
  check_ok(afb_bispectrum_create(&s, &f->bispectrum));
  check_ok(afb_zbl_create(4.0, 4.8, 1, &z, &f->zbl));
  for (int g = 0; g < N_GROUPS; g++)
    f->group[g] = groups[g].group;
  check_ok(afb_linear_rows_make(MPI_COMM_WORLD, &f->structures, &element, f->bispectrum, &f->zbl, N_GROUPS, f->group, 0,
                                &f->rows));
  check_true(f->rows.n == N);
}

/* Where the rows of a group and kind begin in the reference: all energies first, then all forces, then all stresses. */
static int first_row(int kind, int group)
{
  int row = 0;
  for (int k = 0; k <= kind; k++)
    for (int g = 0; g < (k < kind ? N_GROUPS : group); g++)
      row += k == AFB_LINEAR_ENERGY ? groups[g].frames : k == AFB_LINEAR_FORCE ? groups[g].forces : 6 * groups[g].frames;
  return row;
}

static int skip_without_data(void)
{
  double *first = read_npy("standard/Weights.npy", M);
  int absent = first == NULL;
  free(first);
  if (absent)
    print_message("# skipped: no data of FitSNAP's example for tantalum (set AUFBAU_SHARED)\n");
  return absent;
}

static void matrix(void **state)
{
  int ranks;
  fit f;
  (void)state;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (skip_without_data())
    skip();
  double *a = read_npy("standard/Descriptors.npy", (size_t)M * N), *b = read_npy("standard/Truth-Ref.npy", M);
  double *w = read_npy("standard/Weights.npy", M), worst[AFB_LINEAR_KINDS][2] = {{0}};
  int next[AFB_LINEAR_KINDS][N_GROUPS] = {{0}};
  make_rows(&f);
  int64_t m = f.rows.m;
  MPI_Allreduce(MPI_IN_PLACE, &m, 1, MPI_INT64_T, MPI_SUM, MPI_COMM_WORLD);
  check_true(m == M);
  for (int64_t i = 0; i < f.rows.m; i++) {
    int kind = f.rows.kind[i], g = f.rows.group[i], row = first_row(kind, g) + next[kind][g]++;
    double da = 0, db = fabs(f.rows.b[i] - b[row]);
    for (int k = 0; k < N; k++)
      da = fmax(da, fabs(f.rows.a[i * N + k] - a[row * N + k]));
    if (getenv("SNAP_DEBUG") && (da > 1e-6 || db > 1e-6) && i % 50 == 0) printf("# kind %d group %d row %d: %g %g (%g %g)\n", kind, g, row, da, db, f.rows.b[i], b[row]);
    worst[kind][0] = fmax(worst[kind][0], da);
    worst[kind][1] = fmax(worst[kind][1], db);
    assert_true(fabs(f.rows.weight[i] - w[row]) <= 1e-15 * w[row]);
  }
  for (int k = 0; k < AFB_LINEAR_KINDS; k++)
    printf("# kind %d: rows differ by %.2g, truths by %.2g\n", k, worst[k][0], worst[k][1]);
  free(a);
  free(b);
  free(w);
  fit_clear(&f);
}

static void coefficients(void **state)
{
  fit f;
  double x[N];
  afb_least_squares_result result;
  (void)state;
  if (skip_without_data())
    skip();
  make_rows(&f);
  afb_least_squares problem = {.m = f.rows.m, .n = N, .a = f.rows.a, .b = f.rows.b, .weight = f.rows.weight, .tolerance = 1e-13};
  check_ok(afb_least_squares_solve(MPI_COMM_WORLD, &problem, x, &result));
  char c[4096], p[4096];
  path_of("standard/Ta_pot.snapcoeff", c);
  path_of("standard/Ta_pot.snapparam", p);
  afb_snap_elements elements;
  afb_potential potential;
  check_ok(afb_snap_read(MPI_COMM_WORLD, c, p, &elements, &potential));
  double worst = fabs(x[0] / potential.constant[0] - 1);
  for (int k = 0; k < N - 1; k++)
    worst = fmax(worst, fabs(x[1 + k] / potential.beta[k] - 1));
  printf("# rank %d, condition %.6g, residual %.6g, coefficients differ by %.2g\n", result.rank, result.condition, result.residual, worst);
  afb_linear_error error[(N_GROUPS + 1) * 6];
  check_ok(afb_linear_errors(MPI_COMM_WORLD, &f.rows, x, N_GROUPS, error));
  for (int g = 0; g <= N_GROUPS; g++)
    for (int k = 0; k < 6; k++)
      printf("# %s %d %d: %lld %g %g %g\n", g ? groups[g - 1].group.name : "*ALL", k / 3, k % 3, (long long)error[6 * g + k].count, error[6 * g + k].mae, error[6 * g + k].rmse, error[6 * g + k].rsq);
  afb_potential_clear(&potential);
  fit_clear(&f);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(matrix), cmocka_unit_test(coefficients)};
CHECK_MAIN(tests)
