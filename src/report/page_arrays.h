/* The report of a file of descriptors, forces, potentials or models: what it holds. Not collective: one rank reads and writes. */
#ifndef AFB_REPORT_PAGE_ARRAYS_H
#define AFB_REPORT_PAGE_ARRAYS_H

#include <stdio.h>

#include "core/status.h"
#include "store/arrays.h"
#include "store/usage.h"

typedef struct {
  char name[64], unit[64], description[320];
  afb_column_type type;
  int rank;
  int64_t dim[3];
  double bytes;
  int ranged;                  /* 1: least and most are those of its finite numbers, n_missing that of the others */
  double least, most;
  int64_t n_missing;
} afb_array_facts;

typedef struct {
  const char *path;            /* borrowed */
  afb_arrays_facts facts;
  int n;
  afb_array_facts *array;
  int64_t n_usage;
  afb_store_usage *usage;
} afb_array_page;

/* The caller clears, also after a failure. AFB_E_IO, AFB_E_FOREIGN, AFB_E_MEMORY. Cost: reads arrays of real numbers of up to 32 MB. */
afb_status afb_array_page_read(afb_arrays *arrays, const char *path, afb_array_page *page);
void afb_array_page_clear(afb_array_page *page);
void afb_array_page_html(FILE *out, const afb_array_page *page);
void afb_array_page_text(FILE *out, const afb_array_page *page);

#endif
