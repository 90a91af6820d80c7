#include "app/bench_loop.h"

#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/inputs.h"
#include "app/output.h"
#include "campaign/bench_loop.h"
#include "report/bench_loop.h"

static void show(const afb_loop *loop, int strategy, int seed)
{
  const double *value = loop->value[strategy][seed][AFB_LOOP_POINTS - 1];
  fprintf(stderr, "%s, seed %d: %.0f runs, %.0f converged, %.0f levels, %.0f useful; %.0f %% modelling\n", afb_strategy_name(loop->strategy[strategy]), seed + 1,
          value[AFB_LOOP_RUNS], value[AFB_LOOP_CONVERGED], value[AFB_LOOP_LEVELS], value[AFB_LOOP_USEFUL],
          100.0 * loop->model_share[strategy][seed]);
}

static afb_status write_figure(const char *path, const afb_loop *loop)
{
  afb_output out;
  AFB_TRY(afb_output_begin(path, AFB_SVG_BEGINNING, &out));
  afb_report_loop_figure(out.stream, loop);
  return afb_output_end(&out);
}

/* The budget of core-hours is that of each campaign, and of all that it does. */
static afb_status run(const afb_arguments *arguments, const afb_campaign_input *input, int n_ions, const afb_ion *ions)
{
  afb_campaign_options options = {.n_ions = n_ions, .ion = ions};
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  afb_campaign_input_options(input, &options);
  if (!(options.budget_core_seconds > 0.0))
    return AFB_FAIL(AFB_E_INPUT, "%s: budget.core_hours is missing: what each campaign may use", arguments->operand[1]);
  options.budget_cpu_seconds = options.budget_core_seconds;
  options.budget_core_seconds = options.budget_wall_seconds = 0.0;
  options.budget_runs = 0;
  afb_loop *loop = malloc(sizeof *loop);
  afb_status status = afb_agree(MPI_COMM_WORLD, loop ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the curves"));
  if (status == AFB_OK)
    status = afb_bench_loop(MPI_COMM_WORLD, &options, "aufbau-loop", arguments->quiet ? NULL : show, loop);
  if (status == AFB_OK && rank == 0) {
    afb_report_bench_loop(stdout, arguments->markdown, loop);
    if (arguments->output)
      status = write_figure(arguments->output, loop);
  }
  free(loop);
  return afb_agree(MPI_COMM_WORLD, status);
}

afb_status afb_run_bench_loop(const afb_arguments *arguments)
{
  afb_campaign_input input;
  afb_config *config = NULL;
  afb_ion *ions = NULL;
  int n_ions;
  if (arguments->n_operands < 2)
    return AFB_FAIL(AFB_E_INPUT, "the input of a campaign is missing: aufbau bench loop INPUT");
  afb_arguments of_campaign = *arguments;
  of_campaign.operand[0] = arguments->operand[1];
  AFB_TRY(afb_input_read(&afb_campaign_schema, &of_campaign, &input, &config));
  afb_status status = afb_agree(MPI_COMM_WORLD, afb_campaign_input_check(config, &input, &n_ions, &ions));
  if (status == AFB_OK)
    status = run(arguments, &input, n_ions, ions);
  free(ions);
  afb_config_destroy(&config);
  return status;
}
