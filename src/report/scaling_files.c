#include "report/scaling_files.h"

#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/mcdhf.h"
#include "campaign/ledger.h"
#include "campaign/record.h"
#include "store/hdf.h"
#include "store/look.h"

static const double SAME_WORK = 0.02;   /* of work a rank, for weak scaling */

/* Lines that only say where structures or data lie: files of more of them are more of the same work. */
static void drop_data(char *text)
{
  char *to = text, *next;
  int dropping = 0;
  for (char *line = text; *line; line = next) {
    size_t length = strcspn(line, "\n");
    next = line + length + (line[length] == '\n');
    if (line[0] != ' ')
      dropping = strncmp(line, "structures:", 11) == 0 || strncmp(line, "data:", 5) == 0;
    if (!dropping) {
      memmove(to, line, (size_t)(next - line));
      to += next - line;
    }
  }
  *to = '\0';
}

static afb_status read_identity(const char *path, char **identity)
{
  hid_t list = afb_hdf_access(), file = H5Fopen(path, H5F_ACC_RDONLY, list);
  H5Pclose(list);
  if (file < 0)
    return AFB_FAIL(AFB_E_IO, "%s cannot be opened", path);
  afb_status status = afb_hdf_read_input(file, "input/identity", identity);
  H5Fclose(file);
  if (status == AFB_OK)
    drop_data(*identity);
  return status;
}

static afb_status sum_usage(afb_scaling_file *f, int64_t n, const afb_store_usage *row)
{
  afb_usage_sum_up(n, row, n > 0 ? row[0].session : 0, &f->usage);
  f->seconds = f->usage.wall;
  if (n == 0)
    return AFB_FAIL(AFB_E_FOREIGN, "%s does not say what the time of its ranks went into: an older version of the program wrote it, or it was ended by "
                    "force; run it again", f->path);
  return AFB_OK;
}

static void count_run(void *context, const afb_store_run *run)
{
  afb_scaling_file *f = context;
  if (run->strategy == AFB_BY_IMPORT)
    return;
  f->runs++;
  f->core_seconds += run->core_seconds;
  f->squares += run->core_seconds * run->core_seconds;
  f->failed += afb_outcome_ok((afb_outcome)run->outcome) ? 0.0 : run->core_seconds;
}

static afb_status read_campaign(afb_scaling_file *f, afb_store *store)
{
  int64_t n, sessions = afb_store_count(store, AFB_TABLE_SESSIONS);
  afb_store_usage *row;
  afb_store_session session;
  f->command = "campaign";
  f->unit = "runs";
  if (sessions != 1)
    return AFB_FAIL(AFB_E_INPUT, "%s is of %lld sessions: a campaign that was continued measures no scaling; run it in one", f->path, (long long)sessions);
  AFB_TRY(afb_store_read(store, AFB_TABLE_SESSIONS, 0, 1, sizeof session, &session));
  snprintf(f->version, sizeof f->version, "%s, revision %s", session.version, session.revision);
  afb_status status = afb_usage_of_store(store, &n, &row);
  if (status == AFB_OK)
    status = sum_usage(f, n, row);
  free(row);
  AFB_TRY(status);
  AFB_TRY(afb_stored_runs_visit(store, count_run, f));
  f->work = (double)f->runs;
  return AFB_OK;
}

static void name_arrays(afb_scaling_file *f, afb_arrays *arrays, const char *kind)
{
  static const char *const rows[] = {"descriptors/B", "descriptors/dB", "descriptors/virial"};
  static const char *const predicted[] = {"forces", "potentials", "predictions"};
  afb_array array;
  f->command = "train";
  f->unit = "trainings";
  f->work = 1.0;
  for (size_t i = 0; i < sizeof predicted / sizeof *predicted; i++)
    if (strcmp(kind, predicted[i]) == 0) {
      f->command = "predict";
      f->unit = "predictions";
    }
  if (strcmp(kind, "descriptors") != 0)
    return;
  f->command = "describe";
  f->unit = "rows";
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (afb_arrays_find(arrays, rows[i], &array) == AFB_OK)
      f->work = (double)array.dim[0];
}

static afb_status read_arrays(afb_scaling_file *f, afb_arrays *arrays, const char *kind)
{
  int64_t n;
  afb_store_usage *row;
  afb_arrays_facts facts;
  name_arrays(f, arrays, kind);
  afb_status status = afb_arrays_tell(arrays, &facts);
  free(facts.input);
  AFB_TRY(status);
  snprintf(f->version, sizeof f->version, "%s, revision %s", facts.session.version, facts.session.revision);
  status = afb_usage_of_arrays(arrays, &n, &row);
  if (status == AFB_OK)
    status = sum_usage(f, n, row);
  free(row);
  return status;
}

afb_status afb_scaling_file_read(const char *path, afb_scaling_file *f)
{
  char kind[AFB_LOOK_KIND];
  *f = (afb_scaling_file){.command = "", .unit = ""};
  afb_store_text(f->path, sizeof f->path, path);
  AFB_TRY(afb_look_kind(path, kind));
  AFB_TRY(read_identity(path, &f->identity));
  afb_status status;
  if (kind[0] == '\0') {
    afb_store *store;
    AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
    status = read_campaign(f, store);
    afb_store_close(&store);
  } else {
    afb_arrays *arrays;
    AFB_TRY(afb_arrays_open(MPI_COMM_SELF, path, NULL, &arrays));
    status = read_arrays(f, arrays, kind);
    afb_arrays_close(&arrays, AFB_OK);
  }
  return status;
}

void afb_scaling_file_clear(afb_scaling_file *f)
{
  free(f->identity);
  f->identity = NULL;
}

