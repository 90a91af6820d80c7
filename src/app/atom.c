/* `aufbau atom`: one MCDHF calculation. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/inputs.h"
#include "app/output.h"
#include "atomic/element.h"
#include "atomic/ion.h"
#include "report/levels.h"

static void say_what_runs(const afb_arguments *arguments, const afb_mcdhf_request *request)
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
  if (request->z <= 2 && request->nucleus == AFB_NUCLEUS_FERMI)
    printf("nucleus      Fermi distribution with a skin of %s fm: with 2.30 fm no radius of %s can be reproduced\n",
           request->z == 1 ? "0.90" : "1.80", afb_element_symbol(request->z));
  fflush(stdout);
}

static afb_status write_result(const afb_mcdhf_result *result, afb_output *json)
{
  afb_report_levels(stdout, result);
  if (!json->stream)
    return AFB_OK;
  afb_report_json(json->stream, result);
  return afb_output_end(json);
}

static afb_status run(const afb_arguments *arguments, const afb_mcdhf_request *request, int *exit_status)
{
  int rank;
  afb_output json = {0};
  afb_mcdhf_result result = {0};
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  AFB_TRY(afb_agree(MPI_COMM_WORLD, rank == 0 && arguments->json
                                      ? afb_output_begin(arguments->json, "{\"outcome\"", &json) : AFB_OK));
  if (rank == 0)
    say_what_runs(arguments, request);
  afb_status status = afb_mcdhf_run(MPI_COMM_WORLD, request, &result);
  if (status == AFB_OK) {
    status = afb_agree(MPI_COMM_WORLD, rank == 0 ? write_result(&result, &json) : AFB_OK);
    *exit_status = afb_outcome_ok(result.outcome) ? AFB_EXIT_DONE : AFB_EXIT_FAILED;
  }
  afb_output_discard(&json);
  afb_mcdhf_result_clear(&result);
  return status;
}

afb_status afb_run_atom(const afb_arguments *arguments, int *exit_status)
{
  afb_atom_input input;
  afb_atom_request request = {0};
  afb_config *config = NULL;
  AFB_TRY(afb_input_read(&afb_atom_schema, arguments, &input, &config));
  afb_status status = afb_agree(MPI_COMM_WORLD, afb_atom_request_create(config, &input, &request));
  if (status == AFB_OK)
    status = run(arguments, &request.request, exit_status);
  afb_atom_request_clear(&request);
  afb_config_destroy(&config);
  return status;
}
