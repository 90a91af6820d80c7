/* The benchmark of writing, and that files say how they were written. */
#include "store/bench_io.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/random.h"
#include "store/arrays.h"
#include "store/hdf.h"
#include "store/hints.h"
#include "tests/check.h"

static int rank, size;

/* Files in the working folder that begin so; rank 0. */
static int files_named(const char *begin)
{
  int n = 0;
  DIR *folder = opendir(".");
  for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
    n += strncmp(entry->d_name, begin, strlen(begin)) == 0;
  if (folder)
    closedir(folder);
  return n;
}

/* A folder of its own, because the files are counted: tests of other numbers of ranks may run at the same time. */
static void enter_folder(void)
{
  char folder[32];
  snprintf(folder, sizeof folder, "bench_io-%d", size);
  if (rank == 0)
    mkdir(folder, 0777);
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(chdir(folder) == 0);
}

static void it_measures_and_leaves_nothing(void **state)
{
  (void)state;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  enter_folder();
  for (int kind = 0; kind < AFB_IO_N_KINDS; kind++) {
    afb_io_row row = {0};
    check_ok(afb_bench_io(MPI_COMM_WORLD, ".", (afb_io_kind)kind, 500000, &row));
    check_true(row.bytes >= 500000 && row.bytes < 2500000);
    check_true(row.ours > 0.0 && row.raw > 0.0 && row.one > 0.0 && row.ratio > 0.0);
    /* The file and its journal, however many ranks and runs. */
    check_true(rank > 0 || (row.files >= 1 && row.files <= 2));
    check_true(rank > 0 || files_named("aufbau-io.") == 0);
  }
}

/* Rank 0: attributes of a closed file. */
static int says_how(const char *path, int64_t alignment, int64_t chunk)
{
  char hints[256] = "";
  int64_t found[2] = {-1, -1};
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  int right = file >= 0 && afb_hdf_get_text(file, "io_hints", hints, sizeof hints) >= 0 &&
              afb_hdf_get_number(file, "io_alignment", H5T_NATIVE_INT64, &found[0]) >= 0 &&
              afb_hdf_get_number(file, "io_chunk", H5T_NATIVE_INT64, &found[1]) >= 0;
  if (file >= 0)
    H5Fclose(file);
  return right && hints[0] && found[0] == alignment && found[1] == chunk;
}

enum { ROWS = 30000, COLUMNS = 7 };

static void arrays_are_read_back_and_say_how(void **state)
{
  (void)state;
  static double data[ROWS][COLUMNS];
  afb_store_writer writer = {.input = "", .identity = ""};
  afb_array array = {.name = "numbers/value", .type = AFB_F64, .length = 1, .rank = 2, .dim = {ROWS, COLUMNS}, .unit = "1", .description = "numbers"};
  int64_t first = (int64_t)ROWS * rank / size, n = (int64_t)ROWS * (rank + 1) / size - first;
  for (int64_t i = 0; i < n; i++)
    for (int c = 0; c < COLUMNS; c++)
      data[i][c] = afb_random_uniform(1, (uint64_t)c, (uint64_t)(first + i));
  afb_arrays *arrays;
  check_ok(afb_arrays_create(MPI_COMM_WORLD, "hints.h5", "benchmark", &writer, &arrays));
  check_ok(afb_arrays_add(arrays, &array));
  check_ok(afb_arrays_write(arrays, array.name, first, n, data));
  check_true(rank > 0 || files_named("hints.h5") == 1);
  check_ok(afb_arrays_close(&arrays, AFB_OK));
  check_true(rank > 0 || (files_named("hints.h5") == 1 && says_how("hints.h5", AFB_HINTS_BLOCK, 0)));
  memset(data, 0, sizeof data);
  check_ok(afb_arrays_open(MPI_COMM_WORLD, "hints.h5", "benchmark", &arrays));
  check_ok(afb_arrays_read(arrays, array.name, 0, ROWS, data));
  check_ok(afb_arrays_close(&arrays, AFB_OK));
  int differ = 0;
  for (int64_t i = 0; i < ROWS; i++)
    for (int c = 0; c < COLUMNS; c++)
      differ += data[i][c] != afb_random_uniform(1, (uint64_t)c, (uint64_t)i);
  check_true(differ == 0);
  if (rank == 0)
    unlink("hints.h5");
}

static void a_campaigns_file_says_how_after_each_fold(void **state)
{
  (void)state;
  afb_store_writer writer = {.input = "", .identity = "a", .legend = {"", "", "", ""}};
  for (int session = 0; session < 2; session++) {
    afb_store *store;
    check_ok(afb_store_open(MPI_COMM_WORLD, "hints-runs.h5", AFB_STORE_RESUME, &writer, &store));
    afb_store_run run = {.content_hash = (uint64_t)session + 1};
    check_ok(rank == 0 ? afb_store_add_run(store, &run, NULL, NULL) : AFB_OK);
    check_ok(rank == 0 ? afb_store_commit(store) : AFB_OK);
    check_ok(afb_store_close(&store));
    check_true(rank > 0 || says_how("hints-runs.h5", 1, 4096));
  }
  check_true(rank > 0 || files_named("hints-runs.h5") == 1);
  if (rank == 0)
    unlink("hints-runs.h5");
}

static void hints_are_none_for_one_and_yield_to_the_environment(void **state)
{
  (void)state;
  afb_hints hints;
  afb_hints_choose(MPI_COMM_SELF, "hints.h5", &hints);
  check_true(hints.info == MPI_INFO_NULL && strcmp(hints.text, "one process") == 0);
  afb_hints_choose(MPI_COMM_WORLD, "hints.h5", &hints);
  check_true(size == 1 || (hints.info != MPI_INFO_NULL && strstr(hints.text, "cb_nodes=") != NULL));
  afb_hints_clear(&hints);
  setenv("ROMIO_HINTS", "hints", 1);
  afb_hints_choose(MPI_COMM_WORLD, "hints.h5", &hints);
  check_true(hints.info == MPI_INFO_NULL && (size == 1 || strstr(hints.text, "environment") != NULL));
  unsetenv("ROMIO_HINTS");
  MPI_Barrier(MPI_COMM_WORLD);
  check_true(chdir("..") == 0);
  char folder[32];
  snprintf(folder, sizeof folder, "bench_io-%d", size);
  check_true(rank > 0 || rmdir(folder) == 0);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(it_measures_and_leaves_nothing),
  cmocka_unit_test(arrays_are_read_back_and_say_how),
  cmocka_unit_test(a_campaigns_file_says_how_after_each_fold),
  cmocka_unit_test(hints_are_none_for_one_and_yield_to_the_environment),
};
CHECK_MAIN(tests)
