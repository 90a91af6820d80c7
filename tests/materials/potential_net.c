/* The same program on 1 and 2 ranks. */
#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#include "core/random.h"
#include "materials/potential_data.h"
#include "materials/potential_file.h"
#include "materials/potential_net.h"

enum { GAUSSIANS = 4, COLUMNS = 5, MODELS = 7, ATOMS = 6, ROWS = MODELS * ATOMS };
static const double alpha[GAUSSIANS] = {0.15, 0.6, 2.5, 30};

/* The metric is the integral of |V|^2, here by Simpson's rule in ln r. */
static void metric_is_the_integral(void **state)
{
  (void)state;
  double da[GAUSSIANS] = {0.3, -1.1, 2.0, -7.0}, sum = 0, h = 2e-3;
  int n = 2 * 4000;
  for (int i = 0; i <= n; i++) {
    double r = exp(-12 + h * i), v = 0;
    for (int k = 0; k < GAUSSIANS; k++)
      v += da[k] * exp(-alpha[k] * r * r);
    sum += (i == 0 || i == n ? 1 : i % 2 ? 4 : 2) * h / 3 * 4 * 3.141592653589793 * r * r * r * v * v;
  }
  check_close(afb_potential_distance(GAUSSIANS, alpha, da), sqrt(sum), 1e-9 * sqrt(sum));
}

typedef struct {
  double input[ROWS * COLUMNS], a[ROWS * GAUSSIANS], prior[COLUMNS];
  int64_t model[ROWS];
  afb_potential_table table;
} data;

/* Two coordinates, smooth functions of the inputs, and hardly a third. */
static void make(data *d)
{
  for (int i = 0; i < ROWS; i++) {
    double *x = d->input + i * COLUMNS;
    for (int k = 0; k < COLUMNS; k++)
      x[k] = 2 * afb_random_uniform(5, (uint64_t)k, (uint64_t)i) - 1;
    double u = x[0] + 0.3 * x[1] * x[2], v = 0.2 * x[3], w = 1e-5 * x[4];
    double *a = d->a + i * GAUSSIANS;
    a[0] = -0.6 + 0.1 * u;
    a[1] = -1.1 - 0.2 * u + 0.3 * v;
    a[2] = 4 + 0.5 * v + w;
    a[3] = -8 + u - v;
    d->model[i] = i / ATOMS;
  }
  for (int k = 0; k < COLUMNS; k++)
    d->prior[k] = 1;
  d->table = (afb_potential_table){ROWS, COLUMNS, GAUSSIANS, d->input, d->prior, alpha, d->a, d->model, MODELS};
}

static const afb_potential_options options = {2, AFB_MDN_FULL, 1, 8, 1, 2, 40, 3};

static void coordinates_keep_distances(void **state)
{
  (void)state;
  static data d;
  make(&d);
  int64_t row[ROWS];
  for (int i = 0; i < ROWS; i++)
    row[i] = i;
  afb_potential_basis basis;
  check_ok(afb_potential_basis_fit(GAUSSIANS, alpha, ROWS, row, d.a, 16, &basis));
  check_true(basis.n_parts == 2);
  for (int i = 1; i < ROWS; i++) {
    double z[2], y[2], back[GAUSSIANS], da[GAUSSIANS], lost[GAUSSIANS];
    afb_potential_to_parts(&basis, d.a, y);
    afb_potential_to_parts(&basis, d.a + i * GAUSSIANS, z);
    afb_potential_from_parts(&basis, z, back);
    for (int k = 0; k < GAUSSIANS; k++) {
      da[k] = d.a[i * GAUSSIANS + k] - d.a[k];
      lost[k] = back[k] - d.a[i * GAUSSIANS + k];
    }
    check_close(hypot(z[0] - y[0], z[1] - y[1]), afb_potential_distance(GAUSSIANS, alpha, da), 1e-4);
    check_close(afb_potential_distance(GAUSSIANS, alpha, lost), 0, 1e-4);
  }
  afb_potential_basis_clear(&basis);
  double twice[2] = {0.5, 0.5};
  check_true(afb_potential_basis_fit(2, twice, ROWS, row, d.a, 16, &basis) == AFB_E_INPUT);
}

