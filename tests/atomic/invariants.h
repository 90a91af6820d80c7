/* What holds of the result of every calculation, whatever it was asked: docs/engine.md, atomic/mcdhf.h. Not collective. */
#ifndef AFB_TESTS_ATOMIC_INVARIANTS_H
#define AFB_TESTS_ATOMIC_INVARIANTS_H

#include "atomic/mcdhf.h"

/* Number of rules that status and result of `request` break; each is told on stderr behind `name`. */
int count_broken_rules(const char *name, const afb_mcdhf_request *request, afb_status status, const afb_mcdhf_result *result);

#endif
