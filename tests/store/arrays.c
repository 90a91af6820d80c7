/* Array files: what is written on any number of ranks is read on any, with its attributes; what is refused is left alone. */
#include "tests/check.h"

#include <hdf5.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/account.h"
#include "core/random.h"
#include "store/arrays.h"
#include "store/hdf.h"
#include "store/usage.h"
#include "tests/store/sample.h"

enum { ROWS = 1009, COLUMNS = 7, NAME = 12 };

static int rank, size;
static char path[64], temporary[72];

static const afb_store_writer writer = {.input = "# aufbau describe\nstructures: [a.extxyz]\n",
                                        .identity = "structures: [a.extxyz]\n", .revision = "test", .libraries = "none"};

static double value_of(int64_t row, int64_t k) { return afb_random_uniform(3, (uint64_t)row, (uint64_t)k) - 0.5; }

static void begin(void)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  snprintf(path, sizeof path, "arrays-%d.h5", size);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    unlink(path);
    unlink(temporary);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static int exists(const char *name)
{
  struct stat info;
  return stat(name, &info) == 0;
}

/* Rows of rank r of p: uneven, and none on rank 1 of several. */
static void share(int r, int p, int64_t *first, int64_t *n)
{
  int64_t cut[9];
  for (int i = 0; i <= p; i++)
    cut[i] = (int64_t)ROWS * i * i / (p * p);
  if (p > 1)
    cut[1] = cut[2];
  *first = cut[r];
  *n = cut[r + 1] - cut[r];
}

static afb_status add_all(afb_arrays *arrays)
{
  const afb_array all[] = {
    {"descriptors/B", AFB_F64, 1, 2, {ROWS, COLUMNS, 0}, "1", "rows of numbers"},
    {"atoms/element", AFB_I32, 1, 1, {ROWS, 0, 0}, "1", "small numbers"},
    {"atoms/first", AFB_I64, 1, 1, {ROWS, 0, 0}, "1", "large numbers"},
    {"atoms/cell", AFB_F32, 1, 3, {ROWS, 2, 3}, "angstrom", "rows of rows"},
    {"atoms/name", AFB_STRING, NAME, 1, {ROWS, 0, 0}, "1", "texts"},
    {"nobody/there", AFB_F64, 1, 2, {0, 5, 0}, "eV", "no rows"},
  };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    AFB_TRY(afb_arrays_add(arrays, &all[i]));
  return afb_arrays_note(arrays, "seconds", 1.25);
}

typedef struct {
  double b[ROWS][COLUMNS];
  int32_t element[ROWS];
  int64_t first[ROWS];
  float cell[ROWS][2][3];
  char name[ROWS][NAME];
} content;

/* Rows first ... first + n - 1, from 0 on in *c. */
static void fill(content *c, int64_t first, int64_t n)
{
  memset(c, 0, sizeof *c);
  for (int64_t i = 0; i < n; i++) {
    int64_t row = first + i;
    for (int k = 0; k < COLUMNS; k++)
      c->b[i][k] = row % 11 == 3 ? NAN : value_of(row, k);
    for (int k = 0; k < 6; k++)
      c->cell[i][k / 3][k % 3] = (float)value_of(row, 10 + k);
    c->element[i] = (int32_t)(row % 5);
    c->first[i] = row << 40;
    snprintf(c->name[i], NAME, "atom %d", (int)row);
  }
}

static afb_status write_all(afb_arrays *arrays, const content *c, int64_t first, int64_t n)
{
  AFB_TRY(afb_agree(MPI_COMM_WORLD, afb_arrays_write_own(arrays, "descriptors/B", first, n, c->b)));
  AFB_TRY(afb_arrays_write(arrays, "atoms/element", first, n, c->element));
  AFB_TRY(afb_arrays_write(arrays, "atoms/first", first, n, c->first));
  AFB_TRY(afb_arrays_write(arrays, "atoms/cell", first, n, c->cell));
  AFB_TRY(afb_arrays_write(arrays, "atoms/name", first, n, c->name));
  return afb_arrays_write(arrays, "nobody/there", 0, 0, NULL);
}

static afb_status make_file(void)
{
  static content c;
  afb_arrays *arrays;
  int64_t first, n;
  share(rank, size, &first, &n);
  AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, path, "descriptors", &writer, &arrays));
  afb_status status = add_all(arrays);
  fill(&c, first, n);
  if (status == AFB_OK)
    status = write_all(arrays, &c, first, n);
  return afb_arrays_close(&arrays, status);
}

