/* Unit tests under MPI: cmocka groups whose assertions are agreed over all ranks, with TAP from rank 0.
 * A check that fails on one rank fails the test on every rank, in place of hanging the others. */
#ifndef AFB_TESTS_CHECK_H
#define AFB_TESTS_CHECK_H

#include <mpi.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <math.h>
#include <cmocka.h>

#include "core/status.h"

/* Collective on MPI_COMM_WORLD: every rank must reach it. */
#define check_true(condition)                                                            \
  do {                                                                                   \
    int check_mine_ = (condition) ? 1 : 0, check_all_;                                   \
    if (!check_mine_)                                                                    \
      fprintf(stderr, "# failed: %s (%s:%d)\n", #condition, __FILE__, __LINE__);         \
    MPI_Allreduce(&check_mine_, &check_all_, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);       \
    assert_true(check_all_);                                                             \
  } while (0)

#define check_ok(expression)                                                             \
  do {                                                                                   \
    afb_status check_status_ = (expression);                                             \
    if (check_status_ != AFB_OK)                                                         \
      fprintf(stderr, "# %s: %s [%s]\n", #expression, afb_error_text(), afb_error_trail()); \
    check_true(check_status_ == AFB_OK);                                                 \
  } while (0)

#define check_close(a, b, tolerance)                                                     \
  do {                                                                                   \
    double check_a_ = (a), check_b_ = (b);                                               \
    int check_near_ = fabs(check_a_ - check_b_) <= (tolerance);                          \
    if (!check_near_)                                                                    \
      fprintf(stderr, "# %s = %.17g, %s = %.17g, difference %.3g\n", #a, check_a_, #b,   \
              check_b_, check_a_ - check_b_);                                            \
    check_true(check_near_);                                                             \
  } while (0)

/* main() of a test program: MPI around one group of tests. */
#define CHECK_MAIN(tests)                                                                \
  int main(int argc, char **argv)                                                        \
  {                                                                                      \
    MPI_Init(&argc, &argv);                                                              \
    int check_rank_;                                                                     \
    MPI_Comm_rank(MPI_COMM_WORLD, &check_rank_);                                         \
    if (check_rank_ != 0 && !freopen("/dev/null", "w", stdout))                          \
      return 70;                                                                         \
    cmocka_set_message_output(CM_OUTPUT_TAP);                                            \
    int check_failures_ = cmocka_run_group_tests(tests, NULL, NULL);                     \
    MPI_Finalize();                                                                      \
    return check_failures_ != 0;                                                         \
  }

#endif
