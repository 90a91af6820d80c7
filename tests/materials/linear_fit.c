/* The fit of tantalum of the FitSNAP examples: its matrix, coefficients and table of errors come out on any number of ranks. The data lie
 * outside of the repository. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "materials/linear_fit.h"
#include "materials/predict.h"
#include "materials/snap_file.h"

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
  int32_t element;
  afb_linear_data data;
} fit;

static void fit_clear(fit *f)
{
  afb_structures_clear(&f->structures);
  afb_bispectrum_destroy(&f->bispectrum);
  afb_zbl_clear(&f->zbl);
}

static void make_fit(fit *f)
{
  char pattern[4096];
  const char *patterns[] = {pattern};
  const int z = 73;
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
  f->data = (afb_linear_data){.structures = &f->structures, .element = &f->element, .bispectrum = f->bispectrum, .reference = &f->zbl,
                              .n_groups = N_GROUPS, .group = f->group};
  check_true(afb_linear_unknowns(f->bispectrum) == N);
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

/* ---- The matrix, on one rank ---- */

/* Configurations stand in the reference in the order in which some folder was read. Each has its place found by its energy and stress. */
typedef struct {
  int frames, energy_row, stress_row, force_row;   /* of the group */
  int place[128];              /* of this program's k-th configuration in the reference */
  int atoms[128];              /* of that at each place of the reference */
} order;

/* This rank's rows one after the other. */
typedef struct {
  int64_t m;
  double *a, *b, *weight;
  int *group, *kind;
} kept;

static afb_status keep(void *owner, const afb_linear_row *row)
{
  kept *rows = owner;
  assert_true(rows->m < M);
  memcpy(rows->a + rows->m * N, row->a, N * sizeof *row->a);
  rows->b[rows->m] = row->b;
  rows->weight[rows->m] = row->weight;
  rows->group[rows->m] = row->group;
  rows->kind[rows->m++] = row->kind;
  return AFB_OK;
}

static kept kept_rows(const fit *f)
{
  kept rows = {0, malloc((size_t)M * N * sizeof(double)), malloc(M * sizeof(double)), malloc(M * sizeof(double)),
               malloc(M * sizeof(int)), malloc(M * sizeof(int))};
  check_ok(afb_linear_rows(MPI_COMM_WORLD, &f->data, &rows, keep));
  return rows;
}

static void kept_clear(kept *rows)
{
  free(rows->a);
  free(rows->b);
  free(rows->weight);
  free(rows->group);
  free(rows->kind);
}

static double difference(const kept *rows, int64_t i, const double *a, const double *b, int row)
{
  double d = fabs(rows->b[i] - b[row]);
  for (int k = 0; k < N; k++)
    d = fmax(d, fabs(rows->a[i * N + k] - a[row * N + k]));
  return d;
}

static void find_order(const fit *f, const kept *rows, int g, const double *b, order *o)
{
  int64_t energy[128], stress[128], n_energy = 0, n_stress = 0;
  int used[128] = {0};
  *o = (order){.frames = groups[g].frames, .energy_row = first_row(AFB_LINEAR_ENERGY, g),
               .stress_row = first_row(AFB_LINEAR_STRESS, g), .force_row = first_row(AFB_LINEAR_FORCE, g)};
  for (int64_t i = 0; i < rows->m; i++)
    if (rows->group[i] == g && rows->kind[i] == AFB_LINEAR_ENERGY)
      energy[n_energy++] = i;
    else if (rows->group[i] == g && rows->kind[i] == AFB_LINEAR_STRESS && n_stress++ % 6 == 0)
      stress[n_stress / 6] = i;
  assert_int_equal(n_energy, o->frames);
  assert_int_equal(n_stress, 6 * o->frames);
  for (int k = 0; k < o->frames; k++) {
    double least = INFINITY;
    for (int place = 0; place < o->frames; place++) {
      double d = fabs(rows->b[energy[k]] - b[o->energy_row + place]);
      for (int v = 0; v < 6; v++)   /* here xx yy zz xy xz yz, there xx yy zz yz xz xy */
        d += 1e-6 * fabs(rows->b[stress[k] + v] - b[o->stress_row + 6 * place + (v < 3 ? v : 8 - v)]);
      if (!used[place] && d < least) {
        least = d;
        o->place[k] = place;
      }
    }
    used[o->place[k]] = 1;
  }
  int k = 0;
  for (int64_t frame = 0; frame < f->structures.n_frames; frame++)
    if (strcmp(f->structures.frame[frame].group, f->group[g].name) == 0)
      o->atoms[o->place[k++]] = (int)f->structures.frame[frame].n_atoms;
}

