#include "campaign/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numeric/lapack.h"

enum { POINTS = 260, LARGEST_SCF = 30, STATES = AFB_ESTIMATE_MAX_N };

typedef struct {
  int z, charge;
  double h, r[POINTS], rv[POINTS];       /* r V(r) */
  double density[POINTS];                /* sum q P^2 */
  double diagonal[POINTS], off[POINTS], energy[POINTS];
  double vector[STATES * POINTS];
  double work[5 * POINTS];
  int iwork[5 * POINTS], fail[POINTS];
} field;

static void grid(field *f)
{
  double first = log(2e-3 / f->z), last = log(300.0);
  f->h = (last - first) / (POINTS - 1);
  for (int i = 0; i < POINTS; i++)
    f->r[i] = exp(first + f->h * i);
}

/* Tietz's form of the Thomas-Fermi function (J. Chem. Phys. 25, 787 (1956)) with the ion's charge at large r. */
static void thomas_fermi(field *f, int electrons)
{
  for (int i = 0; i < POINTS; i++) {
    double x = 1 + 0.53625 * f->r[i] * cbrt((double)f->z) / 0.8853;
    f->rv[i] = -(f->charge + 1) - (electrons - 1) / (x * x);
  }
}

/* The lowest n_states of angular momentum l: f->energy[s], and P on the grid, normalised, in f->vector. */
static afb_status solve(field *f, int l, int n_states)
{
  int n = POINTS, found = 0, lowest = 1, info = 0, ld = POINTS;
  double zero = 0, tolerance = 1e-9, h2 = f->h * f->h, kinetic = (l + 0.5) * (l + 0.5);
  for (int i = 0; i < POINTS; i++) {
    double r = f->r[i];
    f->diagonal[i] = (2 / h2 + kinetic + 2 * r * f->rv[i]) / (2 * r * r);
    if (i + 1 < POINTS)
      f->off[i] = -1 / (h2 * 2 * r * f->r[i + 1]);
  }
  dstevx_("V", "I", &n, f->diagonal, f->off, &zero, &zero, &lowest, &n_states, &tolerance, &found, f->energy, f->vector,
          &ld, f->work, f->iwork, f->fail, &info);
  if (info != 0 || found != n_states)
    return AFB_FAIL(AFB_E_NUMERIC, "central field of Z = %d: dstevx returned %d", f->z, info);
  /* The eigenvector is sqrt(2) r u; int P^2 dr = int r^2 u^2 dx = 1, P = sqrt(r) u. */
  for (int s = 0; s < n_states; s++)
    for (int i = 0; i < POINTS; i++)
      f->vector[s * POINTS + i] /= sqrt(f->h * f->r[i]);
  return AFB_OK;
}

static void new_potential(field *f)
{
  double inside = 0, outside = 0, tail[POINTS];
  for (int i = POINTS - 1; i >= 0; i--) {
    tail[i] = outside;
    outside += f->density[i] * f->h;                     /* D/r dr = D dx */
  }
  for (int i = 0; i < POINTS; i++) {
    double r = f->r[i], d = f->density[i];
    inside += d * r * f->h;
    double exchange = -1.5 * cbrt(3 * d / (4 * r * r)) / 2.1450293971110255;   /* cbrt(pi^2) */
    double rv = -f->z + inside + r * tail[i] + r * exchange, latter = -(f->charge + 1);
    f->rv[i] = 0.5 * f->rv[i] + 0.5 * (rv < latter ? rv : latter);
  }
}

static afb_status self_consistent(field *f, const afb_configuration *ground)
{
  double last = 0;
  for (int iteration = 0; iteration < LARGEST_SCF; iteration++) {
    double sum = 0;
    memset(f->density, 0, sizeof f->density);
    for (int l = 0; l <= AFB_MAX_L; l++) {
      int states = 0;
      for (int s = 0; s < ground->n_shells; s++)
        if (ground->shell[s].l == l && ground->shell[s].n - l > states)
          states = ground->shell[s].n - l;
      if (states == 0)
        continue;
      AFB_TRY(solve(f, l, states));
      for (int k = 0; k < states; k++) {
        int q = afb_configuration_occupation(ground, l + 1 + k, l);
        sum += q * f->energy[k];
        for (int i = 0; i < POINTS; i++)
          f->density[i] += q * f->vector[k * POINTS + i] * f->vector[k * POINTS + i];
      }
    }
    new_potential(f);
    if (fabs(sum - last) < 1e-4 * fabs(sum))
      break;
    last = sum;
  }
  return AFB_OK;
}

typedef struct {
  double energy;
  int index;
} ranked;

static int by_energy(const void *a, const void *b)
{
  double x = ((const ranked *)a)->energy, y = ((const ranked *)b)->energy;
  if (x != y)
    return x < y ? -1 : 1;
  return ((const ranked *)a)->index - ((const ranked *)b)->index;
}

