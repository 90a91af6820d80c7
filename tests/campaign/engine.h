/* A deterministic engine for tests of what lies around engines: it computes nothing, takes the time that the request
 * names, and ends as the request says. Never part of the program. */
#ifndef AFB_TESTS_CAMPAIGN_ENGINE_H
#define AFB_TESTS_CAMPAIGN_ENGINE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "engine/engine.h"

enum { TEST_CONVERGES, TEST_NAN, TEST_LIMIT, TEST_REFUSES, TEST_NO_MEMORY, TEST_MODES };

/* Room for two levels and one orbital, all of them zeros. */
static inline afb_status test_engine_room(afb_mcdhf_result *result)
{
  result->n_levels = 2;
  result->level = calloc(2, sizeof *result->level);
  result->orbitals.n_orbitals = 1;
  result->orbitals.orbital[0] = (afb_orbital){1, -1};
  result->orbitals.n_breakpoints = 3;
  result->orbitals.n_p = 9;
  result->orbitals.n_q = 10;
  result->orbitals.breakpoint = calloc(3, sizeof(double));
  result->orbitals.coefficient = calloc(19, sizeof(double));
  if (!result->level || !result->orbitals.breakpoint || !result->orbitals.coefficient)
    return AFB_FAIL(AFB_E_MEMORY, "no memory");
  return AFB_OK;
}

/* The request's max_iterations are milliseconds, its two_j_min is the mode. */
static inline afb_status test_engine_run(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  *result = (afb_mcdhf_result){0};
  int size, stop = 0;
  MPI_Comm_size(comm, &size);
  double end = afb_wall_seconds() + 1e-3 * request->max_iterations;
  while (afb_wall_seconds() < end && !stop) {
    nanosleep(&(struct timespec){0, 1000000}, NULL);
    stop = request->poll && request->poll(request->poll_context);
  }
  if (request->two_j_min == TEST_REFUSES)
    return AFB_FAIL(AFB_E_INPUT, "no such calculation");
  if (request->two_j_min == TEST_NO_MEMORY)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for the matrix");
  result->outcome = stop || request->two_j_min == TEST_LIMIT ? AFB_OUTCOME_RESOURCE_LIMIT : AFB_OUTCOME_CONVERGED;
  result->rung = AFB_RUNG_DIIS;
  result->iterations = request->max_iterations;
  result->energy = request->two_j_min == TEST_NAN ? NAN : -request->z - (request->start ? 0.5 : 0.0);
  result->cpu_seconds = 1e-3 * request->max_iterations * size;
  AFB_TRY(test_engine_room(result));
  result->level[0] = (afb_level){.two_j = 1, .parity = -1, .index = 1, .energy = result->energy, .weight = 1.0};
  result->level[1] = (afb_level){.two_j = 3, .parity = -1, .index = 1, .energy = result->energy + 0.25};
  result->orbitals.breakpoint[2] = 40.0;
  result->orbitals.coefficient[18] = request->z;
  return AFB_OK;
}

static inline void test_engine_cost(const afb_mcdhf_request *request, afb_engine_cost *cost)
{
  *cost = (afb_engine_cost){.core_seconds = 1e-3 * request->max_iterations, .bytes = NAN, .spread_bytes = NAN};
}

static const afb_engine test_engine = {
  .name = "test", .description = "takes time", .reference = "none", .run = test_engine_run, .cost = test_engine_cost};

#endif
