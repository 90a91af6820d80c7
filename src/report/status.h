/* How far a result file has got, seen by a process that changes nothing while another may be writing: `aufbau status`. Not collective. */
#ifndef AFB_REPORT_STATUS_H
#define AFB_REPORT_STATUS_H

#include <stdint.h>
#include <stdio.h>

#include "atomic/mcdhf.h"
#include "core/status.h"
#include "store/look.h"
#include "store/store.h"
#include "store/usage.h"

typedef enum {
  AFB_STANDING_RUNNING,      /* a process holds the journal */
  AFB_STANDING_FINISHED,     /* a budget is used up; a file of arrays is complete */
  AFB_STANDING_STOPPED,      /* closed in order with budget left (or nothing left to run, which the file does not say) */
  AFB_STANDING_KILLED,       /* a journal that nobody is seen to hold: killed, or on a host whose locks cannot be seen from here */
  AFB_STANDING_WRITING       /* only FILE.h5.tmp is there: a file of arrays has begun, or a campaign's is being made; whether its process lives cannot be known */
} afb_standing_state;

enum { AFB_STANDING_FAILURES = 3 };

typedef struct {
  double finish;             /* seconds since 1970; so for all moments here */
  int outcome, n_set;        /* n_set: configurations of its set */
  int64_t set;               /* row of sets */
  char ion[16];
  char reason[AFB_STORE_REASON];
} afb_standing_failure;

typedef struct {
  afb_standing_state state;
  const char *path;          /* borrowed */
  char kind[AFB_LOOK_KIND];  /* "campaign"; "runs" for other files of tables; "descriptors", "forces" ... */
  int tables;                /* 1: of tables; 0: of arrays, of which only what stands under "both" and "arrays" is known */
  /* both */
  double now, updated;       /* updated: when anything was last written */
  int64_t bytes;             /* of FILE.h5; 0: it is not there yet */
  int64_t waiting_bytes;     /* of its journal, or of FILE.h5.tmp */
  int sessions;              /* that stored something */
  afb_store_session session; /* the last of them */
  double opened, elapsed;    /* its start; until now, or its last run; NaN: unknown */
  /* arrays */
  int64_t done, of;          /* models left out and predicted by a training that was stopped; `of` 0: nothing is known */
  /* tables */
  afb_look_writer writer;
  int stop_asked;            /* FILE.h5.stop is there */
  int64_t runs, imported, outcome[AFB_N_OUTCOMES];
  double core_seconds, session_core_seconds, session_failed_core_seconds;
  int64_t session_runs;
  afb_usage_sum usage;       /* of a session that ended in order; usage.ranks 0: it has not, or is of an older version */
  double window;             /* seconds over which the rates are taken: the last minutes, or the session when it is over */
  double rate, core_rate;    /* runs, and core-seconds of runs, a second of it */
  int64_t budget_runs;       /* 0: none */
  double budget_core_seconds, budget_wall_seconds;   /* 0: none */
  double fraction;           /* used of the budget that will be used up first; NaN: none known */
  double left;               /* seconds until it will be, at these rates; NaN: not known */
  const char *first;         /* its key, "budget.runs"; NULL: none */
  afb_store_round round;     /* the last training; round.n_training 0: none */
  double auc, log_loss;      /* of convergence, on the runs that calibrated it; NaN: none */
  double honest_auc, logistic_auc;   /* on ions left out, and of logistic regression there; NaN: not validated */
  int n_failures;
  afb_standing_failure failure[AFB_STANDING_FAILURES];   /* the last ones, latest first */
} afb_standing;

/* Takes no lock and makes no file; folds and renames of a writer at the same time do not disturb it. AFB_E_NOT_FOUND: neither the file nor
 * anything of it is there. AFB_E_FOREIGN, AFB_E_IO, AFB_E_MEMORY. Cost: reads the rows of runs in blocks, and the journal once. */
afb_status afb_standing_read(const char *path, afb_standing *out);

/* A screen for people. */
void afb_standing_print(FILE *out, const afb_standing *s);
/* One line of key=value for scripts, without blanks in values; nothing behind the = where a value is not known. `done` differs whenever
 * something was got on with. */
void afb_standing_line(FILE *out, const afb_standing *s);

#endif
