/* Learning curves with and without what other ions taught, as Markdown. Not collective: one rank prints. */
#ifndef AFB_REPORT_PRETRAINING_H
#define AFB_REPORT_PRETRAINING_H

#include <stdio.h>

#include "campaign/pretraining.h"

void afb_report_pretraining(FILE *out, const afb_pretraining *p);

#endif
