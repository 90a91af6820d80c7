#include <math.h>

#include "report/moment.h"
#include "report/progress.h"
#include "report/status.h"

static const char *const state_name[] = {"running", "finished", "stopped", "killed", "writing"};

static int64_t converged(const afb_standing *s)
{
  int64_t n = 0;
  for (int k = 0; k < AFB_N_OUTCOMES; k++)
    n += afb_outcome_ok((afb_outcome)k) ? s->outcome[k] : 0;
  return n;
}

/* Part of the ranks' time that went into runs, of this session until now or its end; and into those of them that failed. */
static double efficiency(const afb_standing *s, double *failed)
{
  double time = s->usage.ranks > 0 ? s->usage.ranks * s->usage.wall : s->session.ranks * s->elapsed;
  int known = time > 0.0 && (s->usage.ranks > 0 || s->session_runs > 0);
  *failed = !known ? NAN : (s->usage.ranks > 0 ? s->usage.sum.failed : s->session_failed_core_seconds) / time;
  return !known ? NAN : s->usage.ranks > 0 ? s->usage.allocation : s->session_core_seconds / time;
}

/* ---- For people ---- */

static void print_state(FILE *out, const afb_standing *s)
{
  char when[32];
  fprintf(out, "%s: %s, ", s->path, s->kind[0] ? s->kind : "not there yet");
  switch (s->state) {
  case AFB_STANDING_RUNNING:
    fprintf(out, "running");
    if (s->writer.process > 0)
      fprintf(out, " (process %ld)", s->writer.process);
    break;
  case AFB_STANDING_FINISHED:
    fprintf(out, "finished");
    break;
  case AFB_STANDING_STOPPED:
    fprintf(out, "not running; the same command goes on, or finds nothing left to do");
    break;
  case AFB_STANDING_KILLED:
    fprintf(out, "%s\n%11s%s", s->writer.held < 0 ? "running or killed: this file system has no locks to tell"
                                                  : "killed, or running on a host whose locks cannot be seen from here",
            "", "what it stored is kept; the same command goes on");
    break;
  case AFB_STANDING_WRITING:
    fprintf(out, "being written, unless that was killed");
    break;
  }
  fprintf(out, "%s\n%-10s %s", s->stop_asked ? "; asked to stop" : "", "written", afb_moment_text(s->updated, when));
  fprintf(out, " (%s ago)", afb_duration(s->now - s->updated, when));
  if (s->bytes > 0)
    fprintf(out, ", %.1f MB", 1e-6 * (double)s->bytes);
  if (s->waiting_bytes > 0)
    fprintf(out, " and %.1f MB %s", 1e-6 * (double)s->waiting_bytes, s->tables ? "in its journal" : "of what will replace it");
  fprintf(out, "\n");
}

static void print_session(FILE *out, const afb_standing *s)
{
  char time[32];
  if (s->sessions == 0)
    return;
  fprintf(out, "%-10s ", "session");
  if (s->tables)
    fprintf(out, "%d, ", s->sessions);
  fprintf(out, "since %s", s->session.started);
  if (!isnan(s->elapsed))
    fprintf(out, ", %s", afb_duration(s->elapsed, time));
  fprintf(out, "; %d rank%s, host %s, aufbau %s\n", (int)s->session.ranks, s->session.ranks == 1 ? "" : "s", s->session.host, s->session.version);
}

static void print_runs(FILE *out, const afb_standing *s)
{
  int64_t ok = converged(s);
  fprintf(out, "%-10s %lld", "runs", (long long)s->runs);
  if (s->runs > 0)
    fprintf(out, ", %lld converged (%.1f %%)", (long long)ok, 100.0 * (double)ok / (double)s->runs);
  if (s->imported > 0)
    fprintf(out, "; %lld imported", (long long)s->imported);
  int n = 0;
  for (int k = 0; k < AFB_N_OUTCOMES; k++)
    if (s->outcome[k] > 0 && k != AFB_OUTCOME_CONVERGED)
      fprintf(out, "%s%s %lld", n++ ? ", " : "; ", afb_outcome_name((afb_outcome)k), (long long)s->outcome[k]);
  fprintf(out, "\n");
  char time[32];
  if (s->rate > 0.0)
    fprintf(out, "%-10s %.1f runs a minute in %s %s, %.2g core-seconds a run\n", "rate", 60.0 * s->rate,
            s->state == AFB_STANDING_RUNNING ? "the last" : "all its", afb_duration(s->window, time), s->core_rate / s->rate);
}

