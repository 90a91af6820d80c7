#include "campaign/acquisition.h"

#include <math.h>

#include "core/random.h"
#include "tests/check.h"

enum { N = 400, WANTED = 32 };

static void candidates(afb_prospect *p)
{
  for (int i = 0; i < N; i++)
    p[i] = (afb_prospect){.ion = i % 8, .growth = i % 11,
      .probability = afb_random_uniform(3, 1, (uint64_t)i), .spread = 0.1 * afb_random_uniform(3, 2, (uint64_t)i),
      .cost = 0.01 + afb_random_uniform(3, 3, (uint64_t)i)};
}

/* The definition, by going through all candidates for every choice. */
static int64_t best_by_search(const afb_acquisition *o, const afb_prospect *p, const int *taken, const int *ion,
                              const int *growth)
{
  int64_t best = -1;
  double most = -1.0;
  for (int i = 0; i < N; i++) {
    double w = (p[i].probability + o->exploration * p[i].spread) / (p[i].cost + o->overhead) *
               pow(o->same_ion, ion[p[i].ion]) * pow(o->same_growth, growth[p[i].growth]);
    if (!taken[i] && w > most * (1 + 1e-12)) {
      most = w;
      best = i;
    }
  }
  return best;
}

static void the_best_come_first_with_diversity(void **state)
{
  (void)state;
  afb_prospect p[N];
  candidates(p);
  afb_acquisition o;
  afb_acquisition_default(&o);
  afb_choice choice[WANTED];
  int n;
  check_ok(afb_acquire(&o, N, p, WANTED, choice, &n));
  check_true(n == WANTED);
  int taken[N] = {0}, ion[8] = {0}, growth[16] = {0}, random = 0, right = 1;
  for (int k = 0; k < n; k++)
    if (choice[k].random)
      taken[choice[k].prospect] = 1;
  for (int k = 0; k < n; k++) {
    int64_t i = choice[k].prospect;
    random += choice[k].random;
    if (!choice[k].random) {
      right &= best_by_search(&o, p, taken, ion, growth) == i;
      taken[i] = 1;
    }
    ion[p[i].ion]++;
    growth[p[i].growth]++;
  }
  check_true(right);
  check_true(random == 1);
}

static void nothing_is_chosen_twice_and_no_more_than_there_is(void **state)
{
  (void)state;
  afb_prospect p[N];
  candidates(p);
  afb_acquisition o;
  afb_acquisition_default(&o);
  static afb_choice choice[2 * N];
  int n, seen[N] = {0}, twice = 0;
  check_ok(afb_acquire(&o, N, p, 2 * N, choice, &n));
  check_true(n == N);
  for (int k = 0; k < n; k++)
    twice += seen[choice[k].prospect]++ > 0;
  check_true(twice == 0);
  check_ok(afb_acquire(&o, 0, p, WANTED, choice, &n));
  check_true(n == 0);
}

/* Over many rounds every candidate is drawn about equally often: binomial, 5 standard deviations. */
static void the_random_part_is_uniform(void **state)
{
  (void)state;
  afb_prospect p[N];
  candidates(p);
  afb_acquisition o;
  afb_acquisition_default(&o);
  o.random_fraction = 1.0;
  afb_choice choice[WANTED], again[WANTED];
  int n, hits[4] = {0}, same = 1, rounds = 500;
  for (int r = 0; r < rounds; r++) {
    o.round = (uint64_t)r;
    (void)afb_acquire(&o, N, p, WANTED, choice, &n);
    for (int k = 0; k < n; k++)
      hits[choice[k].prospect / (N / 4)]++;
  }
  (void)afb_acquire(&o, N, p, WANTED, again, &n);
  for (int k = 0; k < n; k++)
    same &= again[k].prospect == choice[k].prospect && again[k].random;
  check_true(same);
  double mean = rounds * WANTED / 4.0, deviation = sqrt(rounds * WANTED * 0.25 * 0.75);
  for (int q = 0; q < 4; q++)
    check_close(hits[q], mean, 5 * deviation);
}

static void cost_and_doubt_count(void **state)
{
  (void)state;
  afb_prospect p[3] = {{-1, -1, 0.5, 0.0, 1.0}, {-1, -1, 0.5, 0.0, 0.1}, {-1, -1, 0.5, 0.3, 1.0}};
  afb_acquisition o;
  afb_acquisition_default(&o);
  o.random_fraction = 0.0;
  afb_choice choice[3];
  int n;
  check_ok(afb_acquire(&o, 3, p, 3, choice, &n));
  check_true(choice[0].prospect == 1 && choice[1].prospect == 2 && choice[2].prospect == 0);
  check_close(choice[0].score, 0.5 / 0.11, 1e-12);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(the_best_come_first_with_diversity),
  cmocka_unit_test(nothing_is_chosen_twice_and_no_more_than_there_is),
  cmocka_unit_test(the_random_part_is_uniform),
  cmocka_unit_test(cost_and_doubt_count),
};
CHECK_MAIN(tests)
