/* What a superposition of atoms makes of Gaussians at their sites: inputs of learned potentials that know how far a site's
 * functions overlap those of its neighbours, and of theirs. Not collective.
 *
 * With n(r) = sum_i exp(-0.2 |r - R_i|^2) (bohr; the width of a silicon atom's valence charge) and each power p, the coefficients c of
 * the least-squares fit  n(r)^p = sum_i sum_k c_ik exp(-alpha_k |r - R_i|^2)  over the periodic cell: the normal equations S c = b with
 * the overlaps S = (pi/(alpha_k + alpha_l))^1.5 exp(-alpha_k alpha_l R^2/(alpha_k + alpha_l)) of all images, and b on a regular
 * grid. p = 1/3 is what exchange makes of a density; a potential in Gaussians at sites comes from such a fit. */
#ifndef AFB_MATERIALS_DENSITY_FIT_H
#define AFB_MATERIALS_DENSITY_FIT_H

#include <stdint.h>

#include "core/status.h"
#include "descriptor/neighbours.h"

enum { AFB_DENSITY_POWERS = 2, AFB_DENSITY_MAX_GAUSSIANS = 4 };
extern const double afb_density_power[AFB_DENSITY_POWERS];   /* 1/3, 2/3 */

/* angstrom: how far neighbours must reach for the overlaps of Gaussians of at least this exponent (bohr^-2). */
double afb_density_cutoff(double least_exponent);

/* The frame of own points first ... first + n - 1 of a piece of whole frames, periodic along all of cell (angstrom). list: neighbours of
 * all own points of the piece, as far as afb_density_cutoff. out [n][powers][n_gaussians].
 * AFB_E_INPUT: the cell is not periodic in three dimensions, or no fit exists. AFB_E_MEMORY. Cost: about 2 ms an atom. */
afb_status afb_density_fit(const double cell[3][3], const int periodic[3], const afb_piece *piece, const afb_neighbours *list,
                           int64_t first, int64_t n, int n_gaussians, const double *exponent,
                           double *out);

#endif