static void print_budget(FILE *out, const afb_standing *s)
{
  char used[32], all[32];
  const char *mark = "";
  if (s->budget_runs > 0 || s->budget_core_seconds > 0.0 || s->budget_wall_seconds > 0.0) {
    fprintf(out, "%-10s ", "budget");
    if (s->budget_runs > 0) {
      fprintf(out, "%lld of %lld runs", (long long)s->runs, (long long)s->budget_runs);
      mark = ", ";
    }
    if (s->budget_core_seconds > 0.0) {
      fprintf(out, "%s%.3g of %.3g core-hours", mark, s->core_seconds / 3600.0, s->budget_core_seconds / 3600.0);
      mark = ", ";
    }
    if (s->budget_wall_seconds > 0.0)
      fprintf(out, "%s%s of %s of wall time", mark, afb_duration(s->elapsed, used), afb_duration(s->budget_wall_seconds, all));
    fprintf(out, "\n");
  }
  if (s->state == AFB_STANDING_RUNNING && !isnan(s->left))
    fprintf(out, "%-10s in about %s, at %s, when %s is used up\n", "end", afb_duration(s->left, used), afb_moment_text(s->now + s->left, all), s->first);
}

static void print_model(FILE *out, const afb_standing *s)
{
  if (s->round.n_training > 0) {
    fprintf(out, "%-10s round %d, trained on %lld runs in %.1f s", "model", (int)s->round.round, (long long)s->round.n_training,
            s->round.training_seconds);
    if (!isnan(s->auc))
      fprintf(out, "; convergence of %lld others: AUC %.3f, log loss %.3f", (long long)s->round.n_validation, s->auc, s->log_loss);
    fprintf(out, "\n");
  }
  if (!isnan(s->honest_auc))
    fprintf(out, "%-10s AUC %.3f on ions it did not learn from; logistic regression %.3f\n", "", s->honest_auc, s->logistic_auc);
}

static void print_efficiency(FILE *out, const afb_standing *s)
{
  double failed, all = efficiency(s, &failed);
  if (isnan(all))
    return;
  fprintf(out, "%-10s %.0f %% of the ranks' time in runs, %.0f %% in runs that did not converge", "efficiency", 100.0 * all, 100.0 * failed);
  if (s->usage.ranks > 0)
    fprintf(out, "; parallel efficiency %.2f", s->usage.parallel);
  fprintf(out, "\n");
}

static void print_failures(FILE *out, const afb_standing *s)
{
  char when[32];
  for (int i = 0; i < s->n_failures; i++) {
    const afb_standing_failure *f = &s->failure[i];
    fprintf(out, "%-10s %s %s, set of %d: %s%s%.90s\n", i == 0 ? "failures" : "", afb_moment_text(f->finish, when), f->ion, f->n_set,
            afb_outcome_name((afb_outcome)f->outcome), f->reason[0] ? ", " : "", f->reason);
  }
}

void afb_standing_print(FILE *out, const afb_standing *s)
{
  print_state(out, s);
  print_session(out, s);
  if (s->of > 0)
    fprintf(out, "%-10s %lld of %lld models left out and predicted, kept in %s.validation\n", "training", (long long)s->done,
            (long long)s->of, s->path);
  if (!s->tables)
    return;
  print_runs(out, s);
  print_budget(out, s);
  print_model(out, s);
  print_efficiency(out, s);
  print_failures(out, s);
}

/* ---- For scripts ---- */

static void put_integer(FILE *out, const char *key, int known, long long value)
{
  if (known)
    fprintf(out, " %s=%lld", key, value);
  else
    fprintf(out, " %s=", key);
}

static void put_real(FILE *out, const char *key, double value)
{
  if (isnan(value))
    fprintf(out, " %s=", key);
  else
    fprintf(out, " %s=%.6g", key, value);
}

void afb_standing_line(FILE *out, const afb_standing *s)
{
  char when[32];
  double failed;
  int known = s->sessions > 0, tables = s->tables;
  fprintf(out, "state=%s kind=%s", state_name[s->state], s->kind);
  put_integer(out, "done", tables || s->of > 0, tables ? s->runs + s->imported : s->done);
  put_integer(out, "of", s->of > 0 || s->budget_runs > 0, s->of > 0 ? s->of : s->budget_runs);
  put_integer(out, "session", known && tables, s->sessions);
  put_integer(out, "ranks", known, s->session.ranks);
  fprintf(out, " host=%s", known ? s->session.host : "");
  put_integer(out, "process", s->writer.process > 0, s->writer.process);
  fprintf(out, " started=%s", known ? s->session.started : "");
  fprintf(out, " updated=%s", afb_moment_text(s->updated, when));
  put_real(out, "elapsed", s->elapsed);
  put_integer(out, "bytes", 1, (long long)(s->bytes + s->waiting_bytes));
  put_integer(out, "converged", tables, converged(s));
  put_integer(out, "imported", tables, s->imported);
  put_real(out, "rate", tables ? s->rate : NAN);
  put_real(out, "core_seconds", tables ? s->core_seconds : NAN);
  put_real(out, "fraction", s->fraction);
  put_real(out, "left", s->left);
  put_integer(out, "round", s->round.n_training > 0, s->round.round);
  put_real(out, "auc", s->auc);
  put_real(out, "efficiency", efficiency(s, &failed));
  fprintf(out, "\n");
}