static afb_status read_all(MPI_Comm comm, int64_t first, int64_t n, content *c)
{
  afb_arrays *arrays;
  memset(c, 0, sizeof *c);
  AFB_TRY(afb_arrays_open(comm, path, "descriptors", &arrays));
  afb_status status = afb_arrays_read(arrays, "descriptors/B", first, n, c->b);
  if (status == AFB_OK)
    status = afb_arrays_read(arrays, "atoms/element", first, n, c->element);
  if (status == AFB_OK)
    status = afb_arrays_read(arrays, "atoms/first", first, n, c->first);
  if (status == AFB_OK)
    status = afb_arrays_read(arrays, "atoms/cell", first, n, c->cell);
  if (status == AFB_OK)
    status = afb_arrays_read(arrays, "atoms/name", first, n, c->name);
  if (status == AFB_OK)
    status = afb_arrays_read(arrays, "nobody/there", 0, 0, NULL);
  return afb_arrays_close(&arrays, status);
}

static int same(const content *a, const content *b)
{
  for (int i = 0; i < ROWS; i++)
    for (int k = 0; k < COLUMNS; k++)
      if (isnan(a->b[i][k]) ? !isnan(b->b[i][k]) : a->b[i][k] != b->b[i][k])
        return 0;
  return memcmp(a->element, b->element, sizeof a->element) == 0 && memcmp(a->first, b->first, sizeof a->first) == 0
         && memcmp(a->cell, b->cell, sizeof a->cell) == 0 && memcmp(a->name, b->name, sizeof a->name) == 0;
}

static void there_and_back(void **state)
{
  static content wanted, found;
  int64_t first, n;
  (void)state;
  begin();
  check_ok(make_file());
  check_true(exists(path) && !exists(temporary));
  fill(&wanted, 0, ROWS);
  check_ok(read_all(MPI_COMM_SELF, 0, ROWS, &found));
  check_true(same(&wanted, &found));
  share(size - 1 - rank, size, &first, &n);
  fill(&wanted, first, n);
  check_ok(read_all(MPI_COMM_WORLD, first, n, &found));
  check_true(same(&wanted, &found));
}

static void describes_itself(void **state)
{
  afb_arrays *arrays;
  afb_array array;
  char text[128];
  double seconds;
  int32_t number;
  (void)state;
  begin();
  check_ok(make_file());
  check_ok(afb_arrays_open(MPI_COMM_WORLD, path, NULL, &arrays));
  check_ok(afb_arrays_find(arrays, "atoms/cell", &array));
  check_true(array.type == AFB_F32 && array.rank == 3 && array.dim[0] == ROWS && array.dim[1] == 2 && array.dim[2] == 3);
  check_true(strcmp(array.unit, "angstrom") == 0 && strcmp(array.description, "rows of rows") == 0);
  check_ok(afb_arrays_find(arrays, "atoms/name", &array));
  check_true(array.type == AFB_STRING && array.length == NAME && array.rank == 1);
  check_ok(afb_arrays_find(arrays, "nobody/there", &array));
  check_true(array.type == AFB_F64 && array.dim[0] == 0 && array.dim[1] == 5);
  check_true(afb_arrays_find(arrays, "atoms/mass", &array) == AFB_E_NOT_FOUND);
  check_true(afb_arrays_read(arrays, "atoms/first", ROWS, rank == 0, &number) == AFB_E_INTERNAL);
  check_ok(afb_arrays_close(&arrays, AFB_OK));
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  check_true(file >= 0);
  check_true(afb_hdf_get_text(file, "kind", text, sizeof text) >= 0 && strcmp(text, "descriptors") == 0);
  check_true(afb_hdf_get_text(file, "revision", text, sizeof text) >= 0 && strcmp(text, "test") == 0);
  check_true(afb_hdf_get_text(file, "compiler", text, sizeof text) >= 0 && text[0]);
  check_true(afb_hdf_get_number(file, "ranks", H5T_NATIVE_INT32, &number) >= 0 && number == size);
  check_true(afb_hdf_get_number(file, "seconds", H5T_NATIVE_DOUBLE, &seconds) >= 0 && seconds == 1.25);
  hid_t input = H5Dopen2(file, "input/resolved", H5P_DEFAULT);
  check_true(input >= 0 && afb_hdf_get_text(input, "unit", text, sizeof text) >= 0);
  H5Dclose(input);
  H5Fclose(file);
}

