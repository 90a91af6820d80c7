/* Text files of pages, tables and figures, which appear whole or not at all: an error leaves what was there. Not collective: one rank writes. */
#ifndef AFB_APP_OUTPUT_H
#define AFB_APP_OUTPUT_H

#include <stdio.h>

#include "core/status.h"

#define AFB_SVG_BEGINNING "<svg"   /* of a figure */

typedef struct {
  FILE *stream;
  char path[1024], temporary[1040];   /* temporary is empty when a device or pipe is written directly */
} afb_output;

/* Opens PATH.tmp for writing. A file at `path` is only replaced when it is empty or starts with `beginning`, as what is
 * about to be written does: otherwise AFB_E_FOREIGN. AFB_E_INPUT: nothing can be written there. */
afb_status afb_output_begin(const char *path, const char *beginning, afb_output *out);
/* Puts the file in its place. AFB_E_IO when any write failed (disk full ...): what was at `path` is untouched. */
afb_status afb_output_end(afb_output *out);
/* Ends without writing; nothing when already ended. */
void afb_output_discard(afb_output *out);

#endif
