/* The reference of the result file, from the tables that it is made with. Not collective. */
#ifndef AFB_STORE_REFERENCE_H
#define AFB_STORE_REFERENCE_H

#include <stdio.h>

#include "core/status.h"

/* Every table and column with type, unit, meaning and the schema version that brought it, as Markdown. AFB_E_IO. */
afb_status afb_store_reference(FILE *out);

#endif
