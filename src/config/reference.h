/* What users read about inputs, from the same tables that check them. Not collective. */
#ifndef AFB_CONFIG_REFERENCE_H
#define AFB_CONFIG_REFERENCE_H

#include <stdio.h>

#include "config/schema.h"
#include "core/status.h"

/* The input reference in Markdown: one table for every schema of the NULL-terminated list. AFB_E_IO. */
afb_status afb_reference_markdown(FILE *out, const afb_schema *const *schemas);
/* A complete input with every key: those without a default and not required are commented out. It passes the check of
 * the schema. AFB_E_IO. */
afb_status afb_reference_template(FILE *out, const afb_schema *schema);

#endif
