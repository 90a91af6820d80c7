#include "tests/check.h"

#include <string.h>

#include "atomic/angular.h"

static int same(const void *x, const void *y, size_t size) { return memcmp(x, y, size) == 0; }

static int same_element(const afb_angular *a, int64_t e, const afb_angular *b, int64_t f)
{
  afb_matrix_element x = afb_angular_element(a, e), y = afb_angular_element(b, f);
  return a->column[e] == b->column[f] && x.n == y.n && same(x.index, y.index, (size_t)x.n * sizeof *x.index) &&
         same(x.value, y.value, (size_t)x.n * sizeof *x.value);
}

/* Every row is on one rank, element by element as in `whole`, and no rank has more than twice its share of a long list. */
static int rows_are_dealt_out(const afb_angular *whole, const afb_angular *part)
{
  int size, good = whole->n_rows == part->n_rows;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int r = 0; r < whole->n_rows; r++) {
    int64_t n = whole->start[r + 1] - whole->start[r], own = part->start[r + 1] - part->start[r];
    int owners = own > 0;
    MPI_Allreduce(MPI_IN_PLACE, &owners, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    good = good && owners == (n > 0) && (own == 0 || own == n);
    for (int64_t e = 0; good && e < own; e++)
      good = same_element(whole, whole->start[r] + e, part, part->start[r] + e);
  }
  int64_t total = whole->start[whole->n_rows], own = part->start[part->n_rows];
  return good && (total < 10000 || own * size < 2 * total);
}

static int same_angular(const afb_angular *whole, const afb_angular *part)
{
  return whole->n_integrals == part->n_integrals && whole->n_blocks == part->n_blocks &&
         same(whole->first, part->first, ((size_t)part->n_blocks + 1) * sizeof *part->first) &&
         same(whole->integral, part->integral, (size_t)part->n_integrals * sizeof *part->integral) &&
         same(&whole->largest, &part->largest, sizeof part->largest);
}

/* All ranks together find what each finds alone, bit for bit, each its rows. */
static void check_case(const char *const *text, int n_text)
{
  afb_configuration configuration[8];
  afb_csf_list list;
  afb_angular alone, together;
  for (int i = 0; i < n_text; i++)
    check_ok(afb_configuration_parse(text[i], &configuration[i]));
  check_ok(afb_csf_list_create(n_text, configuration, 0, -1, 0, &list));
  check_ok(afb_angular_create(MPI_COMM_SELF, &list, NULL, &alone));
  check_ok(afb_angular_create(MPI_COMM_WORLD, &list, NULL, &together));
  check_true(same_angular(&alone, &together));
  check_true(rows_are_dealt_out(&alone, &together));
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

static const char *enough(void *context)
{
  int *asked = context;
  return ++*asked > 2 ? "that is enough" : NULL;
}

/* What one rank is told ends the computation of all. */
static void it_ends_when_one_rank_is_told_to(void **state)
{
  (void)state;
  afb_configuration configuration;
  afb_csf_list list;
  afb_angular angular;
  int rank, size, asked = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  check_ok(afb_configuration_parse("[Ar] 3d5 4s1 4p1 4d1", &configuration));
  check_ok(afb_csf_list_create(1, &configuration, 0, -1, 0, &list));
  afb_angular_watch watch = {rank == size - 1 ? enough : NULL, &asked};
  check_true(afb_angular_create(MPI_COMM_WORLD, &list, &watch, &angular) == AFB_E_LIMIT);
  check_true(strcmp(afb_error_text(), "that is enough") == 0 && angular.n_rows == 0);
  check_true(asked == (rank == size - 1 ? 3 : 0));
  afb_csf_list_clear(&list);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(any_number_of_ranks_gives_the_same),
  cmocka_unit_test(small_lists_work_too),
  cmocka_unit_test(it_ends_when_one_rank_is_told_to),
};
CHECK_MAIN(tests)
