/* What the store refuses, with which message, and that it leaves everything as it was. Also the schema of the file. */
#include "tests/check.h"

#include <hdf5.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/hdf.h"
#include "tests/store/sample.h"

static int rank;
static const char path[] = "refuse-2.h5";

static void begin(void)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0)
    sample_remove(path);
  MPI_Barrier(MPI_COMM_WORLD);
}

static void write_file(const char *text, size_t size)
{
  if (rank == 0) {
    FILE *file = fopen(path, "wb");
    if (file) {
      fwrite(text, 1, size, file);
      fclose(file);
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static int refused(afb_store_mode mode, const afb_store_writer *writer, const char *name, afb_status expected,
                   const char *words)
{
  afb_store *store;
  uint64_t before = sample_hash(path);
  MPI_Barrier(MPI_COMM_WORLD);
  afb_status status = afb_store_open(MPI_COMM_WORLD, name, mode, writer, &store);
  int good = status == expected && store == NULL && strstr(afb_error_text(), words) && before == sample_hash(path);
  if (!good)
    fprintf(stderr, "# status %d: %s\n", (int)status, afb_error_text());
  if (status == AFB_OK)
    afb_store_close(&store);
  return good && !sample_exists(path, ".tmp");
}

static afb_status make(int64_t runs)
{
  afb_store *store;
  AFB_TRY(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_CREATE, &sample_writer, &store));
  for (int64_t i = 0; i < runs && rank == 0; i++)
    AFB_TRY(sample_add(store, i));
  if (rank == 0)
    AFB_TRY(afb_store_commit(store));
  return afb_store_close(&store);
}

static void files_of_others(void **state)
{
  (void)state;
  begin();
  check_true(refused(AFB_STORE_READ, NULL, path, AFB_E_NOT_FOUND, "no file"));
  write_file("energy,outcome\n1,2\n", 19);
  check_true(refused(AFB_STORE_READ, NULL, path, AFB_E_FOREIGN, "not an HDF5 file"));
  check_true(refused(AFB_STORE_RESUME, &sample_writer, path, AFB_E_FOREIGN, "not an HDF5 file"));
  check_true(refused(AFB_STORE_CREATE, &sample_writer, path, AFB_E_FOREIGN, "not an HDF5 file"));
  write_file("", 0);
  check_true(refused(AFB_STORE_RESUME, &sample_writer, path, AFB_E_FOREIGN, "not an HDF5 file"));
  if (rank == 0) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(H5Gcreate2(file, "entry", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(refused(AFB_STORE_RESUME, &sample_writer, path, AFB_E_FOREIGN, "none of this program"));
  check_true(refused(AFB_STORE_READ, NULL, path, AFB_E_FOREIGN, "none of this program"));
  check_true(!sample_exists(path, ".journal"));
}

static void places_that_cannot_be_written(void **state)
{
  (void)state;
  begin();
  check_true(refused(AFB_STORE_CREATE, &sample_writer, "no-such-folder/x.h5", AFB_E_IO, "No such file or directory"));
  check_true(refused(AFB_STORE_RESUME, &sample_writer, ".", AFB_E_IO, "is not a file"));
  check_true(refused(AFB_STORE_READ, NULL, "/dev/null", AFB_E_IO, "is not a file"));
  write_file("x", 1);
  check_true(refused(AFB_STORE_CREATE, &sample_writer, "refuse-2.h5/x.h5", AFB_E_IO, "Not a directory"));
  if (geteuid() != 0) {   /* nothing is closed to root */
    if (rank == 0)
      mkdir("refuse-2.closed", 0500);
    check_true(refused(AFB_STORE_CREATE, &sample_writer, "refuse-2.closed/x.h5", AFB_E_IO, "Permission denied"));
    if (rank == 0)
      rmdir("refuse-2.closed");
  }
}

static void damaged_and_newer_files(void **state)
{
  (void)state;
  begin();
  check_ok(make(20));
  struct stat info;
  check_true(stat(path, &info) == 0);
  for (int part = 9; part > 0; part -= 2) {
    check_true(rank != 0 || truncate(path, info.st_size / 10 * part) == 0);
    check_true(refused(AFB_STORE_RESUME, &sample_writer, path, AFB_E_FOREIGN, "damaged"));
    check_true(refused(AFB_STORE_READ, NULL, path, AFB_E_FOREIGN, "truncated"));
  }
  begin();
  check_ok(make(2));
  if (rank == 0) {
    const int32_t version = AFB_SCHEMA_VERSION + 1;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), attribute = H5Aopen(file, "schema_version", H5P_DEFAULT);
    H5Awrite(attribute, H5T_NATIVE_INT32, &version);
    H5Aclose(attribute);
    H5Fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  char text[32];
  snprintf(text, sizeof text, "schema version %d", AFB_SCHEMA_VERSION + 1);
  check_true(refused(AFB_STORE_RESUME, &sample_writer, path, AFB_E_FOREIGN, text));
  check_true(refused(AFB_STORE_READ, NULL, path, AFB_E_FOREIGN, "use a newer one"));
}

static void results_of_another_input(void **state)
{
  (void)state;
  begin();
  check_ok(make(2));
  afb_store_writer other = sample_writer;
  other.identity = "campaign:\n  seed: 2\n";
  check_true(refused(AFB_STORE_RESUME, &other, path, AFB_E_FOREIGN, "its line 2 is\n    seed: 1\nand here\n    seed: 2"));
  other.identity = "campaign:\n";
  check_true(refused(AFB_STORE_RESUME, &other, path, AFB_E_FOREIGN, "and here\n  (absent)"));
  check_true(refused(AFB_STORE_CREATE, &sample_writer, path, AFB_E_INPUT, "exists"));
  check_true(!sample_exists(path, ".journal"));
  /* The budget is no part of the identity. */
  afb_store *store;
  other = sample_writer;
  other.input = "campaign:\n  seed: 1\n  budget: {runs: 20}\n";
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &other, &store));
  check_ok(afb_store_close(&store));
}

static void a_second_writer(void **state)
{
  (void)state;
  begin();
  afb_store *store = NULL, *second = NULL;
  check_ok(rank == 0 ? afb_store_open(MPI_COMM_SELF, path, AFB_STORE_CREATE, &sample_writer, &store) : AFB_OK);
  check_ok(rank == 0 ? sample_add(store, 0) : AFB_OK);
  check_ok(rank == 0 ? afb_store_commit(store) : AFB_OK);
  /* From another process, and from the same one. */
  check_true(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &second) == AFB_E_IO);
  check_true(strstr(afb_error_text(), rank == 0 ? "already open for writing" : "is being written by process"));
  check_ok(rank == 0 ? afb_store_fold(store, MPI_COMM_SELF) : AFB_OK);
  /* The journal is another file now. */
  check_true(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &second) == AFB_E_IO);
  check_true(rank != 0 || afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &second) == AFB_E_IO);
  if (rank == 0)
    afb_store_abandon(&store);
  check_true(1);
  check_ok(rank == 1 ? afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &sample_writer, &store) : AFB_OK);
  check_ok(afb_store_close(&store));
}

