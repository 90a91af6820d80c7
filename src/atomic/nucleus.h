/* Nuclear charge distributions. Not collective. Radii in fm outside, bohr inside. */
#ifndef AFB_ATOMIC_NUCLEUS_H
#define AFB_ATOMIC_NUCLEUS_H

#include "core/status.h"

typedef enum {
  AFB_NUCLEUS_FERMI,    /* c from the tabulated rms radius, t = 2.30 fm (0.9 for H, 1.8 for He: no c fits at 2.30) */
  AFB_NUCLEUS_POINT,
  AFB_NUCLEUS_GIVEN     /* Fermi with c and a as given */
} afb_nucleus_model;

typedef struct {
  int z;
  double c, a;          /* Fermi parameters, bohr; both 0: point */
} afb_nucleus;

/* rho(r) ~ 1/(1 + exp((r-c)/a)), a = t/(4 ln 3), c such that sqrt<r^2> is the tabulated radius of the isotope, or
 * 0.836 A^(1/3) + 0.570 fm where none is tabulated. For AFB_NUCLEUS_GIVEN c_fm and a_fm are taken. AFB_E_INPUT: no
 * such nucleus. */
afb_status afb_nucleus_create(int z, int mass_number, afb_nucleus_model model, double c_fm, double a_fm,
                              afb_nucleus *out);

/* r V(r) in hartree bohr (-> -Z outside), V the potential energy of an electron. Closed form of the Fermi
 * distribution's potential by the series of Parpia and Mohanty, Phys. Rev. A 46, 3735 (1992). */
double afb_nucleus_rv(const afb_nucleus *nucleus, double r);

#endif
