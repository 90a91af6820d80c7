/* What a comparison with observed levels says, run by run. */
#include "campaign/observed.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/transfer.h"
#include "core/units.h"

typedef struct {
  const afb_observed *observed;
  FILE *out;
  int *partner;
  afb_match *by;
  int64_t n, best;             /* runs; number of the one that agrees best */
  afb_ion ion;                 /* of the first run; several: one more was met */
  int several, says_ion;
  afb_deviation best_deviation;
} comparison;

static void put_j(FILE *out, int two_j, int width)
{
  char text[16];
  snprintf(text, sizeof text, two_j % 2 ? "%d/2" : "%d", two_j % 2 ? two_j : two_j / 2);
  fprintf(out, "%*s", width, text);
}

static int is_better(const afb_deviation *a, const afb_deviation *b)
{
  if (a->n != b->n)
    return a->n > b->n;
  return a->mean_absolute < b->mean_absolute;
}

static afb_status compare_run(void *context, const afb_run_levels *run)
{
  comparison *c = context;
  afb_deviation d;
  if (c->ion.z == 0)
    c->ion = run->ion;
  c->several |= c->ion.z != run->ion.z || c->ion.charge != run->ion.charge;
  if (c->several && !c->says_ion)
    return AFB_FAIL(AFB_E_INPUT, "the file holds runs of several ions: add a column ion to the table of observed levels");
  AFB_TRY(afb_observed_match(c->observed, run->ion, run->n, run->level, c->partner, c->by, &d));
  if (d.n == 0)
    return AFB_OK;
  int n_observed = 0;
  for (int i = 0; i < c->observed->n; i++)
    n_observed += afb_observed_is_of(&c->observed->level[i], run->ion);
  fprintf(c->out, "run %lld  %s  %s\n  %d pair%s of %d observed and %d calculated levels: %d by label, %d by term, %d by order\n",
          (long long)run->number, run->label, run->configurations, d.n, d.n == 1 ? "" : "s", n_observed, run->n, d.n_by[AFB_MATCH_LABEL], d.n_by[AFB_MATCH_TERM],
          d.n_by[AFB_MATCH_ORDER]);
  if (d.n > 1) {
    const afb_observed_level *worst = &c->observed->level[d.worst];
    fprintf(c->out, "  calculated - observed: mean %+.1f cm-1, mean absolute %.1f cm-1, largest %+.1f cm-1 (%s, J = ", d.mean,
            d.mean_absolute, d.largest, worst->label[0] ? worst->label : "no label");
    put_j(c->out, worst->two_j, 0);
    fprintf(c->out, ")\n");
  }
  if (c->n++ == 0 || is_better(&d, &c->best_deviation)) {
    c->best = run->number;
    c->best_deviation = d;
  }
  return AFB_OK;
}

static afb_status print_pairs(void *context, const afb_run_levels *run)
{
  static const char *const words[] = {"", "label", "term", "order"};
  comparison *c = context;
  afb_deviation d;
  if (run->number != c->best)
    return AFB_OK;
  AFB_TRY(afb_observed_match(c->observed, run->ion, run->n, run->level, c->partner, c->by, &d));
  fprintf(c->out, "\nrun %lld, level by level; cm-1 above the first of them\n    J  P     observed   calculated   difference  by     observed label; calculated\n",
          (long long)run->number);
  for (int i = 0; i < c->observed->n; i++) {
    const afb_observed_level *o = &c->observed->level[i];
    if (c->partner[i] < 0)
      continue;
    const afb_store_level *level = &run->level[c->partner[i]];
    double observed = o->energy - c->observed->level[d.reference].energy;
    double calculated = (level->energy - run->level[c->partner[d.reference]].energy) * AFB_HARTREE_IN_INVERSE_CM;
    put_j(c->out, o->two_j, 5);
    fprintf(c->out, "  %c %12.2f %12.2f %+12.2f  %-5s  %s; %s\n", level->parity < 0 ? '-' : '+', observed, calculated,
            calculated - observed, words[c->by[i]], o->label, level->label);
  }
  return AFB_OK;
}

static afb_status compare_all(afb_store *store, comparison *c)
{
  for (int i = 0; i < c->observed->n; i++)
    c->says_ion |= c->observed->level[i].ion.z != 0;
  if (c->observed->n_left_out > 0)
    fprintf(c->out, "%d rows without one J or without an energy are left out\n", c->observed->n_left_out);
  AFB_TRY(afb_run_levels_visit(store, compare_run, c));
  if (c->n == 0)
    return AFB_FAIL(AFB_E_INPUT, "no observed level has the ion, J and parity of a calculated one");
  AFB_TRY(afb_run_levels_visit(store, print_pairs, c));
  return ferror(c->out) ? AFB_FAIL(AFB_E_IO, "writing a comparison failed: %s", strerror(errno)) : AFB_OK;
}

afb_status afb_compare_levels(afb_store *store, const afb_observed *observed, FILE *out, int64_t *n)
{
  comparison c = {.observed = observed, .out = out, .partner = malloc((size_t)observed->n * sizeof(int) + 1),
                  .by = malloc((size_t)observed->n * sizeof(afb_match) + 1), .best = -1};
  afb_status status = c.partner && c.by ? compare_all(store, &c) : AFB_FAIL(AFB_E_MEMORY, "no memory to compare levels");
  free(c.partner);
  free(c.by);
  *n = c.n;
  return status;
}
