/* Whole calculations against limits and published values. */
#include "tests/check.h"

#include <string.h>

#include "atomic/mcdhf.h"
#include "numeric/bspline.h"

enum { MANY = 64 };

typedef struct {
  afb_configuration configuration[MANY];
  afb_mcdhf_request request;
} input;

static void set(input *in, int z, int charge, int n_levels, int n, const char *const *text)
{
  memset(in, 0, sizeof *in);
  for (int i = 0; i < n; i++)
    check_ok(afb_configuration_parse(text[i], in->configuration + i));
  in->request = (afb_mcdhf_request){.z = z, .charge = charge, .n_configurations = n, .configuration = in->configuration,
                                    .two_j_max = -1, .n_levels = n_levels, .n_vary = -1};
}

static double energy_of(const input *in)
{
  afb_mcdhf_result r;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &in->request, &r));
  if (!afb_outcome_ok(r.outcome))
    fprintf(stderr, "# %s: %s\n", afb_outcome_name(r.outcome), r.reason);
  check_true(afb_outcome_ok(r.outcome));
  double energy = r.energy;
  afb_mcdhf_result_clear(&r);
  return energy;
}

/* Numerical Hartree-Fock energies; what is left of (Z/c)^2 at c = 10^5 is extrapolated away. */
static void nonrelativistic_limit_is_hartree_fock(void **state)
{
  (void)state;
  static const struct {
    int z;
    const char *text;
    double energy;
  } atom[] = {{2, "1s2", -2.861679996},       {4, "1s2 2s2", -14.57302317},      {10, "[Ne]", -128.5470981},
              {18, "[Ar]", -526.8175128},     {30, "[Ar] 3d10 4s2", -1777.848116}, {36, "[Kr]", -2752.054977},
              {54, "[Xe]", -7232.138364}};
  for (size_t i = 0; i < sizeof atom / sizeof *atom; i++) {
    input in;
    set(&in, atom[i].z, 0, 1, 1, &atom[i].text);
    in.request.nucleus = AFB_NUCLEUS_POINT;
    in.request.speed_of_light = 1e5;
    double once = energy_of(&in);
    in.request.speed_of_light = 2e5;
    double twice = energy_of(&in);
    check_close((4 * twice - once) / 3 / atom[i].energy, 1, 1e-9);
  }
}

/* Complete active spaces n <= 2, 3, 4 of He, each from the orbitals of the smaller one. The published B-spline MCDHF values are
 * -2.897808120, -2.901838636, -2.902826977. The first agrees; the larger sets gain more here, and must stay above the
 * exact Dirac-Coulomb energy, -2.90385658 (the nonrelativistic -2.90372438 and its no-pair shift). */
static void helium_correlation(void **state)
{
  (void)state;
  static const afb_shell from[] = {{1, 0, 0}};
  static const afb_shell active[] = {{2, 0, 0}, {2, 1, 0}, {3, 0, 0}, {3, 1, 0}, {3, 2, 0}, {4, 0, 0}, {4, 1, 0}, {4, 2, 0}, {4, 3, 0}};
  static const int n_active[] = {2, 5, 9};
  double energy[3];
  afb_orbitals last = {0};
  for (int i = 0; i < 3; i++) {
    afb_configuration start, *all;
    afb_mcdhf_result r;
    int n, even = 0;
    check_ok(afb_configuration_parse("1s2", &start));
    check_ok(afb_configuration_expand(1, &start, 2, 1, from, n_active[i], active, &n, &all));
    for (int k = 0; k < n; k++)
      if (afb_configuration_parity(all + k) > 0)
        all[even++] = all[k];
    afb_mcdhf_request request = {.z = 2, .n_configurations = even, .configuration = all, .n_levels = 1, .n_vary = -1,
                                 .nucleus = AFB_NUCLEUS_POINT, .start = i > 0 ? &last : NULL};
    check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, &r));
    check_true(afb_outcome_ok(r.outcome));
    energy[i] = r.energy;
    afb_orbitals_clear(&last);
    check_ok(afb_orbitals_copy(&r.orbitals, &last));
    afb_mcdhf_result_clear(&r);
    free(all);
  }
  afb_orbitals_clear(&last);
  check_close(energy[0] / -2.897808120, 1, 2e-7);
  check_true(energy[1] < -2.901838636 && energy[2] < -2.902826977 && energy[2] > -2.90385658);
}

