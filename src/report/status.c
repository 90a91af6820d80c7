#include "report/status.h"

#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/ledger.h"
#include "campaign/record.h"
#include "config/input.h"
#include "config/inputs.h"
#include "materials/potential_file.h"
#include "report/moment.h"
#include "store/arrays.h"

static const double WINDOW = 300.0;       /* "the last minutes", s */
enum { TRIES = 3, PATH_LENGTH = 4096 };

static double latest(double a, double b) { return isnan(a) || b > a ? b : a; }   /* NaN: none */

/* ---- Runs ---- */

typedef struct {
  double *opened;            /* of each session */
  int64_t n_sessions;
  double last;               /* end of the last session's last run */
} calendar;

static double finish_of(const calendar *c, const afb_store_run *run)
{
  return run->session >= 0 && run->session < c->n_sessions ? c->opened[run->session] + run->finish : NAN;
}

static void count_run(afb_standing *s, calendar *c, const afb_store_run *run)
{
  if (run->strategy == AFB_BY_IMPORT) {
    s->imported++;
    return;
  }
  int ok = run->outcome >= 0 && run->outcome < AFB_N_OUTCOMES && afb_outcome_ok((afb_outcome)run->outcome);
  double seconds = isfinite(run->core_seconds) ? run->core_seconds : 0.0, finish = finish_of(c, run);
  s->runs++;
  s->core_seconds += seconds;
  if (run->outcome >= 0 && run->outcome < AFB_N_OUTCOMES)
    s->outcome[run->outcome]++;
  if (run->session != c->n_sessions - 1)
    return;
  s->session_runs++;
  s->session_core_seconds += seconds;
  s->session_failed_core_seconds += ok ? 0.0 : seconds;
  c->last = latest(c->last, finish);
  if (s->state == AFB_STANDING_RUNNING && finish >= s->now - s->window) {
    s->rate += 1.0;
    s->core_rate += seconds;
  }
}

static void note_failure(afb_standing *s, const calendar *c, const afb_store_run *run)
{
  memmove(s->failure + 1, s->failure, (AFB_STANDING_FAILURES - 1) * sizeof s->failure[0]);
  s->n_failures += s->n_failures < AFB_STANDING_FAILURES;
  afb_standing_failure *f = &s->failure[0];
  *f = (afb_standing_failure){.finish = finish_of(c, run), .outcome = run->outcome, .set = run->set};
  snprintf(f->reason, sizeof f->reason, "%s", run->reason);
}

/* What the rows say that the failures refer to. */
static afb_status name_failures(afb_store *store, afb_standing *s)
{
  for (int i = 0; i < s->n_failures; i++) {
    afb_store_set set;
    afb_store_ion ion;
    AFB_TRY(afb_store_read(store, AFB_TABLE_SETS, s->failure[i].set, 1, sizeof set, &set));
    AFB_TRY(afb_store_read(store, AFB_TABLE_IONS, set.ion, 1, sizeof ion, &ion));
    s->failure[i].n_set = set.count;
    snprintf(s->failure[i].ion, sizeof s->failure[i].ion, "%s", ion.label);
  }
  return AFB_OK;
}

typedef struct {
  afb_standing *standing;
  calendar *calendar;
} reading;

static void take_run(void *context, const afb_store_run *run)
{
  const reading *r = context;
  count_run(r->standing, r->calendar, run);
  if (run->strategy != AFB_BY_IMPORT && run->set >= 0 && !afb_outcome_ok((afb_outcome)run->outcome))
    note_failure(r->standing, r->calendar, run);
}

static afb_status read_runs(afb_store *store, afb_standing *s, calendar *c)
{
  AFB_TRY(afb_stored_runs_visit(store, take_run, &(reading){s, c}));
  return name_failures(store, s);
}

/* ---- The model ---- */

static double metric(const afb_store_metric *m, int64_t n, const char *name)
{
  for (int64_t i = 0; i < n; i++)
    if (strcmp(m[i].name, name) == 0)
      return m[i].value;
  return NAN;
}

static afb_status read_metrics(afb_store *store, const afb_store_round *round, afb_standing *s)
{
  afb_store_metric *m = malloc((size_t)round->n_metrics * sizeof *m + 1);
  if (!m)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for measures");
  afb_status status = afb_store_read(store, AFB_TABLE_METRICS, round->first_metric, round->n_metrics, sizeof *m, m);
  if (status == AFB_OK && round->n_training > 0) {
    s->auc = metric(m, round->n_metrics, "auc/converged/calibration");
    s->log_loss = metric(m, round->n_metrics, "log_loss/converged/calibration");
  } else if (status == AFB_OK) {
    s->honest_auc = metric(m, round->n_metrics, "auc/ions/converged/model");
    s->logistic_auc = metric(m, round->n_metrics, "auc/ions/converged/logistic");
  }
  free(m);
  return status;
}

