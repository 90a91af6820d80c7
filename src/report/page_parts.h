/* Sections of the page (page.h) and what they share; internal. Every section writes nothing when the file has nothing for it. */
#ifndef AFB_REPORT_PAGE_PARTS_H
#define AFB_REPORT_PAGE_PARTS_H

#include "report/html.h"
#include "report/page.h"
#include "report/tally.h"

/* AFB_E_MEMORY for all that return a status. */
afb_status afb_page_outcomes(FILE *out, const afb_page *page);
void afb_page_failures(FILE *out, const afb_page *page);
afb_status afb_page_graph(FILE *out, const afb_page *page);
void afb_page_learning(FILE *out, const afb_page *page);
void afb_page_levels_section(FILE *out, const afb_page *page);
afb_status afb_page_costs(FILE *out, const afb_page *page);
afb_status afb_page_time(FILE *out, const afb_page *page);
afb_status afb_page_calculation(FILE *out, const afb_page *page);
void afb_page_provenance(FILE *out, const afb_page *page);

/* Coloured squares with the names of classes of runs and how many there are; classes without runs are left out. */
void afb_page_key(FILE *out, const int64_t count[AFB_N_RUN_CLASSES]);
/* A bar of the shares of classes. */
void afb_page_strip(FILE *out, const int64_t count[AFB_N_RUN_CLASSES]);
/* "s" of 0 ... */
char afb_page_letter(int l);
/* The configurations of a set, escaped, joined by ", " and at most `most` of them. */
void afb_page_set(FILE *out, const afb_stored *stored, int64_t set, int most);

/* Rows of provenance, a resolved input, and what to cite; for all kinds of files. Empty values are left out. */
void afb_page_fact(FILE *out, const char *name, const char *value);
void afb_page_input(FILE *out, const char *input);
/* The short values of the input in a line. */
void afb_page_short_input(FILE *out, const char *input);
void afb_page_citations(FILE *out, int campaign, int atom, int structures, const char *version);

/* Wall time of session s: what it says of itself, or else until its last run or round. */
double afb_page_session_seconds(const afb_page *page, int s);
int afb_page_session_ranks(const afb_page *page, int s);
/* Where the time went and how well the ranks were used, as a table with a bar a session. */
void afb_page_usage(FILE *out, int64_t n, const afb_store_usage *usage);
void afb_page_usage_text(FILE *out, int64_t n, const afb_store_usage *usage);
/* The last line of every page. */
void afb_page_end(FILE *out);

/* Sums over the file's own runs (imported ones left out). */
typedef struct {
  int64_t runs, imported;
  double core_seconds, cpu_seconds, wall;   /* wall: of all sessions */
  double rank_seconds;                      /* ranks times wall */
} afb_page_sums;
afb_page_sums afb_page_sum(const afb_page *page);

#endif
