/* Facts about the elements: symbols, names, isotopes, nuclear radii. Not collective; z = 1 ... AFB_N_ELEMENTS. */
#ifndef AFB_ATOMIC_ELEMENT_H
#define AFB_ATOMIC_ELEMENT_H

#include "core/status.h"

enum { AFB_N_ELEMENTS = 118 };

/* "Sr", "strontium"; "?" out of range. */
const char *afb_element_symbol(int z);
const char *afb_element_name(int z);

/* z of a symbol or English name, upper or lower case alike. AFB_E_INPUT with the nearest known one otherwise. */
afb_status afb_element_find(const char *text, int *z);

/* Mass number of the most abundant isotope, of the longest-lived (or, as in the reference calculations, the one usually
 * chosen) where none is stable. 0 out of range. */
int afb_element_mass_number(int z);

/* Root-mean-square charge radius of the nucleus, fm; 0 where none is tabulated.
 * Angeli and Marinova, At. Data Nucl. Data Tables 99, 69 (2013), doi:10.1016/j.adt.2011.12.006: the naturally
 * occurring isotopes and some long-lived ones. From Li on the four decimals are rounded to single precision, as GRASP2018
 * holds them: a nucleus is then the same here and there to 1e-11, not only to 2e-8. */
double afb_element_rms_radius(int z, int mass_number);

#endif