/* The last training, and the last validation, which is a round without one. */
static afb_status read_rounds(afb_store *store, afb_standing *s)
{
  int trained = 0, validated = 0;
  for (int64_t i = afb_store_count(store, AFB_TABLE_ROUNDS) - 1; i >= 0 && !(trained && validated); i--) {
    afb_store_round round;
    AFB_TRY(afb_store_read(store, AFB_TABLE_ROUNDS, i, 1, sizeof round, &round));
    int *known = round.n_training > 0 ? &trained : &validated;
    if (*known)
      continue;
    *known = 1;
    if (round.n_training > 0)
      s->round = round;
    AFB_TRY(read_metrics(store, &round, s));
  }
  return AFB_OK;
}

/* ---- Budget ---- */

/* An input of an older version may no longer be one; nothing is then known of the budget. */
static afb_status read_budget(afb_store *store, afb_standing *s)
{
  static const char head[] = "# aufbau campaign";
  afb_campaign_input input;
  afb_config *config = NULL;
  char *text;
  AFB_TRY(afb_store_read_text(store, s->session.input_first, s->session.input_count, &text));
  if (strncmp(text, head, sizeof head - 1) == 0) {
    strcpy(s->kind, "campaign");
    afb_status status = afb_config_parse(&afb_campaign_schema, s->path, text, strlen(text), 0, NULL, &input, &config);
    if (status == AFB_OK && afb_config_verdict(config) == AFB_OK) {
      s->budget_runs = input.budget_runs > 0 ? input.budget_runs : 0;
      s->budget_core_seconds = isnan(input.budget_core_hours) ? 0.0 : 3600.0 * input.budget_core_hours;
      s->budget_wall_seconds = isnan(input.budget_wall_seconds) ? 0.0 : input.budget_wall_seconds;
    }
    afb_config_destroy(&config);
    free(text);
    return status == AFB_E_MEMORY ? status : AFB_OK;
  }
  free(text);
  return AFB_OK;
}

static void consider(afb_standing *s, const char *key, double used, double budget, double rate)
{
  if (!(budget > 0.0))
    return;
  double left = used >= budget ? 0.0 : rate > 0.0 ? (budget - used) / rate : NAN;
  s->fraction = fmax(isnan(s->fraction) ? 0.0 : s->fraction, fmin(used / budget, 1.0));
  if (!isnan(left) && !(s->left <= left)) {
    s->left = left;
    s->first = key;
  }
}

static void estimate_end(afb_standing *s)
{
  int running = s->state == AFB_STANDING_RUNNING;
  consider(s, "budget.runs", (double)s->runs, (double)s->budget_runs, s->rate);
  consider(s, "budget.core_hours", s->core_seconds, s->budget_core_seconds, s->core_rate);
  if (s->left == 0.0 && !running)
    s->state = AFB_STANDING_FINISHED;
  if (running)
    consider(s, "budget.wall_time", s->elapsed, s->budget_wall_seconds, 1.0);
  else if (s->left != 0.0)
    s->left = NAN;
}

/* ---- Files of tables ---- */

static afb_status read_usage(afb_store *store, afb_standing *s)
{
  int64_t n;
  afb_store_usage *rows;
  AFB_TRY(afb_usage_of_store(store, &n, &rows));
  afb_usage_sum_up(n, rows, s->sessions - 1, &s->usage);
  free(rows);
  return AFB_OK;
}

static afb_status read_calendar(afb_store *store, afb_standing *s, calendar *c)
{
  int64_t n = afb_store_count(store, AFB_TABLE_SESSIONS);
  if (!(c->opened = malloc((size_t)n * sizeof *c->opened + 1)))
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld sessions", (long long)n);
  for (int64_t i = 0; i < n; i++) {
    AFB_TRY(afb_store_read(store, AFB_TABLE_SESSIONS, i, 1, sizeof s->session, &s->session));
    c->opened[i] = afb_moment_of(s->session.started);
  }
  c->n_sessions = n;
  s->sessions = (int)n;
  s->opened = n > 0 ? c->opened[n - 1] : NAN;
  return AFB_OK;
}

static afb_status read_store(afb_store *store, afb_standing *s, calendar *c)
{
  AFB_TRY(read_calendar(store, s, c));
  int running = s->state == AFB_STANDING_RUNNING;
  s->window = running ? fmax(fmin(WINDOW, s->now - s->opened), 1.0) : NAN;
  AFB_TRY(read_runs(store, s, c));
  /* Clocks of hosts differ a little. */
  double end = running ? fmax(s->now, isnan(c->last) ? s->now : c->last) : c->last;
  s->elapsed = isnan(s->opened) ? NAN : end - s->opened;
  if (!running) {
    s->window = s->elapsed;
    s->rate = (double)s->session_runs;
    s->core_rate = s->session_core_seconds;
  }
  s->rate = s->window > 0.0 ? s->rate / s->window : NAN;
  s->core_rate = s->window > 0.0 ? s->core_rate / s->window : NAN;
  s->updated = latest(s->updated, c->last);
  AFB_TRY(read_rounds(store, s));
  AFB_TRY(read_usage(store, s));
  if (s->sessions > 0)
    AFB_TRY(read_budget(store, s));
  estimate_end(s);
  return AFB_OK;
}