/* Row of the reference for this program's row number `at` of a group and kind; forces count on through `k`, the configuration. */
static int row_in_reference(const order *o, int kind, int at, int *k, int *done)
{
  if (kind == AFB_LINEAR_ENERGY)
    return o->energy_row + o->place[at];
  if (kind == AFB_LINEAR_STRESS)
    return o->stress_row + 6 * o->place[at / 6] + (at % 6 < 3 ? at % 6 : 8 - at % 6);
  if (*done == 3 * o->atoms[o->place[*k]]) {
    ++*k;
    *done = 0;
  }
  int row = o->force_row;
  for (int place = 0; place < o->place[*k]; place++)
    row += 3 * o->atoms[place];
  return row + (*done)++;
}

static void matrix(void **state)
{
  int ranks;
  fit f;
  (void)state;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (ranks > 1 || skip_without_data())
    skip();
  double *a = read_npy("standard/Descriptors.npy", (size_t)M * N), *b = read_npy("standard/Truth-Ref.npy", M);
  double *w = read_npy("standard/Weights.npy", M), worst[AFB_LINEAR_KINDS] = {0}, scale[AFB_LINEAR_KINDS] = {0};
  make_fit(&f);
  kept rows = kept_rows(&f);
  assert_int_equal(rows.m, M);
  for (int g = 0; g < N_GROUPS; g++) {
    order o;
    int at[AFB_LINEAR_KINDS] = {0}, k = 0, done = 0;
    find_order(&f, &rows, g, b, &o);
    for (int64_t i = 0; i < M; i++) {
      if (rows.group[i] != g)
        continue;
      int kind = rows.kind[i], row = row_in_reference(&o, kind, at[kind]++, &k, &done);
      worst[kind] = fmax(worst[kind], difference(&rows, i, a, b, row));
      assert_true(fabs(rows.weight[i] - w[row]) <= 1e-15 * w[row]);
      for (int j = 0; j < N; j++)
        scale[kind] = fmax(scale[kind], fabs(a[row * N + j]));
    }
  }
  printf("# largest differences from the reference's rows: energy %.1e of %.3g, force %.1e of %.3g, stress %.1e of %.3g\n", worst[0],
         scale[0], worst[1], scale[1], worst[2], scale[2]);
  for (int kind = 0; kind < AFB_LINEAR_KINDS; kind++)
    assert_true(worst[kind] < 1e-12 * scale[kind]);
  free(a);
  free(b);
  free(w);
  kept_clear(&rows);
  fit_clear(&f);
}

/* ---- Coefficients and errors, on any number of ranks ---- */

/* Half a unit in the last of the six digits that the reference prints. */
static double print_precision(double value) { return 0.5001 * pow(10, floor(log10(fabs(value))) - 5); }

static void compare_errors(const afb_linear_error *error)
{
  static const char *const kind[] = {"Energy", "Force", "Stress"};
  char path[4096], line[512];
  int n_compared = 0;
  path_of("standard/Ta_metrics.md", path);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    char group[32], weighted[32], name[32];
    long long count;
    double mae, rmse, rsq;
    if (sscanf(line, "| ('%31[^']', '%31[^']', '%31[^']')%*[ |]%lld%*[ |]%lf%*[ |]%lf%*[ |]%lf", group, weighted, name, &count, &mae,
               &rmse, &rsq) != 7)
      continue;
    int g = 0, k = 0;
    if (strcmp(group, "*ALL") != 0)
      for (g = 1; g <= N_GROUPS && strcmp(group, groups[g - 1].group.name) != 0;)
        g++;
    while (k < AFB_LINEAR_KINDS && strcmp(name, kind[k]) != 0)
      k++;
    assert_true(g <= N_GROUPS && k < AFB_LINEAR_KINDS);
    const afb_linear_error *e = &error[(2 * g + (strcmp(weighted, "Weighted") == 0)) * AFB_LINEAR_KINDS + k];
    n_compared++;
    check_true(e->count == count);
    if (strncmp(group, "Volume", 6) == 0 && k == AFB_LINEAR_FORCE) {
      check_true(e->mae < 1e-13);   /* perfect lattices: nothing but rounding there and here */
      continue;
    }
    check_close(e->mae, mae, print_precision(mae));
    check_close(e->rmse, rmse, print_precision(rmse));
    check_close(e->rsq, rsq, print_precision(rsq));
  }
  fclose(file);
  assert_int_equal(n_compared, 6 * (N_GROUPS + 1));
}

