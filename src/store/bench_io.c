#include "store/bench_io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "store/arrays.h"
#include "store/file.h"
#include "store/hints.h"
#include "store/store.h"

enum { COLUMNS = 55, PIECE = 256 << 20, PATH = 512 };
enum { N_COEFFICIENTS = 2000, N_LEVELS = 20, N_TRACES = 30, N_ORBITALS = 12 };   /* of a run */

typedef struct {
  MPI_Comm comm;
  int rank, size;
  char ours[PATH], raw[PATH], one[PATH];
  const char *folder;
  int64_t rows, first, n;      /* of COLUMNS numbers; this rank's */
  double *data;                /* [n][COLUMNS] */
  int files;
} bench;

static int64_t first_of(int64_t n, int rank, int size) { return n / size * rank + (n % size < rank ? n % size : rank); }

static int compare(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

static double median(double *value)
{
  qsort(value, AFB_IO_ROUNDS, sizeof *value, compare);
  return value[AFB_IO_ROUNDS / 2];
}

/* Rank 0. */
static void count_files(bench *b)
{
  int n = 0;
  DIR *folder = opendir(b->folder);
  for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
    n += strncmp(entry->d_name, "aufbau-io.h5", 12) == 0;
  if (folder)
    closedir(folder);
  b->files = n > b->files ? n : b->files;
}

/* Every rank its part of `bytes`, in pieces that MPI can count. */
static afb_status write_raw(bench *b, int64_t bytes, const char *data, int64_t first, int64_t n)
{
  MPI_File file;
  afb_hints hints;
  afb_hints_choose(b->comm, b->raw, &hints);
  int error = MPI_File_open(b->comm, b->raw, MPI_MODE_CREATE | MPI_MODE_WRONLY, hints.info, &file);
  afb_hints_clear(&hints);
  if (error != MPI_SUCCESS)
    return AFB_FAIL(AFB_E_IO, "cannot create %s", b->raw);
  int failed = 0;
  int64_t most = (bytes + b->size - 1) / b->size + COLUMNS * (int64_t)sizeof(double);
  for (int64_t at = 0; at < most && !failed; at += PIECE) {
    int64_t left = n > at ? n - at : 0;
    failed = MPI_File_write_at_all(file, first + (at < n ? at : n), data + (at < n ? at : n), (int)(left < PIECE ? left : PIECE), MPI_BYTE,
                                   MPI_STATUS_IGNORE) != MPI_SUCCESS;
    MPI_Allreduce(MPI_IN_PLACE, &failed, 1, MPI_INT, MPI_MAX, b->comm);
  }
  if (!failed)
    failed = MPI_File_sync(file) != MPI_SUCCESS;
  failed = MPI_File_close(&file) != MPI_SUCCESS || failed;
  return !failed ? AFB_OK : AFB_FAIL(AFB_E_IO, "cannot write %s", b->raw);
}

static afb_status write_one(const bench *b, int64_t bytes, const char *data, int64_t n)
{
  int fd = open(b->one, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0)
    return AFB_FAIL(AFB_E_IO, "cannot create %s: %s", b->one, strerror(errno));
  afb_status status = AFB_OK;
  for (int64_t at = 0; at < bytes && status == AFB_OK; at += n)
    status = afb_file_write(fd, b->one, at, data, (size_t)(bytes - at < n ? bytes - at : n));
  if (status == AFB_OK && fsync(fd) != 0)
    status = AFB_FAIL(AFB_E_IO, "cannot write %s: %s", b->one, strerror(errno));
  close(fd);
  return status;
}

static afb_status write_arrays(bench *b)
{
  static const afb_store_writer writer = {.input = "", .identity = ""};
  afb_array array = {.name = "descriptors/B", .type = AFB_F64, .length = 1, .rank = 2, .dim = {b->rows, COLUMNS}, .unit = "1", .description = "numbers of a benchmark"};
  afb_arrays *arrays;
  AFB_TRY(afb_arrays_create(b->comm, b->ours, "benchmark", &writer, &arrays));
  afb_status status = afb_arrays_add(arrays, &array);
  if (status == AFB_OK)
    status = afb_arrays_write(arrays, array.name, b->first, b->n, b->data);
  if (b->rank == 0)
    count_files(b);
  return afb_arrays_close(&arrays, status);
}

/* A run as campaigns store them: 16 kB of orbitals, and what goes with it. */
static afb_status add_run(afb_store *store, uint64_t number, const double *numbers)
{
  static afb_store_level level[N_LEVELS];
  static afb_store_trace trace[N_TRACES];
  static afb_store_orbital orbital[N_ORBITALS];
  afb_store_run run = {.content_hash = number, .energy = (double)number};
  afb_store_run_data data = {.n_levels = N_LEVELS, .n_traces = N_TRACES, .n_orbitals = N_ORBITALS, .n_breakpoints = 60, .n_p = N_COEFFICIENTS / N_ORBITALS / 2,
                             .n_q = N_COEFFICIENTS / N_ORBITALS / 2, .levels = level, .traces = trace, .orbitals = orbital, .breakpoints = numbers,
                             .coefficients = numbers};
  return afb_store_add_run(store, &run, &data, NULL);
}

/* Rank 0: `bytes` of results in the journal. */
static afb_status fill_journal(afb_store *store, int64_t bytes, const double *numbers)
{
  enum { RUN_BYTES = 26000, AT_ONCE = 64 };
  uint64_t n = (uint64_t)(bytes / RUN_BYTES + 1);
  for (uint64_t i = 0; i < n; i++) {
    AFB_TRY(add_run(store, i, numbers));
    if (i % AT_ONCE == AT_ONCE - 1 || i + 1 == n)
      AFB_TRY(afb_store_commit(store));
  }
  return AFB_OK;
}

/* Seconds of the fold, and bytes of the file. */
static afb_status write_campaign(bench *b, int64_t bytes, double *seconds, int64_t *written)
{
  static const afb_store_writer writer = {.input = "", .identity = "", .legend = {"", "", "", ""}};
  afb_store *store;
  AFB_TRY(afb_store_open(b->comm, b->ours, AFB_STORE_CREATE, &writer, &store));
  afb_status status = afb_agree(b->comm, b->rank == 0 ? fill_journal(store, bytes, b->data) : AFB_OK);
  if (b->rank == 0)
    count_files(b);
  MPI_Barrier(b->comm);
  double begin = afb_wall_seconds();
  if (status == AFB_OK)
    status = afb_store_fold(store, b->comm);
  *seconds = afb_wall_seconds() - begin;
  afb_status closed = afb_store_close(&store);
  if (status == AFB_OK)
    status = closed;
  if (status == AFB_OK && b->rank == 0)
    status = afb_file_size(b->ours, written);
  status = afb_agree(b->comm, status);
  MPI_Bcast(written, 1, MPI_INT64_T, 0, b->comm);
  return status;
}

/* Longest of all ranks. */
static double since(const bench *b, double begin)
{
  double seconds = afb_wall_seconds() - begin;
  MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, b->comm);
  return seconds;
}

