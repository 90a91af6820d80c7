#include "tests/check.h"

#include <string.h>

#include "atomic/angular.h"

static int same(const void *x, const void *y, size_t size) { return memcmp(x, y, size) == 0; }

static int same_angular(const afb_angular *x, const afb_angular *y)
{
  size_t n = (size_t)x->entry_start[x->n_blocks];
  return x->n_integrals == y->n_integrals && x->n_blocks == y->n_blocks &&
         same(x->integral, y->integral, (size_t)x->n_integrals * sizeof *x->integral) &&
         same(x->entry_start, y->entry_start, ((size_t)x->n_blocks + 1) * sizeof *x->entry_start) &&
         same(x->row, y->row, n * sizeof *x->row) && same(x->column, y->column, n * sizeof *x->column) &&
         same(x->index, y->index, n * sizeof *x->index) && same(x->value, y->value, n * sizeof *x->value);
}

/* All ranks together find what each finds alone, bit for bit. */
static void check_case(const char *const *text, int n_text)
{
  afb_configuration configuration[8];
  afb_csf_list list;
  afb_angular alone, together;
  for (int i = 0; i < n_text; i++)
    check_ok(afb_configuration_parse(text[i], &configuration[i]));
  check_ok(afb_csf_list_create(n_text, configuration, 0, -1, 0, &list));
  check_ok(afb_angular_create(MPI_COMM_SELF, &list, &alone));
  check_ok(afb_angular_create(MPI_COMM_WORLD, &list, &together));
  check_true(same_angular(&alone, &together));
  afb_angular_clear(&alone);
  afb_angular_clear(&together);
  afb_csf_list_clear(&list);
}

static void any_number_of_ranks_gives_the_same(void **state)
{
  (void)state;
  static const char *const iron[] = {"[Ar] 3d6 4s2", "[Ar] 3d6 4s1 4p1", "[Ar] 3d7 4s1"};
  static const char *const carbon[] = {"1s2 2s2 2p2", "1s2 2p4", "1s2 2s1 2p2 3s1", "1s2 2s1 2p2 3d1"};
  check_case(iron, 3);
  check_case(carbon, 4);
}

/* Fewer rows than ranks, and nothing open at all. */
static void small_lists_work_too(void **state)
{
  (void)state;
  static const char *const helium[] = {"1s2"}, *const lithium[] = {"1s2 2s1"};
  check_case(helium, 1);
  check_case(lithium, 1);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(any_number_of_ranks_gives_the_same),
  cmocka_unit_test(small_lists_work_too),
};
CHECK_MAIN(tests)
