#include "campaign/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/angular.h"
#include "campaign/graph.h"
#include "campaign/run_table.h"
#include "core/memory.h"
#include "engine/engine.h"
#include "engine/mcdhf.h"

/* A set that converged, with its orbitals. */
typedef struct {
  const afb_run_row *row;
  afb_orbitals orbitals;
} finished;

typedef struct {
  const afb_run_table *table;
  int n_finished;
  finished *finished;          /* [n_rows] */
} bench;

static afb_status run_request(const afb_mcdhf_request *request, double slack, afb_bench_run *out, afb_mcdhf_result *result)
{
  double before[AFB_N_PHASES], memory = afb_memory_watch(slack), start = afb_cpu_seconds();
  afb_phase_seconds(before);
  afb_status status = afb_engine_mcdhf.run(MPI_COMM_SELF, request, result);
  afb_phase_seconds(out->phase);
  out->seconds = afb_cpu_seconds() - start;
  out->bytes = memory >= 0.0 ? fmax(0.0, afb_memory_peak() - memory) : NAN;
  for (int i = 0; i < AFB_N_PHASES; i++)
    out->phase[i] -= before[i];
  afb_engine_mcdhf.cost(request, &out->predicted);
  afb_work_count(request, &out->work);
  out->n_configurations = request->n_configurations;
  afb_ion_format((afb_ion){request->z, request->charge}, out->ion);
  out->warm = request->start != NULL;
  out->n_orbitals = result->csfs.n_orbitals;
  out->n_csf = result->csfs.n_csf;
  out->iterations = result->iterations;
  out->converged = afb_outcome_ok(result->outcome);
  return status;
}

/* The orbitals of the set from which this one grew; NULL. */
static const afb_orbitals *parent_of(const bench *b, const afb_run_row *row)
{
  const int *set = b->table->member + row->set;
  for (int i = 0; i < b->n_finished && row->added >= 0; i++) {
    const afb_run_row *other = b->finished[i].row;
    const int *members = b->table->member + other->set;
    int same = other->ion.z == row->ion.z && other->ion.charge == row->ion.charge && other->n_set == row->n_set - 1;
    for (int k = 0, m = 0; same && k < row->n_set; k++)
      if (set[k] != row->added)
        same = members[m++] == set[k];
    if (same)
      return &b->finished[i].orbitals;
  }
  return NULL;
}

static void keep_orbitals(bench *b, const afb_run_row *row, afb_mcdhf_result *result)
{
  if (!afb_outcome_ok(result->outcome))
    return;
  b->finished[b->n_finished++] = (finished){row, result->orbitals};
  result->orbitals = (afb_orbitals){0};
}

/* out[0] from the start potential, out[1] from its parent, if it has one and `warm`. */
static afb_status run_row(bench *b, const afb_run_row *row, int warm, afb_bench_run out[2])
{
  afb_configuration set[AFB_MAX_SET];
  for (int i = 0; i < row->n_set; i++)
    set[i] = b->table->configuration[b->table->member[row->set + i]];
  afb_mcdhf_request request = {.z = row->ion.z, .charge = row->ion.charge, .nucleus = AFB_NUCLEUS_FERMI,
                               .n_configurations = row->n_set, .configuration = set, .two_j_max = -1,
                               .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 3, .n_vary = -1};
  afb_mcdhf_result result;
  double slack = warm ? 0.0 : AFB_MEMORY_SLACK;   /* for a fit, memory counts as well as time */
  afb_status status = run_request(&request, slack, &out[0], &result);
  out[0].reference = row->core_seconds;
  out[1].reference = NAN;
  if (warm && status == AFB_OK)
    keep_orbitals(b, row, &result);
  afb_mcdhf_result_clear(&result);
  request.start = warm && status == AFB_OK ? parent_of(b, row) : NULL;
  if (!request.start)
    return status;
  status = run_request(&request, slack, &out[1], &result);
  afb_mcdhf_result_clear(&result);
  return status;
}

/* Numbers of the ions by first appearance: ion[n_rows]. */
static void number_ions(const afb_run_table *table, int *ion)
{
  int n = 0;
  for (int64_t i = 0; i < table->n_rows; i++) {
    int64_t k = 0;
    while (table->row[k].ion.z != table->row[i].ion.z || table->row[k].ion.charge != table->row[i].ion.charge)
      k++;
    ion[i] = k < i ? ion[k] : n++;
  }
}

/* This rank's rows; all[2 n_rows]. */
static afb_status run_own(const afb_run_table *table, const int *ion, int rank, int size, int warm, afb_bench_run *all)
{
  bench b = {.table = table, .finished = calloc((size_t)table->n_rows + 1, sizeof *b.finished)};
  afb_status status = b.finished ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)table->n_rows);
  for (int64_t i = 0; i < table->n_rows && status == AFB_OK; i++) {
    if (table->row[i].n_parent > 0 || ion[i] % size != rank)
      continue;
    status = run_row(&b, &table->row[i], warm, all + 2 * i);
    all[2 * i].ion_number = all[2 * i + 1].ion_number = ion[i];
  }
  for (int i = 0; i < b.n_finished; i++)
    afb_orbitals_clear(&b.finished[i].orbitals);
  free(b.finished);
  return status;
}

