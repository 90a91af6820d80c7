#include "core/memory.h"

#include <stdlib.h>

#include "tests/check.h"

/* Touches every page. */
static char *take(size_t size)
{
  volatile char *block = malloc(size);
  check_true(block != NULL);
  for (size_t i = 0; i < size; i += 1024)
    block[i] = (char)i;
  return (char *)block;
}

/* Of two pieces of work, the larger one first. */
static void peaks_are_told_apart(void **state)
{
  (void)state;
  static const double size[2] = {96e6, 48e6};
#ifdef __SANITIZE_ADDRESS__
  print_message("# the sanitizer's own memory counts as well\n");
  skip();
#endif
  for (int i = 0; i < 2; i++) {
    double before = afb_memory_watch(i * AFB_MEMORY_SLACK);
    if (before < 0.0) {
      check_true(afb_memory_share(MPI_COMM_SELF) >= 0.0);
      skip();
    }
    free(take((size_t)size[i]));
    double peak = afb_memory_peak() - before;
    fprintf(stderr, "# %.0f MB: %.1f MB\n", 1e-6 * size[i], 1e-6 * peak);
    check_true(peak > size[i] - 18e6 && peak < size[i] + 2e6);
  }
}

static void ranks_share_a_machine(void **state)
{
  (void)state;
  double alone = afb_memory_share(MPI_COMM_SELF), together = afb_memory_share(MPI_COMM_WORLD);
  int ranks;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  check_true(alone >= 0.0 && together <= alone);
  check_close(together * ranks, alone, 1e-6 * alone + 1e-9);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(peaks_are_told_apart), cmocka_unit_test(ranks_share_a_machine)};
CHECK_MAIN(tests)
