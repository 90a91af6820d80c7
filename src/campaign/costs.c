#include "campaign/costs.h"

#include <math.h>
#include <stdlib.h>

static const double SHRINKAGE = 3.0;       /* runs */
static const double FIRST_SCATTER = 1.0;   /* of ln(seconds/estimate) before anything is known */

afb_status afb_costs_init(int n_ions, afb_costs *costs)
{
  *costs = (afb_costs){.n_ions = n_ions};
  costs->ion_n = calloc(2 * (size_t)n_ions + 1, sizeof *costs->ion_n);
  if (!costs->ion_n)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the costs of %d ions", n_ions);
  costs->ion_sum = costs->ion_n + n_ions;
  return AFB_OK;
}

void afb_costs_clear(afb_costs *costs)
{
  free(costs->ion_n);
  *costs = (afb_costs){0};
}

void afb_costs_learn(afb_costs *costs, int ion, double estimate, double seconds)
{
  if (!(estimate > 0.0) || !(seconds > 0.0))
    return;
  double x = log(seconds / estimate);
  costs->n += 1.0;
  costs->sum += x;
  costs->sum_squares += x * x;
  costs->ion_n[ion] += 1.0;
  costs->ion_sum[ion] += x;
}

static double correction(const afb_costs *costs, int ion)
{
  if (costs->n == 0.0)
    return 0.0;
  double mean = costs->sum / costs->n;
  return mean + (costs->ion_sum[ion] - costs->ion_n[ion] * mean) / (costs->ion_n[ion] + SHRINKAGE);
}

static double scatter(const afb_costs *costs)
{
  double mean = costs->n > 0.0 ? costs->sum / costs->n : 0.0;
  double squares = fmax(0.0, costs->sum_squares - costs->n * mean * mean);
  return sqrt((squares + SHRINKAGE * FIRST_SCATTER * FIRST_SCATTER) / (costs->n + SHRINKAGE));
}

double afb_costs_predict(const afb_costs *costs, int ion, double estimate)
{
  return estimate * exp(correction(costs, ion));
}

double afb_costs_bound(const afb_costs *costs, int ion, double estimate)
{
  return estimate * exp(correction(costs, ion) + 1.65 * scatter(costs));
}