static void only_the_writer_adds(void **state)
{
  (void)state;
  begin();
  check_ok(make(3));
  afb_store *store;
  int64_t number;
  afb_store_run run = sample_run(3);
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
  check_true(rank == 0 || afb_store_add_run(store, &run, NULL, &number) == AFB_E_INTERNAL);
  check_true(rank == 0 || afb_store_commit(store) == AFB_E_INTERNAL);
  check_true(rank == 0 || afb_store_intern_configuration(store, "1s2", &number) == AFB_E_INTERNAL);
  check_true(rank == 0 || afb_store_fold(store, MPI_COMM_SELF) == AFB_E_INTERNAL);
  int64_t twice[2] = {0, 0};
  char longer[AFB_STORE_CONFIGURATION + 1];
  memset(longer, 's', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  check_true(rank != 0 || afb_store_intern_set(store, 0, 2, twice, &number) == AFB_E_INPUT);
  check_true(rank != 0 || afb_store_intern_set(store, 0, 0, twice, &number) == AFB_E_INPUT);
  check_true(rank != 0 || afb_store_intern_configuration(store, longer, &number) == AFB_E_LIMIT);
  check_true(afb_store_read(store, AFB_TABLE_RUNS, 2, 2, sizeof run, &run) == AFB_E_LIMIT);
  check_true(afb_store_read(store, AFB_TABLE_RUNS, -1, 1, sizeof run, &run) == AFB_E_LIMIT);
  check_true(afb_store_read(store, AFB_TABLE_RUNS, 0, 1, 8, &run) == AFB_E_INTERNAL);
  check_ok(afb_store_close(&store));
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  check_true(afb_store_commit(store) == AFB_E_INTERNAL);
  check_true(afb_store_fold(store, MPI_COMM_WORLD) == AFB_E_INTERNAL);
  check_ok(afb_store_close(&store));
}

static afb_status limit_files(rlim_t bytes)
{
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  return setrlimit(RLIMIT_FSIZE, &limit) == 0 ? AFB_OK : AFB_FAIL(AFB_E_INTERNAL, "setrlimit");
}

/* A limit on the size of files stands for a full disk: writes beyond it fail. */
static void a_full_disk(void **state)
{
  (void)state;
  afb_store *store;
  struct stat info = {0};
  int64_t n = 0;
  begin();
  signal(SIGXFSZ, SIG_IGN);
  check_ok(limit_files(20000));
  check_true(refused(AFB_STORE_CREATE, &sample_writer, path, AFB_E_IO, "File too large"));
  check_true(!sample_exists(path, "") && !sample_exists(path, ".journal"));
  check_ok(limit_files(RLIM_INFINITY));
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_CREATE, &sample_writer, &store));
  check_true(stat(path, &info) == 0);
  check_ok(limit_files((rlim_t)info.st_size + 20000));
  /* The journal fills up; the batch that did not fit is kept and fits later. */
  afb_status status = AFB_OK;
  for (n = 0; rank == 0 && status == AFB_OK; n++) {
    status = sample_add(store, n);
    if (status == AFB_OK)
      status = afb_store_commit(store);
  }
  check_true(rank != 0 || (status == AFB_E_IO && strstr(afb_error_text(), "File too large") && n > 20));
  check_ok(rank == 0 ? sample_check(store, 1, &(int64_t){0}) : AFB_OK);
  check_true(rank != 0 || afb_store_count(store, AFB_TABLE_RUNS) == n - 1);
  /* Nor is there space for a fold; the file and the journal stay. */
  check_true(afb_store_fold(store, MPI_COMM_WORLD) == AFB_E_IO);
  check_true(strstr(afb_error_text(), "cannot reserve") && !sample_exists(path, ".tmp"));
  check_ok(limit_files(RLIM_INFINITY));
  check_ok(rank == 0 ? afb_store_commit(store) : AFB_OK);
  check_true(rank != 0 || afb_store_count(store, AFB_TABLE_RUNS) == n);
  check_ok(limit_files((rlim_t)info.st_size + 20000));
  check_true(afb_store_close(&store) == AFB_E_IO);
  check_ok(limit_files(RLIM_INFINITY));
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
  MPI_Bcast(&n, 1, MPI_INT64_T, 0, MPI_COMM_WORLD);
  int64_t seen;
  check_ok(sample_check(store, 1, &seen));
  check_true(seen == n);
  check_ok(afb_store_close(&store));
}

