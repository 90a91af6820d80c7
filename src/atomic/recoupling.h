/* Factors of a chain of coupled subshells, kept in a table shared by the whole process. Not collective.
 *
 * With [9j] = sqrt((2Y+1)(2Y'+1)(2c+1)) {X X' a; J J' b; Y Y' c} (Edmonds 7.1.5), one link takes the reduced matrix element
 * of the chain up to X to that up to Y:
 *   start   sqrt(2X+1) [9j], a = 0, b = c, X = X': the operator begins after the chain X
 *   pass    sqrt(2J+1) [9j], b = 0, a = c, J = J': a subshell that is not acted on
 *   link    [9j]
 *   stop    [9j] / sqrt(2Y+1), c = 0, a = b, Y = Y': the operator is complete; the result is a scalar's element,
 *           no longer reduced
 * All arguments are doubled; ranks up to 15, J up to 32, X up to AFB_LARGEST_TWO_J / 2. */
#ifndef AFB_ATOMIC_RECOUPLING_H
#define AFB_ATOMIC_RECOUPLING_H

#include "core/status.h"

typedef enum { AFB_LINK_START, AFB_LINK_PASS, AFB_LINK_MIDDLE, AFB_LINK_STOP } afb_link_kind;

typedef struct {
  afb_link_kind kind;
  int x, x1, a, j, j1, b, y, y1, c;
} afb_link;

/* 0 when a triangle fails. A table that can grow no more for want of memory computes anew: never a failure.
 * Cost: a look-up of some 10 ns; microseconds the first time. */
double afb_link_factor(const afb_link *link);

#endif