/* What is said of a model does not depend on what is known of it, and not on the number of ranks. */
static void models_are_left_out_whole(void **state)
{
  (void)state;
  static data d, changed;
  afb_potential_validation v, w, alone;
  make(&d);
  make(&changed);
  for (int i = 3 * ATOMS; i < 4 * ATOMS; i++)
    for (int k = 0; k < GAUSSIANS; k++)
      changed.a[i * GAUSSIANS + k] += 100 * (k + 1) + i;
  check_ok(afb_potential_validation_init(&d.table, &v));
  check_ok(afb_potential_validation_init(&d.table, &w));
  check_ok(afb_potential_validation_init(&d.table, &alone));
  check_ok(afb_potential_leave_out(MPI_COMM_WORLD, &d.table, &options, 2, 3, NULL, NULL, &v));
  check_ok(afb_potential_leave_out(MPI_COMM_WORLD, &changed.table, &options, 3, 1, NULL, NULL, &w));
  check_ok(afb_potential_leave_out(MPI_COMM_SELF, &d.table, &options, 2, 3, NULL, NULL, &alone));
  size_t at = 2 * ATOMS * GAUSSIANS, n = 3 * ATOMS * GAUSSIANS;
  check_true(memcmp(v.prediction.a + at, alone.prediction.a + at, n * sizeof(double)) == 0);
  at = 3 * ATOMS * GAUSSIANS;
  check_true(memcmp(v.prediction.a + at, w.prediction.a + at, ATOMS * GAUSSIANS * sizeof(double)) == 0);
  check_true(v.done[2] && v.done[4] && !v.done[1] && isnan(v.error[0]) && w.error[3 * ATOMS] > 10);
  int kind[MODELS] = {0, 0, 0, 1, 1, 1, 1};
  afb_potential_score s = afb_potential_score_kind(&d.table, &v, kind, 1, NULL, d.a);
  check_true(s.n_models == 2 && s.n_atoms == 2 * ATOMS && isnan(s.start) && s.bulk > 0);
  check_true(s.error < 0.5 * s.bulk && s.inside[0] <= s.inside[1] && s.inside[1] <= 1);
  afb_potential_validation_clear(&v);
  afb_potential_validation_clear(&w);
  afb_potential_validation_clear(&alone);
}

static void files_give_back_what_they_got(void **state)
{
  (void)state;
  static data d;
  afb_potential_model model = {.element = "Si", .n_cutoffs = 1, .cutoff = {4.5}}, read;
  afb_potential_validation v, again;
  afb_potential_prediction a, b;
  afb_arrays *arrays;
  afb_store_writer writer = {.input = "x", .identity = "x"};
  const char *path = "potential-net.h5";
  make(&d);
  int64_t identity = afb_potential_identity(&d.table, &options);
  afb_bispectrum_settings_default(&model.settings);
  model.settings.n_elements = 1;
  model.settings.two_jmax = 5;
  model.settings.rfac0 = 0.77;
  check_ok(afb_potential_net_fit(MPI_COMM_WORLD, &d.table, &options, -1, &model.net));
  check_ok(afb_arrays_create(MPI_COMM_WORLD, path, AFB_NETWORK_KIND, &writer, &arrays));
  check_ok(afb_arrays_close(&arrays, afb_potential_model_write(MPI_COMM_WORLD, &model, arrays)));
  check_ok(afb_arrays_open(MPI_COMM_WORLD, path, AFB_NETWORK_KIND, &arrays));
  check_ok(afb_potential_model_read(MPI_COMM_WORLD, arrays, &read));
  check_ok(afb_arrays_close(&arrays, AFB_OK));
  check_true(strcmp(read.element, "Si") == 0 && read.settings.two_jmax == 5 && read.n_cutoffs == 1);
  check_close(read.settings.rfac0 + read.cutoff[0], 0.77 + 4.5, 0);
  check_ok(afb_potential_net_predict(&model.net, ROWS, COLUMNS, d.input, &a));
  check_ok(afb_potential_net_predict(&read.net, ROWS, COLUMNS, d.input, &b));
  check_true(memcmp(a.a, b.a, sizeof d.a) == 0 && memcmp(a.distance, b.distance, ROWS * sizeof(double)) == 0);
  afb_potential_prediction_clear(&b);
  check_true(afb_potential_net_predict(&read.net, ROWS, COLUMNS - 1, d.input, &b) == AFB_E_INPUT);

  check_ok(afb_potential_validation_init(&d.table, &v));
  check_ok(afb_potential_validation_init(&d.table, &again));
  check_ok(afb_potential_leave_out(MPI_COMM_WORLD, &d.table, &options, 1, 2, NULL, NULL, &v));
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(afb_potential_checkpoint_load(MPI_COMM_WORLD, path, identity, &d.table, &again) == AFB_E_FOREIGN);
  check_ok(afb_potential_checkpoint_save(MPI_COMM_WORLD, "potential-net.check", identity, &d.table, &v));
  check_ok(afb_potential_checkpoint_load(MPI_COMM_WORLD, "potential-net.check", identity + 1, &d.table, &again));
  check_true(!again.done[1]);
  check_ok(afb_potential_checkpoint_load(MPI_COMM_WORLD, "potential-net.check", identity, &d.table, &again));
  check_true(again.done[1] && again.done[2] && !again.done[0]);
  check_true(memcmp(again.prediction.a + ATOMS * GAUSSIANS, v.prediction.a + ATOMS * GAUSSIANS,
                    2 * ATOMS * GAUSSIANS * sizeof(double)) == 0);
  MPI_Barrier(MPI_COMM_WORLD);
  remove(path);
  remove("potential-net.check");
  afb_potential_prediction_clear(&a);
  afb_potential_model_clear(&model);
  afb_potential_model_clear(&read);
  afb_potential_validation_clear(&v);
  afb_potential_validation_clear(&again);
}

