#include "campaign/bench_large.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "atomic/mcdhf.h"
#include "campaign/bench.h"

/* Single and double excitations of all electrons into the shells, of the parity of the configuration. */
static const struct {
  const char *name, *configuration, *active;
  int z, iterations, times;
} lists[2] = {
  {"C I, SD to n = 4, J = 0-2", "1s2 2s2 2p2", "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f", 6, 8, 3},
  {"O I, SD to n = 8, J = 0-2", "1s2 2s2 2p4",
   "1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s 5p 5d 5f 5g 6s 6p 6d 6f 6g 7s 7p 7d 7f 7g 8s 8p 8d", 8, 4, 1},
};

static afb_status expand(int which, afb_configuration *reference, int *n, afb_configuration **all)
{
  const char *const configuration[2] = {lists[which].configuration, NULL};
  int kept = 0;
  AFB_TRY(afb_configuration_parse(lists[which].configuration, reference));
  AFB_TRY(afb_bench_configurations(configuration, 2, lists[which].active, n, all));
  for (int i = 0; i < *n; i++)
    if (afb_configuration_parity(*all + i) == afb_configuration_parity(reference))
      (*all)[kept++] = (*all)[i];
  *n = kept;
  return AFB_OK;
}

/* CPU seconds by phase since `before`; the sum outside MPI in *own. */
static void spent(const double *before, double *phase, double *own)
{
  afb_phase_seconds(phase);
  *own = 0;
  for (int p = 0; p < AFB_N_PHASES; p++) {
    phase[p] -= before[p];
    *own += p == AFB_PHASE_WAIT ? 0 : phase[p];
  }
}

/* Collective. One measurement, from the orbitals of the reference alone and, for the active shells, those of the start potential. */
static afb_status measure_once(MPI_Comm comm, int which, const afb_mcdhf_request *request, afb_bench_large *out)
{
  afb_mcdhf_result result;
  double before[AFB_N_PHASES], own;
  afb_phase_seconds(before);
  AFB_TRY(afb_mcdhf_run(comm, request, &result));
  *out = (afb_bench_large){.name = lists[which].name, .n_csf = result.csfs.n_csf, .iterations = result.iterations};
  afb_mcdhf_result_clear(&result);
  MPI_Comm_size(comm, &out->n_ranks);
  spent(before, out->phase, &own);
  const double iterations = fmax(1, out->iterations);
  for (int p = 0; p < AFB_N_PHASES; p++)
    out->phase[p] /= p == AFB_PHASE_ANGULAR ? 1 : iterations;
  out->iteration = (own - out->phase[AFB_PHASE_ANGULAR]) / iterations;
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  out->peak = 1024.0 * (double)usage.ru_maxrss;
  MPI_Allreduce(MPI_IN_PLACE, &out->peak, 1, MPI_DOUBLE, MPI_SUM, comm);
  MPI_Allreduce(MPI_IN_PLACE, &out->iteration, 1, MPI_DOUBLE, MPI_MAX, comm);
  MPI_Allreduce(MPI_IN_PLACE, out->phase, AFB_N_PHASES, MPI_DOUBLE, MPI_MAX, comm);
  return AFB_OK;
}

/* Collective. The least of several measurements: what others do on the machine makes CPU seconds longer, never shorter. */
static afb_status measure(MPI_Comm comm, int which, afb_bench_large *out)
{
  afb_configuration reference, *all = NULL;
  afb_mcdhf_result alone = {0};
  int n = 0;
  afb_status status = afb_agree(comm, expand(which, &reference, &n, &all));
  afb_mcdhf_request request = {.z = lists[which].z, .n_configurations = 1, .configuration = &reference, .two_j_max = 4, .n_levels = 1,
                               .n_vary = -1, .max_rung = AFB_RUNG_DIIS, .max_csf = 1000000};
  if (status == AFB_OK)
    status = afb_mcdhf_run(comm, &request, &alone);
  request.n_configurations = n;
  request.configuration = all;
  request.start = &alone.orbitals;
  request.max_iterations = lists[which].iterations;
  for (int i = 0; i < lists[which].times && status == AFB_OK; i++) {
    afb_bench_large row;
    double angular = i > 0 ? out->phase[AFB_PHASE_ANGULAR] : INFINITY;
    status = measure_once(comm, which, &request, &row);
    if (status == AFB_OK && (i == 0 || row.iteration < out->iteration))
      *out = row;
    if (status == AFB_OK)
      out->phase[AFB_PHASE_ANGULAR] = fmin(angular, row.phase[AFB_PHASE_ANGULAR]);
  }
  afb_mcdhf_result_clear(&alone);
  free(all);
  return status;
}

/* Collective. Ranks that have nothing to do leave the processor to those that have. */
static void wait_asleep(MPI_Comm comm)
{
  MPI_Request request;
  int done = 0;
  MPI_Ibarrier(comm, &request);
  for (MPI_Test(&request, &done, MPI_STATUS_IGNORE); !done; MPI_Test(&request, &done, MPI_STATUS_IGNORE))
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

afb_status afb_bench_large_expansions(MPI_Comm comm, int whole, void (*show)(const afb_bench_large *row))
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  /* The large list on all ranks before it is on one, so that the peak of memory is that of the row. */
  for (int which = 0; which <= (whole ? 1 : 0); which++)
    for (int turn = 0; turn < (size > 1 ? 2 : 1); turn++) {
      afb_bench_large row;
      int alone = (turn == 0) == (which == 0);
      afb_status status = !alone ? measure(comm, which, &row) : rank == 0 ? measure(MPI_COMM_SELF, which, &row) : AFB_OK;
      wait_asleep(comm);
      AFB_TRY(afb_agree(comm, status));
      if (rank == 0)
        show(&row);
    }
  return AFB_OK;
}
