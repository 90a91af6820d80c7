/* `aufbau campaign`: runs chosen, computed, stored and learnt from. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/inputs.h"
#include "campaign/campaign.h"
#include "campaign/record.h"
#include "core/account.h"
#include "core/clock.h"
#include "report/campaign.h"
#include "report/progress.h"

enum { PATH_LENGTH = 1024 };

/* The file: what was given, or the input's name with .h5 in place of its ending. */
static afb_status choose_path(const afb_arguments *arguments, char path[PATH_LENGTH])
{
  const char *from = arguments->output ? arguments->output : arguments->operand[0];
  const char *name = strrchr(from, '/'), *dot = strrchr(from, '.');
  int stem = arguments->output || !dot || (name && dot < name) ? (int)strlen(from) : (int)(dot - from);
  int length = snprintf(path, PATH_LENGTH, "%.*s%s", stem, from, arguments->output ? "" : ".h5");
  return length < PATH_LENGTH - 8 ? AFB_OK : AFB_FAIL(AFB_E_INPUT, "the name of the output file is too long");
}

static void show(void *context, const afb_campaign_progress *p)
{
  afb_progress *progress = context;
  char text[128];
  if (!afb_progress_due(progress))
    return;
  snprintf(text, sizeof text, "%lld runs, %lld converged%s", (long long)p->runs, (long long)p->converged,
           p->training ? ", training" : "");
  afb_progress_state state = {.fraction = p->fraction, .fraction_at_start = p->fraction_at_start, .text = text};
  afb_progress_show(progress, &state);
}

static afb_status run_on(const afb_pool *pool, const afb_arguments *arguments, const char *path,
                         afb_campaign_options *options, afb_store *store, int *exit_status)
{
  afb_progress progress;
  afb_campaign_result result;
  afb_progress_init(&progress, arguments->quiet || pool->rank != 0);
  options->progress = show;
  options->progress_context = &progress;
  const afb_engine *engine = options->engine;
  result = (afb_campaign_result){0};
  afb_status status = engine->begin ? engine->begin(pool->comm) : AFB_OK;
  if (status == AFB_OK) {
    status = afb_campaign_run(pool, options, store, &result);
    if (engine->end)
      engine->end(pool->comm);
  }
  afb_progress_end(&progress);
  options->progress = NULL;
  options->progress_context = NULL;
  if (status == AFB_OK)
    status = afb_agree(pool->comm, pool->rank == 0 ? afb_report_campaign(stdout, options, &result, path, arguments->operand[0]) : AFB_OK);
  if (status == AFB_OK && afb_end_resumable(result.end))
    *exit_status = AFB_EXIT_RESUMABLE;
  afb_campaign_result_clear(&result);
  return status;
}

static afb_status open_and_run(const afb_arguments *arguments, const afb_config *config, const char *path,
                               afb_campaign_options *options, int *exit_status)
{
  afb_pool *pool = NULL;
  afb_store *store = NULL;
  afb_store_writer writer = afb_input_writer(config);
  afb_record_legend(&writer.legend);
  AFB_TRY(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  afb_status status = afb_file_open(pool->comm, path, AFB_STORE_RESUME, &writer, &store);
  if (status == AFB_OK) {
    status = run_on(pool, arguments, path, options, store, exit_status);
    char text[AFB_ERROR_LENGTH - PATH_LENGTH - 128];
    snprintf(text, sizeof text, "%s", afb_error_text());
    afb_status closed = afb_store_close(&store);
    if (status == AFB_E_IO || status == AFB_E_MEMORY)
      status = AFB_FAIL(status, "%s\nwhat was stored before is in %s and its journal; the same command continues", text, path);
    else if (status != AFB_OK)
      status = AFB_FAIL(status, "%s", text);
    else
      status = closed;
  }
  afb_pool_destroy(&pool);
  return status;
}

afb_status afb_run_campaign(const afb_arguments *arguments, int *exit_status)
{
  afb_campaign_options options = {.started_at = afb_wall_seconds()};
  afb_campaign_input input;
  afb_config *config = NULL;
  afb_ion *ions = NULL;
  char path[PATH_LENGTH], stop_file[PATH_LENGTH + 8];
  afb_signals_catch();
  AFB_TRY(afb_input_read(&afb_campaign_schema, arguments, &input, &config));
  afb_account_enter(AFB_SPENT_STARTUP);   /* until the first run */
  afb_status status = afb_agree(MPI_COMM_WORLD, afb_campaign_input_check(config, &input, &options.n_ions, &ions));
  if (status == AFB_OK)
    status = choose_path(arguments, path);
  if (status == AFB_OK) {
    snprintf(stop_file, sizeof stop_file, "%s.stop", path);
    options.ion = ions;
    options.stop_file = stop_file;
    afb_campaign_input_options(&input, &options);
    status = open_and_run(arguments, config, path, &options, exit_status);
  }
  free(ions);
  afb_config_destroy(&config);
  return status;
}
