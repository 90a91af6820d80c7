#include "app/bench_train.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/bench_train.h"
#include "store/arrays.h"

enum { TURNS = 3 };

static afb_status write_array(afb_arrays *file, const char *problem, const char *name, const char *description, afb_column_type type, int rank,
                              const int64_t *dim, const void *value)
{
  char path[64];
  snprintf(path, sizeof path, "%s/%s", problem, name);
  afb_array array = {path, type, 0, rank, {dim[0], rank > 1 ? dim[1] : 0, 0}, "1", description};
  AFB_TRY(afb_arrays_add(file, &array));
  return afb_arrays_write(file, path, 0, dim[0], value);
}

static afb_status write_case(afb_arrays *file, const afb_bench_case *c, const afb_bench_result *r, const afb_bench_array *data)
{
  const int64_t one = 1;
  for (int i = 0; i < AFB_BENCH_ARRAYS && data[i].name; i++)
    AFB_TRY(write_array(file, c->name, data[i].name, data[i].description, AFB_F32, data[i].rank, data[i].dim, data[i].value));
  AFB_TRY(write_array(file, c->name, "loss", "mean loss of each step before its update", AFB_F64, 1, &r->n_loss, r->loss));
  AFB_TRY(write_array(file, c->name, "rate", "samples a CPU second", AFB_F64, 1, &one, &r->rate));
  AFB_TRY(write_array(file, c->name, "sgemm", "GF/s of 1024 x 1024 products", AFB_F64, 1, &one, &r->sgemm));
  return write_array(file, c->name, "flops", "of matrix products a sample", AFB_F64, 1, &one, &r->flops);
}

/* Rank 0 by itself; the others sleep, for a rank that polls would be in its way. */
static afb_status alone(int rank, const afb_bench_case *c, afb_bench_result *result)
{
  MPI_Request request;
  int done = 0;
  afb_status status = rank == 0 ? afb_bench_train(MPI_COMM_SELF, c, result, NULL) : AFB_OK;
  MPI_Ibarrier(MPI_COMM_WORLD, &request);
  for (MPI_Test(&request, &done, MPI_STATUS_IGNORE); !done; MPI_Test(&request, &done, MPI_STATUS_IGNORE))
    nanosleep(&(struct timespec){0, 2000000}, NULL);
  return afb_agree(MPI_COMM_WORLD, status);
}

/* All ranks and rank 0 alone in turn; the turn whose ratio is the middle one counts. */
static afb_status bench_ranks(int rank, const afb_bench_case *c, afb_bench_result *all, afb_bench_result *one)
{
  afb_bench_result turn[TURNS][2] = {{{0}}};
  afb_status status = AFB_OK;
  for (int t = 0; t < TURNS && status == AFB_OK; t++) {
    status = afb_bench_train(MPI_COMM_WORLD, c, &turn[t][0], NULL);
    if (status == AFB_OK)
      status = alone(rank, c, &turn[t][1]);
  }
  int middle = 0;
  for (int t = 0; t < TURNS; t++) {
    int below = 0;
    for (int u = 0; u < TURNS; u++)
      below += turn[u][0].rate * turn[t][1].rate < turn[t][0].rate * turn[u][1].rate;
    middle = below == TURNS / 2 ? t : middle;
  }
  *all = turn[middle][0];
  *one = turn[middle][1];
  turn[middle][0].loss = turn[middle][1].loss = NULL;
  for (int t = 0; t < TURNS; t++)
    for (int k = 0; k < 2; k++)
      free(turn[t][k].loss);
  return status;
}

static afb_status bench_case(const afb_bench_case *c, int markdown, afb_arrays *file)
{
  int rank, ranks;
  afb_bench_result result = {0}, one = {0};
  afb_bench_array data[AFB_BENCH_ARRAYS] = {{0}};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  afb_status status = ranks > 1 ? bench_ranks(rank, c, &result, &one) : afb_bench_train(MPI_COMM_WORLD, c, &result, file ? data : NULL);
  if (status == AFB_OK && file)
    status = write_case(file, c, &result, data);
  if (status == AFB_OK && rank == 0) {
    afb_report_bench_train_row(stdout, markdown, ranks, c, &result, &one);
    fflush(stdout);
  }
  free(result.loss);
  free(one.loss);
  for (int i = 0; i < AFB_BENCH_ARRAYS; i++)
    free(data[i].value);
  return status;
}

static afb_status bench_cases(const afb_arguments *arguments, afb_arrays *file)
{
  int found = 0;
  const char *wanted = arguments->n_operands > 1 ? arguments->operand[1] : NULL;
  for (const afb_bench_case *c = afb_bench_cases; c->name; c++)
    if (!wanted || strcmp(wanted, c->name) == 0) {
      AFB_TRY(bench_case(c, arguments->markdown, file));
      found = 1;
    }
  return found ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "there is no problem \"%.40s\" to train: see aufbau bench train", wanted);
}

static afb_status bench_batches(int markdown)
{
  int rank;
  afb_batch_result result, first = {.seconds = 0};
  const afb_batch_recipe *recipe = afb_batch_recipes;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0)
    afb_report_bench_batch_head(stdout, markdown);
  for (int last = 0; !last; recipe++) {
    last = recipe->optimiser == NULL;
    AFB_TRY(afb_bench_batch(MPI_COMM_WORLD, last ? NULL : recipe, &result));
    first = recipe == afb_batch_recipes ? result : first;
    if (rank == 0)
      afb_report_bench_batch_row(stdout, markdown, last ? NULL : recipe, &result, &first);
    fflush(stdout);
  }
  return AFB_OK;
}

afb_status afb_run_bench_train(const afb_arguments *arguments)
{
  int rank, ranks;
  afb_arrays *file = NULL;
  afb_store_writer writer = {.input = "", .identity = "", .revision = afb_version_revision(), .libraries = afb_version_libraries()};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  if (arguments->n_operands > 1 && strcmp(arguments->operand[1], "large-batch") == 0)
    return bench_batches(arguments->markdown);
  if (arguments->output && ranks > 1)
    return AFB_FAIL(AFB_E_INPUT, "aufbau bench train writes -o FILE.h5 on one rank only");
  if (arguments->output)
    AFB_TRY(afb_arrays_create(MPI_COMM_WORLD, arguments->output, "bench", &writer, &file));
  if (rank == 0)
    afb_report_bench_train_head(stdout, arguments->markdown, ranks);
  afb_status status = bench_cases(arguments, file);
  return file ? afb_arrays_close(&file, status) : status;
}
