/* Progress of something long, to standard error: a bar that is redrawn on a terminal, otherwise a line now and then.
 * One rank shows it. Not collective. */
#ifndef AFB_REPORT_PROGRESS_H
#define AFB_REPORT_PROGRESS_H

#include <stdint.h>

typedef struct {
  int off, terminal;
  double interval, shown_at, started_at;
  int drawn;                   /* length of what stands on the terminal's line */
} afb_progress;

typedef struct {
  double fraction;             /* done, of whatever will be used up first, 0 ... 1 */
  double fraction_at_start;    /* what an earlier start had done */
  const char *text;            /* "212 of 400 runs, 201 converged" */
} afb_progress_state;

/* `off`: shows nothing. A bar every 0.2 s on a terminal, otherwise lines, at first every 2 s, later up to every 60 s. */
void afb_progress_init(afb_progress *progress, int off);
/* Shows the state when it is time to. Cheap otherwise. */
void afb_progress_show(afb_progress *progress, const afb_progress_state *state);
/* Whether it is time to: guards the making of the text. */
int afb_progress_due(const afb_progress *progress);
/* Removes the bar, so that other text can follow. */
void afb_progress_end(afb_progress *progress);

/* "1 h 02 min", "3 min 05 s", "12 s" in a buffer of at least 32 bytes; returns it. */
char *afb_duration(double seconds, char *buffer);

#endif
