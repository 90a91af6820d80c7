/* `aufbau export`: tables of the result file as CSV. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/output.h"
#include "campaign/transfer.h"
#include "config/nearest.h"

typedef struct {
  const char *name, *beginning;    /* of the first line: such a file may be replaced */
  afb_status (*write)(afb_store *store, FILE *file);
} table;

static const table tables[] = {
  {"runs", "ion,configurations,parent", afb_export_runs},
  {"levels", "ion,configurations,two_j", afb_export_levels},
};

static afb_status find_table(const char *name, const table **found)
{
  static const char *const names[] = {"runs", "levels", NULL};
  char meant[64];
  for (int i = 0; names[i]; i++)
    if (strcmp(names[i], name) == 0) {
      *found = &tables[i];
      return AFB_OK;
    }
  return AFB_FAIL(AFB_E_INPUT, "there is no table \"%.40s\"%s; there are runs and levels", name,
                  afb_did_you_mean(name, names, meant, sizeof meant));
}

static afb_status write_table(const table *which, const char *path, const char *csv)
{
  afb_store *store = NULL;
  afb_output output = {0};
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  afb_status status = csv ? afb_output_begin(csv, which->beginning, &output) : AFB_OK;
  if (status == AFB_OK)
    status = which->write(store, csv ? output.stream : stdout);
  if (status == AFB_OK && csv)
    status = afb_output_end(&output);
  afb_output_discard(&output);
  afb_store_close(&store);
  return status;
}

afb_status afb_run_export(const afb_arguments *arguments, int *exit_status)
{
  const table *which = NULL;
  int rank;
  (void)exit_status;
  AFB_TRY(find_table(arguments->operand[0], &which));
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return afb_agree(MPI_COMM_WORLD,
                   rank == 0 ? write_table(which, arguments->operand[1], arguments->csv) : AFB_OK);
}
