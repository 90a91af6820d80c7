/* Sets on which the first rungs of the ladder fail, each for its own reason; and layers of correlation orbitals. */
#include "tests/check.h"

#include <string.h>

#include "atomic/mcdhf.h"

enum { MANY = 100 };

typedef struct {
  afb_configuration configuration[MANY];
  afb_mcdhf_request request;
} input;

/* The lowest three levels of every block. */
static void set(input *in, int z, int charge, int n, const char *const *text)
{
  memset(in, 0, sizeof *in);
  for (int i = 0; i < n; i++)
    check_ok(afb_configuration_parse(text[i], in->configuration + i));
  in->request = (afb_mcdhf_request){.z = z, .charge = charge, .n_configurations = n, .configuration = in->configuration,
                                    .two_j_max = -1, .n_levels = 3, .n_vary = -1};
}

/* Runs a set that must converge on this rung with second order's gradient, and returns its energy. */
static double converge(const input *in, int rung)
{
  afb_mcdhf_result r;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &in->request, &r));
  if (!afb_outcome_ok(r.outcome) || r.rung != rung)
    fprintf(stderr, "# %s on rung %s: %s\n", afb_outcome_name(r.outcome), afb_rung_name((afb_rung)r.rung), r.reason);
  check_true(r.outcome == AFB_OUTCOME_CONVERGED && r.rung == rung && r.gradient < 1e-7);
  double energy = r.energy;
  afb_mcdhf_result_clear(&r);
  return energy;
}

/* {3p3, 3p2 4p} of P I: first order and plain Newton come to a stop on a valley floor where the residual has a least value but no
 * zero; followed downhill, the valley ends in the state that GRASP2018 needs 55 to 83 iterations for. */
static void valley_is_followed_to_its_end(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ne] 3s2 3p3", "[Ne] 3s2 3p2 4p1"};
  input in;
  set(&in, 15, 0, 2, text);
  double energy = converge(&in, AFB_RUNG_FOLLOWED);
  check_close(energy / -341.34903696, 1, 3e-8);   /* GRASP stopped above the minimum */
  check_true(energy < -341.34903696);
}

/* {3p2, 4p2} of S III has a saddle 6e-4 hartree above the state, with the right nodes: 3p- gains by turning into 4p-. */
static void saddle_is_left(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ne] 3s2 3p2", "[Ne] 3s2 4p2"};
  input in;
  set(&in, 16, 2, 2, text);
  check_close(converge(&in, AFB_RUNG_FOLLOWED) / -396.80915010, 1, 1e-9);
}

/* {3p2, 3p 4d, 3d 4p} of P II: 3d and 4d swap, unless they start as they are in {3p2, 3p 4d}. */
static void set_is_grown(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ne] 3s2 3p2", "[Ne] 3s2 3p1 4d1", "[Ne] 3s2 3d1 4p1"};
  input in;
  set(&in, 15, 1, 3, text);
  check_close(converge(&in, AFB_RUNG_GROWN) / -340.68424655, 1, 1e-9);
}

/* Started from the orbitals of {3p2, 3p 4d}, orbitals held on their branches are near enough for second order. */
static void branches_are_held(void **state)
{
  (void)state;
  static const char *const text[] = {"[Ne] 3s2 3p2", "[Ne] 3s2 3p1 4d1", "[Ne] 3s2 3d1 4p1"};
  input parent, in;
  afb_mcdhf_result r;
  set(&parent, 15, 1, 2, text);
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &parent.request, &r));
  set(&in, 15, 1, 3, text);
  in.request.start = &r.orbitals;
  check_close(converge(&in, AFB_RUNG_HELD) / -340.68424655, 1, 1e-9);
  afb_mcdhf_result_clear(&r);
}

/* Excitations of up to two electrons from the shells `from` of one configuration into layers n = 2 ... of correlation orbitals;
 * each layer is varied alone, on the orbitals of the layers before. GRASP2018's tight values, whose weighted mean is never
 * lower: correlation orbitals hold so little that it stops 1e-9 (Ne) to 5e-8 (B) above the minimum of the energy, where
 * single levels differ by up to 3e-7 of either sign. */
