#include "campaign/harvest.h"

#include <math.h>
#include <stdlib.h>

#include "tests/check.h"

static const double HERE = 1e-12;

typedef struct {
  afb_candidates ion;
  afb_ledger ledger;
  afb_harvest harvest;
} fixture;

static afb_status set_up(fixture *f)
{
  AFB_TRY(afb_candidates_create((afb_ion){4, 0}, 3, 1, 2, 3, &f->ion));
  AFB_TRY(afb_ledger_init(1, 1, &f->ion, &f->ledger));
  return afb_harvest_init(1, &f->harvest);
}

static void clear(fixture *f)
{
  afb_harvest_clear(&f->harvest);
  afb_ledger_clear(&f->ledger);
  afb_candidates_clear(&f->ion);
}

/* A run of root + added (0: the root alone) with one block, its level led by member `led` of the set. */
static afb_status run(fixture *f, int added, afb_outcome outcome, double energy, int led, uint64_t key)
{
  afb_entry entry = {.node = afb_node_root(), .added = added > 0 ? added : -1, .parent = -1, .outcome = outcome, .run = f->ledger.n};
  if (added > 0)
    AFB_TRY(afb_node_add(&entry.node, added, &entry.node));
  AFB_TRY(afb_ledger_add(&f->ledger, &entry));
  afb_gain_levels levels = {.n = afb_outcome_ok(outcome), .level = calloc(1, sizeof *levels.level)};
  if (levels.level)
    levels.level[0] = (afb_gain_level){.two_j = 0, .parity = 1, .led = led, .energy = energy, .key = key};
  afb_status status = afb_harvest_add(&f->ledger, &levels, &f->harvest);
  afb_gain_levels_clear(&levels);
  return status;
}

static void what_runs_brought_is_added_up(void **state)
{
  (void)state;
  fixture f;
  check_ok(set_up(&f));
  check_ok(run(&f, 0, AFB_OUTCOME_CONVERGED, -10.0, 0, 7));
  check_ok(run(&f, 1, AFB_OUTCOME_CONVERGED, -10.5, 0, 7));          /* lower, nothing new */
  check_ok(run(&f, 2, AFB_OUTCOME_CONVERGED, -10.00001, 1, 8));      /* new, hardly lower */
  check_ok(run(&f, 3, AFB_OUTCOME_CONVERGED, -9.0, 0, 7));           /* neither */
  check_ok(run(&f, 4, AFB_OUTCOME_LIMIT_CYCLE, 0.0, 0, 0));
  const afb_harvest_sum *sum = &f.harvest.sum;
  check_true(sum->converged == 4 && sum->levels == 2 && sum->useful == 3);
  check_close(sum->lowering, 0.50001, 1e-9);
  check_close(f.harvest.gain[3].lowering, -1.0, HERE);
  check_true(isnan(f.harvest.gain[4].lowering));
  clear(&f);
}

/* Counted as two runs, the forecast gives way to what the ion's runs showed. */
static void forecasts_are_corrected_by_the_ion_s_runs(void **state)
{
  (void)state;
  fixture f;
  check_ok(set_up(&f));
  /* Nothing known: p (1 - (1 - q) (1 - new)), new = fresh + (1 - fresh) 0.2. */
  check_close(afb_harvest_expect(&f.harvest, 0, 1, 0.8, 0.5, 0.25), 0.8 * (1 - 0.5 * (1 - 0.4)), HERE);
  check_close(afb_harvest_expect(&f.harvest, 0, 1, NAN, NAN, NAN), 0.5 * (1 - 0.5 * (1 - 0.6)), HERE);
  check_ok(run(&f, 0, AFB_OUTCOME_CONVERGED, -10.0, 0, 7));
  check_ok(run(&f, 1, AFB_OUTCOME_CONVERGED, -10.5, 1, 9));
  /* One run that converged, with a lower energy, led by the configuration: it is not new a second time. */
  double converges = (2 * 0.8 + 1) / 3, lowers = (2 * 0.5 + 1) / 3;
  check_close(afb_harvest_expect(&f.harvest, 0, 1, 0.8, 0.5, 0.25), converges * (1 - (1 - lowers) * (1 - 0.2)), HERE);
  check_ok(run(&f, 2, AFB_OUTCOME_LIMIT_CYCLE, 0.0, 0, 0));
  check_close(afb_harvest_expect(&f.harvest, 0, 2, 0.8, 0.5, 0.25), 2 * 0.8 / 3 * (1 - 0.5 * (1 - 0.4)), HERE);
  /* Another configuration is not concerned. */
  check_close(afb_harvest_expect(&f.harvest, 0, 5, 0.8, 0.5, 0.25), 0.8 * (1 - 0.5 * (1 - 0.4)), HERE);
  clear(&f);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(what_runs_brought_is_added_up),
  cmocka_unit_test(forecasts_are_corrected_by_the_ion_s_runs),
};
CHECK_MAIN(tests)
