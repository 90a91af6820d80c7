#include "learn/optimiser.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "learn/kernels.h"

static afb_step_factors factors_of(const afb_optimiser_step *s)
{
  return (afb_step_factors){
    .shorten = (float)s->shorten,
    .rate = (float)s->rate,
    .decay = (float)s->weight_decay,
    .unbias1 = (float)(1 / (1 - pow(0.9, (double)s->step))),
    .unbias2 = (float)(1 / (1 - pow(0.999, (double)s->step))),
  };
}

static void adamw(const afb_optimiser_step *s, int64_t n, float *gradient, float *weight, float *moment1, float *moment2)
{
  afb_step_factors f = factors_of(s);
  afb_kernels_best()->adamw(&f, n, gradient, weight, moment1, moment2);
}

static void lamb(const afb_optimiser_step *s, int64_t n, float *gradient, float *weight, float *moment1, float *moment2)
{
  afb_step_factors f = factors_of(s);
  afb_kernels_best()->lamb(&f, n, gradient, weight, moment1, moment2);
}

static void sgd(const afb_optimiser_step *s, int64_t n, float *gradient, float *weight, float *moment1, float *moment2)
{
  afb_step_factors f = factors_of(s);
  (void)moment2;
  afb_kernels_best()->sgd(&f, n, gradient, weight, moment1);
}

const afb_optimiser afb_optimisers[] = {
  {"adamw", "Adam with decoupled weight decay", "Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101", 0, adamw},
  {"lamb", "AdamW with steps in proportion to the norm of each matrix, for large batches", "You et al., ICLR 2020, arXiv:1904.00962", 1, lamb},
  {"sgd", "gradient descent with momentum", "Polyak, USSR Comput. Math. Math. Phys. 4(5), 1 (1964)", 0, sgd},
  {0},
};

/* What remains of the rate at the end of schedules that fall. */
static const double LAST = 0.05;

static double cosine(double x) { return LAST + (1 - LAST) * 0.5 * (1 + cos(3.141592653589793 * x)); }
static double linear(double x) { return LAST + (1 - LAST) * (1 - x); }
static double constant(double x)
{
  (void)x;
  return 1;
}

const afb_rate_schedule afb_rate_schedules[] = {
  {"cosine", "half a cosine to a twentieth of the rate", cosine},
  {"linear", "a straight line to a twentieth of the rate", linear},
  {"constant", "the rate throughout", constant},
  {0},
};

static const char *optimiser_name(int i) { return afb_optimisers[i].name; }
static const char *schedule_name(int i) { return afb_rate_schedules[i].name; }

/* *found: row of the table whose names are given. */
static afb_status find(const char *what, const char *name, const char *(*name_of)(int), int *found)
{
  char choices[128] = "";
  for (int i = 0; name_of(i); i++) {
    if (!name || strcmp(name, name_of(i)) == 0) {
      *found = i;
      return AFB_OK;
    }
    size_t used = strlen(choices);
    snprintf(choices + used, sizeof choices - used, "%s%s", i ? ", " : "", name_of(i));
  }
  return AFB_FAIL(AFB_E_INPUT, "there is no %s \"%.40s\"; there are: %s", what, name, choices);
}

afb_status afb_optimiser_find(const char *name, const afb_optimiser **out)
{
  int i = 0;
  AFB_TRY(find("optimiser", name, optimiser_name, &i));
  *out = &afb_optimisers[i];
  return AFB_OK;
}

afb_status afb_rate_schedule_find(const char *name, const afb_rate_schedule **out)
{
  int i = 0;
  AFB_TRY(find("schedule", name, schedule_name, &i));
  *out = &afb_rate_schedules[i];
  return AFB_OK;
}

void afb_optimiser_descend(const afb_optimiser_step *s, double weight_square, double direction_square, int64_t n, const float *direction,
                           float *weight)
{
  double factor = weight_square > 0 && direction_square > 0 ? sqrt(weight_square / direction_square) : 1;
  afb_kernels_best()->subtract(n, (float)(s->rate * factor), direction, weight);
}