typedef struct {
  const char *name, *text;
  int z, n_from, first, last;         /* layers first ... last */
  afb_nucleus_model nucleus;
  afb_shell from[3];
  int n_levels, two_j[3], parity;
  double energy[3];
} layered;

static const layered series[] = {
  {"Be", "1s2 2s2", 4, 1, 2, 4, AFB_NUCLEUS_FERMI, {{2, 0, 0}}, 1, {0}, 1, {-14.621986004397055}},
  {"B", "1s2 2s2 2p1", 5, 2, 2, 3, AFB_NUCLEUS_FERMI, {{2, 0, 0}, {2, 1, 0}}, 2, {1, 3}, -1, {-24.603512073805856, -24.603434547261063}},
  {"C", "1s2 2s2 2p2", 6, 2, 2, 3, AFB_NUCLEUS_FERMI, {{2, 0, 0}, {2, 1, 0}}, 3, {0, 2, 4}, 1,
   {-37.789629589255895, -37.789545355833454, -37.789378142316906}},
  {"Ne", "1s2 2s2 2p6", 10, 2, 2, 3, AFB_NUCLEUS_FERMI, {{2, 0, 0}, {2, 1, 0}}, 1, {0}, 1, {-128.90476513851587}},
};

/* Those of `active` that `start` does not hold. */
static int new_shells(int n_active, const afb_shell *active, const afb_orbitals *start, afb_shell *out)
{
  int count = 0;
  for (int i = 0; i < n_active; i++) {
    int known = 0;
    for (int o = 0; o < start->n_orbitals; o++)
      known |= start->orbital[o].n == active[i].n && afb_kappa_l(start->orbital[o].kappa) == active[i].l;
    if (!known)
      out[count++] = active[i];
  }
  return count;
}

static void run_layer(const layered *s, int n, const afb_orbitals *start, afb_mcdhf_result *r)
{
  afb_configuration reference, *all;
  afb_shell active[16];
  int count, kept = 0, n_active = 0;
  for (int m = 2; m <= n; m++)
    for (int l = 0; l < m; l++)
      active[n_active++] = (afb_shell){m, l, 0};
  check_ok(afb_configuration_parse(s->text, &reference));
  check_ok(afb_configuration_expand(1, &reference, 2, s->n_from, s->from, n_active, active, &count, &all));
  for (int i = 0; i < count; i++)
    if (afb_configuration_parity(all + i) == s->parity)
      all[kept++] = all[i];
  afb_mcdhf_request request = {.z = s->z, .nucleus = s->nucleus, .n_configurations = kept, .configuration = all, .n_levels = 1,
                               .two_j_min = s->two_j[0], .two_j_max = s->two_j[s->n_levels - 1], .n_vary = -1, .start = start};
  if (start)
    request.n_vary = new_shells(n_active, active, start, request.vary);
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, r));
  if (!afb_outcome_ok(r->outcome))
    fprintf(stderr, "# %s n = %d: %s\n", s->name, n, r->reason);
  check_true(afb_outcome_ok(r->outcome));
  free(all);
}

static void layers_agree_with_grasp(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
    const layered *s = series + i;
    afb_mcdhf_result last = {0}, r;
    for (int n = s->first; n <= s->last; n++) {
      run_layer(s, n, n > s->first ? &last.orbitals : NULL, &r);
      afb_mcdhf_result_clear(&last);
      last = r;
    }
    check_true(last.n_levels == s->n_levels);
    double mean = 0, weights = 0;
    for (int l = 0; l < s->n_levels; l++) {
      check_true(last.level[l].two_j == s->two_j[l]);
      check_close(last.level[l].energy / s->energy[l], 1, 5e-7);
      mean += (s->two_j[l] + 1) * s->energy[l];
      weights += s->two_j[l] + 1;
    }
    check_true(last.energy < mean / weights);
    check_close(last.energy / (mean / weights), 1, 6e-8);
    afb_mcdhf_result_clear(&last);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(valley_is_followed_to_its_end),
  cmocka_unit_test(saddle_is_left),
  cmocka_unit_test(set_is_grown),
  cmocka_unit_test(branches_are_held),
  cmocka_unit_test(layers_agree_with_grasp),
};
CHECK_MAIN(tests)
