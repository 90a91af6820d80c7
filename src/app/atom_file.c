#include "app/atom_file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic/element.h"
#include "campaign/record.h"
#include "campaign/rows.h"
#include "engine/engine.h"
#include "engine/grasp_files.h"

/* Number of the engine in the list, as the legend has it. */
static int engine_number(const afb_engine *engine)
{
  int i = 0;
  while (afb_engines[i] && afb_engines[i] != engine)
    i++;
  return i;
}

static afb_status last_outcome(afb_store *store, afb_outcome *outcome)
{
  int64_t n = afb_store_count(store, AFB_TABLE_RUNS);
  afb_store_run run;
  *outcome = AFB_OUTCOME_NONE;
  if (n == 0)
    return AFB_OK;
  AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, n - 1, 1, sizeof run, &run));
  *outcome = (afb_outcome)run.outcome;
  return AFB_OK;
}

afb_status afb_atom_file_open(const char *path, const afb_config *config, afb_store **store, afb_outcome *outcome)
{
  int rank;
  afb_store_writer writer = afb_input_writer(config);
  afb_record_legend(&writer.legend);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  AFB_TRY(afb_file_open(MPI_COMM_WORLD, path, AFB_STORE_RESUME, &writer, store));
  afb_status status = afb_agree(MPI_COMM_WORLD, rank == 0 ? last_outcome(*store, outcome) : AFB_OK);
  int number = rank == 0 ? (int)*outcome : 0;
  MPI_Bcast(&number, 1, MPI_INT, 0, MPI_COMM_WORLD);
  *outcome = (afb_outcome)number;
  if (status != AFB_OK)
    afb_store_close(store);
  return status;
}

static afb_status intern(afb_store *store, const afb_mcdhf_request *request, afb_store_run *row)
{
  char label[AFB_ION_LENGTH], text[AFB_CONFIGURATION_LENGTH];
  AFB_TRY(afb_store_intern_ion(store, request->z, request->charge,
                               afb_ion_format((afb_ion){request->z, request->charge}, label), &row->ion));
  int64_t *member = malloc((size_t)request->n_configurations * sizeof *member);
  afb_status status = member ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory to store a run");
  for (int i = 0; i < request->n_configurations && status == AFB_OK; i++)
    status = afb_store_intern_configuration(
      store, afb_configuration_format(&request->configuration[i], 1, text, sizeof text), &member[i]);
  if (status == AFB_OK)
    status = afb_store_intern_set(store, row->ion, request->n_configurations, member, &row->set);
  free(member);
  return status;
}

static afb_status add_run(afb_store *store, const afb_config *config, const afb_engine *engine, const afb_mcdhf_request *request,
                          const afb_mcdhf_result *result, double start, int ranks)
{
  double finish = afb_store_time(store);
  afb_engine_cost cost;
  engine->cost(request, &cost);
  afb_store_run row = {.engine = engine_number(engine), .parent = -1, .added = -1, .strategy = -1, .round = -1,
                       .ranks = ranks, .core_seconds = ranks * (finish - start), .start = start, .finish = finish,
                       .probability = NAN, .probability_cheapest = NAN, .predicted_cost = cost.core_seconds, .estimated_cost = cost.core_seconds,
                       .predicted_bytes = afb_engine_cost_bytes(&cost, ranks), .peak_bytes = NAN,
                       .content_hash = afb_config_identity(config)};
  AFB_TRY(intern(store, request, &row));
  AFB_TRY(afb_rows_add_result(store, &row, result, NULL));
  return afb_store_commit(store);
}

afb_status afb_atom_file_write(afb_store *store, const afb_config *config, const afb_engine *engine, const afb_mcdhf_request *request,
                               const afb_mcdhf_result *result, double start)
{
  int rank, ranks;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  return afb_agree(MPI_COMM_WORLD,
                   rank == 0 ? add_run(store, config, engine, request, result, start, ranks) : AFB_OK);
}

