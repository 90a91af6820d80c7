#include "campaign/gain.h"

#include <string.h>

#include "tests/check.h"

/* Zr I: [Kr] 4d2 5s2, [Kr] 4d3 5s1, [Kr] 4d2 5s1 5p1. */
typedef struct {
  afb_configuration set[3];
  afb_level_keys known;
} fixture;

static void set_up(fixture *f)
{
  check_ok(afb_configuration_parse("[Kr] 4d2 5s2", &f->set[0]));
  check_ok(afb_configuration_parse("[Kr] 4d3 5s1", &f->set[1]));
  check_ok(afb_configuration_parse("[Kr] 4d2 5s1 5p1", &f->set[2]));
  f->known = (afb_level_keys){0};
}

static afb_store_level level(int two_j, int parity, double energy, const char *label, const char *leading)
{
  afb_store_level row = {.two_j = two_j, .parity = parity, .energy = energy};
  snprintf(row.label, sizeof row.label, "%s", label);
  snprintf(row.leading, sizeof row.leading, "%s", leading);
  return row;
}

static void the_lowering_is_the_weighted_mean_of_common_blocks(void **state)
{
  (void)state;
  fixture f;
  set_up(&f);
  afb_store_level before[] = {level(4, 1, -10.0, "4d2(3F).5s2 3F", ""), level(6, 1, -9.9, "4d2(3F).5s2 3F", ""),
                              level(4, 1, -9.5, "4d2(1D).5s2 1D", ""), level(2, 1, -9.0, "4d2(3P).5s2 3P", "")};
  afb_store_level after[] = {level(4, 1, -10.2, "4d2.5s2 3F", ""), level(6, 1, -9.8, "4d2.5s2 3F", ""),
                             level(8, -1, -9.7, "4d2(3F).5s_4F.5p 5G", "")};
  afb_gain_levels parent, run, none = {0};
  afb_gain gain;
  check_ok(afb_gain_levels_of(1, f.set, 4, before, &parent));
  check_ok(afb_gain_levels_of(3, f.set, 3, after, &run));
  check_ok(afb_gain_of(&run, &parent, 2, &f.known, &gain));
  /* J = 2: 0.2 with weight 5; J = 3: -0.1 with weight 7; J = 1 and J = 4 are not in both. */
  check_close(gain.lowering, (5 * 0.2 - 7 * 0.1) / 12, 1e-12);
  check_true(gain.fresh == 1 && gain.new_levels == 3 && gain.useful);
  check_ok(afb_gain_of(&run, &none, 2, &f.known, &gain));
  check_true(isnan(gain.lowering) && gain.new_levels == 0 && !gain.useful && gain.fresh == 1);
  check_ok(afb_gain_of(&none, &parent, 2, &f.known, &gain));
  check_true(isnan(gain.lowering) && gain.fresh == -1 && gain.new_levels == 0 && !gain.useful);
  /* No new level, but lower by just enough; then by too little. */
  afb_store_level a = level(4, 1, -10.0, "4d2.5s2 3F", ""), b = level(4, 1, -10.0 - 1.01e-4, "4d2.5s2 3F", "");
  afb_gain_levels above, below;
  check_ok(afb_gain_levels_of(1, f.set, 1, &a, &above));
  check_ok(afb_gain_levels_of(2, f.set, 1, &b, &below));
  check_ok(afb_gain_of(&below, &above, 1, &f.known, &gain));
  check_true(gain.new_levels == 0 && gain.useful && gain.fresh == 0);
  below.level[0].energy = -10.0 - 0.99e-4;
  check_ok(afb_gain_of(&below, &above, 1, &f.known, &gain));
  check_true(!gain.useful);
  afb_gain_levels_clear(&parent);
  afb_gain_levels_clear(&run);
  afb_gain_levels_clear(&above);
  afb_gain_levels_clear(&below);
  afb_level_keys_clear(&f.known);
}

/* Whether the label names closed shells depends on the set; the level is the same. */
static void a_level_keeps_its_key_in_other_sets(void **state)
{
  (void)state;
  fixture f;
  set_up(&f);
  afb_store_level rows[] = {level(4, 1, -1, "4d2(3F).5s2 3F", ""), level(4, 1, -2, "4d2(3F) 3F", "4d-(2)"),
                            level(6, 1, -1, "4d2(3F).5s2 3F", ""), level(4, 1, -1, "4d2(3P).5s2 3F", ""),
                            level(4, 1, -1, "4d3(4F).5s 3F", ""), level(4, 1, -1, "", "4d-(1) 4d(1) 5s(2)"),
                            level(4, 1, -1, "", "4d-(2) 5s(2)"), level(4, 1, -1, "4d2(3F).5s_4F.5p 3F", ""),
                            level(4, 1, -1, "4d2(3F).6s2 3F", "4d-(2) 6s(2)")};
  afb_gain_levels got;
  check_ok(afb_gain_levels_of(3, f.set, 9, rows, &got));
  int led[] = {0, 0, 0, 0, 1, 0, 0, 2, -1}, right = 1, distinct = 1;
  for (int i = 0; i < 9; i++)
    right &= got.level[i].led == led[i];
  for (int i = 1; i < 9; i++)
    for (int k = 2; k < i; k++)
      distinct &= got.level[i].key != got.level[k].key;
  check_true(right && distinct && got.level[0].key == got.level[1].key && got.level[0].key != got.level[2].key);
  /* One level whose configuration is not known: whether the others are all is not known either. */
  afb_gain gain;
  check_ok(afb_gain_of(&got, &(afb_gain_levels){0}, 2, &f.known, &gain));
  check_true(gain.fresh == 1 && gain.new_levels == 8);
  got.level[7].led = 1;
  check_ok(afb_gain_of(&got, &(afb_gain_levels){0}, 2, &f.known, &gain));
  check_true(gain.fresh == -1);
  afb_gain_levels_clear(&got);
  afb_level_keys_clear(&f.known);
}

static void keys_are_kept_once_however_many_there_are(void **state)
{
  (void)state;
  enum { N = 1000 };
  afb_gain_level level[N];
  afb_gain_levels run = {N, level};
  afb_level_keys known = {0};
  afb_gain gain;
  for (int i = 0; i < N; i++)
    level[i] = (afb_gain_level){.two_j = 0, .parity = 1, .energy = -i, .key = 64 * (uint64_t)(i / 2)};
  check_ok(afb_gain_of(&run, &(afb_gain_levels){0}, -1, &known, &gain));
  check_true(gain.new_levels == N / 2 && known.n == N / 2 && gain.fresh == -1);
  check_ok(afb_gain_of(&run, &(afb_gain_levels){0}, -1, &known, &gain));
  check_true(gain.new_levels == 0 && known.n == N / 2);
  afb_level_keys_clear(&known);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(the_lowering_is_the_weighted_mean_of_common_blocks),
  cmocka_unit_test(a_level_keeps_its_key_in_other_sets),
  cmocka_unit_test(keys_are_kept_once_however_many_there_are),
};
CHECK_MAIN(tests)
