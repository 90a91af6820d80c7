#include "campaign/ledger.h"

#include <math.h>
#include <string.h>

#include "campaign/costs.h"
#include "campaign/queue.h"
#include "core/random.h"
#include "tests/check.h"

typedef struct {
  afb_candidates ion[2];
  afb_ledger ledger;
} fixture;

static void set_up(fixture *f)
{
  check_ok(afb_candidates_create((afb_ion){6, 0}, 4, 2, 2, 3, &f->ion[0]));
  check_ok(afb_candidates_create((afb_ion){12, 0}, 4, 2, 1, 3, &f->ion[1]));
  check_ok(afb_ledger_init(2, 2, f->ion, &f->ledger));
}

static void tear_down(fixture *f)
{
  afb_ledger_clear(&f->ledger);
  afb_candidates_clear(&f->ion[0]);
  afb_candidates_clear(&f->ion[1]);
}

static afb_node node_with(int n, const int *member)
{
  afb_node node = {.n = n};
  memcpy(node.member, member, (size_t)n * sizeof *member);
  return node;
}

static void add(fixture *f, int ion, int n, const int *member, afb_outcome outcome)
{
  afb_entry entry = {.ion = ion, .node = node_with(n, member), .added = n > 1 ? member[n - 1] : -1, .outcome = outcome,
    .has_orbitals = 1, .parent = -1};
  check_ok(afb_ledger_add(&f->ledger, &entry));
}

static void nodes_are_free_claimed_or_done(void **state)
{
  (void)state;
  fixture f;
  set_up(&f);
  afb_node root = afb_node_root();
  check_true(afb_ledger_find(&f.ledger, 0, &root) == AFB_NODE_FREE);
  check_ok(afb_ledger_claim(&f.ledger, 0, &root));
  check_true(afb_ledger_find(&f.ledger, 0, &root) == AFB_NODE_CLAIMED);
  check_true(afb_ledger_find(&f.ledger, 1, &root) == AFB_NODE_FREE);
  afb_ledger_release(&f.ledger, 0, &root);
  check_true(afb_ledger_find(&f.ledger, 0, &root) == AFB_NODE_FREE);
  add(&f, 0, 1, (int[]){0}, AFB_OUTCOME_CONVERGED);
  check_true(afb_ledger_find(&f.ledger, 0, &root) == 0);
  afb_ledger_release(&f.ledger, 0, &root);
  check_true(afb_ledger_find(&f.ledger, 0, &root) == 0);
  add(&f, 0, 1, (int[]){0}, AFB_OUTCOME_LIMIT_CYCLE);
  check_true(f.ledger.n == 1 && f.ledger.entry[0].outcome == AFB_OUTCOME_CONVERGED);
  tear_down(&f);
}

/* More nodes than the table begins with. */
static void many_nodes_are_found_again(void **state)
{
  (void)state;
  fixture f;
  set_up(&f);
  int n = 0, right = 1;
  for (int a = 1; a < 14; a++)
    for (int b = a + 1; b < 14; b++)
      for (int c = b + 1; c < 14; c++)
        for (int d = c + 1; d < 14; d++, n++)
          add(&f, 0, 5, (int[]){0, a, b, c, d}, AFB_OUTCOME_CONVERGED);
  for (int64_t i = 0; i < f.ledger.n; i++)
    right &= afb_ledger_find(&f.ledger, 0, &f.ledger.entry[i].node) == i;
  check_true(f.ledger.n == n && n == 715 && right);
  tear_down(&f);
}

static void the_nearest_converged_subset_starts_a_run(void **state)
{
  (void)state;
  fixture f;
  set_up(&f);
  add(&f, 0, 1, (int[]){0}, AFB_OUTCOME_CONVERGED);
  add(&f, 0, 2, (int[]){0, 2}, AFB_OUTCOME_CONVERGED);
  add(&f, 0, 2, (int[]){0, 5}, AFB_OUTCOME_CONVERGED);
  add(&f, 0, 3, (int[]){0, 2, 5}, AFB_OUTCOME_ORBITAL_COLLAPSE);
  afb_node child = node_with(4, (int[]){0, 2, 5, 7});
  /* The parent failed: of the two converged pairs the one without the highest candidates. */
  check_true(afb_ledger_ancestor(&f.ledger, 0, &child) == 1);
  afb_node sibling = node_with(3, (int[]){0, 5, 7});
  check_true(afb_ledger_ancestor(&f.ledger, 0, &sibling) == 2);
  afb_node far = node_with(6, (int[]){0, 6, 7, 8, 9, 10});
  check_true(afb_ledger_ancestor(&f.ledger, 0, &far) == -1);
  afb_node root = afb_node_root();
  check_true(afb_ledger_ancestor(&f.ledger, 0, &root) == -1);
  check_true(afb_ledger_ancestor(&f.ledger, 1, &child) == -1);
  tear_down(&f);
}

