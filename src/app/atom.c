/* `aufbau atom`: one MCDHF calculation. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/atom_file.h"
#include "app/inputs.h"
#include "app/output.h"
#include "atomic/element.h"
#include "atomic/ion.h"
#include "core/clock.h"
#include "core/memory.h"
#include "report/levels.h"

static void say_what_runs(const afb_arguments *arguments, const afb_engine *engine, const afb_mcdhf_request *request)
{
  char label[AFB_ION_LENGTH], text[AFB_CONFIGURATION_LENGTH];
  if (arguments->quiet)
    return;
  printf("ion          %s (Z = %d, %d electrons)\nsets         %d configuration%s:",
         afb_ion_format((afb_ion){request->z, request->charge}, label), request->z, request->z - request->charge,
         request->n_configurations, request->n_configurations == 1 ? "" : "s");
  for (int i = 0; i < request->n_configurations && i < 8; i++)
    printf("%s%s", i ? "; " : " ", afb_configuration_format(&request->configuration[i], 1, text, sizeof text));
  printf("%s\n", request->n_configurations > 8 ? "; ..." : "");
  if (engine != afb_engines[0])
    printf("engine       %s\n", engine->name);
  if (request->z <= 2 && request->nucleus == AFB_NUCLEUS_FERMI)
    printf("nucleus      Fermi distribution with a skin of %s fm: with 2.30 fm no radius of %s can be reproduced\n",
           request->z == 1 ? "0.90" : "1.80", afb_element_symbol(request->z));
  fflush(stdout);
}

static afb_status print_result(const afb_mcdhf_result *result, afb_output *json)
{
  afb_report_levels(stdout, result);
  if (!json->stream)
    return AFB_OK;
  afb_report_json(json->stream, result);
  return afb_output_end(json);
}

/* What a calculation writes to, and what it starts from. */
typedef struct {
  afb_output json;             /* rank 0 */
  afb_store *store;            /* NULL: none */
  int created;                 /* rank 0: the store's file was not there before */
  afb_outcome stored;          /* of the same input, in the file already; NONE: none */
  afb_orbitals start;
} files;

static afb_status open_files(const afb_arguments *arguments, afb_config *config, const afb_atom_input *input,
                             const afb_mcdhf_request *request, files *f)
{
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (input->start)
    AFB_TRY(afb_atom_file_start(input->start, config, request, &f->start));
  AFB_TRY(afb_agree(MPI_COMM_WORLD, rank == 0 && arguments->json
                                      ? afb_output_begin(arguments->json, "{\"outcome\"", &f->json) : AFB_OK));
  f->created = rank == 0 && arguments->output && access(arguments->output, F_OK) != 0;
  if (arguments->output)
    AFB_TRY(afb_atom_file_open(arguments->output, config, &f->store, &f->stored));
  return afb_agree(MPI_COMM_WORLD, rank == 0 && arguments->grasp ? afb_atom_grasp_open(arguments->grasp) : AFB_OK);
}

/* Closing folds what was stored; its failure counts unless there was one before. A new file into which nothing came is
 * not left behind. */
static afb_status close_files(afb_status status, const char *path, files *f)
{
  afb_output_discard(&f->json);
  afb_orbitals_clear(&f->start);
  if (!f->store)
    return status;
  char text[AFB_ERROR_LENGTH];
  snprintf(text, sizeof text, "%s", afb_error_text());
  int empty = f->created && afb_store_count(f->store, AFB_TABLE_RUNS) == 0;
  afb_status closed = afb_store_close(&f->store);
  if (empty)
    remove(path);
  return status == AFB_OK ? closed : AFB_FAIL(status, "%s", text);
}

/* What there is of a result: a calculation that could not begin has nothing for GRASP. */
static afb_status write_grasp(const char *directory, const afb_mcdhf_request *request, const afb_mcdhf_result *result)
{
  return directory && result->orbitals.n_orbitals > 0 ? afb_atom_grasp_write(directory, request, result) : AFB_OK;
}