/* Point nucleus: E = -2 c^2 sum_a q_a int Q_a^2 dr, the relativistic virial theorem. */
static void virial_theorem(void **state)
{
  (void)state;
  const char *text[] = {"[Ne] 3s2 3p4"};
  const double c = 137.035999139;
  input in;
  afb_mcdhf_result r;
  set(&in, 16, 0, 3, 1, text);
  in.request.nucleus = AFB_NUCLEUS_POINT;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &in.request, &r));
  const afb_orbitals *o = &r.orbitals;
  double sum = 0, node[12], weight[12], value[AFB_BSPLINE_MAX_ORDER];
  afb_gauss_legendre(12, node, weight);
  for (int a = 0; a < o->n_orbitals; a++)
    for (int cell = 0; cell + 1 < o->n_breakpoints; cell++)
      for (int x = 0; x < 12; x++) {
        double half = 0.5 * (o->breakpoint[cell + 1] - o->breakpoint[cell]), q = 0;
        const double *spline = o->coefficient + (size_t)a * (size_t)(o->n_p + o->n_q) + o->n_p + cell;
        afb_bspline_evaluate(9, o->n_breakpoints, o->breakpoint, cell, o->breakpoint[cell] + half * (1 + node[x]), value, NULL);
        for (int i = 0; i < 9; i++)
          q += value[i] * spline[i];
        sum += o->occupation[a] * half * weight[x] * q * q;
      }
  check_close(-2 * c * c * sum / r.energy, 1, 1e-8);
  afb_mcdhf_result_clear(&r);
}

/* The same stationary point from the start potential and from another calculation's orbitals. */
static void two_starts_agree(void **state)
{
  (void)state;
  const char *beryllium[] = {"1s2 2s2", "1s2 2p2", "1s2 2s1 2p1"}, *titanium[] = {"[Ar] 3d2 4s2", "[Ar] 3d3 4s1"};
  for (int which = 0; which < 2; which++) {
    input in, other;
    afb_mcdhf_result cold, parent, warm;
    set(&in, which ? 22 : 4, 0, which ? 2 : 1, which ? 2 : 3, which ? titanium : beryllium);
    set(&other, which ? 22 : 4, 0, 1, 1, which ? titanium : beryllium);
    check_ok(afb_mcdhf_run(MPI_COMM_SELF, &other.request, &parent));
    check_ok(afb_mcdhf_run(MPI_COMM_SELF, &in.request, &cold));
    in.request.start = &parent.orbitals;
    check_ok(afb_mcdhf_run(MPI_COMM_SELF, &in.request, &warm));
    check_true(afb_outcome_ok(cold.outcome) && afb_outcome_ok(warm.outcome) && cold.n_levels == warm.n_levels);
    for (int l = 0; l < cold.n_levels; l++)
      check_close(cold.level[l].energy / warm.level[l].energy, 1, 1e-9);
    afb_mcdhf_result_clear(&cold);
    afb_mcdhf_result_clear(&warm);
    afb_mcdhf_result_clear(&parent);
  }
}

static void frozen_orbitals_stay(void **state)
{
  (void)state;
  const char *parent_text[] = {"1s2 2s1"}, *text[] = {"1s2 3p1", "1s2 2s1"};
  input parent, in;
  afb_mcdhf_result first, second;
  set(&parent, 3, 0, 1, 1, parent_text);
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &parent.request, &first));
  set(&in, 3, 0, 1, 2, text);
  in.request.start = &first.orbitals;
  in.request.n_vary = 1;
  in.request.vary[0] = (afb_shell){3, 1, 0};
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &in.request, &second));
  check_true(afb_outcome_ok(second.outcome));
  for (int a = 0; a < first.orbitals.n_orbitals; a++)
    check_close(first.orbitals.r_mean[a], second.orbitals.r_mean[a], 1e-8);
  for (int l = 0; l < second.n_levels; l++)
    if (second.level[l].parity > 0)
      check_close(second.level[l].energy, first.level[0].energy, 1e-8);
  afb_mcdhf_result_clear(&first);
  afb_mcdhf_result_clear(&second);
}

static void one_electron_energies(void **state)
{
  (void)state;
  const char *text[] = {"2p1"};
  input in;
  set(&in, 26, 25, 2, 1, text);
  in.request.nucleus = AFB_NUCLEUS_POINT;
  afb_mcdhf_result r;
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &in.request, &r));
  double c = 137.035999139, z = 26;
  for (int l = 0; l < 2; l++) {
    double k = l + 1, u = z / c / (2 - k + sqrt(k * k - z * z / (c * c)));
    check_close(r.level[l].energy / (-c * c * u * u / (sqrt(1 + u * u) * (1 + sqrt(1 + u * u)))), 1, 1e-11);
  }
  afb_mcdhf_result_clear(&r);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(nonrelativistic_limit_is_hartree_fock),
  cmocka_unit_test(helium_correlation),
  cmocka_unit_test(virial_theorem),
  cmocka_unit_test(two_starts_agree),
  cmocka_unit_test(frozen_orbitals_stay),
  cmocka_unit_test(one_electron_energies),
};
CHECK_MAIN(tests)