/* Collective. Rank 0 gets every row's runs from the rank that made them, and keeps those that were made. */
static int gather(MPI_Comm comm, int64_t n_rows, const int *ion, afb_bench_run *all)
{
  int rank, size, bytes = 2 * (int)sizeof *all, n = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  for (int64_t i = 0; i < n_rows; i++) {
    int owner = ion[i] % size;
    if (owner != 0 && rank == 0)
      MPI_Recv(all + 2 * i, bytes, MPI_BYTE, owner, 0, comm, MPI_STATUS_IGNORE);
    else if (owner != 0 && rank == owner)
      MPI_Send(all + 2 * i, bytes, MPI_BYTE, 0, 0, comm);
  }
  for (int64_t i = 0; i < 2 * n_rows; i++)
    if (all[i].n_configurations > 0)
      all[n++] = all[i];
  return n;
}

afb_status afb_bench_atom(MPI_Comm comm, const char *path, int warm, int *n, afb_bench_run **run)
{
  afb_run_table table = {0};
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  *n = 0;
  *run = NULL;
  afb_status status = afb_run_table_read(path, AFB_RUNS_WITH_OUTCOME, &table);
  afb_bench_run *all = calloc(2 * (size_t)table.n_rows + 1, sizeof *all);
  int *ion = calloc((size_t)table.n_rows + 1, sizeof *ion);
  if (status == AFB_OK && !(all && ion))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)table.n_rows);
  if (status == AFB_OK) {
    number_ions(&table, ion);
    status = run_own(&table, ion, rank, size, warm, all);
  }
  status = afb_agree(comm, status);
  int count = status == AFB_OK ? gather(comm, table.n_rows, ion, all) : 0;
  afb_run_table_clear(&table);
  free(ion);
  if (status != AFB_OK || rank != 0) {
    free(all);
    return status;
  }
  *n = count;
  *run = all;
  return AFB_OK;
}

/* Lists of CSFs: the configurations, and, for active shells, the electrons that move into them. */
static const struct {
  const char *name, *configuration[2];
  int z, charge, two_j_max, electrons;
  const char *active;
} lists[AFB_BENCH_ANGULAR] = {
  {"C I, SD to n = 4, J = 0-2", {"1s2 2s2 2p2", NULL}, 6, 0, 4, 2, "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f"},
  {"Fe I, 3d6 4s2 + 3d6 4s1 4p1", {"[Ar] 3d6 4s2", "[Ar] 3d6 4s1 4p1"}, 26, 0, -1, 0, ""},
  {"Nd II, 4f4 6s1 + 4f4 5d1", {"[Xe] 4f4 6s1", "[Xe] 4f4 5d1"}, 60, 1, 15, 0, ""},
  {"Y I, 4d1 5s2 + 4d2 5s1, SD to n = 5", {"[Kr] 4d1 5s2", "[Kr] 4d2 5s1"}, 39, 0, 7, 2, "4d 5s 5p 5d"},
};

afb_status afb_bench_configurations(const char *const configuration[2], int electrons, const char *active, int *n, afb_configuration **all)
{
  afb_configuration given[2];
  afb_shell shell[AFB_MAX_SHELLS];
  int n_given = 0, n_shells = 0, used = 0;
  for (; n_given < 2 && configuration[n_given]; n_given++)
    AFB_TRY(afb_configuration_parse(configuration[n_given], &given[n_given]));
  for (const char *at = active; *at; at += used) {
    char name[8];
    sscanf(at, "%7s %n", name, &used);
    AFB_TRY(afb_shell_parse(name, &shell[n_shells].n, &shell[n_shells].l));
    n_shells++;
  }
  return afb_configuration_expand(n_given, given, electrons, n_shells, shell, n_shells, shell, n, all);
}

static afb_status configurations_of(int i, int *n, afb_configuration **all)
{
  return afb_bench_configurations(lists[i].configuration, lists[i].electrons, lists[i].active, n, all);
}

static afb_status list_of(int i, afb_csf_list *out)
{
  int n;
  afb_configuration *all;
  AFB_TRY(configurations_of(i, &n, &all));
  afb_status status = afb_csf_list_create(n, all, 0, lists[i].two_j_max, 0, out);
  free(all);
  return status;
}

afb_status afb_bench_angular_part(afb_bench_angular row[AFB_BENCH_ANGULAR])
{
  for (int i = 0; i < AFB_BENCH_ANGULAR; i++) {
    afb_csf_list list;
    afb_angular angular;
    AFB_TRY(list_of(i, &list));
    double start = afb_cpu_seconds();
    afb_status status = afb_angular_create(MPI_COMM_SELF, &list, NULL, &angular);
    row[i] = (afb_bench_angular){.name = lists[i].name, .n_csf = list.n_csf, .seconds = afb_cpu_seconds() - start};
    row[i].n_pairs = status == AFB_OK ? angular.start[angular.n_rows] : 0;
    afb_csf_list_clear(&list);
    afb_angular_clear(&angular);
    AFB_TRY(status);
  }
  return AFB_OK;
}

afb_status afb_bench_lists(afb_bench_run run[AFB_BENCH_ANGULAR])
{
  for (int i = 0; i < AFB_BENCH_ANGULAR; i++) {
    afb_mcdhf_result result;
    afb_configuration *all;
    afb_mcdhf_request request = {.z = lists[i].z, .charge = lists[i].charge, .nucleus = AFB_NUCLEUS_FERMI, .two_j_max = lists[i].two_j_max,
                                 .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 3, .n_vary = -1, .max_iterations = 2};
    AFB_TRY(configurations_of(i, &request.n_configurations, &all));
    request.configuration = all;
    run[i] = (afb_bench_run){.reference = NAN};
    afb_status status = run_request(&request, 0.0, &run[i], &result);
    run[i].seconds = 0.0;
    run[i].iterations = 0;
    afb_mcdhf_result_clear(&result);
    free(all);
    AFB_TRY(status);
  }
  return AFB_OK;
}
