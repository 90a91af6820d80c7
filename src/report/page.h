/* The report of a file: as a page of HTML, and in brief for the terminal, from the same data. docs/report.md has the definitions.
 * Not collective: one rank reads and writes. */
#ifndef AFB_REPORT_PAGE_H
#define AFB_REPORT_PAGE_H

#include <stdint.h>
#include <stdio.h>

#include "campaign/campaign.h"
#include "campaign/record.h"
#include "core/status.h"
#include "store/arrays.h"
#include "store/store.h"

/* What a file of runs holds. */
typedef struct {
  const char *path;            /* as the user gave it; borrowed */
  int is_campaign;             /* 0: single calculations */
  afb_stored stored;           /* ions, sets and runs, whole */
  afb_campaign_result result;  /* ledger, harvest, predictions judged, last validation; all else of it is 0 */
  int64_t n_sessions;
  afb_store_session *session;
  char *input;                 /* resolved, of the last session */
} afb_page;

/* The store is open for reading. The caller clears, also after a failure. AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY. Cost: reads all tables but
 * radial functions, iterations and parameters of models. */
afb_status afb_page_read(afb_store *store, const char *path, afb_page *page);
void afb_page_clear(afb_page *page);

void afb_page_html(FILE *out, const afb_page *page);
void afb_page_text(FILE *out, const afb_page *page);

#endif