static int refused(const char *name, const char *kind, int writes, afb_status expected, const char *words)
{
  afb_arrays *arrays;
  uint64_t before = sample_hash(path);
  MPI_Barrier(MPI_COMM_WORLD);
  afb_status status = writes ? afb_arrays_create(MPI_COMM_WORLD, name, kind, &writer, &arrays)
                             : afb_arrays_open(MPI_COMM_WORLD, name, kind, &arrays);
  int good = status == expected && !arrays && strstr(afb_error_text(), words) && before == sample_hash(path);
  if (!good)
    fprintf(stderr, "# status %d: %s\n", (int)status, afb_error_text());
  if (status == AFB_OK)
    afb_arrays_close(&arrays, AFB_E_INPUT);
  MPI_Barrier(MPI_COMM_WORLD);
  return good && !exists(temporary);
}

static void what_is_refused(void **state)
{
  afb_store *store;
  (void)state;
  begin();
  check_true(refused(path, "descriptors", 0, AFB_E_NOT_FOUND, "there is no file"));
  check_true(refused("no/such/folder.h5", "descriptors", 1, AFB_E_INPUT, "no/such/folder.h5.tmp"));
  check_true(refused(".", "descriptors", 1, AFB_E_INPUT, "is not a file"));
  check_ok(make_file());
  check_true(refused(path, "forces", 1, AFB_E_FOREIGN, "holds descriptors, and no forces"));
  check_true(refused(path, "forces", 0, AFB_E_FOREIGN, "holds descriptors, and no forces"));
  check_true(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store) == AFB_E_FOREIGN);
  check_true(strstr(afb_error_text(), "holds descriptors") != NULL);
  check_ok(make_file());
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    FILE *file = fopen(path, "w");
    if (file) {
      fputs("model,atom,A1\n", file);
      fclose(file);
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(refused(path, "descriptors", 1, AFB_E_FOREIGN, "is not an HDF5 file"));
  check_true(refused(path, "descriptors", 0, AFB_E_FOREIGN, "is not an HDF5 file"));
}

static void of_a_campaign(void **state)
{
  afb_store *store;
  afb_store_writer campaign = writer;
  (void)state;
  begin();
  campaign.legend = (afb_store_legend){"0 none", "0 none", "0 none", "0 none"};
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_CREATE, &campaign, &store));
  check_ok(afb_store_close(&store));
  check_true(refused(path, "descriptors", 1, AFB_E_FOREIGN, "holds runs of atoms"));
  check_true(refused(path, NULL, 0, AFB_E_FOREIGN, "holds runs of atoms"));
}

/* A failure on one rank leaves the old file where it was, and nothing else. */
static void all_or_nothing(void **state)
{
  afb_arrays *arrays;
  (void)state;
  begin();
  check_ok(make_file());
  uint64_t before = sample_hash(path);
  check_ok(afb_arrays_create(MPI_COMM_WORLD, path, "descriptors", &writer, &arrays));
  check_ok(add_all(arrays));
  check_true(exists(temporary) && before == sample_hash(path));
  afb_status mine = rank == size - 1 ? AFB_FAIL(AFB_E_INPUT, "atoms on top of each other") : AFB_OK;
  check_true(afb_arrays_close(&arrays, mine) == AFB_E_INPUT && !arrays);
  check_true(strcmp(afb_error_text(), "atoms on top of each other") == 0);
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(!exists(temporary) && before == sample_hash(path));
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0)
    unlink(path);
}

/* With files of at most `bytes` there is a message on every rank, and what was there before stays. */
static int fails_with(rlim_t bytes)
{
  struct rlimit limit, small;
  uint64_t before = sample_hash(path);
  MPI_Barrier(MPI_COMM_WORLD);
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
    return 0;
  small = limit;
  small.rlim_cur = bytes;
  if (setrlimit(RLIMIT_FSIZE, &small) != 0)
    return 0;
  afb_status status = make_file();
  setrlimit(RLIMIT_FSIZE, &limit);
  MPI_Barrier(MPI_COMM_WORLD);
  if (!strstr(afb_error_text(), "File too large"))
    fprintf(stderr, "# status %d: %s\n", (int)status, afb_error_text());
  return status != AFB_OK && strstr(afb_error_text(), "File too large") && !exists(temporary) && before == sample_hash(path);
}

