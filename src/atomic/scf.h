/* Orbitals, their energy gradient and its derivative: what every scheme of the ladder is made of. Not collective, unless shared.
 *
 * With E = sum_i C_i X_i (atomic/expression.h) the gradient of orbital a is G_a = (1/2) dE/d phi_a,
 *   G_a = sum_b D_ab H_Dirac phi_b + sum_c W_ac(r) phi_c,   W_ac = sum C R-potentials,
 * and the multipliers are lambda_ab = <phi_b|G_a>. Stationary: G_a = sum_b lambda_ab S phi_b, lambda symmetric.
 * "Dual" vectors are integrals with the splines (like G_a), "primal" ones spline coefficients (like phi_a).
 *
 * A tangent vector is delta phi_a = v_a + sum_b X_ab phi_b, v_a orthogonal to all orbitals of its kappa, X antisymmetric
 * over the varied orbitals of one kappa and zero elsewhere. */
#ifndef AFB_ATOMIC_SCF_H
#define AFB_ATOMIC_SCF_H

#include "atomic/ci.h"
#include "atomic/expression.h"
#include "atomic/radial.h"

typedef struct {
  MPI_Comm comm;                       /* whose ranks have the same orbitals and share the work, see afb_scf_share; MPI_COMM_SELF at first */
  afb_radial *radial;                  /* borrowed */
  const afb_csf_list *list;            /* borrowed */
  const afb_expression *expression;    /* borrowed */
  int n_orbitals, n, n_points;
  const afb_orbital *orbital;
  uint8_t varied[AFB_MAX_ORBITALS];
  double *vector;          /* [n_orbitals][n] spline coefficients, orthonormal */
  double *p, *q;           /* [n_orbitals][n_points] */
  double *dirac;           /* [n_orbitals][n]: H_Dirac phi_a, dual */
  double *density;         /* [n_pairs][n_points]: weight (P_a P_b + Q_a Q_b) */
  double *potential;       /* [n_potentials][n_points] */
  double *field;           /* [n_pairs][n_points]: the coefficient of phi_c in G_a, for a = c; twice it for a != c */
  double *x;               /* integrals */
  double *coefficient;     /* C */
  double *gradient;        /* [n_orbitals][n], dual */
  double *multiplier;      /* [n_orbitals][n_orbitals]: lambda_ab */
  double occupation[AFB_MAX_ORBITALS];   /* D_aa */
  double *band[2 * AFB_MAX_ORBITALS + 2];/* Dirac operators by kappa, made when first used */
  double *companion;       /* [n_orbitals][AFB_MAX_N][n], see afb_scf_hold; NULL before */
  int n_companions[AFB_MAX_ORBITALS], held;
  double *span[AFB_MAX_ORBITALS];        /* functions among which companions were found last; NULL before */
  int n_span[AFB_MAX_ORBITALS];
  double span_energy[AFB_MAX_ORBITALS];  /* of the lowest companion */
  double *metric;          /* [n_orbitals][n]: S phi_a, dual */
  double *refreshed;       /* [n_orbitals][n]: the orbitals that values, potentials and integrals belong to */
  struct afb_inverse *inverse[AFB_MAX_ORBITALS];   /* of the local operators, see afb_scf_invert; NULL before */
  double *rotation;        /* [n_orbitals][n_orbitals]: the local operators' estimate of the energy's curvature, pairs that may rotate */
  struct afb_change *change;                       /* room of afb_scf_hessian; NULL before */
  double *work, *scratch;  /* [2 n_orbitals][n_points], zero between calls; [n_points] */
} afb_scf;

/* vary[n_orbitals]. AFB_E_MEMORY, AFB_E_LIMIT (rank). Memory: (n_potentials + 3 n_pairs) n_points numbers. */
afb_status afb_scf_create(afb_radial *radial, const afb_csf_list *list, const afb_expression *expression,
                          const uint8_t *vary, afb_scf **out);
void afb_scf_destroy(afb_scf **scf);
/* From here on afb_scf_refresh, afb_scf_gradient, afb_scf_canonicalise, afb_scf_invert and afb_scf_precondition are collective on `comm`, all of whose ranks hold
 * the same orbitals: each does a part of the integrals, fields and orbital steps. The same bits as on one rank. */
void afb_scf_share(afb_scf *scf, MPI_Comm comm);

