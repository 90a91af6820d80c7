/* `aufbau import`: outcomes of another program into a result file. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "campaign/record.h"
#include "campaign/transfer.h"

static afb_status store_table(const char *csv, const char *path, const afb_run_table *table, afb_import_counts *counts)
{
  char input[1280];
  afb_store *store = NULL;
  snprintf(input, sizeof input, "# aufbau import runs %.1200s\n", csv);
  /* No identity: imported outcomes go with any campaign. */
  afb_store_writer writer = {.input = input, .identity = "", .revision = afb_version_revision(),
                             .libraries = afb_version_libraries()};
  afb_record_legend(&writer.legend);
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &writer, &store));
  afb_status status = afb_import_runs(store, table, counts);
  char text[AFB_ERROR_LENGTH];
  snprintf(text, sizeof text, "%s", afb_error_text());
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : AFB_FAIL(status, "%s", text);
}

static afb_status import_runs(const char *csv, const char *path)
{
  afb_run_table table = {0};
  afb_import_counts counts = {0, 0};
  afb_status status = afb_run_table_read(csv, AFB_RUNS_WITH_OUTCOME, &table);
  if (status == AFB_OK)
    status = store_table(csv, path, &table, &counts);
  if (status == AFB_OK)
    printf("%lld runs imported into %s (%lld were there already; left out: %lld without an outcome, %lld given twice, "
           "%lld with other settings)\n", (long long)counts.n_added, path, (long long)counts.n_known,
           (long long)table.n_unlabelled, (long long)table.n_duplicates, (long long)table.n_other_settings);
  afb_run_table_clear(&table);
  return status;
}

afb_status afb_run_import(const afb_arguments *arguments, int *exit_status)
{
  int rank;
  (void)exit_status;
  if (strcmp(arguments->operand[0], "runs") != 0)
    return AFB_FAIL(AFB_E_INPUT, "\"%.40s\" cannot be imported; there is: aufbau import runs CSV -o FILE.h5",
                    arguments->operand[0]);
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "where to? aufbau import runs %s -o FILE.h5", arguments->operand[1]);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return afb_agree(MPI_COMM_WORLD, rank == 0 ? import_runs(arguments->operand[1], arguments->output) : AFB_OK);
}
