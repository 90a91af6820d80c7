/* The files that patterns stand for: where they are, how large, of which format. */
#ifndef AFB_MATERIALS_FILES_H
#define AFB_MATERIALS_FILES_H

#include <mpi.h>
#include <stdint.h>

#include "core/status.h"
#include "materials/reader.h"

typedef struct {
  int n;
  char **path;
  int64_t *size;
  const afb_format **format;
} afb_files;

/* Lists the files of the patterns, each pattern's sorted; `format` as in afb_structures_options. Rank 0 lists, so that all ranks see the same;
 * then every rank looks at its share of the files. Collective on `comm`, the same status on all ranks: AFB_E_INPUT no file
 * matches a pattern, no file but a folder, unknown format; AFB_E_IO, AFB_E_MEMORY, AFB_E_LIMIT. The caller clears *files. */
afb_status afb_files_list(MPI_Comm comm, int n_patterns, const char *const *pattern, const char *format, afb_files *files);
void afb_files_clear(afb_files *files);

#endif