/* F0(a,b) = int P_a^2 Y_b dr with Y_b/r the potential of b's density. */
static void coulomb(const field *f, int n, const double *p, afb_estimate *e, const ranked *order)
{
  double y[POINTS];
  for (int b = 0; b < n; b++) {
    const double *pb = p + (size_t)order[b].index * POINTS;
    double inside = 0, outside = 0;
    for (int i = POINTS - 1; i >= 0; i--) {
      y[i] = outside;
      outside += pb[i] * pb[i] * f->h;
    }
    for (int i = 0; i < POINTS; i++) {
      inside += pb[i] * pb[i] * f->r[i] * f->h;
      y[i] += inside / f->r[i];
    }
    for (int a = 0; a < n; a++) {
      const double *pa = p + (size_t)order[a].index * POINTS;
      double sum = 0;
      for (int i = 0; i < POINTS; i++)
        sum += pa[i] * pa[i] * y[i] * f->r[i] * f->h;
      e->f0[a][b] = (float)sum;
    }
  }
}

static afb_status all_orbitals(field *f, double *p, afb_estimate *e)
{
  ranked order[AFB_ESTIMATE_ORBITALS];
  afb_shell shell[AFB_ESTIMATE_ORBITALS];
  double r_mean[AFB_ESTIMATE_ORBITALS];
  int n = 0;
  for (int l = 0; l <= AFB_MAX_L; l++) {
    int states = AFB_ESTIMATE_MAX_N - l;
    AFB_TRY(solve(f, l, states));
    for (int k = 0; k < states; k++, n++) {
      const double *u = f->vector + k * POINTS;
      memcpy(p + (size_t)n * POINTS, u, POINTS * sizeof *u);
      order[n] = (ranked){f->energy[k], n};
      shell[n] = (afb_shell){l + 1 + k, l, afb_configuration_occupation(&e->ground, l + 1 + k, l)};
      r_mean[n] = 0;
      for (int i = 0; i < POINTS; i++)
        r_mean[n] += u[i] * u[i] * f->r[i] * f->r[i] * f->h;
    }
  }
  qsort(order, (size_t)n, sizeof *order, by_energy);
  e->n_orbitals = n;
  for (int o = 0; o < n; o++) {
    e->energy[o] = order[o].energy;
    e->orbital[o] = shell[order[o].index];
    e->r_mean[o] = r_mean[order[o].index];
    if (e->orbital[o].q > 0)
      e->outermost = o;
  }
  coulomb(f, n, p, e, order);
  return AFB_OK;
}

static afb_status check_ground(int z, int charge, const afb_configuration *ground)
{
  int electrons = afb_configuration_electrons(ground);
  if (electrons != z - charge || electrons < 1)
    return AFB_FAIL(AFB_E_INPUT, "the ground configuration has %d electrons, the ion of Z = %d and charge %d has %d",
                    electrons, z, charge, z - charge);
  for (int s = 0; s < ground->n_shells; s++)
    if (ground->shell[s].n > AFB_ESTIMATE_MAX_N)
      return AFB_FAIL(AFB_E_INPUT, "a ground configuration with n = %d", ground->shell[s].n);
  return AFB_OK;
}

afb_status afb_estimate_create(int z, int charge, const afb_configuration *ground, afb_estimate **out)
{
  *out = NULL;
  AFB_TRY(check_ground(z, charge, ground));
  field *f = calloc(1, sizeof *f);
  double *p = malloc((size_t)AFB_ESTIMATE_ORBITALS * POINTS * sizeof *p);
  afb_estimate *e = calloc(1, sizeof *e);
  afb_status status = f && p && e ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a central field");
  if (status == AFB_OK) {
    f->z = e->z = z;
    f->charge = e->charge = charge;
    e->ground = *ground;
    grid(f);
    thomas_fermi(f, z - charge);
    status = self_consistent(f, ground);
  }
  if (status == AFB_OK)
    status = all_orbitals(f, p, e);
  free(f);
  free(p);
  if (status == AFB_OK)
    *out = e;
  else
    free(e);
  return status;
}

void afb_estimate_destroy(afb_estimate **estimate)
{
  free(*estimate);
  *estimate = NULL;
}

int afb_estimate_find(const afb_estimate *estimate, int n, int l)
{
  for (int o = 0; o < estimate->n_orbitals; o++)
    if (estimate->orbital[o].n == n && estimate->orbital[o].l == l)
      return o;
  return -1;
}

double afb_estimate_excitation(const afb_estimate *e, const afb_configuration *configuration, int max_moved, int *moved,
                               int *from, int *to)
{
  enum { MOST = 8 };
  int a[MOST], b[MOST], n_a = 0, n_b = 0;
  for (int o = e->n_orbitals - 1; o >= 0; o--) {
    int change = afb_configuration_occupation(configuration, e->orbital[o].n, e->orbital[o].l) - e->orbital[o].q;
    for (; change < 0 && n_a < MOST; change++)
      a[n_a++] = o;
    for (; change > 0 && n_b < MOST; change--)
      b[n_b++] = o;
  }
  int n = n_a < n_b ? n_a : n_b;
  double energy = 0;
  for (int i = 0; i < n; i++) {
    energy += e->energy[b[i]] - e->energy[a[i]];
    for (int j = 0; j < i; j++)
      energy += (double)e->f0[a[i]][a[j]] + (double)e->f0[b[i]][b[j]] - (double)e->f0[a[i]][b[j]] - (double)e->f0[b[i]][a[j]];
  }
  *moved = n < max_moved ? n : max_moved;
  for (int i = 0; i < *moved; i++) {
    if (from)
      from[i] = a[i];
    if (to)
      to[i] = b[i];
  }
  return energy;
}