static void remove_all(const bench *b)
{
  MPI_Barrier(b->comm);
  if (b->rank == 0) {
    unlink(b->ours);
    unlink(b->raw);
    unlink(b->one);
  }
  MPI_Barrier(b->comm);
}

static afb_status one_round(bench *b, afb_io_kind kind, int64_t *bytes, double seconds[3])
{
  const char *data = (const char *)b->data;
  afb_status status = AFB_OK;
  double begin = afb_wall_seconds();
  if (kind == AFB_IO_ARRAYS) {
    status = write_arrays(b);
    seconds[0] = since(b, begin);
  } else
    status = write_campaign(b, *bytes, &seconds[0], bytes);
  AFB_TRY(afb_agree(b->comm, status));
  int64_t first = kind == AFB_IO_ARRAYS ? b->first * COLUMNS * 8 : first_of(*bytes, b->rank, b->size);
  int64_t n = kind == AFB_IO_ARRAYS ? b->n * COLUMNS * 8 : first_of(*bytes, b->rank + 1, b->size) - first;
  begin = afb_wall_seconds();
  status = write_raw(b, *bytes, data, first, n);
  seconds[1] = since(b, begin);
  AFB_TRY(afb_agree(b->comm, status));
  begin = afb_wall_seconds();
  status = b->rank == 0 ? write_one(b, *bytes, data, n) : AFB_OK;
  seconds[2] = since(b, begin);
  return afb_agree(b->comm, status);
}

static afb_status prepare(bench *b, int64_t bytes)
{
  b->rows = bytes / (COLUMNS * (int64_t)sizeof(double)) + 1;
  b->first = first_of(b->rows, b->rank, b->size);
  b->n = first_of(b->rows, b->rank + 1, b->size) - b->first;
  /* Room for a share of a campaign's file, which is a little larger than its results. */
  size_t count = (size_t)(b->n + b->n / 2 + 65536) * COLUMNS;
  b->data = malloc(count * sizeof *b->data);
  for (size_t i = 0; i < count && b->data; i++)
    b->data[i] = (double)i;
  return afb_agree(b->comm, b->data ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows", (long long)b->n));
}

afb_status afb_bench_io(MPI_Comm comm, const char *folder, afb_io_kind kind, int64_t bytes, afb_io_row *out)
{
  double rate[3][AFB_IO_ROUNDS], ratio[AFB_IO_ROUNDS];
  bench b = {.comm = comm, .folder = folder};
  MPI_Comm_rank(comm, &b.rank);
  MPI_Comm_size(comm, &b.size);
  snprintf(b.ours, sizeof b.ours, "%s/aufbau-io.h5", folder);
  snprintf(b.raw, sizeof b.raw, "%s/aufbau-io.raw", folder);
  snprintf(b.one, sizeof b.one, "%s/aufbau-io.one", folder);
  afb_status status = prepare(&b, bytes);
  int64_t written = bytes;
  for (int i = 0; i < AFB_IO_ROUNDS && status == AFB_OK; i++) {
    double seconds[3] = {1.0, 1.0, 1.0};
    remove_all(&b);
    written = kind == AFB_IO_ARRAYS ? b.rows * COLUMNS * 8 : bytes;
    status = one_round(&b, kind, &written, seconds);
    for (int k = 0; k < 3; k++)
      rate[k][i] = (double)written / seconds[k];
    ratio[i] = seconds[1] / seconds[0];
  }
  remove_all(&b);
  free(b.data);
  if (status == AFB_OK)
    *out = (afb_io_row){.kind = kind, .bytes = written, .rounds = AFB_IO_ROUNDS, .ours = median(rate[0]), .raw = median(rate[1]), .one = median(rate[2]),
                        .ratio = median(ratio), .files = b.files};
  return status;
}
