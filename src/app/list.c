/* `aufbau list`: what there is. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "atomic/element.h"
#include "atomic/ion.h"
#include "atomic/mcdhf.h"
#include "config/inputs.h"
#include "config/nearest.h"
#include "config/reference.h"
#include "descriptor/list.h"
#include "engine/engine.h"
#include "learn/model_kind.h"
#include "store/store.h"
#include "store/reference.h"

static afb_status list_commands(const afb_arguments *arguments)
{
  (void)arguments;
  for (const afb_command *command = afb_commands; command->name; command++)
    printf("%-10s %s\n", command->name, command->summary);
  return AFB_OK;
}

static afb_status list_inputs(const afb_arguments *arguments)
{
  if (arguments->markdown)
    return afb_reference_markdown(stdout, afb_schemas);
  for (int i = 0; afb_schemas[i]; i++)
    printf("%-10s %s\n", afb_schemas[i]->name, afb_schemas[i]->summary);
  return AFB_OK;
}

static afb_status list_template(const afb_arguments *arguments)
{
  const char *name = arguments->n_operands > 1 ? arguments->operand[1] : "";
  const afb_schema *schema = afb_schema_named(name);
  char known[256] = "";
  for (int i = 0; afb_schemas[i]; i++) {
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", used ? " or " : "", afb_schemas[i]->name);
  }
  if (!schema)
    return AFB_FAIL(AFB_E_INPUT, "a template of which input? `aufbau list template COMMAND`, COMMAND being %s", known);
  return afb_reference_template(stdout, schema);
}

/* Ions whose ground configuration the program knows. */
static afb_status list_ions(const afb_arguments *arguments)
{
  (void)arguments;
  for (int z = 1; z <= AFB_GROUND_MAX_Z; z++)
    for (int charge = 0; charge <= AFB_GROUND_MAX_CHARGE && charge < z; charge++) {
      afb_configuration ground;
      char label[AFB_ION_LENGTH], text[AFB_CONFIGURATION_LENGTH];
      AFB_TRY(afb_ground_configuration(z, charge, &ground));
      printf("%-8s %s\n", afb_ion_format((afb_ion){z, charge}, label),
             afb_configuration_format(&ground, 1, text, sizeof text));
    }
  return AFB_OK;
}

static afb_status list_elements(const afb_arguments *arguments)
{
  (void)arguments;
  printf("  Z  symbol  name            A   rms radius/fm\n");
  for (int z = 1; z <= AFB_N_ELEMENTS; z++) {
    int a = afb_element_mass_number(z);
    double radius = afb_element_rms_radius(z, a);
    printf("%3d  %-6s  %-13s %3d   ", z, afb_element_symbol(z), afb_element_name(z), a);
    if (radius > 0)
      printf("%.4f\n", radius);
    else
      printf("formula\n");
  }
  return AFB_OK;
}

static afb_status list_engines(const afb_arguments *arguments)
{
  (void)arguments;
  for (int i = 0; afb_engines[i]; i++)
    printf("%-10s %s\n           %s\n", afb_engines[i]->name, afb_engines[i]->description, afb_engines[i]->reference);
  return AFB_OK;
}

static afb_status list_models(const afb_arguments *arguments)
{
  (void)arguments;
  for (int i = 0; afb_model_kinds[i]; i++)
    printf("%-16s %s\n                 %s\n", afb_model_kinds[i]->name, afb_model_kinds[i]->description,
           afb_model_kinds[i]->reference);
  return AFB_OK;
}

static afb_status list_descriptors(const afb_arguments *arguments)
{
  (void)arguments;
  for (const afb_descriptor_facts *d = afb_descriptors; d->name; d++)
    printf("%-12s %s\n             %s\n", d->name, d->description, d->reference);
  return AFB_OK;
}

/* How a calculation can end, and the schemes that are tried. */
static afb_status list_outcomes(const afb_arguments *arguments)
{
  (void)arguments;
  for (int i = 1; i < AFB_N_OUTCOMES; i++)
    printf("outcome %2d  %s\n", i, afb_outcome_name((afb_outcome)i));
  for (int i = 1; i < AFB_N_RUNGS; i++)
    printf("scheme  %2d  %s\n", i, afb_rung_name((afb_rung)i));
  return AFB_OK;
}

static afb_status list_man(const afb_arguments *arguments)
{
  (void)arguments;
  afb_man_page();
  return AFB_OK;
}

static afb_status list_store(const afb_arguments *arguments)
{
  if (arguments->markdown)
    return afb_store_reference(stdout);
  for (int t = 0; t < AFB_N_TABLES; t++) {
    const afb_table_schema *table = afb_store_schema((afb_table)t);
    printf("%-16s %3d columns  %s\n", table->name, table->n_columns, table->description);
  }
  return AFB_OK;
}

typedef struct {
  const char *name, *summary;
  afb_status (*print)(const afb_arguments *arguments);
} topic;

static const topic topics[] = {
  {"commands", "commands of this program", list_commands},
  {"inputs", "kinds of input; with --markdown the input reference", list_inputs},
  {"template", "an input to start from: `aufbau list template atom`", list_template},
  {"elements", "elements, their usual isotope and the charge radius of its nucleus", list_elements},
  {"engines", "programs that evaluate a set of configurations, with references", list_engines},
  {"models", "models that learn from outcomes, with references", list_models},
  {"descriptors", "descriptors of the surroundings of atoms, with references", list_descriptors},
  {"outcomes", "how a calculation can end, and the schemes that it tries, cheapest first", list_outcomes},
  {"store", "tables of a result file; with --markdown the reference of all columns", list_store},
  {"man", "the manual page, aufbau(1), as a source for man", list_man},
  {"ions", "ions and their ground configurations", list_ions},
};
enum { N_TOPICS = sizeof topics / sizeof topics[0] };

static afb_status print_topic(const afb_arguments *arguments)
{
  const char *names[N_TOPICS + 1];
  char meant[128];
  const char *wanted = arguments->n_operands > 0 ? arguments->operand[0] : NULL;
  for (int i = 0; i < N_TOPICS; i++) {
    names[i] = topics[i].name;
    if (!wanted)
      printf("%-10s %s\n", topics[i].name, topics[i].summary);
    else if (strcmp(wanted, topics[i].name) == 0)
      return topics[i].print(arguments);
  }
  names[N_TOPICS] = NULL;
  if (!wanted)
    return AFB_OK;
  return AFB_FAIL(AFB_E_INPUT, "there is no topic \"%.60s\"%s; `aufbau list` names them", wanted,
                  afb_did_you_mean(wanted, names, meant, sizeof meant));
}

afb_status afb_run_list(const afb_arguments *arguments, int *exit_status)
{
  int rank;
  (void)exit_status;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return afb_agree(MPI_COMM_WORLD, rank == 0 ? print_topic(arguments) : AFB_OK);
}
