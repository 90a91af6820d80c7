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

/* Shells that occur in any of the configurations, and of these the ones that are not full in all. */
static void count_shells(const afb_mcdhf_request *request, int *orbitals, int *open)
{
  int seen[AFB_MAX_N + 1][AFB_MAX_L + 1] = {{0}}, full[AFB_MAX_N + 1][AFB_MAX_L + 1] = {{0}};
  for (int c = 0; c < request->n_configurations; c++)
    for (int i = 0; i < request->configuration[c].n_shells; i++) {
      const afb_shell *shell = &request->configuration[c].shell[i];
      seen[shell->n][shell->l] = 1;
      full[shell->n][shell->l] += shell->q == 4 * shell->l + 2;
    }
  *orbitals = *open = 0;
  for (int n = 1; n <= AFB_MAX_N; n++)
    for (int l = 0; l <= AFB_MAX_L; l++)
      if (seen[n][l]) {
        *orbitals += l > 0 ? 2 : 1;
        *open += full[n][l] < request->n_configurations ? (l > 0 ? 2 : 1) : 0;
      }
}

/* Core-seconds: the start potential and its orbitals, then iterations that cost so much an orbital pair for the fields,
 * an orbital for the solves, and a pair of CSFs of one block for the angular part and the matrix. */
static double cost(const afb_mcdhf_request *request)
{
  int orbitals, open;
  double csf = 0.0;
  count_shells(request, &orbitals, &open);
  for (int c = 0; c < request->n_configurations; c++)
    csf += afb_estimate_csf(&request->configuration[c]);
  double iterations = request->start ? 12.0 : 20.0;
  double pairs = 0.5 * orbitals * (orbitals + 1.0) + 1.5 * open * open;
  double once = 0.01 + 1e-3 * orbitals + 1e-6 * csf * csf;
  return once + iterations * (4e-4 * orbitals + 2e-5 * pairs + 2e-8 * csf * csf);
}

const afb_engine afb_engine_mcdhf = {
  .name = "mcdhf",
  .description = "multiconfiguration Dirac-Hartree-Fock in B-splines, part of this program",
  .reference = "Grant, Relativistic Quantum Theory of Atoms and Molecules (2007); "
               "Froese Fischer and Zatsarinny, Comput. Phys. Commun. 180, 879 (2009)",
  .run = afb_mcdhf_run,
  .cost = cost,
};
