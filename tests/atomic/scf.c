/* The gradient and the Hessian are the derivatives of the energy, CI vectors included. */
#include "tests/check.h"

#include <string.h>

#include "atomic/ladder.h"
#include "atomic/scf_parts.h"
#include "atomic/start.h"
#include "core/random.h"

typedef struct {
  afb_csf_list list;
  afb_angular angular;
  afb_expression expression;
  afb_ci ci;
  afb_radial *radial;
  afb_scf *scf;
  double *y, *gamma;
  size_t size;
} atom;

typedef struct {
  int z, n, two_j_min, two_j_max, n_levels;
  const char *text[3];
} input;

/* Open shells, two orbitals of several symmetries, the lowest two levels of every block. */
static const input carbon = {6, 3, 0, -1, 2, {"1s2 2s2 2p2", "1s2 2p4", "1s2 2s2 2p1 3p1"}};
/* A block of more than AFB_CI_WHOLE CSFs. */
static const input manganese = {25, 2, 5, 5, 2, {"[Ar] 3d5 4s1 4p1", "[Ar] 3d5 4p1 4d1"}};

static void open_atom(atom *a, const input *in)
{
  afb_configuration c[3];
  afb_nucleus nucleus;
  uint8_t vary[AFB_MAX_ORBITALS];
  memset(a, 0, sizeof *a);
  memset(vary, 1, sizeof vary);
  for (int i = 0; i < in->n; i++)
    check_ok(afb_configuration_parse(in->text[i], c + i));
  check_ok(afb_csf_list_create(in->n, c, in->two_j_min, in->two_j_max, 0, &a->list));
  check_ok(afb_angular_create(MPI_COMM_SELF, &a->list, NULL, &a->angular));
  check_ok(afb_expression_create(&a->list, &a->angular, &a->expression));
  check_ok(afb_ci_create(&a->list, AFB_OPTIMISE_LEVELS, in->n_levels, &a->ci));
  check_ok(afb_nucleus_create(in->z, 0, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  check_ok(afb_radial_create(&nucleus, &(afb_radial_options){.r_max = 40}, &a->radial));
  check_ok(afb_scf_create(a->radial, &a->list, &a->expression, vary, &a->scf));
  check_ok(afb_start_thomas_fermi(a->radial, in->z, a->list.n_orbitals, a->list.orbital, a->scf->vector));
  a->y = malloc((size_t)a->angular.n_integrals * sizeof *a->y);
  a->gamma = malloc((size_t)a->angular.n_integrals * sizeof *a->gamma);
  a->size = (size_t)a->scf->n_orbitals * (size_t)a->scf->n;
}

static void close_atom(atom *a)
{
  afb_scf_destroy(&a->scf);
  afb_radial_destroy(&a->radial);
  afb_ci_clear(&a->ci);
  afb_expression_clear(&a->expression);
  afb_angular_clear(&a->angular);
  afb_csf_list_clear(&a->list);
  free(a->y);
  free(a->gamma);
}

static double energy(atom *a)
{
  afb_scf_refresh(a->scf);
  afb_expression_to_angular(&a->expression, a->scf->x, a->y);
  check_ok(afb_ci_solve(MPI_COMM_SELF, &a->angular, a->y, 1, &a->ci));
  check_ok(afb_ci_density(&a->ci, &a->angular, a->gamma));
  afb_expression_coefficients(&a->expression, 1, a->gamma, a->scf->coefficient);
  afb_scf_gradient(a->scf);
  return afb_ci_energy(&a->ci, &a->angular, a->gamma, a->y) +
         afb_dot(a->expression.n_one + a->expression.n_terms, a->expression.base, a->scf->x);
}

/* A smooth tangent direction: each orbital's neighbours in the start potential, here r times the orbital and random signs. */
static void direction(atom *a, uint64_t seed, double *p)
{
  afb_scf *s = a->scf;
  int points = s->n_points, n = s->n;
  double *fp = malloc(2 * (size_t)points * sizeof *fp), *fq = fp + points, *step = malloc(a->size * sizeof *step);
  for (int o = 0; o < s->n_orbitals; o++) {
    double u = afb_random_uniform(seed, 0, (uint64_t)o) - 0.5;
    for (int x = 0; x < points; x++) {
      double r = s->radial->r[x];
      fp[x] = u * r * exp(-0.7 * r) * s->p[(size_t)o * (size_t)points + (size_t)x];
      fq[x] = u * r * exp(-0.7 * r) * s->q[(size_t)o * (size_t)points + (size_t)x];
    }
    afb_radial_project(s->radial, fp, fq, step + (size_t)o * (size_t)n);
  }
  afb_scf_project_tangent(s, step);
  check_ok(afb_scf_invert(s, 0.5));
  check_ok(afb_scf_precondition(s, step, p));
  free(fp);
  free(step);
}

static void displace(atom *a, const double *origin, double t, const double *p)
{
  for (size_t i = 0; i < a->size; i++)
    a->scf->vector[i] = origin[i] + t * p[i];
}

static double pairing(const atom *a, const double *primal, const double *dual)
{
  return afb_dot((int)a->size, primal, dual);
}

static void gradient_is_the_derivative_of_the_energy(void **state)
{
  (void)state;
  atom a;
  open_atom(&a, &carbon);
  double *p = malloc(3 * a.size * sizeof *p), *origin = p + a.size, *gradient = origin + a.size;
  energy(&a);
  direction(&a, 1, p);
  memcpy(origin, a.scf->vector, a.size * sizeof *p);
  memcpy(gradient, a.scf->gradient, a.size * sizeof *p);
  double t = 1e-3, slope = 0, weights[4] = {1.0 / 12, -2.0 / 3, 2.0 / 3, -1.0 / 12}, at[4] = {-2, -1, 1, 2};
  for (int i = 0; i < 4; i++) {
    displace(&a, origin, at[i] * t, p);
    slope += weights[i] * energy(&a) / t;
  }
  check_close(slope, 2 * pairing(&a, p, gradient), 1e-7 * (1 + fabs(slope)));
  free(p);
  close_atom(&a);
}

static void compare_hessian(const input *in)
{
  atom a;
  open_atom(&a, in);
  afb_scf *s = a.scf;
  double *p = malloc(5 * a.size * sizeof *p), *origin = p + a.size, *hp = origin + a.size, *numeric = hp + a.size;
  double *other = numeric + a.size, multiplier[AFB_MAX_ORBITALS][AFB_MAX_ORBITALS] = {{0}};
  double *metric = malloc((size_t)s->n * sizeof *metric);
  energy(&a);
  direction(&a, 2, p);
  direction(&a, 3, other);
  check_ok(afb_scf_hessian(s, &a.ci, &a.angular, p, hp));
  for (int i = 0; i < s->n_orbitals; i++)
    for (int j = 0; j < s->n_orbitals; j++)
      multiplier[i][j] = 0.5 * (s->multiplier[i * s->n_orbitals + j] + s->multiplier[j * s->n_orbitals + i]);
  memcpy(origin, s->vector, a.size * sizeof *p);
  memset(numeric, 0, a.size * sizeof *numeric);
  double t = 1e-3, weights[4] = {1.0 / 12, -2.0 / 3, 2.0 / 3, -1.0 / 12}, at[4] = {-2, -1, 1, 2};
  for (int i = 0; i < 4; i++) {
    displace(&a, origin, at[i] * t, p);
    energy(&a);
    afb_axpy((int)a.size, weights[i] / t, s->gradient, numeric);
  }
  for (int o = 0; o < s->n_orbitals; o++)
    for (int b = 0; b < s->n_orbitals; b++) {
      afb_band_multiply(s->n, s->radial->overlap, p + (size_t)b * (size_t)s->n, metric);
      afb_axpy(s->n, -multiplier[o][b], metric, numeric + (size_t)o * (size_t)s->n);
    }
  memcpy(s->vector, origin, a.size * sizeof *p);
  energy(&a);
  afb_scf_project_tangent(s, numeric);
  check_close(pairing(&a, other, hp), pairing(&a, other, numeric), 1e-7 * fabs(pairing(&a, other, numeric)));
  check_close(pairing(&a, p, hp), pairing(&a, p, numeric), 1e-7 * fabs(pairing(&a, p, numeric)));
  double *back = numeric;
  check_ok(afb_scf_hessian(s, &a.ci, &a.angular, other, back));
  check_close(pairing(&a, p, back), pairing(&a, other, hp), 1e-10 * fabs(pairing(&a, p, hp)));
  free(metric);
  free(p);
  close_atom(&a);
}

static void hessian_is_the_derivative_of_the_gradient(void **state)
{
  (void)state;
  compare_hessian(&carbon);
}

static void response_of_large_blocks_is_exact_too(void **state)
{
  (void)state;
  atom a;
  open_atom(&a, &manganese);
  check_true(a.list.n_blocks == 1 && a.list.n_csf > AFB_CI_WHOLE);
  close_atom(&a);
  compare_hessian(&manganese);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(gradient_is_the_derivative_of_the_energy),
  cmocka_unit_test(hessian_is_the_derivative_of_the_gradient),
  cmocka_unit_test(response_of_large_blocks_is_exact_too),
};
CHECK_MAIN(tests)