const double *afb_scf_dirac(afb_scf *scf, int kappa);
/* Makes the varied orbitals orthonormal (symmetrically among themselves, frozen ones stay). AFB_E_NUMERIC: dependent. */
afb_status afb_scf_orthonormalise(afb_scf *scf);
/* Rotates varied orbitals of one kappa among which the energy is invariant so that their multipliers become diagonal,
 * ascending with n. free_pair[n_orbitals][n_orbitals]: 1 for pairs whose rotation costs nothing; pairs of closed orbitals need not
 * be marked. Refreshes values; with closed orbitals alone the gradient too. AFB_E_NUMERIC. */
afb_status afb_scf_canonicalise(afb_scf *scf, const uint8_t *free_pair);
/* Second derivative of the energy (half of it) with respect to the angle by which a pair of varied open orbitals is rotated into each
 * other, CI vectors following; NAN for other pairs. curvature[n_orbitals][n_orbitals]. At a stationary point, after a CI solution with
 * `whole`. AFB_E_MEMORY. Cost: one Hessian product a pair. */
afb_status afb_scf_pair_curvatures(afb_scf *scf, afb_ci *ci, const afb_angular *angular, double *curvature);
/* From the orbitals: values, potentials, integrals x. 0: they were of these orbitals already. */
int afb_scf_refresh(afb_scf *scf);
/* From x and coefficient: fields, gradient, multipliers, occupations. */
void afb_scf_gradient(afb_scf *scf);

/* An orbital n kappa whose inner companions (l < n' < n) are not all in the list is an excited state of its own operator: a saddle
 * of the energy, from which early steps fall. Finds, for every such varied orbital, the lower eigenfunctions of its
 * operator (local part and exchange, of the last gradient) that the list does not hold; steps of afb_scf_precondition are orthogonal to them, and
 * rotate no two orbitals into each other, until afb_scf_release, and afb_scf_drop_companions takes them out of the orbitals; an
 * orbital that has left the eigenfunction next above its companions is put back on it. AFB_E_MEMORY, AFB_E_NUMERIC. 1 ms an orbital when first called, then half. */
afb_status afb_scf_hold(afb_scf *scf);
void afb_scf_release(afb_scf *scf);
void afb_scf_drop_companions(afb_scf *scf);
/* Whether holding does anything: an orbital lacks inner companions, or two varied open ones of a kappa could swap. */
int afb_scf_can_fall(const afb_scf *scf);

/* The tangent part of the gradient of the Lagrangian, [n_orbitals][n], dual; zero for frozen orbitals. */
void afb_scf_residual(const afb_scf *scf, double *dual);
/* Factors the local operators of the varied orbitals, energies lowered by `shift` (hartree), for steps from the present orbitals and
 * gradient; factors of nearly the same operator and orbitals are kept. AFB_E_NUMERIC, AFB_E_MEMORY. Cost: about 0.1 ms an orbital. */
afb_status afb_scf_invert(afb_scf *scf, double shift);
/* primal = -(approximate inverse Hessian) dual: one bordered solve per orbital with its local operator, and the diagonal estimate for
 * rotations, as of the last afb_scf_invert. AFB_E_NUMERIC. Cost: about 0.01 ms an orbital. */
afb_status afb_scf_precondition(afb_scf *scf, const double *dual, double *primal);
/* dual = Hessian of the Lagrangian applied to the tangent vector `primal`; the CI vectors follow when `ci` is given.
 * AFB_E_MEMORY. Cost: about three times a refresh and a gradient. */
afb_status afb_scf_hessian(afb_scf *scf, afb_ci *ci, const afb_angular *angular, const double *primal, double *dual);

/* Norms sqrt(v^T S v) of the parts of a primal vector, by orbital. */
void afb_scf_norms(const afb_scf *scf, const double *primal, double *norm);
/* <r> of an orbital, bohr. */
double afb_scf_r_mean(const afb_scf *scf, int orbital);
/* Probability beyond 0.85 r_max. */
double afb_scf_tail(const afb_scf *scf, int orbital);
/* Sign changes of P between lobes of more than 1 % of its maximum, inside the last radius at which |P| is 30 % of its
 * maximum: the tail, which exchange with outer orbitals and orthogonality to them can make change sign, does not count. */
int afb_scf_nodes(const afb_scf *scf, int orbital);
/* The same of any function p[n] of the radius. */
int afb_count_nodes(int n, const double *p);

#endif