static int same_edges(int64_t n, const afb_edge *a, const afb_edge *b)
{
  int same = 1;
  for (int64_t i = 0; i < n; i++)
    same &= a[i].ion == b[i].ion && a[i].added == b[i].added && a[i].node.n == b[i].node.n &&
            memcmp(a[i].node.member, b[i].node.member, (size_t)a[i].node.n * sizeof(int)) == 0;
  return same;
}

static void the_frontier_does_not_depend_on_the_order_of_runs(void **state)
{
  (void)state;
  fixture f, g;
  set_up(&f);
  set_up(&g);
  const int root[] = {0}, one[] = {0, 1}, two[] = {0, 2}, bad[] = {0, 3};
  add(&f, 0, 1, root, AFB_OUTCOME_CONVERGED);
  add(&f, 1, 1, root, AFB_OUTCOME_CONVERGED);
  add(&f, 0, 2, one, AFB_OUTCOME_CONVERGED);
  add(&f, 0, 2, two, AFB_OUTCOME_DIFFUSE);
  add(&f, 0, 2, bad, AFB_OUTCOME_INFEASIBLE);
  add(&g, 0, 2, bad, AFB_OUTCOME_INFEASIBLE);
  add(&g, 0, 2, two, AFB_OUTCOME_DIFFUSE);
  add(&g, 0, 2, one, AFB_OUTCOME_CONVERGED);
  add(&g, 1, 1, root, AFB_OUTCOME_CONVERGED);
  add(&g, 0, 1, root, AFB_OUTCOME_CONVERGED);
  int64_t n, m;
  afb_edge *a, *b;
  check_ok(afb_ledger_frontier(&f.ledger, 3, 0, 1000, 1, 0, &n, &a));
  check_ok(afb_ledger_frontier(&g.ledger, 3, 0, 1000, 1, 0, &m, &b));
  check_true(n == m && same_edges(n, a, b));
  /* Ion 0: pairs with the root but three that are done; triples over {0 1} and {0 2}, {0 1 2} once. Ion 1: all pairs. */
  int64_t k = f.ion[0].n - 1;
  check_true(n == (k - 3) + (k - 1) + (k - 1) - 1 + (f.ion[1].n - 1));
  free(a);
  free(b);
  check_ok(afb_ledger_frontier(&f.ledger, 3, 3, 1000, 1, 0, &n, &a));
  check_true(n == 2 * (k - 1) - 1);
  free(a);
  check_ok(afb_ledger_frontier(&f.ledger, 2, 3, 1000, 1, 0, &n, &a));
  check_true(n == 0);
  free(a);
  tear_down(&f);
  tear_down(&g);
}

static void the_queue_hands_out_what_fits(void **state)
{
  (void)state;
  afb_queue queue = {0};
  afb_planned planned = {0};
  int too_long;
  for (int i = 0; i < 5; i++) {
    planned.edge.ion = i;
    planned.seconds = 5.0 - i;
    planned.bound = 2.0 * planned.seconds;
    check_ok(afb_queue_push(&queue, &planned));
  }
  check_true(afb_queue_take(&queue, INFINITY, INFINITY, &planned, &too_long) && planned.edge.ion == 0);
  check_true(afb_queue_take(&queue, 2.5, INFINITY, &planned, &too_long) && planned.edge.ion == 3 && !too_long);
  check_true(afb_queue_take(&queue, INFINITY, 6.5, &planned, &too_long) && planned.edge.ion == 2);
  check_true(!afb_queue_take(&queue, INFINITY, 1.0, &planned, &too_long) && too_long);
  check_true(afb_queue_length(&queue) == 2);
  planned.edge.ion = 9;
  check_ok(afb_queue_push_front(&queue, &planned));
  check_true(afb_queue_take(&queue, INFINITY, INFINITY, &planned, &too_long) && planned.edge.ion == 9);
  check_true(afb_queue_take(&queue, INFINITY, INFINITY, &planned, &too_long) && planned.edge.ion == 1);
  check_true(afb_queue_take(&queue, INFINITY, INFINITY, &planned, &too_long) && planned.edge.ion == 4);
  check_true(!afb_queue_take(&queue, INFINITY, INFINITY, &planned, &too_long) && !too_long);
  planned = (afb_planned){.ranks = 2, .seconds = 0.1};   /* not while ranks are waited for */
  check_ok(afb_queue_push(&queue, &planned));
  check_true(!afb_queue_take(&queue, 1.0, INFINITY, &planned, &too_long) && !too_long);
  check_true(afb_queue_take(&queue, INFINITY, INFINITY, &planned, &too_long) && planned.ranks == 2);
  afb_queue_clear(&queue);
}

