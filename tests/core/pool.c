#include "core/pool.h"
#include "tests/check.h"

static int world_size(void)
{
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

/* Sum of the pool ranks of a group, through its own communicator. */
static int sum_in(MPI_Comm comm, int rank)
{
  int sum;
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, comm);
  return sum;
}

static void groups_are_buddies(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 0, &pool));
  check_true(pool->size == world_size());
  for (int size = 1; size <= 8; size *= 2) {
    int first = afb_pool_first(pool, pool->rank, size);
    /* All test ranks share one node. */
    int expected = pool->rank / size * size + size <= pool->size ? pool->rank / size * size : -1;
    check_true(first == expected);
    MPI_Comm group = afb_pool_group(pool, size);
    check_true((group == MPI_COMM_NULL) == (first < 0));
    int right = 1;
    if (first >= 0)
      right = sum_in(group, pool->rank) == size * first + size * (size - 1) / 2;
    check_true(right);
  }
  afb_pool_destroy(&pool);
  check_true(pool == NULL);
}

static void larger_groups_than_asked_for_are_not_made(void **state)
{
  (void)state;
  afb_pool *pool;
  check_ok(afb_pool_create(MPI_COMM_WORLD, 1, &pool));
  check_true(pool->n_levels == 1);
  check_true(afb_pool_first(pool, pool->rank, 2) == -1 && afb_pool_group(pool, 2) == MPI_COMM_NULL);
  check_true(afb_pool_first(pool, pool->size, 1) == -1);
  afb_pool_destroy(&pool);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(groups_are_buddies),
  cmocka_unit_test(larger_groups_than_asked_for_are_not_made),
};
CHECK_MAIN(tests)
