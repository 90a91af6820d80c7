#include "tests/check.h"

#include <string.h>

static afb_status inner(int fail) { return fail ? AFB_FAIL(AFB_E_IO, "disk %d is full", fail) : AFB_OK; }

static afb_status outer(int fail)
{
  AFB_TRY(inner(fail));
  return AFB_OK;
}

static void trail_names_every_function(void **state)
{
  (void)state;
  check_true(outer(0) == AFB_OK);
  check_true(outer(7) == AFB_E_IO);
  check_true(strcmp(afb_error_text(), "disk 7 is full") == 0);
  check_true(strstr(afb_error_trail(), "inner (") && strstr(afb_error_trail(), "< outer ("));
}

static void all_ranks_agree_on_the_lowest_failure(void **state)
{
  (void)state;
  int rank, size;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  check_true(afb_agree(MPI_COMM_WORLD, AFB_OK) == AFB_OK);
  afb_status mine = rank == size - 1 ? AFB_FAIL(AFB_E_MEMORY, "rank %d is out of memory", rank) : AFB_OK;
  check_true(afb_agree(MPI_COMM_WORLD, mine) == AFB_E_MEMORY);
  check_true(strstr(afb_error_text(), "out of memory") != NULL);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(trail_names_every_function),
  cmocka_unit_test(all_ranks_agree_on_the_lowest_failure),
};
CHECK_MAIN(tests)
