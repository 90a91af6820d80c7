/* What a run of the embedded engine costs, from its sizes (engine/work.h). Not collective.
 *
 *   core_seconds = effort * iterations,  effort = sum_k effort_k e_k,  ln(iterations) = sum_k hardness_k h_k
 *   bytes on a rank of n = sum_k kept_k b_k + (sum_k spread_k s_k) / n
 *
 * e, b and s are sizes of the calculation, h says how hard a set is to converge. The coefficients of e, b and s are not negative, so that
 * predictions never fall as a calculation grows. They are fitted to measured runs (`aufbau bench cost TABLE.csv`): those of seconds so that most runs are within
 * a factor of two, a run that is far off counting as missed, however far; those of memory so that the sum of relative errors is least. */
#ifndef AFB_ENGINE_COST_H
#define AFB_ENGINE_COST_H

#include "engine/engine.h"
#include "engine/work.h"

enum { AFB_COST_EFFORTS = 7, AFB_COST_HARDNESS = 8, AFB_COST_KEPT = 5, AFB_COST_SPREAD = 1 };

typedef struct {
  double effort[AFB_COST_EFFORTS];       /* seconds */
  double hardness[AFB_COST_HARDNESS];
  double kept[AFB_COST_KEPT];            /* bytes */
  double spread[AFB_COST_SPREAD];
} afb_cost_model;

/* Of the engine as it is. */
extern const afb_cost_model afb_cost_fitted;

void afb_cost_predict(const afb_cost_model *model, const afb_work *work, afb_engine_cost *cost);

/* A measured run on one rank. */
typedef struct {
  afb_work work;
  int iterations;
  double seconds, bytes;       /* CPU; bytes: NaN where not known */
} afb_cost_sample;

/* The coefficients that fit n runs; those of memory stay as they are in *model when too few runs have bytes. Runs without seconds or without
 * iterations count for memory alone. AFB_E_INPUT: too few runs; AFB_E_NUMERIC, AFB_E_MEMORY. */
afb_status afb_cost_fit(int n, const afb_cost_sample *sample, afb_cost_model *model);

#endif