static void coefficients(void **state)
{
  fit f;
  double x[N], worst = 0;
  char paths[2][4096];
  afb_least_squares_result result;
  afb_linear_error error[(N_GROUPS + 1) * 2 * AFB_LINEAR_KINDS];
  afb_snap_elements elements;
  afb_potential reference, potential = {.bispectrum = NULL};
  (void)state;
  if (skip_without_data())
    skip();
  make_fit(&f);
  check_ok(afb_linear_solve(MPI_COMM_WORLD, &f.data, 0, 1e-13, x, &result));
  check_true(result.rank == N && result.rows == M);
  check_close(result.condition, 266047, 1);
  path_of("standard/Ta_pot.snapcoeff", paths[0]);
  path_of("standard/Ta_pot.snapparam", paths[1]);
  check_ok(afb_snap_read(MPI_COMM_WORLD, paths[0], paths[1], &elements, &reference));
  potential.bispectrum = f.bispectrum;
  check_ok(afb_linear_potential(x, &potential));
  worst = fabs(potential.constant[0] / reference.constant[0] - 1);
  for (int k = 0; k < N - 1; k++)
    worst = fmax(worst, fabs(potential.beta[k] / reference.beta[k] - 1));
  printf("# condition number %.0f, coefficients differ from the reference's by at most %.1e of each\n", result.condition, worst);
  /* What the condition number leaves of 16 digits. */
  check_true(worst < 1e-10);
  check_ok(afb_linear_errors(MPI_COMM_WORLD, &f.data, x, error));
  compare_errors(error);
  potential.bispectrum = NULL;
  afb_potential_clear(&potential);
  afb_potential_clear(&reference);
  fit_clear(&f);
}

static void unknown_group(void **state)
{
  fit f;
  double x[N];
  afb_least_squares_result result;
  (void)state;
  if (skip_without_data())
    skip();
  make_fit(&f);
  strcpy(f.group[3].name, "Elastic");
  check_true(afb_linear_solve(MPI_COMM_WORLD, &f.data, 0, 1e-13, x, &result) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "group Elastic has no configuration") != NULL);
  fit_clear(&f);
}

/* ---- A potential known beforehand ---- */

/* Frames of 1 ... 24 atoms and one of `large`, of two elements, in skewed cells; atoms dealt to ranks in equal parts. */
static void random_structures(int n_frames, int large, afb_structures *s)
{
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  *s = (afb_structures){.n_files = 1, .n_frames = n_frames, .n_species = 2, .species = {"A", "B"}};
  s->file = malloc(sizeof *s->file);
  s->file[0] = strcpy(malloc(8), "none");
  s->frame = calloc((size_t)n_frames, sizeof *s->frame);
  for (int f = 0; f < n_frames; f++) {
    afb_frame *frame = &s->frame[f];
    snprintf(frame->name, sizeof frame->name, "frame %d", f);
    strcpy(frame->group, f % 3 ? "often" : "seldom");
    frame->n_atoms = f == 1 ? large : 1 + f % 24;
    frame->first_atom = s->n_atoms;
    double edge = cbrt(18.0 * (double)frame->n_atoms) + 1;
    for (int a = 0; a < 3; a++) {
      frame->cell[a][a] = edge;
      frame->cell[a][(a + 1) % 3] = a < 2 ? 0 : 0.2 * edge;
      frame->periodic[a] = 1;
    }
    s->n_atoms += frame->n_atoms;
  }
  s->first = s->n_atoms * rank / size;
  s->n = s->n_atoms * (rank + 1) / size - s->first;
  s->position = malloc(((size_t)s->n * 3 + 1) * sizeof *s->position);
  s->force = malloc(((size_t)s->n * 3 + 1) * sizeof *s->force);
  s->kind = malloc(((size_t)s->n + 1) * sizeof *s->kind);
  int f = 0;
  for (int64_t i = 0; i < s->n; i++) {
    while (s->first + i >= s->frame[f].first_atom + s->frame[f].n_atoms)
      f++;
    /* On a lattice that fits, displaced at random. */
    int64_t k = s->first + i - s->frame[f].first_atom, side = (int64_t)ceil(cbrt((double)s->frame[f].n_atoms));
    int64_t place[3] = {k % side, k / side % side, k / side / side};
    for (int d = 0; d < 3; d++) {
      s->position[3 * i + d] = 0;
      for (int a = 0; a < 3; a++)
        s->position[3 * i + d] += s->frame[f].cell[a][d] * ((double)place[a] + 0.3 * afb_random_uniform(7, (uint64_t)(s->first + i), (uint64_t)a)) / (double)side;
    }
    s->kind[i] = (s->first + i) % 3 == 0;
  }
}

