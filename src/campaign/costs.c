#include "campaign/costs.h"

#include <math.h>
#include <stdlib.h>

static const double SHRINKAGE = 3.0;       /* runs */
static const double FIRST_SCATTER = 1.0;   /* of ln(seconds/estimate) before anything is known */
static const double REACH = 1.0;           /* of the same: what is further away counts as this far, */
static const double FREELY = 8.0;          /* but not among the first runs, which set the scale */

afb_status afb_costs_init(int n_ions, afb_costs *costs)
{
  *costs = (afb_costs){.n_ions = n_ions};
  costs->ion = calloc((size_t)n_ions + 1, sizeof *costs->ion);
  return costs->ion ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the costs of %d ions", n_ions);
}

void afb_costs_clear(afb_costs *costs)
{
  free(costs->ion);
  *costs = (afb_costs){0};
}

static double mean_of(const afb_cost_group *group) { return group->n > 0.0 ? group->sum / group->n : 0.0; }

/* By how much a group's runs differ from `mean`. */
static double deviation(const afb_cost_group *group, double mean)
{
  return (group->sum - group->n * mean) / (group->n + SHRINKAGE);
}

static double correction(const afb_costs *costs, int ion, int size)
{
  double mean = mean_of(&costs->all);
  return mean + deviation(&costs->ion[ion], mean) + deviation(&costs->size[size], mean);
}

static void add(afb_cost_group *group, double x)
{
  group->n += 1.0;
  group->sum += x;
}

void afb_costs_learn(afb_costs *costs, int ion, int size, double estimate, double seconds)
{
  if (!(estimate > 0.0) || !(seconds > 0.0))
    return;
  double x = log(seconds / estimate), expected = correction(costs, ion, size), off = x - expected;
  if (costs->all.n >= FREELY) {
    costs->sum_squares += off * off;
    x = expected + fmin(fmax(off, -REACH), REACH);
  }
  add(&costs->all, x);
  add(&costs->ion[ion], x);
  add(&costs->size[size], x);
}

static double scatter(const afb_costs *costs)
{
  double n = fmax(0.0, costs->all.n - FREELY);
  return sqrt((costs->sum_squares + SHRINKAGE * FIRST_SCATTER * FIRST_SCATTER) / (n + SHRINKAGE));
}

double afb_costs_predict(const afb_costs *costs, int ion, int size, double estimate)
{
  return estimate * exp(correction(costs, ion, size));
}

double afb_costs_bound(const afb_costs *costs, int ion, int size, double estimate)
{
  return estimate * exp(correction(costs, ion, size) + 1.65 * scatter(costs));
}