static afb_structures two_models(afb_frame frame[2], char *file)
{
  static char *files[1];
  files[0] = file;
  for (int f = 0; f < 2; f++) {
    frame[f] = (afb_frame){.line = 1 + 4 * f, .n_atoms = 2, .first_atom = 2 * f};
    snprintf(frame[f].name, sizeof frame[f].name, "m%d", f + 1);
  }
  return (afb_structures){.n_files = 1, .file = files, .n_frames = 2, .frame = frame, .n_atoms = 4};
}

static void write_text(const char *path, const char *text)
{
  int rank, good = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    FILE *f = fopen(path, "wb");
    good = f && fputs(text, f) >= 0;
    good &= f && fclose(f) == 0;
  }
  check_true(good);
}

static void refused(const afb_structures *s, const char *text, const char *place)
{
  double *a;
  write_text("targets.csv", text);
  check_true(afb_potential_read_targets(MPI_COMM_WORLD, "targets.csv", s, 2, &a) == AFB_E_INPUT);
  if (!strstr(afb_error_text(), place))
    fprintf(stderr, "# %s\n", afb_error_text());
  check_true(strstr(afb_error_text(), place) != NULL && a == NULL);
}

static void tables_are_read_with_their_mistakes(void **state)
{
  (void)state;
  afb_frame frame[2];
  char file[] = "models.extxyz";
  afb_structures s = two_models(frame, file);
  double *a, exponent[AFB_POTENTIAL_MAX_GAUSSIANS];
  int n;
  write_text("targets.csv", "model,kind,atom,A1,A2\nm2,x,2,7,8\nother,x,1,0,0\nm1,x,1,1,2\nm1,x,2,3,4\nm2,x,1,5,6e0\n\n");
  check_ok(afb_potential_read_targets(MPI_COMM_WORLD, "targets.csv", &s, 2, &a));
  for (int i = 0; i < 8; i++)
    check_close(a[i], i + 1, 0);
  free(a);
  refused(&s, "model,A1,A2\n", "targets.csv:1: the table of potentials needs");
  refused(&s, "model,atom,A1\n", "targets.csv:1: the column A2");
  refused(&s, "model,atom,A1,A2\nm1,3,0,0\n", "targets.csv:2: model m1 has atoms 1 to 2");
  refused(&s, "model,atom,A1,A2\nm1,1,0,0\nm1,1,0,0\n", "targets.csv:3: atom 1 of model m1 stands here a second time");
  refused(&s, "model,atom,A1,A2\nm1,1,0,zero\n", "targets.csv:2: a coefficient");
  refused(&s, "model,atom,A1,A2\nm1,1,0,0\nm1,2,0,0\nm2,2,0,0\n", "without atom 1 of model m2");
  snprintf(frame[1].name, sizeof frame[1].name, "m1");
  refused(&s, "model,atom,A1,A2\nm1,1,0,0\n", "models.extxyz:5");
  write_text("targets.csv", "k,alpha_bohr-2\n1,0.15\n2,3e0\n");
  check_ok(afb_potential_read_exponents(MPI_COMM_WORLD, "targets.csv", &n, exponent));
  check_true(n == 2);
  check_close(exponent[0] + exponent[1], 3.15, 1e-15);
  write_text("targets.csv", "k,alpha\n1,0.15\n3,3\n");
  check_true(afb_potential_read_exponents(MPI_COMM_WORLD, "targets.csv", &n, exponent) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "targets.csv:3: k should be 2") != NULL);
  MPI_Barrier(MPI_COMM_WORLD);
  remove("targets.csv");
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(metric_is_the_integral),        cmocka_unit_test(coordinates_keep_distances),
  cmocka_unit_test(models_are_left_out_whole),     cmocka_unit_test(files_give_back_what_they_got),
  cmocka_unit_test(tables_are_read_with_their_mistakes),
};
CHECK_MAIN(tests)
