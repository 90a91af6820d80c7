/* Models of tables. The files are made here with plain HDF5, as h5py makes them. The same program on 1, 2 and 4 ranks. */
#include "tests/check.h"

#include <hdf5.h>
#include <string.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/random.h"
#include "store/tables.h"
#include "training/table_fit.h"

enum { ROWS = 3000, IN = 5, GROUP = 10 };

static int rank, size;
static char path[64], checkpoint[64];
static const char *const inputs[] = {"/x", "/more/z"};
static const char *const linear_target[] = {"/linear"}, *const curved_target[] = {"/more/curved"}, *const class_target[] = {"/class"};

static double uniform(uint64_t stream, int64_t i) { return 2 * afb_random_uniform(17, stream, (uint64_t)i) - 1; }

/* chunk: rows of a chunk, compressed; 0: contiguous. */
static void put(hid_t file, const char *name, hid_t stored, int64_t n, int width, int64_t chunk, const double *data)
{
  hsize_t dim[2] = {(hsize_t)n, (hsize_t)width}, piece[2] = {(hsize_t)chunk, (hsize_t)width};
  hid_t space = H5Screate_simple(width > 1 ? 2 : 1, dim, NULL), list = H5Pcreate(H5P_DATASET_CREATE), links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  if (chunk > 0)
    H5Pset_chunk(list, width > 1 ? 2 : 1, piece);
  hid_t set = H5Dcreate2(file, name, stored, space, links, list, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  H5Dclose(set);
  H5Pclose(links);
  H5Pclose(list);
  H5Sclose(space);
}

typedef struct {
  double x[ROWS][IN - 1], z[ROWS], linear[ROWS], curved[ROWS][2], class[ROWS], group[ROWS], mask[ROWS];
} content;
static content c;

static void fill(void)
{
  for (int i = 0; i < ROWS; i++) {
    for (int j = 0; j < IN - 1; j++)
      c.x[i][j] = (float)(100 * j + uniform(1, i * IN + j));
    c.z[i] = (double)(i % 7);
    c.group[i] = (double)(i / GROUP);
    c.mask[i] = i % 100 != 0;
    c.linear[i] = 50 + 2 * c.x[i][0] - c.x[i][1] + 0.5 * c.z[i] + 0.3 * uniform(2, i);
    c.curved[i][0] = sin(3 * c.x[i][0]) + c.z[i];
    c.curved[i][1] = i % 13 == 0 ? NAN : 1e-3 * c.x[i][0] * c.x[i][0];
    c.class[i] = 2 * c.x[i][0] + uniform(3, i) > 0;
  }
  c.x[5][2] = NAN;
}

static void begin(void)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  snprintf(path, sizeof path, "table-%d.h5", size);
  snprintf(checkpoint, sizeof checkpoint, "table-%d.training", size);
  fill();
  if (rank == 0) {
    unlink(checkpoint);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    put(file, "x", H5T_IEEE_F32BE, ROWS, IN - 1, 64, c.x[0]);
    put(file, "more/z", H5T_STD_I16LE, ROWS, 1, 0, c.z);
    put(file, "linear", H5T_IEEE_F64LE, ROWS, 1, 0, c.linear);
    put(file, "more/curved", H5T_IEEE_F64LE, ROWS, 2, 100, c.curved[0]);
    put(file, "class", H5T_STD_I8LE, ROWS, 1, 0, c.class);
    put(file, "group", H5T_STD_I64LE, ROWS, 1, 0, c.group);
    put(file, "mask", H5T_STD_U8LE, ROWS, 1, 0, c.mask);
    H5Fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static afb_data_table_names names_of(const char *const *target)
{
  static const char *files[1];
  files[0] = path;
  return (afb_data_table_names){1, 2, 1, files, inputs, target, "group", "/mask"};
}

static int never(void *context)
{
  (void)context;
  return 0;
}

static int after(void *context)
{
  int *slices = context;
  return --*slices < 0;
}

typedef struct {
  afb_loss loss;
  int linear, slices;          /* slices: of steps until it is interrupted; < 0: never */
  double validation, test, memory;
  int64_t shuffle, steps;
  double rate;
  const char *const *target;
  const afb_table_model *start;
} plan;

/* One training; the model is the caller's. Returns whether it was interrupted. */
static int train(MPI_Comm comm, const plan *p, afb_dataset *d, afb_data_table *table, afb_table_model *m)
{
  int interrupted, slices = p->slices;
  afb_data_table_names names = names_of(p->target);
  afb_data_table_fault fault;
  afb_dataset_options options = {p->validation, p->test, p->memory, p->shuffle, 2, p->loss, 4};
  check_ok(afb_data_table_open(&names, table, &fault));
  check_ok(afb_dataset_survey(comm, table, &options, d));
  afb_mdn_spec spec = {.n_in = IN, .n_out = table->n_out, .components = p->loss == AFB_LOSS_LIKELIHOOD ? 2 : 1, .members = p->linear ? 1 : 2, .width = 16,
                       .layers = p->linear ? 0 : 2, .floor = 1e-3, .seed = 2, .loss = p->loss};
  check_ok(afb_table_model_init(d, &spec, m));
  afb_table_fit_options fit = {.descent = {.batch = 64, .steps = p->steps, .warmup = 5, 
                                           .rate = p->rate, .weight_decay = 0.01, .clip = 10, .patience = 5,
                                           .seed = 6},
                               .linear_only = p->linear, .checkpoint = checkpoint, .identity = 77, .stop = p->slices < 0 ? never : after,
                               .context = &slices};
  check_ok(afb_table_fit(comm, d, &fit, p->start, m, &interrupted));
  return interrupted;
}

static void clear(afb_dataset *d, afb_data_table *table, afb_table_model *m)
{
  if (m)
    afb_table_model_clear(m);
  afb_dataset_clear(d);
  afb_data_table_close(table);
}

static const plan usual = {.loss = AFB_LOSS_MSE, .slices = -1, .validation = 0.2, .test = 0.1, .memory = 1e9, .steps = 200, .rate = 3e-3,
                           .target = curved_target};

/* Parts are whole groups, hold every row once, and what is incomplete or masked is in none of them. */
static void test_parts(void **state)
{
  (void)state;
  afb_dataset d;
  afb_data_table table;
  afb_table_model m;
  plan p = usual;
  check_true(train(MPI_COMM_WORLD, &p, &d, &table, &m) == 0);
  check_true(d.n[AFB_PART_NONE] == 31);
  check_true(d.n[0] + d.n[1] + d.n[2] + d.n[3] == ROWS);
  check_true(d.judge.n == d.n[AFB_PART_JUDGE] && fabs((double)d.judge.n / ROWS - 0.2) < 0.06);
  check_true(d.test.n == d.n[AFB_PART_TEST] && fabs((double)d.test.n / ROWS - 0.1) < 0.05);
  /* The group of a row is known by its x. */
  int part[ROWS / GROUP] = {0}, divided = 0;
  const afb_rows *held[2] = {&d.judge, &d.test};
  for (int h = 0; h < 2; h++)
    for (int64_t i = 0, row = 0; i < held[h]->n; i++, row++) {
      while (row < ROWS && fabs(c.x[row][0] - held[h]->input[i * IN]) > 0)
        row++;
      check_true(row < ROWS);
      divided += part[row / GROUP] != 0 && part[row / GROUP] != h + 1;
      part[row / GROUP] = h + 1;
    }
  check_true(divided == 0);
  int64_t whole = 0;
  for (int g = 0; g < ROWS / GROUP; g++)
    whole += part[g] ? GROUP - (g % 10 == 0) - (g == 0) : 0;
  check_true(whole == d.judge.n + d.test.n);
  clear(&d, &table, &m);
}

/* Residuals of least squares are orthogonal to the inputs. */
static void test_linear(void **state)
{
  (void)state;
  afb_dataset d;
  afb_data_table table;
  afb_table_model m;
  plan p = usual;
  p.linear = 1;
  p.validation = p.test = 0;
  p.target = linear_target;
  static double input[ROWS][IN], mean[ROWS], spread[ROWS];
  double by[IN + 1] = {0};
  check_true(train(MPI_COMM_WORLD, &p, &d, &table, &m) == 0);
  check_true(m.card.tested == -1);
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < IN; j++)
      input[i][j] = j < IN - 1 ? c.x[i][j] : c.z[i];
  check_ok(afb_table_model_predict(&m, ROWS, input[0], mean, spread, NULL));
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j <= IN && i != 5 && c.mask[i] > 0; j++)
      by[j] += (c.linear[i] - mean[i]) * (j < IN ? input[i][j] - 100 * (j < IN - 1 ? j : 0) : 1);
  for (int j = 0; j <= IN; j++)
    check_close(by[j] / ROWS, 0, 1e-6);
  check_true(isnan(mean[5]) && isnan(spread[5]));
  clear(&d, &table, &m);
}