/* ---- Series ---- */

/* The first lines in which two inputs differ. */
static afb_status fail_input(const afb_scaling_file *a, const afb_scaling_file *b)
{
  const char *x = a->identity, *y = b->identity;
  int line = 1;
  while (*x && strcspn(x, "\n") == strcspn(y, "\n") && strncmp(x, y, strcspn(x, "\n")) == 0) {
    x += strcspn(x, "\n");
    y += strcspn(y, "\n");
    x += *x == '\n';
    y += *y == '\n';
    line++;
  }
  return AFB_FAIL(AFB_E_INPUT, "%s and %s are of different inputs: one has\n  %.*s\nand the other\n  %.*s\ngive the files of one input at a time", a->path,
                  b->path, (int)strcspn(x, "\n"), x, (int)strcspn(y, "\n"), y);
}

static afb_status check_same(const afb_scaling_file *a, const afb_scaling_file *b)
{
  if (strcmp(a->command, b->command) != 0)
    return AFB_FAIL(AFB_E_INPUT, "%s is of aufbau %s, and %s of aufbau %s: give the files of one command at a time", a->path, a->command, b->path, b->command);
  if (strcmp(a->version, b->version) != 0)
    return AFB_FAIL(AFB_E_INPUT, "%s is of version %s, and %s of version %s: what one measures says nothing of the other", a->path, a->version, b->path,
                    b->version);
  return strcmp(a->identity, b->identity) == 0 ? AFB_OK : fail_input(a, b);
}

/* Whether the runs were as costly on every number of ranks: a model chooses, and orbitals to start from are there, by what is done by then. */
static void note_costs(int n, const afb_scaling_file *file, const afb_scaling_file *first, afb_scaling *s)
{
  double least = INFINITY, most = 0.0;
  for (int i = 0; i < n && first->runs > 0; i++) {
    double mean = file[i].core_seconds / (double)file[i].runs;
    least = fmin(least, mean);
    most = fmax(most, mean);
  }
  if (most > 1.05 * least)
    snprintf(s->note, sizeof s->note, "Core-seconds of a run: %.3g in one file, %.3g in another. Either the runs are not the same (a list of sets makes them so), or "
             "cores slow each other down.", least, most);
}

afb_status afb_scaling_of_files(int n, const afb_scaling_file *file, int *n_series, afb_scaling series[2])
{
  const afb_scaling_file *first = &file[0];
  int grows = 0;
  for (int i = 1; i < n; i++) {
    AFB_TRY(check_same(first, &file[i]));
    first = file[i].usage.ranks < first->usage.ranks ? &file[i] : first;
  }
  for (int k = 0; k < 2; k++) {
    series[k] = (afb_scaling){0};
    snprintf(series[k].name, sizeof series[k].name, "%s, %s scaling", first->command, k ? "weak" : "strong");
    snprintf(series[k].unit, sizeof series[k].unit, "%s", first->unit);
  }
  for (int i = 0; i < n; i++) {
    const afb_scaling_file *f = &file[i];
    double ratio = f->work / first->work, ranks = (double)f->usage.ranks / first->usage.ranks;
    int strong = fabs(ratio - 1.0) < 1e-9, weak = fabs(ratio / ranks - 1.0) <= SAME_WORK;
    if (!strong && !weak)
      return AFB_FAIL(AFB_E_INPUT, "%s has %.0f %s on %d ranks, and %s %.0f on %d: neither the same work nor as much a rank", f->path, f->work, f->unit,
                      f->usage.ranks, first->path, first->work, first->usage.ranks);
    if (strong)
      AFB_TRY(afb_scaling_add(&series[0], f->usage.ranks, f->work, f->seconds, &f->usage));
    if (weak)
      AFB_TRY(afb_scaling_add(&series[1], f->usage.ranks, f->work, f->seconds, &f->usage));
    grows |= weak && !strong;
  }
  note_costs(n, file, first, &series[0]);
  *n_series = 1;
  if (grows && series[0].n == 1)
    series[0] = series[1];
  else if (grows)
    *n_series = 2;
  return AFB_OK;
}

afb_status afb_scaling_plan_of_files(int n, const afb_scaling_file *file, double runs, int nodes, int cores, afb_scaling_plan *plan)
{
  const afb_scaling_file *best = file;
  double sum = 0.0, squares = 0.0, failed = 0.0, nearest = INFINITY;
  *plan = (afb_scaling_plan){.runs = runs, .nodes = nodes, .cores = cores};
  for (int i = 0; i < n; i++) {
    const afb_scaling_file *f = &file[i];
    int measured = f->usage.ranks / f->usage.nodes;
    plan->measured += f->runs;
    sum += f->core_seconds;
    squares += f->squares;
    failed += f->failed;
    if (cores == 0 && measured > plan->cores)
      plan->cores = measured;
  }
  if (plan->measured == 0)
    return AFB_FAIL(AFB_E_INPUT, "a plan needs files of campaigns: their runs are what is planned");
  for (int i = 0; i < n; i++) {
    double distance = fabs(log((double)file[i].usage.ranks / ((double)nodes * plan->cores)));
    if (distance < nearest) {
      nearest = distance;
      best = &file[i];
    }
  }
  plan->core_seconds = sum / (double)plan->measured;
  plan->deviation = sqrt(fmax(0.0, squares / (double)plan->measured - plan->core_seconds * plan->core_seconds));
  plan->failed = sum > 0.0 ? failed / sum : 0.0;
  plan->efficiency = best->usage.allocation;
  plan->measured_ranks = best->usage.ranks;
  return AFB_OK;
}
