/* `aufbau export` and `aufbau import`: results as tables, and tables of another program as outcomes to learn from. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/inputs.h"
#include "app/output.h"
#include "campaign/record.h"
#include "campaign/transfer.h"
#include "config/nearest.h"

static int rank_of_world(void)
{
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

static afb_status unknown_table(const char *what, const char *const *names)
{
  char meant[128];
  return AFB_FAIL(AFB_E_INPUT, "there is no table \"%.40s\"%s; there are: %s%s%s", what,
                  afb_did_you_mean(what, names, meant, sizeof meant), names[0], names[1] ? ", " : "", names[1] ? names[1] : "");
}

static afb_status write_table(afb_store *store, int levels, FILE *out, int64_t *n)
{
  return levels ? afb_export_levels(store, out, n) : afb_export_runs(store, out, n);
}

static afb_status export_on_rank_0(afb_store *store, const afb_arguments *arguments, int levels)
{
  int64_t n;
  if (!arguments->csv)
    return write_table(store, levels, stdout, &n);
  afb_output out;
  AFB_TRY(afb_output_begin(arguments->csv, "ion,", &out));
  afb_status status = write_table(store, levels, out.stream, &n);
  if (status == AFB_OK)
    status = afb_output_end(&out);
  afb_output_discard(&out);
  if (status == AFB_OK && !arguments->quiet)
    printf("%s: %lld %s\n", arguments->csv, (long long)n, levels ? "levels" : "runs");
  return status;
}

afb_status afb_run_export(const afb_arguments *arguments, int *exit_status)
{
  static const char *const names[] = {"runs", "levels", NULL};
  const char *what = arguments->operand[0];
  afb_store *store;
  (void)exit_status;
  int levels = strcmp(what, "levels") == 0;
  if (!levels && strcmp(what, "runs") != 0)
    return unknown_table(what, names);
  AFB_TRY(afb_file_open(MPI_COMM_WORLD, arguments->operand[1], AFB_STORE_READ, NULL, &store));
  afb_status status = rank_of_world() == 0 ? export_on_rank_0(store, arguments, levels) : AFB_OK;
  status = afb_agree(MPI_COMM_WORLD, status);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

static void say_what_came(const afb_run_table *table, const afb_import_counts *counts, const char *path)
{
  printf("%lld outcomes of another program were added to %s", (long long)counts->n_added, path);
  if (counts->n_known > 0)
    printf(", %lld were there already", (long long)counts->n_known);
  if (table->n_unlabelled + table->n_duplicates + table->n_other_settings > 0)
    printf("; left out: %lld without an outcome, %lld repeated, %lld of other settings", (long long)table->n_unlabelled,
           (long long)table->n_duplicates, (long long)table->n_other_settings);
  printf(".\n");
  if (counts->n_orphans > 0)
    printf("%lld started from sets that did not converge here; they count as cold starts.\n",
           (long long)counts->n_orphans);
  printf("A campaign with -o %s learns from them as well.\n", path);
}

static afb_status import_into(const afb_arguments *arguments, const afb_run_table *table)
{
  char input[1100];
  snprintf(input, sizeof input, "# imported from %.1000s\n", arguments->operand[1]);
  /* Imported outcomes belong to no input: any campaign may continue the file. */
  afb_store_writer writer = {.input = input, .identity = "", .revision = afb_version_revision(),
    .libraries = afb_version_libraries()};
  afb_record_legend(&writer.legend);
  afb_store *store;
  AFB_TRY(afb_file_open(MPI_COMM_WORLD, arguments->output, AFB_STORE_RESUME, &writer, &store));
  afb_import_counts counts = {0};
  afb_status status = rank_of_world() == 0 ? afb_import_runs(store, table, &counts) : AFB_OK;
  status = afb_agree(MPI_COMM_WORLD, status);
  afb_status closed = afb_store_close(&store);
  if (status == AFB_OK && closed == AFB_OK && rank_of_world() == 0 && !arguments->quiet)
    say_what_came(table, &counts, arguments->output);
  return status == AFB_OK ? closed : status;
}

afb_status afb_run_import(const afb_arguments *arguments, int *exit_status)
{
  static const char *const names[] = {"runs", NULL};
  (void)exit_status;
  if (strcmp(arguments->operand[0], "runs") != 0)
    return unknown_table(arguments->operand[0], names);
  if (!arguments->output)
    return AFB_FAIL(AFB_E_INPUT, "import needs -o FILE.h5, the file to make");
  afb_run_table table = {0};
  afb_status status = AFB_OK;
  if (rank_of_world() == 0)
    status = afb_run_table_read(arguments->operand[1], AFB_RUNS_WITH_OUTCOME, &table);
  status = afb_agree(MPI_COMM_WORLD, status);
  if (status == AFB_OK)
    status = import_into(arguments, &table);
  afb_run_table_clear(&table);
  return status;
}