/* A network is better than its linear start; with classes too. What is stored predicts the same. */
static void test_networks(void **state)
{
  (void)state;
  static const struct {
    afb_loss loss;
    const char *const *target;
  } cases[] = {{AFB_LOSS_MSE, curved_target}, {AFB_LOSS_HUBER, curved_target}, {AFB_LOSS_CROSS_ENTROPY, class_target}, {AFB_LOSS_LIKELIHOOD, linear_target}};
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    afb_dataset d;
    afb_data_table table;
    afb_table_model m, stored;
    plan p = usual;
    p.loss = cases[k].loss;
    p.target = cases[k].target;
    p.steps = 600;
    p.rate = 0.01;
    check_true(train(MPI_COMM_WORLD, &p, &d, &table, &m) == 0);
    int out = m.mdn->spec.n_out, n = (int)d.test.n * out;
    const double *constant = m.card.score, *linear = constant + out * AFB_N_SCORES, *network = linear + out * AFB_N_SCORES;
    check_true(m.card.tested == 1);
    check_true(linear[0] < constant[0]);
    fprintf(stderr, "# %s: %.3g, linear %.3g, network %.3g\n", afb_loss_name(p.loss), constant[0], linear[0], network[0]);
    if (k < 2)
      check_true(network[0] < 0.3 * linear[0] && network[AFB_N_SCORES] < 0.3 * linear[AFB_N_SCORES]);
    else
      check_true(network[0] < 1.05 * linear[0]);
    afb_arrays *arrays;
    afb_store_writer writer = {.input = "", .identity = ""};
    char name[64];
    snprintf(name, sizeof name, "model-%d.h5", size);
    check_ok(afb_arrays_create(MPI_COMM_WORLD, name, AFB_MODEL_KIND, &writer, &arrays));
    check_ok(afb_arrays_close(&arrays, afb_table_model_write(MPI_COMM_WORLD, &m, arrays)));
    check_ok(afb_table_model_read(MPI_COMM_WORLD, name, &stored));
    double *said = calloc((size_t)(6 * n), sizeof *said);
    double *width = cases[k].loss == AFB_LOSS_LIKELIHOOD ? said + 2 * n : NULL;
    check_ok(afb_table_model_predict(&m, d.test.n, d.test.input, said, said + n, width));
    check_ok(afb_table_model_predict(&stored, d.test.n, d.test.input, said + 3 * n, said + 4 * n, width ? said + 5 * n : NULL));
    check_true(memcmp(said, said + 3 * n, 3 * (size_t)n * sizeof *said) == 0);
    check_true(strcmp(stored.input[1], "/more/z") == 0 && stored.input_width[0] == IN - 1 && stored.card.rows[AFB_PART_TEST] == d.test.n);
    free(said);
    afb_table_model_clear(&stored);
    clear(&d, &table, &m);
  }
}

