/* The result of one MCDHF calculation, for people and as JSON. Not collective. */
#ifndef AFB_REPORT_LEVELS_H
#define AFB_REPORT_LEVELS_H

#include <stdio.h>

#include "atomic/mcdhf.h"
#include "core/status.h"

/* CSF number `csf` of a list in words: its configuration's occupied relativistic subshells that are not closed in every
 * CSF, "4d-(1) 5s(2)". With more than one open subshell the angular momentum after coupling each of them follows it:
 * "4d-(1)3/2 4d(1)2 5s(1)5/2". "1s(2) ..." is never empty: a CSF of closed subshells gives its last one.
 * Returns `buffer`, of `size` >= AFB_CSF_TEXT; what does not fit ends in "...". */
enum { AFB_CSF_TEXT = 160 };
char *afb_report_csf(const afb_csf_list *csfs, int csf, char *buffer, size_t size);

/* Outcome, levels by energy (J, parity, number within J and parity, hartree, cm^-1 above the lowest, LS label with its weight
 * in per cent and those of other LS states, leading CSFs with their weights) and orbitals. */
void afb_report_levels(FILE *out, const afb_mcdhf_result *result);

/* {"outcome","iterations","cpu_seconds","n_csf","blocks":[{"two_j","parity","n_csf"}],"levels":[{"two_j","parity",
 * "index","energy_hartree","lsj":[{"label","weight"}]}],"orbitals":[{"label","energy_hartree","r_mean"}]} with 17 digits; what is not finite is
 * null. The caller tests ferror(out). */
void afb_report_json(FILE *out, const afb_mcdhf_result *result);

#endif