/* ---- The schema ---- */

static int n_datasets, n_legends;

static herr_t visit(hid_t file, const char *name, const H5O_info_t *info, void *bad)
{
  if (info->type != H5O_TYPE_DATASET)
    return 0;
  hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT), type = H5Dget_type(dataset);
  int good = H5Aexists(dataset, "unit") > 0 && H5Aexists(dataset, "description") > 0;
  H5T_class_t class = H5Tget_class(type);
  good = good && (class == H5T_INTEGER || class == H5T_FLOAT || (class == H5T_STRING && !H5Tis_variable_str(type)));
  if (class == H5T_STRING)
    good = good && H5Tget_cset(type) == H5T_CSET_UTF8;
  if (!good) {
    fprintf(stderr, "# %s\n", name);
    ++*(int *)bad;
  }
  n_datasets++;
  n_legends += H5Aexists(dataset, "legend") > 0;
  H5Tclose(type);
  H5Dclose(dataset);
  return 0;
}

static void every_dataset_explains_itself(void **state)
{
  (void)state;
  begin();
  check_ok(make(5));
  int bad = 0, columns = 0;
  n_datasets = n_legends = 0;
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    check_true(table->n_columns <= AFB_MAX_COLUMNS);
    columns += table->n_columns;
  }
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  check_true(file >= 0);
  check_true(H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, &bad) >= 0);
  check_true(bad == 0);
  check_true(n_datasets == columns + 2 && n_legends == 6);
  check_true(H5Aexists(file, "schema_version") > 0 && H5Aexists(file, "program") > 0);
  H5Fclose(file);
}

/* A newer program knows more outcomes. */
static void legends_follow_the_program(void **state)
{
  (void)state;
  begin();
  check_ok(make(5));
  afb_store *store;
  afb_store_writer newer = sample_writer;
  newer.legend.outcome = "0 none, 1 converged, 2 something new";
  check_ok(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &newer, &store));
  check_ok(rank == 0 ? sample_add(store, 5) : AFB_OK);
  check_ok(rank == 0 ? afb_store_commit(store) : AFB_OK);
  check_ok(afb_store_close(&store));
  char legend[128] = "";
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  hid_t attribute = H5Aopen_by_name(file, "runs/outcome", "legend", H5P_DEFAULT, H5P_DEFAULT);
  hid_t type = H5Aget_type(attribute);
  check_true(H5Tget_size(type) < sizeof legend && H5Aread(attribute, type, legend) >= 0);
  check_true(strcmp(legend, newer.legend.outcome) == 0);
  H5Tclose(type);
  H5Aclose(attribute);
  H5Fclose(file);
}

static void clean_up(void **state)
{
  (void)state;
  begin();
  check_true(!sample_exists(path, ""));
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(files_of_others),
  cmocka_unit_test(places_that_cannot_be_written),
  cmocka_unit_test(damaged_and_newer_files),
  cmocka_unit_test(results_of_another_input),
  cmocka_unit_test(a_second_writer),
  cmocka_unit_test(only_the_writer_adds),
  cmocka_unit_test(a_full_disk),
  cmocka_unit_test(every_dataset_explains_itself),
  cmocka_unit_test(legends_follow_the_program),
  cmocka_unit_test(clean_up),
};
CHECK_MAIN(tests)
