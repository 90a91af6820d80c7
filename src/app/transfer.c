/* `aufbau export` and `aufbau import`: results as tables, and tables of another program as outcomes to learn from. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>

#include "app/inputs.h"
#include "app/output.h"
#include "campaign/record.h"
#include "campaign/transfer.h"
#include "config/nearest.h"
#include "materials/describe.h"
#include "materials/export.h"
#include "materials/predict.h"

static int rank_of_world(void)
{
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/* ---- Export ---- */

typedef struct {
  const char *name;            /* and what its rows are called */
  const char *beginning;       /* of its header */
  const char *kind;            /* of the file of arrays that it is in; NULL: it is in a campaign's file */
  afb_status (*from_store)(afb_store *store, FILE *out, int64_t *n);
  afb_status (*from_arrays)(afb_arrays *arrays, FILE *out, int64_t *n);
} export_table;

static const export_table tables[] = {
  {"runs", "ion,", NULL, afb_export_runs, NULL},
  {"levels", "ion,", NULL, afb_export_levels, NULL},
  {"descriptors", "frame,", AFB_DESCRIPTORS_KIND, NULL, afb_export_descriptors},
  {"forces", "frame,", AFB_FORCES_KIND, NULL, afb_export_forces},
};
enum { N_TABLES = sizeof tables / sizeof tables[0] };

static afb_status find_table(const char *what, const export_table **found)
{
  const char *names[N_TABLES + 1];
  char meant[128];
  for (int i = 0; i < N_TABLES; i++) {
    names[i] = tables[i].name;
    if (strcmp(what, names[i]) == 0) {
      *found = &tables[i];
      return AFB_OK;
    }
  }
  names[N_TABLES] = NULL;
  return AFB_FAIL(AFB_E_INPUT, "there is no table \"%.40s\"%s; there are runs, levels, descriptors and forces", what,
                  afb_did_you_mean(what, names, meant, sizeof meant));
}

static afb_status write_table(const export_table *t, afb_store *store, afb_arrays *arrays, FILE *out, int64_t *n)
{
  return t->kind ? t->from_arrays(arrays, out, n) : t->from_store(store, out, n);
}

static afb_status write_opened(const export_table *t, afb_store *store, afb_arrays *arrays, const afb_arguments *arguments)
{
  int64_t n;
  if (!arguments->csv)
    return write_table(t, store, arrays, stdout, &n);
  afb_output out;
  AFB_TRY(afb_output_begin(arguments->csv, t->beginning, &out));
  afb_status status = write_table(t, store, arrays, out.stream, &n);
  if (status == AFB_OK)
    status = afb_output_end(&out);
  afb_output_discard(&out);
  if (status == AFB_OK && !arguments->quiet)
    printf("%s: %lld %s\n", arguments->csv, (long long)n, t->name);
  return status;
}

/* Rank 0 alone reads and writes: a file of text is written from one place. */
static afb_status export_on_rank_0(const export_table *t, const afb_arguments *arguments)
{
  afb_store *store = NULL;
  afb_arrays *arrays = NULL;
  const char *path = arguments->operand[1];
  if (t->kind)
    AFB_TRY(afb_arrays_open(MPI_COMM_SELF, path, t->kind, &arrays));
  else
    AFB_TRY(afb_file_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  afb_status status = afb_arrays_close(&arrays, write_opened(t, store, arrays, arguments));
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

afb_status afb_run_export(const afb_arguments *arguments, int *exit_status)
{
  const export_table *t = NULL;
  (void)exit_status;
  AFB_TRY(find_table(arguments->operand[0], &t));
  return afb_agree(MPI_COMM_WORLD, rank_of_world() == 0 ? export_on_rank_0(t, arguments) : AFB_OK);
}

/* ---- Import ---- */

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
  (void)exit_status;
  if (strcmp(arguments->operand[0], "runs") != 0)
    return AFB_FAIL(AFB_E_INPUT, "there is no table \"%.40s\" to import; there is: runs", arguments->operand[0]);
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