/* Runs cost three times the estimate, those of ion 1 six times. */
static void costs_are_learnt(void **state)
{
  (void)state;
  afb_costs costs;
  check_ok(afb_costs_init(2, &costs));
  check_close(afb_costs_predict(&costs, 0, 2, 0.5), 0.5, 1e-15);
  check_true(afb_costs_bound(&costs, 0, 2, 0.5) > 1.0);
  for (int i = 0; i < 200; i++) {
    afb_costs_learn(&costs, 0, 2, 0.1, 0.3);
    afb_costs_learn(&costs, 1, 2, 0.1, 0.6);
  }
  check_close(afb_costs_predict(&costs, 0, 2, 1.0), 3.0, 0.05);
  check_close(afb_costs_predict(&costs, 1, 2, 1.0), 6.0, 0.1);
  check_true(afb_costs_bound(&costs, 1, 2, 1.0) > 6.0 && afb_costs_bound(&costs, 1, 2, 1.0) < 20.0);
  afb_costs_learn(&costs, 0, 2, 0.1, 0.0);
  afb_costs_learn(&costs, 0, 2, NAN, 1.0);
  check_true(isfinite(afb_costs_predict(&costs, 0, 2, 1.0)));
  afb_costs_clear(&costs);
}

static double normal(uint64_t i)
{
  double sum = 0.0;
  for (uint64_t k = 0; k < 12; k++)
    sum += afb_random_uniform(17, i, k);
  return sum - 6.0;
}

/* A machine that is 4 times slower than the estimate's, ions and sizes that differ by factors of up to 4, a scatter of exp(0.35), and one run
 * in twenty that goes through the whole ladder and takes ten times as long. */
static void corrected_costs_are_right_within_a_factor_of_two(void **state)
{
  (void)state;
  enum { IONS = 12, RUNS = 1000, FIRST = 200 };
  int right = 0, estimated = 0, below = 0;
  afb_costs costs;
  check_ok(afb_costs_init(IONS, &costs));
  for (int i = 0; i < RUNS; i++) {
    int ion = (int)(afb_random_u64(19, 0, (uint64_t)i) % IONS), size = 1 + (int)(afb_random_u64(19, 1, (uint64_t)i) % 6);
    double estimate = 0.01 * exp(3.0 * afb_random_uniform(19, 2, (uint64_t)i));
    double seconds = estimate * 4.0 * pow(2.0, (ion % 5 - 2) / 2.0) * pow(2.0, (size - 3) / 3.0) * exp(0.35 * normal((uint64_t)i));
    seconds *= i % 20 == 7 ? 10.0 : 1.0;
    double predicted = afb_costs_predict(&costs, ion, size, estimate);
    if (i >= FIRST) {
      right += predicted < 2.0 * seconds && predicted > 0.5 * seconds;
      estimated += estimate < 2.0 * seconds && estimate > 0.5 * seconds;
      below += seconds < afb_costs_bound(&costs, ion, size, estimate);
    }
    afb_costs_learn(&costs, ion, size, estimate, seconds);
  }
  fprintf(stderr, "# within a factor of two: %d corrected, %d not, of %d; below the bound: %d\n", right, estimated, RUNS - FIRST, below);
  /* Of 95 % that are ordinary, 95 % lie within a factor of two of their median. */
  check_true(right > 0.86 * (RUNS - FIRST) && estimated < 0.5 * (RUNS - FIRST));
  check_true(below > 0.9 * (RUNS - FIRST) && below < RUNS - FIRST);
  afb_costs_clear(&costs);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(nodes_are_free_claimed_or_done),
  cmocka_unit_test(many_nodes_are_found_again),
  cmocka_unit_test(the_nearest_converged_subset_starts_a_run),
  cmocka_unit_test(the_frontier_does_not_depend_on_the_order_of_runs),
  cmocka_unit_test(the_queue_hands_out_what_fits),
  cmocka_unit_test(costs_are_learnt),
  cmocka_unit_test(corrected_costs_are_right_within_a_factor_of_two),
};
CHECK_MAIN(tests)
