/* `aufbau report --scaling`. */
#ifndef AFB_APP_REPORT_SCALING_H
#define AFB_APP_REPORT_SCALING_H

#include "app/command.h"

/* Not collective: rank 0. Tables on standard output, or to the files that options name. AFB_E_INPUT and what report/scaling_files.h returns. */
afb_status afb_report_scaling(const afb_arguments *arguments);

#endif