static int is_asked_to_stop(void *context)
{
  (void)context;
  return afb_signal_received() != 0;
}

/* What an engine shares between runs has to be removed, and its programs ended, also when this is told to stop. */
static afb_status run_engine(const afb_engine *engine, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  afb_mcdhf_request asked = *request;
  if (!engine->begin)
    return engine->run(MPI_COMM_WORLD, request, result);
  afb_signals_catch();
  asked.poll = is_asked_to_stop;
  AFB_TRY(engine->begin(MPI_COMM_WORLD));
  afb_status status = engine->run(MPI_COMM_WORLD, &asked, result);
  engine->end(MPI_COMM_WORLD);
  return status;
}

static afb_status calculate(const afb_arguments *arguments, afb_config *config, const afb_atom_request *atom, files *f,
                            afb_outcome *outcome)
{
  const afb_mcdhf_request *request = &atom->request;
  int rank;
  afb_mcdhf_result result = {0};
  double start = f->store ? afb_store_time(f->store) : 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  afb_status status = run_engine(atom->engine, request, &result);
  *outcome = result.outcome;
  /* What can be shown is shown before anything can fail. */
  if (status == AFB_OK)
    status = afb_agree(MPI_COMM_WORLD, rank == 0 ? print_result(&result, &f->json) : AFB_OK);
  /* One that was refused for its memory may be run with more of it. */
  int begun = result.outcome != AFB_OUTCOME_RESOURCE_LIMIT || result.orbitals.n_orbitals > 0;
  if (status == AFB_OK && f->store && f->stored == AFB_OUTCOME_NONE && begun)
    status = afb_atom_file_write(f->store, config, atom->engine, request, &result, start);
  if (status == AFB_OK)
    status = afb_agree(MPI_COMM_WORLD, rank == 0 ? write_grasp(arguments->grasp, request, &result) : AFB_OK);
  afb_mcdhf_result_clear(&result);
  return status;
}

static afb_status run(const afb_arguments *arguments, afb_config *config, const afb_atom_input *input,
                      afb_atom_request *atom, afb_outcome *outcome)
{
  int rank;
  afb_mcdhf_request *request = &atom->request;
  files f = {.stored = AFB_OUTCOME_NONE};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  afb_status status = open_files(arguments, config, input, request, &f);
  if (status == AFB_OK && f.stored != AFB_OUTCOME_NONE)
    afb_log(AFB_LOG_INFO, "%s holds the result of this input (%s) and is left as it is", arguments->output,
            afb_outcome_name(f.stored));
  if (status == AFB_OK && f.stored != AFB_OUTCOME_NONE && !arguments->json && !arguments->grasp) {
    *outcome = f.stored;
    afb_log(AFB_LOG_INFO, "nothing was run; to run it again, remove the file or name another one");
  } else if (status == AFB_OK) {
    request->keep_mixing = arguments->grasp != NULL;
    request->start = f.start.n_orbitals > 0 ? &f.start : NULL;
    if (isnan(request->max_bytes))
      request->max_bytes = afb_memory_share(MPI_COMM_WORLD);
    if (rank == 0)
      say_what_runs(arguments, atom->engine, request);
    status = calculate(arguments, config, atom, &f, outcome);
    request->start = NULL;
  }
  return close_files(status, arguments->output, &f);
}

afb_status afb_run_atom(const afb_arguments *arguments, int *exit_status)
{
  afb_atom_input input;
  afb_atom_request request = {0};
  afb_config *config = NULL;
  afb_outcome outcome = AFB_OUTCOME_NONE;
  AFB_TRY(afb_input_read(&afb_atom_schema, arguments, &input, &config));
  afb_status status = afb_agree(MPI_COMM_WORLD, afb_atom_request_create(config, &input, &request));
  if (status == AFB_OK)
    status = run(arguments, config, &input, &request, &outcome);
  *exit_status = afb_outcome_ok(outcome) ? AFB_EXIT_DONE : AFB_EXIT_FAILED;
  afb_atom_request_clear(&request);
  afb_config_destroy(&config);
  return status;
}
