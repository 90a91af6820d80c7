/* What a campaign's input says about atoms. */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/inputs.h"
#include "campaign/run_table.h"
#include "config/nearest.h"
#include "core/memory.h"
#include "engine/engine.h"

static int by_ion(const void *a, const void *b)
{
  const afb_ion *x = a, *y = b;
  return x->z != y->z ? x->z - y->z : x->charge - y->charge;
}

static afb_status append(const afb_ion *more, int n_more, int *n, afb_ion **ions)
{
  afb_ion *grown = realloc(*ions, (size_t)(*n + n_more) * sizeof *grown);
  if (!grown)
    return AFB_FAIL(AFB_E_MEMORY, "not enough memory for %d ions", *n + n_more);
  memcpy(grown + *n, more, (size_t)n_more * sizeof *grown);
  *ions = grown;
  *n += n_more;
  return AFB_OK;
}

/* The ions of one text; those without a known ground configuration are a mistake. */
static afb_status read_ions(afb_config *config, int index, const char *text, int *n, afb_ion **ions)
{
  afb_ion *more = NULL;
  int n_more = 0;
  if (afb_ion_parse_list(text, &n_more, &more) != AFB_OK) {
    afb_config_mistake(config, "campaign.ions", index, 0, "%s", afb_error_text());
    return AFB_OK;
  }
  afb_configuration ground;
  afb_status status = append(more, n_more, n, ions);
  for (int i = 0; i < n_more && status == AFB_OK; i++)
    if (afb_ground_configuration(more[i].z, more[i].charge, &ground) != AFB_OK) {
      afb_config_mistake(config, "campaign.ions", index, 0, "%s", afb_error_text());
      break;
    }
  free(more);
  return status;
}

static void drop_repeated(int *n, afb_ion *ions)
{
  int kept = 0;
  if (*n > 0)
    qsort(ions, (size_t)*n, sizeof *ions, by_ion);
  for (int i = 0; i < *n; i++)
    if (kept == 0 || by_ion(&ions[kept - 1], &ions[i]) != 0)
      ions[kept++] = ions[i];
  *n = kept;
}

/* Reads the list for its mistakes: on one rank, as it will be read. */
static void check_list_file(afb_config *config, const char *path)
{
  afb_run_table table = {0};
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0 && afb_run_table_read(path, AFB_RUNS_SETS_ONLY, &table) != AFB_OK)
    afb_config_mistake(config, "campaign.list", -1, 0, "%s", afb_error_text());
  afb_run_table_clear(&table);
}

static void check_list(afb_config *config, const afb_campaign_input *input)
{
  if (input->strategy == AFB_INPUT_STRATEGY_LIST && !input->list)
    afb_config_mistake(config, "campaign.strategy", -1, 0,
                       "the strategy list needs the key campaign.list: a CSV file with the columns ion, configurations");
  if (input->strategy >= 0 && input->strategy != AFB_INPUT_STRATEGY_LIST && input->list)
    afb_config_mistake(config, "campaign.list", -1, 0, "a list is used by \"strategy: list\" only");
  if (input->strategy == AFB_INPUT_STRATEGY_LIST && input->list)
    check_list_file(config, input->list);
}

static void check_pretrained(afb_config *config, const afb_campaign_input *input)
{
  FILE *file = input->pretrained ? fopen(input->pretrained, "rb") : NULL;
  if (input->pretrained && !file)
    afb_config_mistake(config, "campaign.pretrained", -1, 0, "there is no file %s", input->pretrained);
  if (input->pretrained && input->strategy >= 0 && input->strategy != AFB_INPUT_STRATEGY_MODEL)
    afb_config_mistake(config, "campaign.pretrained", -1, 0, "a model is used by \"strategy: model\" only");
  if (file)
    fclose(file);
}

afb_status afb_campaign_input_check(afb_config *config, const afb_campaign_input *input, int *n_ions, afb_ion **ions)
{
  *n_ions = 0;
  *ions = NULL;
  if (!afb_config_resolved(config)[0])
    return afb_config_verdict(config);
  for (int i = 0; i < input->ions.n; i++)
    AFB_TRY(read_ions(config, i, input->ions.item[i], n_ions, ions));
  drop_repeated(n_ions, *ions);
  check_list(config, input);
  check_pretrained(config, input);
  afb_input_engine(config, "campaign.engine", input->engine);
  return afb_config_verdict(config);
}

/* The input has been checked: there is an engine of that name. */
static void choose_engine(const char *name, const afb_engine **engine, int *number)
{
  for (*number = 0; afb_engines[*number] && strcmp(afb_engines[*number]->name, name) != 0; ++*number)
    ;
  *engine = afb_engines[*number];
}

static afb_optimise optimise_of(int word)
{
  return word == AFB_INPUT_OPTIMISE_ALL ? AFB_OPTIMISE_ALL
       : word == AFB_INPUT_OPTIMISE_AVERAGE ? AFB_OPTIMISE_AVERAGE : AFB_OPTIMISE_LEVELS;
}

void afb_campaign_input_options(const afb_campaign_input *input, afb_campaign_options *o)
{
  choose_engine(input->engine, &o->engine, &o->engine_number);
  o->max_n = (int)input->max_n;
  o->max_l = input->max_l;
  o->excited_electrons = (int)input->excited_electrons;
  o->max_shift = (int)input->max_shift;
  o->set_size = (int)input->set_size;
  o->optimise = optimise_of(input->optimise);
  o->n_levels = (int)input->levels;
  o->warm_start = input->warm_start;
  o->warm_bytes = input->warm_memory;
  o->strategy = (afb_strategy)input->strategy;
  o->list = input->list;
  o->pretrained = input->pretrained;
  o->batch = (int)input->batch;
  o->budget_runs = input->budget_runs;
  o->budget_core_seconds = isnan(input->budget_core_hours) ? 0.0 : 3600.0 * input->budget_core_hours;
  o->budget_wall_seconds = isnan(input->budget_wall_seconds) ? 0.0 : input->budget_wall_seconds;
  o->seed = (uint64_t)input->seed;
  o->max_iterations = (int)input->limits.iterations;
  o->max_seconds = input->limits.cpu_seconds;
  o->max_csf = input->limits.csf;
  o->max_bytes = isnan(input->limits.memory) ? afb_memory_share(MPI_COMM_WORLD) : input->limits.memory;
}
