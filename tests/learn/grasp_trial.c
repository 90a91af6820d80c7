#include "tests/learn/grasp_trial.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/learn/grasp_parts.h"

enum { MOST_CSF = 1600 };
static const double ACCURACY = GRASP_ACCURACY, SETTLED = 5e-4;

static void scale(grasp_state *s, int a, double factor)
{
  cblas_dscal(N, factor, grasp_row(s->p, a), 1);
  cblas_dscal(N, factor, grasp_row(s->q, a), 1);
  s->amplitude[a] *= factor;
}

/* Gram-Schmidt in the order of n. */
static void orthonormalise(grasp_state *s, int kappa)
{
  for (int a = 0; a < s->n_orbitals; a++) {
    if (s->orbital[a].kappa != kappa)
      continue;
    double moved = 0;
    for (int b = 0; b < a; b++) {
      if (s->orbital[b].kappa != kappa)
        continue;
      double o = grasp_overlap(s, grasp_row(s->p, a), grasp_row(s->q, a), grasp_row(s->p, b), grasp_row(s->q, b));
      cblas_daxpy(N, -o, grasp_row(s->p, b), 1, grasp_row(s->p, a), 1);
      cblas_daxpy(N, -o, grasp_row(s->q, b), 1, grasp_row(s->q, a), 1);
      s->amplitude[a] -= o * s->amplitude[b];
      moved = fmax(moved, fabs(o));
    }
    double norm = grasp_overlap(s, grasp_row(s->p, a), grasp_row(s->q, a), grasp_row(s->p, a), grasp_row(s->q, a));
    moved = fmax(moved, fabs(norm - 1));
    scale(s, a, (s->amplitude[a] < 0 ? -1 : 1) / sqrt(norm));
    if (moved > 1e-14)
      grasp_changed(s, a);
  }
}

/* Mixes the new solution with the orbital, and makes all of its kappa orthonormal. */
static void take(grasp_state *s, int a)
{
  double sign = 1, keep = s->consistency[a] > ACCURACY ? fabs(s->damping[a]) : 0;
  for (int i = 0; i < N; i++) {
    grasp_row(s->p, a)[i] = (1 - keep) * s->new_p[i] + keep * grasp_row(s->p, a)[i];
    grasp_row(s->q, a)[i] = (1 - keep) * s->new_q[i] + keep * grasp_row(s->q, a)[i];
  }
  s->amplitude[a] = (1 - keep) * s->new_amplitude + keep * s->amplitude[a];
  if (keep > 0.01 * ACCURACY)
    grasp_count_nodes(grasp_row(s->p, a), &sign);
  scale(s, a, sign / sqrt(grasp_overlap(s, grasp_row(s->p, a), grasp_row(s->q, a), grasp_row(s->p, a), grasp_row(s->q, a))));
  grasp_changed(s, a);
  orthonormalise(s, s->orbital[a].kappa);
}

/* One orbital. 0: its equation has no solution. */
static int improve(grasp_state *s, int a)
{
  for (;;) {
    double old = s->energy[a], before = s->trend[a];
    grasp_set_equation(s, a);
    if (!grasp_solve(s, a)) {
      if (s->method[a] == 2)
        return 0;
      s->method[a] = 2;
      s->retries++;
      grasp_set_multipliers(s);
      continue;
    }
    double norm = grasp_overlap(s, s->new_p, s->new_q, s->new_p, s->new_q), most = 0;
    if (!(norm > 0) || !isfinite(norm))
      return 0;
    for (int i = 0; i < N; i++)
      most = fmax(most, fabs(s->new_p[i] - grasp_row(s->p, a)[i]) + fabs(s->new_q[i] - grasp_row(s->q, a)[i]));
    s->consistency[a] = most * sqrt(s->occupation[a]);
    s->norm[a] = norm;
    double factor = 1 / sqrt(norm), moved = fabs(1 - old / s->energy[a]);
    cblas_dscal(N, factor, s->new_p, 1);
    cblas_dscal(N, factor, s->new_q, 1);
    s->new_amplitude *= factor;
    if (s->method[a] == 1) {
      if (moved < 0.005 && fmax(fabs(1 - sqrt(norm)), fabs(factor - 1)) > 0.2) {
        s->method[a] = 2;
        continue;
      }
    } else if (moved < 1e-4 && s->extra > 1) {
      s->extra--;
    }
    if (s->consistency[a] > ACCURACY) {
      double relative = (old - s->energy[a]) / old;
      s->damping[a] = before * relative < -1e-4 ? 0.1 + 0.9 * s->damping[a] : 0.5 * s->damping[a];
      s->trend[a] = relative;
    }
    take(s, a);
    return 1;
  }
}

static int least_consistent(const grasp_state *s)
{
  int worst = 0;
  for (int a = 1; a < s->n_orbitals; a++)
    if (s->consistency[a] > s->consistency[worst])
      worst = a;
  return worst;
}

static double screening(double x)
{
  double w = sqrt(x);
  double f = (w * (0.60112 * w + 1.81061) + 1) /
             (w * (w * (w * (w * (0.04793 * w + 0.21465) + 0.77112) + 1.39515) + 1.81061) + 1);
  return f * f;
}

