#include "tests/check.h"

#include <string.h>

#include "atomic/angular.h"

static int same(const void *x, const void *y, size_t size) { return memcmp(x, y, size) == 0; }

/* The rows of `whole` that are this rank's are those of `part`, entry by entry. */
static int has_own_rows(const afb_csf_list *list, const afb_angular *whole, const afb_angular *part)
{
  int rank, size, good = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int b = 0; b < list->n_blocks; b++) {
    int64_t at = part->entry_start[b];
    for (int64_t e = whole->entry_start[b]; e < whole->entry_start[b + 1]; e++) {
      if ((list->block[b].first + whole->row[e]) % size != rank)
        continue;
      good = good && at < part->entry_start[b + 1] && whole->row[e] == part->row[at] && whole->column[e] == part->column[at] &&
             whole->index[e] == part->index[at] && same(&whole->value[e], &part->value[at], sizeof *part->value);
      at++;
    }
    good = good && at == part->entry_start[b + 1];
  }
  return good;
}

static int same_angular(const afb_csf_list *list, const afb_angular *whole, const afb_angular *part)
{
  return whole->n_integrals == part->n_integrals && whole->n_blocks == part->n_blocks &&
         same(whole->integral, part->integral, (size_t)part->n_integrals * sizeof *part->integral) &&
         same(&whole->largest, &part->largest, sizeof part->largest) && has_own_rows(list, whole, part);
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
  check_ok(afb_angular_create(MPI_COMM_SELF, &list, &alone));
  check_ok(afb_angular_create(MPI_COMM_WORLD, &list, &together));
  check_true(same_angular(&list, &alone, &together));
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