/* The weights of one plan, interrupted after so many slices, and gone on with. */
static float *weights_of(MPI_Comm comm, const plan *p, int64_t *n)
{
  afb_dataset d;
  afb_data_table table;
  afb_table_model m;
  plan again = *p;
  while (train(comm, &again, &d, &table, &m))
    clear(&d, &table, &m);
  *n = m.mdn->n_weights;
  float *weight = malloc((size_t)*n * sizeof *weight);
  memcpy(weight, m.mdn->weight, (size_t)*n * sizeof *weight);
  clear(&d, &table, &m);
  return weight;
}

static double difference(int64_t n, const float *a, const float *b)
{
  double most = 0;
  for (int64_t i = 0; i < n; i++)
    most = fmax(most, fabs((double)a[i] - (double)b[i]));
  return most;
}

static void test_resumes(void **state)
{
  (void)state;
  for (int pools = 0; pools < 2; pools++) {
    int64_t n;
    plan p = usual;
    p.shuffle = pools ? 500 : 0;
    float *whole = weights_of(MPI_COMM_WORLD, &p, &n);
    p.slices = 3;
    float *parts = weights_of(MPI_COMM_WORLD, &p, &n);
    check_true(memcmp(whole, parts, (size_t)n * sizeof *whole) == 0);
    check_true(access(checkpoint, F_OK) != 0);
    free(whole);
    free(parts);
  }
}

