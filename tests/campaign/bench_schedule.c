/* The benchmark of scheduling runs all its tasks, and cannot be faster than the tasks are long. */
#include "tests/check.h"

#include <unistd.h>

#include "campaign/bench_schedule.h"

static void tasks_are_run(void **state)
{
  (void)state;
  int size;
  afb_bench_tasks t;
  char path[64];
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  snprintf(path, sizeof path, "bench-schedule-%d.h5", size);
  check_ok(afb_bench_empty_tasks(MPI_COMM_WORLD, 300, &t));
  check_true(t.ranks == size && t.tasks == 300 && t.wall > 0);
  check_ok(afb_bench_campaign_tasks(MPI_COMM_WORLD, path, 60, 2e-3, &t));
  check_true(t.ranks == size && t.tasks == 60 && access(path, F_OK) != 0);
  check_true(t.schedule >= 60 * 2e-3 / size && t.wall >= t.schedule);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(tasks_are_run)};
CHECK_MAIN(tests)
