/* Ions: notation, ground configurations, order of orbitals. Not collective.
 * "Sr II" is z = 38, charge = 1. */
#ifndef AFB_ATOMIC_ION_H
#define AFB_ATOMIC_ION_H

#include <stddef.h>

#include "atomic/configuration.h"
#include "core/status.h"

enum {
  AFB_GROUND_MAX_Z = 103,       /* ground configurations of Z = 1 ... 103, */
  AFB_GROUND_MAX_CHARGE = 3,    /* charges 0 ... 3 (I to IV) */
  AFB_ION_LENGTH = 16
};

typedef struct {
  int z, charge;
} afb_ion;

/* "Sr II" of an ion, in AFB_ION_LENGTH bytes; returns `buffer`. */
char *afb_ion_format(afb_ion ion, char *buffer);
/* One ion: a symbol or name, a blank, a Roman numeral. AFB_E_INPUT says what is wrong; an ion keeps one electron. */
afb_status afb_ion_parse(const char *text, afb_ion *out);
/* One ion or a range of elements, of stages or of both: "Li-Ne I-III", "Fe I-IV", "La-Lu II". Ions without electrons are
 * left out of a range. Sorted by z, then charge; *list is malloc'ed, the caller frees. AFB_E_INPUT, AFB_E_MEMORY. */
afb_status afb_ion_parse_list(const char *text, int *n, afb_ion **list);

/* Configuration of the ground level: NIST Atomic Spectra Database, ver. 5 (doi:10.18434/T4W30F). Th II, whose lowest
 * level is a mixture, has 6d2 7s1, as the reference calculations have. AFB_E_LIMIT outside the table. */
afb_status afb_ground_configuration(int z, int charge, afb_configuration *out);

/* Electrons in the largest noble-gas core of the ground configuration that leaves at least one electron outside:
 * 0, 2, 10, 18, 36, 54, 86. Li I 2, Na II 2, Na I 10. AFB_E_LIMIT as above. */
afb_status afb_ion_core_electrons(int z, int charge, int *electrons);

/* The ion's orbital order, along which excitations move electrons: the shells of the ground configuration by n, then l,
 * then the empty ones in a fixed order that depends on core and charge as effective quantum numbers do (4s before
 * 3d in K I, after it in Sc III); limited to n <= max_n, l <= max_l, but the occupied shells always. The orders
 * are those of the reference data set, where it has the ion's kind. `order` has room for `size` shells
 * (q = occupation in the ground configuration). AFB_E_LIMIT when they do not fit or the ion is outside the table. */
afb_status afb_ion_orbital_order(int z, int charge, int max_n, int max_l, int size, afb_shell *order, int *n_order);

#endif