static int begin_orbitals(grasp_state *s, const grasp_orbitals *start)
{
  double unit = cbrt(s->z - s->charge - 1) / 0.8853;
  for (int a = 0; a < s->n_orbitals; a++) {
    int from = -1;
    for (int b = 0; start && b < start->n_orbitals; b++)
      if (start->orbital[b].n == s->orbital[a].n && start->orbital[b].kappa == s->orbital[a].kappa)
        from = b;
    if (from >= 0) {
      memcpy(grasp_row(s->p, a), grasp_row(start->p, from), N * sizeof *s->p);
      memcpy(grasp_row(s->q, a), grasp_row(start->q, from), N * sizeof *s->q);
      s->energy[a] = start->energy[from];
    } else {
      for (int i = 0; i < N; i++) {
        double zr = -s->nuclear[i] * s->r[i], inner = s->charge + 1;
        s->local[i] = -((zr - inner) * screening(unit * s->r[i]) + inner) / s->r[i] - s->nuclear[i];
      }
      if (!grasp_eigenfunction(s, a, grasp_row(s->p, a), grasp_row(s->q, a), &s->energy[a]))
        return 1;
      grasp_refine(s, a);
    }
    s->amplitude[a] = grasp_amplitude(s, s->orbital[a].kappa, grasp_row(s->p, a), grasp_row(s->q, a));
    s->consistency[a] = 1e20;
    s->method[a] = 1;
  }
  for (int a = 0; a < s->n_orbitals; a++)
    orthonormalise(s, s->orbital[a].kappa);
  return 0;
}

static void iterate(grasp_state *s, int most, grasp_trial_result *out)
{
  double energy, former = 0;
  if (grasp_update_levels(s, &energy) != 0)
    return;
  out->end = GRASP_TRIAL_GOING;
  for (int a = 0; a < s->n_orbitals; a++)
    s->full[a] = fabs(s->occupation[a] - (afb_kappa_two_j(s->orbital[a].kappa) + 1)) < 1e-9;
  s->extra = s->n_orbitals / 4;
  for (int it = 1; it <= most && out->end == GRASP_TRIAL_GOING; it++) {
    int converged = 0, turns = s->n_orbitals + s->extra;
    out->iterations = it;
    grasp_set_multipliers(s);
    for (int turn = 0; turn < turns; turn++) {
      int a = turn < s->n_orbitals ? turn : least_consistent(s);
      if (turn == s->n_orbitals)
        turns = s->n_orbitals + s->extra;
      converged = turn >= s->n_orbitals && s->consistency[a] <= ACCURACY;
      if (converged)
        break;
      if (!improve(s, a)) {
        out->end = GRASP_TRIAL_FAILED;
        out->failed = a;
        out->change[it - 1] = s->consistency[least_consistent(s)];
        return;
      }
    }
    out->change[it - 1] = s->consistency[least_consistent(s)];
    if (grasp_update_levels(s, &energy) != 0) {
      out->end = GRASP_TRIAL_NOT_RUN;
      return;
    }
    if (converged || out->change[it - 1] <= SETTLED || fabs((energy - former) / energy) < 1e-3 * ACCURACY)
      out->end = GRASP_TRIAL_CONVERGED;
    former = out->energy = energy;
  }
}

static afb_status keep(const grasp_state *s, grasp_trial_result *out)
{
  size_t size = (size_t)s->n_orbitals * N * sizeof *s->p;
  out->orbitals.n_orbitals = s->n_orbitals;
  out->orbitals.p = malloc(2 * size);
  if (!out->orbitals.p)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for orbitals");
  out->orbitals.q = out->orbitals.p + (size_t)s->n_orbitals * N;
  memcpy(out->orbitals.p, s->p, size);
  memcpy(out->orbitals.q, s->q, size);
  for (int a = 0; a < s->n_orbitals; a++) {
    out->orbitals.orbital[a] = s->orbital[a];
    out->orbitals.energy[a] = s->energy[a];
    out->norm[a] = s->norm[a];
    out->occupation[a] = s->occupation[a];
    out->damping[a] = s->damping[a];
    out->tried[a] = s->tried[a];
  }
  out->retries = s->retries;
  return AFB_OK;
}

void grasp_orbitals_clear(grasp_orbitals *orbitals)
{
  free(orbitals->p);
  *orbitals = (grasp_orbitals){.p = NULL};
}

afb_status grasp_trial(int z, int charge, int n, const afb_configuration *set, int n_levels, const grasp_orbitals *start,
                       int max_iterations, grasp_trial_result *result)
{
  grasp_state *s = calloc(1, sizeof *s);
  *result = (grasp_trial_result){.end = GRASP_TRIAL_NOT_RUN, .failed = -1};
  if (!s)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a trial");
  s->z = z;
  s->charge = charge;
  s->n_levels = n_levels;
  afb_status status = AFB_OK;
  if (afb_csf_list_create(n, set, 0, -1, MOST_CSF, &s->csfs) == AFB_OK) {
    status = grasp_state_begin(s);
    if (status == AFB_OK && begin_orbitals(s, start) == 0)
      iterate(s, max_iterations, result);
    if (status == AFB_OK)
      status = keep(s, result);
  }
  grasp_state_clear(s);
  free(s);
  return status;
}
