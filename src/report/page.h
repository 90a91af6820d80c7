/* The report of a file: as a page of HTML, and in brief for the terminal, from the same data. docs/report.md has the definitions.
 * Not collective: one rank reads and writes. */
#ifndef AFB_REPORT_PAGE_H
#define AFB_REPORT_PAGE_H

#include <stdint.h>
#include <stdio.h>

#include "campaign/campaign.h"
#include "campaign/record.h"
#include "core/status.h"
#include "store/store.h"
#include "store/usage.h"

/* Runs that failed with one outcome for one reason, the numbers in it aside. */
enum { AFB_PAGE_BLAMED = 4 };
typedef struct {
  int outcome;
  char reason[AFB_STORE_REASON];   /* what has digits is "…" */
  int64_t runs, example;           /* example: the first of them, a row of runs */
  double core_seconds;
  int n_blamed;                    /* shells, most often blamed first */
  struct { int n, l; int64_t runs; } blamed[AFB_PAGE_BLAMED];
} afb_page_failure;

/* The run of an ion with most levels, and of several the one with the lowest. */
typedef struct {
  afb_ion ion;
  int64_t run;                 /* -1: none */
  int n;
  afb_store_level *level;      /* [n] by energy */
} afb_page_levels;

/* Of the file's last validation. */
enum { AFB_PAGE_MEASURES = 5 };
extern const char *const afb_page_measure[AFB_PAGE_MEASURES];   /* "accuracy" ... */
typedef struct {
  int there[AFB_N_SPLITS];
  double value[AFB_N_SPLITS][AFB_N_TARGETS][AFB_N_METHODS][AFB_PAGE_MEASURES];   /* NaN: unknown */
} afb_page_validation;

/* Predictions made before the runs, in ten bins of equal width. */
enum { AFB_PAGE_BINS = 10 };
typedef struct {
  afb_metrics all;
  struct { int64_t n; double p, y; } bin[AFB_PAGE_BINS];   /* means */
} afb_page_reliability;

/* What a file of runs holds. */
typedef struct {
  const char *path;            /* as the user gave it; borrowed */
  int is_campaign;             /* 0: single calculations; what is below `failure` is then empty */
  int64_t count[AFB_N_TABLES];
  afb_stored stored;           /* ions, sets and runs, whole */
  int64_t n_sessions;
  afb_store_session *session;
  char *input;                 /* resolved, of the last session */
  int64_t n_usage;
  afb_store_usage *usage;      /* of all sessions; a session that was killed, or of an older program, has none */
  int n_ions;
  afb_page_levels *best;       /* [n_ions] by nuclear charge and charge */
  int n_failures;
  afb_page_failure *failure;   /* by number of runs */
  int64_t n_traces;
  afb_store_trace *trace;      /* single calculations: of the last run */
  int n_orbitals;
  afb_store_orbital *orbital;

  afb_campaign_result result;  /* ledger (ions as in `best`), harvest, predictions judged; all else of it is 0 */
  int batch;                   /* of the input; INT_MAX: unknown */
  int64_t n_rounds;
  afb_store_round *round;
  afb_store_metric *metric;    /* of all rounds and models */
  afb_store_loss *loss;
  afb_page_validation validation;
  afb_page_reliability reliability[AFB_N_TARGETS];
} afb_page;

/* The store is open for reading. The caller clears, also after a failure. AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY. Cost: reads all tables but
 * radial functions, iterations and parameters of models. */
afb_status afb_page_read(afb_store *store, const char *path, afb_page *page);
void afb_page_clear(afb_page *page);

/* AFB_E_MEMORY. */
afb_status afb_page_html(FILE *out, const afb_page *page);
afb_status afb_page_text(FILE *out, const afb_page *page);

#endif