static void a_full_disk(void **state)
{
  (void)state;
  begin();
  check_ok(make_file());
  signal(SIGXFSZ, SIG_IGN);
  check_true(fails_with(20000));
  check_true(fails_with(1100 << 10));
  check_ok(make_file());
}

/* The columns add up to the wall time on every rank, and the data are there beside them. */
static void usage_goes_along(void **state)
{
  (void)state;
  afb_arrays *arrays;
  afb_store_usage *row = NULL;
  int64_t n;
  begin();
  afb_account_begin();
  check_ok(make_file());
  check_ok(afb_arrays_open(MPI_COMM_WORLD, path, "descriptors", &arrays));
  check_ok(afb_usage_of_arrays(arrays, &n, &row));
  check_true(n == 0);
  free(row);
  check_ok(afb_arrays_close(&arrays, AFB_OK));
  afb_account_enter(AFB_SPENT_RUN);
  check_ok(afb_arrays_create(MPI_COMM_WORLD, path, "descriptors", &writer, &arrays));
  check_ok(afb_arrays_finish(&arrays, add_all(arrays)));
  check_true(!exists(temporary));
  check_ok(afb_arrays_open(MPI_COMM_WORLD, path, "descriptors", &arrays));
  check_ok(afb_usage_of_arrays(arrays, &n, &row));
  check_true(n == size);
  for (int r = 0; r < n; r++) {
    const afb_store_usage *u = &row[r];
    double sum = u->startup + u->run + u->training + u->validation + u->storing + u->service + u->idle + u->drain;
    check_true(u->rank == r && u->node == 0 && u->storing > 0 && u->useful <= u->run && u->cpu > 0);
    check_close(sum, u->wall, 1e-9 * u->wall);
  }
  free(row);
  check_ok(afb_arrays_close(&arrays, AFB_OK));
}

/* Large pieces go to the file at once, small ones at its end. */
static void each_rank_its_own_rows(void **state)
{
  (void)state;
  enum { WIDE = 131072, LARGE = 5, MINE = LARGE + 2 };
  afb_arrays *arrays;
  const afb_array wide = {"descriptors/wide", AFB_F64, 1, 2, {MINE * size, WIDE, 0}, "1", "rows of a MiB"};
  double *row = malloc((size_t)MINE * WIDE * sizeof *row);
  int64_t right = 0;
  begin();
  assert_non_null(row);
  for (int64_t i = 0; i < MINE * WIDE; i++)
    row[i] = (double)(rank * MINE * WIDE + i);
  check_ok(afb_arrays_create(MPI_COMM_WORLD, path, "descriptors", &writer, &arrays));
  check_ok(afb_arrays_add(arrays, &wide));
  afb_status status = afb_arrays_write_own(arrays, "descriptors/wide", rank * MINE, LARGE, row);
  for (int i = LARGE; i < MINE - (rank == 0); i++)
    status = status == AFB_OK ? afb_arrays_write_own(arrays, "descriptors/wide", rank * MINE + i, 1, row + i * WIDE) : status;
  check_ok(status);
  check_true(afb_arrays_write_own(arrays, "descriptors/wide", MINE * size, 1, row) == AFB_E_INTERNAL);
  check_ok(afb_arrays_finish(&arrays, AFB_OK));
  check_ok(afb_arrays_open(MPI_COMM_WORLD, path, "descriptors", &arrays));
  check_ok(afb_arrays_read(arrays, "descriptors/wide", rank * MINE, MINE, row));
  check_ok(afb_arrays_close(&arrays, AFB_OK));
  for (int64_t i = 0; i < MINE * WIDE; i++)
    right += row[i] == (rank == 0 && i >= (MINE - 1) * WIDE ? 0.0 : (double)(rank * MINE * WIDE + i));
  check_true(right == MINE * WIDE);
  free(row);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(there_and_back), cmocka_unit_test(describes_itself), cmocka_unit_test(what_is_refused),
  cmocka_unit_test(of_a_campaign),  cmocka_unit_test(a_full_disk),      cmocka_unit_test(all_or_nothing),
  cmocka_unit_test(usage_goes_along), cmocka_unit_test(each_rank_its_own_rows),
};

CHECK_MAIN(tests)
