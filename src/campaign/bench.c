#include "campaign/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/angular.h"
#include "campaign/graph.h"
#include "campaign/run_table.h"
#include "engine/engine.h"
#include "engine/mcdhf.h"

static afb_status run_one(const afb_run_table *table, const afb_run_row *row, afb_bench_run *out)
{
  afb_configuration set[AFB_MAX_SET];
  for (int i = 0; i < row->n_set; i++)
    set[i] = table->configuration[table->member[row->set + i]];
  afb_mcdhf_request request = {.z = row->ion.z, .charge = row->ion.charge, .nucleus = AFB_NUCLEUS_FERMI,
                               .n_configurations = row->n_set, .configuration = set, .two_j_max = -1,
                               .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 3, .n_vary = -1};
  afb_mcdhf_result result;
  double before[AFB_N_PHASES], start = afb_cpu_seconds();
  afb_phase_seconds(before);
  afb_status status = afb_engine_mcdhf.run(MPI_COMM_SELF, &request, &result);
  afb_phase_seconds(out->phase);
  out->seconds = afb_cpu_seconds() - start;
  for (int i = 0; i < AFB_N_PHASES; i++)
    out->phase[i] -= before[i];
  out->predicted = afb_engine_mcdhf.cost(&request);
  out->reference = row->core_seconds;
  out->n_configurations = row->n_set;
  afb_ion_format(row->ion, out->ion);
  if (status != AFB_OK)
    return status;
  out->n_orbitals = result.csfs.n_orbitals;
  out->n_csf = result.csfs.n_csf;
  out->iterations = result.iterations;
  out->converged = afb_outcome_ok(result.outcome);
  afb_mcdhf_result_clear(&result);
  return AFB_OK;
}

/* Collective. Rank 0 gets every run from the rank that made it. */
static void gather(MPI_Comm comm, int n, afb_bench_run *run)
{
  int rank, size, bytes = (int)sizeof *run;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  for (int i = 0; i < n; i++) {
    if (i % size == 0)
      continue;
    if (rank == 0)
      MPI_Recv(run + i, bytes, MPI_BYTE, i % size, 0, comm, MPI_STATUS_IGNORE);
    else if (rank == i % size)
      MPI_Send(run + i, bytes, MPI_BYTE, 0, 0, comm);
  }
}

afb_status afb_bench_atom(MPI_Comm comm, const char *path, int *n, afb_bench_run **run)
{
  afb_run_table table = {0};
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  *n = 0;
  *run = NULL;
  afb_status status = afb_run_table_read(path, AFB_RUNS_WITH_OUTCOME, &table);
  afb_bench_run *all = calloc((size_t)table.n_rows + 1, sizeof *all);
  int count = 0;
  if (status == AFB_OK && !all)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)table.n_rows);
  for (int64_t i = 0; i < table.n_rows && status == AFB_OK; i++) {
    if (table.row[i].n_parent > 0)
      continue;
    if (count % size == rank)
      status = run_one(&table, table.row + i, all + count);
    count++;
  }
  afb_run_table_clear(&table);
  status = afb_agree(comm, status);
  if (status == AFB_OK)
    gather(comm, count, all);
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
  int two_j_max, electrons;
  const char *active;
} lists[AFB_BENCH_ANGULAR] = {
  {"C I, SD to n = 4, J = 0-2", {"1s2 2s2 2p2", NULL}, 4, 2, "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f"},
  {"Fe I, 3d6 4s2 + 3d6 4s1 4p1", {"[Ar] 3d6 4s2", "[Ar] 3d6 4s1 4p1"}, -1, 0, ""},
  {"Nd II, 4f4 6s1 + 4f4 5d1", {"[Xe] 4f4 6s1", "[Xe] 4f4 5d1"}, 15, 0, ""},
  {"Y I, 4d1 5s2 + 4d2 5s1, SD to n = 5", {"[Kr] 4d1 5s2", "[Kr] 4d2 5s1"}, 7, 2, "4d 5s 5p 5d"},
};

static afb_status list_of(int i, afb_csf_list *out)
{
  afb_configuration given[2], *all = given;
  afb_shell shell[16];
  int n = 0, n_shells = 0, used = 0;
  for (; n < 2 && lists[i].configuration[n]; n++)
    AFB_TRY(afb_configuration_parse(lists[i].configuration[n], &given[n]));
  for (const char *at = lists[i].active; *at; at += used) {
    char name[8];
    sscanf(at, "%7s %n", name, &used);
    AFB_TRY(afb_shell_parse(name, &shell[n_shells].n, &shell[n_shells].l));
    n_shells++;
  }
  if (n_shells > 0)
    AFB_TRY(afb_configuration_expand(n, given, lists[i].electrons, n_shells, shell, n_shells, shell, &n, &all));
  afb_status status = afb_csf_list_create(n, all, 0, lists[i].two_j_max, 0, out);
  if (all != given)
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
    afb_status status = afb_angular_create(MPI_COMM_SELF, &list, &angular);
    row[i] = (afb_bench_angular){.name = lists[i].name, .n_csf = list.n_csf, .seconds = afb_cpu_seconds() - start};
    row[i].n_pairs = status == AFB_OK ? angular.start[angular.n_rows] : 0;
    afb_csf_list_clear(&list);
    afb_angular_clear(&angular);
    AFB_TRY(status);
  }
  return AFB_OK;
}