static void known_potential(int quadratic, afb_potential *potential)
{
  static const int z[2] = {13, 8};
  afb_bispectrum_settings s;
  *potential = (afb_potential){.n_elements = 2};
  afb_bispectrum_settings_default(&s);
  s.n_elements = 2;
  s.radius[0] = 0.5;
  s.radius[1] = 0.4;
  s.weight[1] = 0.7;
  s.two_jmax = quadratic ? 2 : 4;
  s.quadratic = quadratic;
  s.rcutfac = 4.2;
  s.bzero = quadratic;
  check_ok(afb_bispectrum_create(&s, &potential->bispectrum));
  check_ok(afb_zbl_create(3.0, 4.0, 2, z, &potential->zbl));
  int n = 2 * afb_bispectrum_n_columns(potential->bispectrum);
  potential->constant = calloc(2, sizeof(double));
  potential->beta = malloc((size_t)n * sizeof(double));
  for (int k = 0; k < n; k++)
    potential->beta[k] = afb_random_uniform(3, 1, (uint64_t)k) - 0.5;
  for (int e = 0; e < 2 && !s.bzero; e++)
    potential->constant[e] = -3 + e;
}

/* Its energies, forces and stresses give it back. A frame with what is missing, and a group that is not asked for, do no harm. */
static void recover(int quadratic, int64_t whole, const double weight[3])
{
  static const int32_t element[2] = {1, 0};
  afb_linear_group group = {.name = "often", .weight = {weight[0], weight[1], weight[2]}};
  afb_structures s;
  afb_potential known, found = {.bispectrum = NULL};
  afb_forces forces;
  afb_least_squares_result result;
  random_structures(60, 300, &s);
  known_potential(quadratic, &known);
  check_ok(afb_predict_forces(MPI_COMM_WORLD, &s, element, &known, whole, 0, &forces));
  for (int64_t f = 0; f < s.n_frames; f++) {
    s.frame[f].energy = f == 7 ? NAN : forces.energy[f];
    for (int v = 0; v < 6; v++)
      s.frame[f].stress[v] = f == 8 ? NAN : forces.stress[6 * f + v];
    if (f % 3 == 0)
      s.frame[f].energy *= 2;
  }
  memcpy(s.force, forces.force, (size_t)s.n * 3 * sizeof *s.force);
  afb_deviations zero = afb_forces_compare(MPI_COMM_WORLD, &s, &forces);
  check_true(zero.energy > 0.01 && zero.force <= 0 && zero.stress <= 0);
  const afb_linear_data data = {.structures = &s, .element = element, .bispectrum = known.bispectrum, .reference = &known.zbl,
                                .n_groups = 1, .group = &group, .whole = whole};
  int n = afb_linear_unknowns(known.bispectrum);
  double *x = malloc((size_t)n * sizeof *x);
  check_ok(afb_linear_solve(MPI_COMM_WORLD, &data, 0, 1e-13, x, &result));
  check_true(result.rank == n);
  found.bispectrum = known.bispectrum;
  check_ok(afb_linear_potential(x, &found));
  double worst = 0;
  for (int k = 0; k < 2 * afb_bispectrum_n_columns(known.bispectrum); k++)
    worst = fmax(worst, fabs(found.beta[k] - known.beta[k]));
  for (int e = 0; e < 2; e++)
    worst = fmax(worst, fabs(found.constant[e] - known.constant[e]));
  printf("# %d unknowns, condition number %.2g, off by %.1e\n", n, result.condition, worst);
  check_true(worst < 1e-14 * result.condition + 1e-12);
  afb_linear_error error[2 * 2 * AFB_LINEAR_KINDS];
  check_ok(afb_linear_errors(MPI_COMM_WORLD, &data, x, error));
  check_true(error[0].count == 39 && error[2].count == 6 * 39);
  check_true(error[0].mae < 1e-8 && error[1].mae < 1e-8 && error[0].rsq > 1 - 1e-9);
  free(x);
  found.bispectrum = NULL;
  afb_potential_clear(&found);
  afb_potential_clear(&known);
  afb_forces_clear(&forces);
  afb_structures_clear(&s);
}

static void recovers(void **state)
{
  (void)state;
  recover(0, 100, (double[]){10, 1, 1e-5});
  recover(1, 0, (double[]){10, 1, 1e-5});
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(recovers), cmocka_unit_test(matrix), cmocka_unit_test(coefficients),
                                          cmocka_unit_test(unknown_group)};
CHECK_MAIN(tests)
