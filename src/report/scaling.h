/* Scaling: what the same work, or work that grows with the ranks, took on different numbers of ranks, and how well they were used, in the form
 * that calls for access to machines ask for. Not collective: one rank evaluates and writes.
 *
 * With T the median of the times of a point, W its work, p its ranks, and r the point with the fewest ranks of the series:
 *   speed-up    S(p) = (W(p) / T(p)) / (W(r) / T(r))        for the same work the usual T(r) / T(p)
 *   efficiency  E(p) = S(p) r / p
 * Load balance, communication and parallel efficiency are those of POP, and the allocation efficiency with its losses those of store/usage.h,
 * of the measurement whose time is the median (the lower of the two middle ones). */
#ifndef AFB_REPORT_SCALING_H
#define AFB_REPORT_SCALING_H

#include <stdio.h>

#include "core/status.h"
#include "store/usage.h"

enum { AFB_SCALING_POINTS = 24, AFB_SCALING_TIMES = 12 };

typedef struct {
  int ranks;
  double work;                          /* in a unit that is the same for all points */
  int n;                                /* measurements */
  double time[AFB_SCALING_TIMES];       /* s, of the whole application with reading and writing */
  afb_usage_sum usage[AFB_SCALING_TIMES];
} afb_scaling_point;

typedef struct {
  char name[96];                        /* "campaign, strong" */
  char unit[32];                        /* of work: "runs", "atoms" */
  char note[256];                       /* what a reader must know; "" */
  int n;
  afb_scaling_point point[AFB_SCALING_POINTS];   /* by ascending ranks */
} afb_scaling;

/* Adds a measurement to the point of its ranks, which is made where there is none. AFB_E_LIMIT: too many; AFB_E_INPUT: the point has other work. */
afb_status afb_scaling_add(afb_scaling *scaling, int ranks, double work, double seconds, const afb_usage_sum *usage);

enum { AFB_SCALING_LOSSES = 7 };

typedef struct {
  int ranks, nodes, n;
  double work;
  double time, mean, least, most;       /* median, mean, smallest, largest; s */
  double speed_up, efficiency;
  double cpu;                           /* CPU s of all processes */
  double load_balance, communication, parallel, allocation;
  double failed;                        /* of ranks x wall: runs that did not converge, part of the allocation efficiency */
  double loss[AFB_SCALING_LOSSES];      /* of ranks x wall: start-up, training, validation, storing, queue, idle, drain */
  double node_hours, kwh;               /* of one measurement; kwh NaN without a source */
  const char *source;                   /* of the energy, in the point */
} afb_scaling_row;
void afb_scaling_evaluate(const afb_scaling *scaling, int point, afb_scaling_row *row);

typedef enum { AFB_SCALING_TEXT, AFB_SCALING_MARKDOWN, AFB_SCALING_CSV, AFB_SCALING_LATEX, AFB_SCALING_HTML } afb_scaling_form;
/* The tables of n series: two for people (times and efficiencies; where the time went), one wide one as CSV. LaTeX needs the package booktabs. */
void afb_scaling_tables(FILE *out, afb_scaling_form form, int n, const afb_scaling *scaling);
/* Time, speed-up and efficiencies as one SVG. */
void afb_scaling_figure(FILE *out, int n, const afb_scaling *scaling);

/* What a planned campaign needs. */
typedef struct {
  double runs;                          /* how many are planned */
  double core_seconds;                  /* of one: mean of those that were measured */
  double deviation;                     /* standard deviation of it */
  double failed;                        /* core-seconds of a run that did not converge, share of all */
  int64_t measured;                     /* how many these means are from */
  int cores, nodes;                     /* of a node; at which the efficiency holds */
  double efficiency;                    /* allocation efficiency there */
  int measured_ranks;                   /* on which it was measured */
} afb_scaling_plan;
/* node-hours = runs x core_seconds / (3600 x cores x efficiency) and, with the margin of two standard errors of the mean of `runs` runs
 * whose mean is known from `measured`, the upper value: core_seconds + 2 deviation sqrt(1 / measured + 1 / runs). */
void afb_scaling_need(const afb_scaling_plan *plan, double *node_hours, double *upper, double *wall_hours);
void afb_scaling_plan_text(FILE *out, afb_scaling_form form, const afb_scaling_plan *plan);

#endif
