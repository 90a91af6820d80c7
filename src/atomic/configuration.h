/* Electron configurations: the nonrelativistic shells n l^q that name a set of CSFs. Not collective.
 *
 * Text form: shells separated by blanks, "1s2 2s2 2p1"; a leading noble gas in brackets stands for its
 * closed shells, "[Kr] 4d1 5s2". The core is not remembered: "[He] 2s1" and "1s2 2s1" are the same.
 * Canonical form: shells with q > 0 in the order 1s 2s 2p 3s 3p 3d 4s 4p 4d 4f 5s ... (n, then l). */
#ifndef AFB_ATOMIC_CONFIGURATION_H
#define AFB_ATOMIC_CONFIGURATION_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

enum {
  AFB_MAX_SHELLS = 32,        /* shells of a configuration */
  AFB_MAX_N = 15,             /* principal quantum number */
  AFB_MAX_L = 7,              /* s p d f g h i k */
  AFB_CONFIGURATION_LENGTH = 192
};

typedef struct {
  int n, l, q;
} afb_shell;

typedef struct {
  int n_shells;
  afb_shell shell[AFB_MAX_SHELLS];   /* canonical order */
} afb_configuration;

/* AFB_E_INPUT names the offending shell and says why (unknown letter, l >= n, q > 4l+2, shell twice ...). */
afb_status afb_configuration_parse(const char *text, afb_configuration *out);

/* Canonical text; with `noble_core` the largest closed noble-gas core is written in brackets.
 * Returns `buffer`, of `size` >= AFB_CONFIGURATION_LENGTH. */
char *afb_configuration_format(const afb_configuration *configuration, int noble_core, char *buffer, size_t size);

int afb_configuration_electrons(const afb_configuration *configuration);
/* +1 or -1: (-1)^(sum of q l). */
int afb_configuration_parity(const afb_configuration *configuration);
/* Occupation of shell n l, 0 when absent. */
int afb_configuration_occupation(const afb_configuration *configuration, int n, int l);
/* Adds `change` electrons to shell n l, keeping canonical order. AFB_E_LIMIT when the occupation would leave
 * 0 ... 4l+2; the configuration is then unchanged. */
afb_status afb_configuration_add(afb_configuration *configuration, int n, int l, int change);
/* Total order on canonical configurations (for sorting and sets): <0, 0, >0. */
int afb_configuration_compare(const afb_configuration *a, const afb_configuration *b);

/* All distinct configurations that arise from any of the `n_in` given ones by moving 0 ... `electrons` electrons out of
 * the shells `from` (n_from) into the shells `active` (n_active, and among `from` itself), sorted, the given ones
 * included. *out is malloc'ed, the caller frees. Cost: grows as (n_from n_active)^electrons. */
afb_status afb_configuration_expand(int n_in, const afb_configuration *in, int electrons, int n_from,
                                    const afb_shell *from, int n_active, const afb_shell *active, int *n_out,
                                    afb_configuration **out);

/* "4d" -> n = 4, l = 2. AFB_E_INPUT otherwise. */
afb_status afb_shell_parse(const char *text, int *n, int *l);

#endif