/* One rank alone, and all together; in memory and in pools. */
static void test_ranks(void **state)
{
  (void)state;
  for (int pools = 0; pools < 2; pools++) {
    int64_t n;
    plan p = usual;
    p.shuffle = pools ? 500 : 0;
    p.steps = 60;
    float *together = weights_of(MPI_COMM_WORLD, &p, &n), *alone = NULL;
    char kept[64];
    strcpy(kept, checkpoint);
    snprintf(checkpoint, sizeof checkpoint, "alone-%d-%d.training", size, rank);
    alone = weights_of(MPI_COMM_SELF, &p, &n);
    strcpy(checkpoint, kept);
    check_true(difference(n, together, alone) < 1e-4);
    free(together);
    free(alone);
  }
}

/* What a model learned before is where the next training begins. */
static void test_fine_tuning(void **state)
{
  (void)state;
  afb_dataset d, e;
  afb_data_table table, other;
  afb_table_model m, next;
  plan p = usual;
  check_true(train(MPI_COMM_WORLD, &p, &d, &table, &m) == 0);
  plan few = p;
  few.start = &m;
  few.steps = 1;
  check_true(train(MPI_COMM_WORLD, &few, &e, &other, &next) == 0);
  check_true(difference(m.mdn->n_weights, m.mdn->weight, next.mdn->weight) < 0.01);
  check_close(next.card.score[2 * 2 * AFB_N_SCORES], m.card.score[2 * 2 * AFB_N_SCORES], 0.05 * m.card.score[2 * 2 * AFB_N_SCORES]);
  clear(&e, &other, &next);
  clear(&d, &table, &m);
}

/* A table of 64 MB with a limit of 8 MB: what memory it takes, and the same weights as with all the memory in the world. */
static void test_out_of_core(void **state)
{
  (void)state;
  enum { LONG = 1000000, PIECE = 10000 };
  static const char *const wide[] = {"/x"}, *const sum[] = {"/sum"};
  static char name[64];
  static const char *files[1] = {name};
  snprintf(name, sizeof name, "long-%d.h5", size);
  if (rank == 0) {
    hsize_t all[2] = {LONG, 7}, first[2] = {0, 0}, some[2] = {PIECE, 7};
    static float x[PIECE][7], y[PIECE];
    hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), space = H5Screate_simple(2, all, NULL), line = H5Screate_simple(1, all, NULL);
    hid_t a = H5Dcreate2(file, "x", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t b = H5Dcreate2(file, "sum", H5T_NATIVE_FLOAT, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t piece = H5Screate_simple(2, some, NULL), column = H5Screate_simple(1, some, NULL);
    for (; first[0] < LONG; first[0] += PIECE) {
      for (int i = 0; i < PIECE; i++) {
        y[i] = 0;
        for (int j = 0; j < 7; j++) {
          uint64_t mixed = ((uint64_t)first[0] + (uint64_t)i) * 7 + (uint64_t)j;
          mixed = (mixed + 1) * UINT64_C(0x9e3779b97f4a7c15);
          x[i][j] = (float)((mixed ^ mixed >> 29) >> 40) / 16777216 - 0.5f;
          y[i] += (float)j * x[i][j] * x[i][j];
        }
      }
      H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, some, NULL);
      H5Sselect_hyperslab(line, H5S_SELECT_SET, first, NULL, some, NULL);
      H5Dwrite(a, H5T_NATIVE_FLOAT, piece, space, H5P_DEFAULT, x);
      H5Dwrite(b, H5T_NATIVE_FLOAT, column, line, H5P_DEFAULT, y);
    }
    H5Sclose(piece);
    H5Sclose(column);
    H5Dclose(a);
    H5Dclose(b);
    H5Sclose(space);
    H5Sclose(line);
    H5Fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  afb_data_table_names names = {1, 1, 1, files, wide, sum, NULL, NULL};
  float *weight[2] = {NULL, NULL};
  double loss[2] = {0, 0};
  int64_t n = 0;
  for (int k = 0; k < 2; k++) {
    afb_data_table table;
    afb_data_table_fault fault;
    afb_dataset d;
    afb_table_model m;
    int interrupted;
    /* Parts that both limits hold. */
    afb_dataset_options options = {0.01, 0.01, k == 0 ? 8e6 : 1e9, 40000, 1, AFB_LOSS_MSE, 3};
    double before = afb_memory_watch(0);
    check_ok(afb_data_table_open(&names, &table, &fault));
    check_ok(afb_dataset_survey(MPI_COMM_WORLD, &table, &options, &d));
    check_true(d.pools.n_pools >= 20);
    afb_mdn_spec spec = {.n_in = 7, .n_out = 1, .components = 1, .members = 1, .width = 16, .layers = 1, .floor = 1, .seed = 2, .loss = AFB_LOSS_MSE};
    check_ok(afb_table_model_init(&d, &spec, &m));
    afb_table_fit_options fit = {.descent = {.batch = 1024, .steps = 130, .warmup = 5, .rate = 1e-2, .weight_decay = 0.01, .clip = 10, .seed = 6},
                                 .checkpoint = checkpoint, .stop = never};
    check_ok(afb_table_fit(MPI_COMM_WORLD, &d, &fit, NULL, &m, &interrupted));
    double peak = afb_memory_peak();
    fprintf(stderr, "# limit %.0f MB: %.1f MB more than before\n", options.memory / 1e6, (peak - before) / 1e6);
    if (k == 0 && before > 0)
      check_true(peak - before < 8e6 + 4e6);
    n = m.mdn->n_weights;
    weight[k] = malloc((size_t)n * sizeof(float));
    memcpy(weight[k], m.mdn->weight, (size_t)n * sizeof(float));
    loss[k] = m.card.score[2 * AFB_N_SCORES];
    check_true(loss[k] < 0.7 * m.card.score[AFB_N_SCORES]);
    clear(&d, &table, &m);
  }
  check_true(memcmp(weight[0], weight[1], (size_t)n * sizeof(float)) == 0);
  check_close(loss[0], loss[1], 0);
  free(weight[0]);
  free(weight[1]);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0)
    unlink(name);
}

