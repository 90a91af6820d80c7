#include "engine/mcdhf.h"

#include <math.h>

/* Determinants and variance of M of a shell of q electrons. */
static void shell_moments(const afb_shell *shell, double *log_determinants, double *variance)
{
  int full = 4 * shell->l + 2, q = shell->q;
  *log_determinants = lgamma(full + 1.0) - lgamma(q + 1.0) - lgamma(full - q + 1.0);
  /* <m_j^2> of one electron over the shell: l(l+1)/3 + 1/4; q of them without replacement. */
  double one = shell->l * (shell->l + 1) / 3.0 + 0.25;
  *variance = full > 1 ? one * q * (full - q) / (full - 1.0) : 0.0;
}

double afb_estimate_csf(const afb_configuration *configuration)
{
  double log_determinants = 0.0, variance = 0.0;
  for (int i = 0; i < configuration->n_shells; i++) {
    double d, v;
    shell_moments(&configuration->shell[i], &d, &v);
    log_determinants += d;
    variance += v;
  }
  /* Every CSF has one determinant's worth of M = 0 (or 1/2). */
  double share = variance > 0.0 ? fmin(1.0, 1.0 / sqrt(6.283185307179586 * (variance + 0.08))) : 1.0;
  return fmax(1.0, exp(log_determinants) * share);
}

int afb_count_orbitals(const afb_mcdhf_request *request)
{
  int seen[AFB_MAX_N + 1][AFB_MAX_L + 1] = {{0}}, orbitals = 0;
  for (int c = 0; c < request->n_configurations; c++)
    for (int i = 0; i < request->configuration[c].n_shells; i++)
      seen[request->configuration[c].shell[i].n][request->configuration[c].shell[i].l] = 1;
  for (int n = 1; n <= AFB_MAX_N; n++)
    for (int l = 0; l <= AFB_MAX_L; l++)
      orbitals += seen[n][l] ? (l > 0 ? 2 : 1) : 0;
  return orbitals;
}

/* Core-seconds. Least squares of ln t on ln(orbitals), ln(CSFs) and the number of configurations over 238 sets of up to six
 * configurations (`aufbau bench atom`; within a factor of two for five sixths of them, the rest is the number of iterations), and what grows
 * with the square of the CSFs. The campaign corrects it as it goes (campaign/costs.h). */
static double cost(const afb_mcdhf_request *request)
{
  double csf = 0.0;
  for (int c = 0; c < request->n_configurations; c++)
    csf += afb_estimate_csf(&request->configuration[c]);
  double few = fmin(request->n_configurations, 8.0);
  return 3.1e-4 * pow(afb_count_orbitals(request), 1.69) * pow(csf, 0.127) * exp(0.177 * few) + 4e-8 * csf * csf;
}

const afb_engine afb_engine_mcdhf = {
  .name = "mcdhf",
  .description = "multiconfiguration Dirac-Hartree-Fock in B-splines, part of this program",
  .reference = "Grant, Relativistic Quantum Theory of Atoms and Molecules (2007); "
               "Froese Fischer and Zatsarinny, Comput. Phys. Commun. 180, 879 (2009)",
  .run = afb_mcdhf_run,
  .cost = cost,
};