static afb_status read_writer(const char *path, afb_standing *s)
{
  AFB_TRY(afb_look_writer_of(path, &s->writer));
  /* A journal without a byte belongs to a writer that is about to begin. */
  s->state = s->writer.held > 0 ? AFB_STANDING_RUNNING : s->writer.bytes > 0 ? AFB_STANDING_KILLED : AFB_STANDING_STOPPED;
  s->waiting_bytes = s->writer.bytes;
  if (s->writer.journal)
    s->updated = latest(s->updated, s->writer.written);
  return AFB_OK;
}

static afb_status read_tables(const char *path, afb_standing *s)
{
  afb_store *store = NULL;
  calendar c = {.last = NAN};
  int64_t bytes;
  double written;
  char stop[PATH_LENGTH + 8];
  s->tables = 1;
  strcpy(s->kind, "runs");
  snprintf(stop, sizeof stop, "%s.stop", path);
  s->stop_asked = afb_look_at(stop, &bytes, &written);
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  afb_status status = read_store(store, s, &c);
  free(c.opened);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

/* ---- Files of arrays ---- */

/* How many models a training has left out and predicted, in its checkpoint. */
static afb_status read_checkpoint(const char *path, afb_standing *s)
{
  afb_arrays *arrays = NULL;
  afb_array done;
  AFB_TRY(afb_arrays_open(MPI_COMM_SELF, path, AFB_VALIDATION_KIND, &arrays));
  afb_status status = afb_arrays_find(arrays, "validation/done", &done);
  int32_t *mark = status == AFB_OK ? malloc((size_t)done.dim[0] * sizeof *mark + 1) : NULL;
  if (status == AFB_OK && !mark)
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for a checkpoint");
  if (status == AFB_OK)
    status = afb_arrays_read(arrays, "validation/done", 0, done.dim[0], mark);
  for (int64_t i = 0; status == AFB_OK && i < done.dim[0]; i++)
    s->done += mark[i] != 0;
  s->of = status == AFB_OK ? done.dim[0] : 0;
  free(mark);
  return afb_arrays_close(&arrays, status);
}

static afb_status read_origin(const char *path, afb_standing *s)
{
  afb_arrays *arrays;
  afb_arrays_facts facts;
  AFB_TRY(afb_arrays_open(MPI_COMM_SELF, path, NULL, &arrays));
  afb_status status = afb_arrays_tell(arrays, &facts);
  s->session = facts.session;
  s->sessions = 1;
  s->opened = afb_moment_of(s->session.started);
  free(facts.input);
  return afb_arrays_close(&arrays, status);
}

static afb_status read_arrays(const char *path, int exists, afb_standing *s)
{
  char name[PATH_LENGTH + 16];
  int64_t bytes;
  double written;
  snprintf(name, sizeof name, "%s.tmp", path);
  s->state = exists ? AFB_STANDING_FINISHED : AFB_STANDING_STOPPED;
  if (afb_look_at(name, &s->waiting_bytes, &written)) {
    s->state = AFB_STANDING_WRITING;
    s->updated = latest(s->updated, written);
  }
  snprintf(name, sizeof name, "%s.validation", path);
  int checkpoint = afb_look_at(name, &bytes, &written);
  if (checkpoint) {
    s->updated = latest(s->updated, written);
    s->state = s->state == AFB_STANDING_FINISHED ? AFB_STANDING_STOPPED : s->state;
    AFB_TRY(read_checkpoint(name, s));
  }
  if (!exists && !checkpoint && s->state != AFB_STANDING_WRITING)
    return AFB_FAIL(AFB_E_NOT_FOUND, "there is no file %s: nothing has been started with -o %s here, or it has not got as far as opening "
                    "its file", path, path);
  return AFB_OK;
}

static afb_status read_once(const char *path, afb_standing *s)
{
  *s = (afb_standing){.path = path, .now = afb_moment_now(), .updated = NAN, .opened = NAN, .elapsed = NAN, .window = NAN, .fraction = NAN, .left = NAN,
                      .rate = 0.0, .auc = NAN, .log_loss = NAN, .honest_auc = NAN, .logistic_auc = NAN};
  if (strlen(path) >= PATH_LENGTH)
    return AFB_FAIL(AFB_E_INPUT, "the name of the file is too long");
  AFB_TRY(read_writer(path, s));
  double written = NAN;
  int exists = afb_look_at(path, &s->bytes, &written);
  s->updated = latest(s->updated, written);
  if (exists) {
    AFB_TRY(afb_look_kind(path, s->kind));
    if (!s->kind[0])
      return read_tables(path, s);
    AFB_TRY(read_origin(path, s));
  } else if (s->writer.journal) {
    s->tables = 1;
    return AFB_OK;
  }
  return read_arrays(path, exists, s);
}

afb_status afb_standing_read(const char *path, afb_standing *out)
{
  /* On network file systems what was open may be gone once it is replaced: then what replaced it is read. */
  afb_status status = read_once(path, out);
  for (int i = 1; i < TRIES && status == AFB_E_IO; i++)
    status = read_once(path, out);
  return status;
}