static void test_refused(void **state)
{
  (void)state;
  static const char *const absent[] = {"/curved"}, *const group[] = {"/more"};
  afb_data_table table;
  afb_data_table_fault fault;
  afb_data_table_names names = names_of(absent);
  check_true(afb_data_table_open(&names, &table, &fault) == AFB_E_INPUT);
  check_true(fault.part == AFB_DATA_TARGET && fault.index == 0 && strstr(afb_error_text(), "has no dataset /curved"));
  names = names_of(group);
  check_true(afb_data_table_open(&names, &table, &fault) == AFB_E_INPUT && strstr(afb_error_text(), "is a group"));
  /* Classes other than 0 and 1; a pool that memory does not hold. */
  afb_dataset d;
  afb_dataset_options options = {0.1, 0.1, 1e9, 0, 1, AFB_LOSS_CROSS_ENTROPY, 1};
  names = names_of(linear_target);
  check_ok(afb_data_table_open(&names, &table, &fault));
  check_true(afb_dataset_survey(MPI_COMM_WORLD, &table, &options, &d) == AFB_E_INPUT && strstr(afb_error_text(), "0 and 1"));
  options = (afb_dataset_options){0.1, 0.1, 1e4, 2000, 1, AFB_LOSS_MSE, 1};
  check_true(afb_dataset_survey(MPI_COMM_WORLD, &table, &options, &d) == AFB_E_INPUT && strstr(afb_error_text(), "data.memory"));
  afb_data_table_close(&table);
}

static int started(void **state)
{
  (void)state;
  begin();
  return 0;
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test_setup(test_parts, started),        cmocka_unit_test_setup(test_linear, started),
  cmocka_unit_test_setup(test_networks, started),     cmocka_unit_test_setup(test_resumes, started),
  cmocka_unit_test_setup(test_ranks, started),        cmocka_unit_test_setup(test_fine_tuning, started),
  cmocka_unit_test_setup(test_out_of_core, started),  cmocka_unit_test_setup(test_refused, started),
};
CHECK_MAIN(tests)