/* The last run of the element that has orbitals; -1: none. */
static afb_status find_start(afb_store *store, int z, int64_t *found)
{
  *found = -1;
  for (int64_t run = afb_store_count(store, AFB_TABLE_RUNS) - 1; run >= 0 && *found < 0; run--) {
    afb_store_run row;
    afb_store_ion ion;
    AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, run, 1, sizeof row, &row));
    AFB_TRY(afb_store_read(store, AFB_TABLE_IONS, row.ion, 1, sizeof ion, &ion));
    if (ion.z == z && row.n_orbitals > 0)
      *found = run;
  }
  return AFB_OK;
}

static afb_status read_start(afb_store *store, const char *path, int z, afb_orbitals *out)
{
  int64_t run;
  AFB_TRY(find_start(store, z, &run));
  if (run < 0)
    return AFB_FAIL(AFB_E_INPUT, "%s holds no orbitals of this element", path);
  return afb_rows_read_orbitals(store, run, out);
}

/* GRASP's orbitals in splines. Every rank reads the file. */
static afb_status read_rwfn(const char *path, const afb_mcdhf_request *q, afb_orbitals *out)
{
  afb_nucleus nucleus;
  afb_grasp_orbitals orbitals;
  AFB_TRY(afb_nucleus_create(q->z, q->mass_number, q->nucleus, q->nucleus_c_fm, q->nucleus_a_fm, &nucleus));
  AFB_TRY(afb_grasp_read_orbitals(path, &orbitals));
  afb_status status = afb_grasp_to_splines(&orbitals, &nucleus, out);
  afb_grasp_orbitals_clear(&orbitals);
  return status;
}

afb_status afb_atom_file_start(const char *path, afb_config *config, const afb_mcdhf_request *request, afb_orbitals *out)
{
  afb_store *store = NULL;
  *out = (afb_orbitals){0};
  int is_rwfn = afb_grasp_is_rwfn(path);
  MPI_Bcast(&is_rwfn, 1, MPI_INT, 0, MPI_COMM_WORLD);
  afb_status status = is_rwfn ? afb_agree(MPI_COMM_WORLD, read_rwfn(path, request, out))
                              : afb_store_open(MPI_COMM_WORLD, path, AFB_STORE_READ, NULL, &store);
  if (status == AFB_OK && store) {
    status = afb_agree(MPI_COMM_WORLD, read_start(store, path, request->z, out));
    afb_store_close(&store);
  }
  if (status == AFB_OK || status == AFB_E_MEMORY)
    return status;
  afb_config_mistake(config, "start", -1, 0, "%s", afb_error_text());
  return afb_config_verdict(config);
}

static const char *const grasp_names[] = {"isodata", "rcsf.inp", "rwfn.inp", "rmix.out"};
enum { N_GRASP_NAMES = sizeof grasp_names / sizeof *grasp_names };

afb_status afb_atom_grasp_open(const char *directory)
{
  char path[1200];
  if (mkdir(directory, 0777) != 0 && errno != EEXIST)
    return AFB_FAIL(AFB_E_INPUT, "%.200s: this folder cannot be made: %s", directory, strerror(errno));
  for (int i = 0; i < N_GRASP_NAMES; i++) {
    int length = snprintf(path, sizeof path, "%s/%s", directory, grasp_names[i]);
    if (length < (int)sizeof path && access(path, F_OK) == 0)
      return AFB_FAIL(AFB_E_FOREIGN, "%s: exists; it is left as it is: name another folder", path);
  }
  return access(directory, W_OK | X_OK) == 0
           ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "%.200s: nothing can be written there: %s", directory, strerror(errno));
}

afb_status afb_atom_grasp_write(const char *directory, const afb_mcdhf_request *q, const afb_mcdhf_result *result)
{
  afb_nucleus nucleus;
  int mass_number = q->mass_number ? q->mass_number : afb_element_mass_number(q->z);
  AFB_TRY(afb_nucleus_create(q->z, q->mass_number, q->nucleus, q->nucleus_c_fm, q->nucleus_a_fm, &nucleus));
  afb_status status = afb_grasp_write_all(directory, &nucleus, mass_number, result);
  char path[1200];
  /* Halves would keep the same command from being repeated. None of them was there before. */
  for (int i = 0; status != AFB_OK && i < N_GRASP_NAMES; i++)
    if (snprintf(path, sizeof path, "%s/%s", directory, grasp_names[i]) < (int)sizeof path)
      unlink(path);
  return status;
}
