/* The program that tests/store/kill.sh kills.
 *
 * kill append FILE   adds batch after batch and folds often, until it is killed; reports "pid N" for every rank,
 *                    and "committed N", the number of runs, after every commit
 * kill verify FILE   checks all that is stored and reports "found N"
 * kill               both, for a few batches: a test of its own */
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "tests/store/sample.h"

static int rank;

/* At once and whole: the process may be gone with the next instruction. */
static void report(const char *what, long long number)
{
  char line[64];
  int n = snprintf(line, sizeof line, "%s %lld\n", what, number);
  if (write(STDOUT_FILENO, line, (size_t)n) != n)
    _exit(70);
}

/* Runs of a batch; a part of one is never seen. */
enum { BATCH = 5 };

static afb_status append(const char *path, int batches)
{
  afb_store *store;
  AFB_TRY(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &sample_writer, &store));
  for (int b = 0; batches < 0 || b < batches; b++) {
    int64_t first = afb_store_count(store, AFB_TABLE_RUNS);
    afb_status status = AFB_OK;
    for (int i = 0; rank == 0 && i < BATCH && status == AFB_OK; i++)
      status = sample_add(store, first + i);
    if (rank == 0 && status == AFB_OK)
      status = afb_store_commit(store);
    if (rank == 0 && status == AFB_OK && batches < 0)
      report("committed", (long long)afb_store_count(store, AFB_TABLE_RUNS));
    AFB_TRY(afb_agree(MPI_COMM_WORLD, status));
    if (b % 4 == 3)
      AFB_TRY(afb_store_fold(store, MPI_COMM_WORLD));
    else if (b % 4 == 1 && rank == 0)
      AFB_TRY(afb_store_fold(store, MPI_COMM_SELF));
  }
  return afb_store_close(&store);
}

static afb_status verify(const char *path, int64_t *n)
{
  afb_store *store;
  AFB_TRY(afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store));
  AFB_TRY(afb_agree(MPI_COMM_WORLD, sample_check(store, 1, n)));
  AFB_TRY(afb_store_close(&store));
  return *n % BATCH == 0 ? AFB_OK : AFB_FAIL(AFB_E_FOREIGN, "%lld runs: a part of a batch", (long long)*n);
}

static afb_status both(const char *path)
{
  int64_t n;
  if (rank == 0)
    sample_remove(path);
  MPI_Barrier(MPI_COMM_WORLD);
  AFB_TRY(append(path, 5));
  AFB_TRY(append(path, 2));
  AFB_TRY(verify(path, &n));
  if (rank == 0)
    sample_remove(path);
  return n == 7 * BATCH ? AFB_OK : AFB_FAIL(AFB_E_INTERNAL, "%lld runs", (long long)n);
}

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  afb_log_setup(AFB_LOG_WARNING, rank);
  afb_status status;
  int64_t n = 0;
  if (argc == 3 && strcmp(argv[1], "append") == 0) {
    report("pid", (long long)getpid());
    status = append(argv[2], -1);
  } else if (argc == 3) {
    status = verify(argv[2], &n);
    if (rank == 0 && status == AFB_OK)
      report("found", (long long)n);
  } else {
    status = both("kill-3.h5");
    if (rank == 0)
      printf("1..1\n%s 1 - batches are appended, folded and verified\n", status == AFB_OK ? "ok" : "not ok");
  }
  if (status != AFB_OK && rank == 0)
    fprintf(stderr, "# %s [%s]\n", afb_error_text(), afb_error_trail());
  MPI_Finalize();
  return status != AFB_OK;
}
