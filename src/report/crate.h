/* RO-Crate 1.1 metadata of a result file (https://w3id.org/ro/crate/1.1): ro-crate-metadata.json beside it. Not collective. */
#ifndef AFB_REPORT_CRATE_H
#define AFB_REPORT_CRATE_H

#include <stdio.h>

#include "core/status.h"

/* What the program cannot know; NULL: the entities say that it is still to be given. */
typedef struct {
  const char *author;          /* "Jane Doe", or "Jane Doe https://orcid.org/0000-0002-1825-0097" */
  const char *licence;         /* of the data: an SPDX identifier, "CC-BY-4.0", or an address */
} afb_crate_owner;

/* The beginning of the metadata of the file at `path`, by which an earlier one of the same file is known, into `buffer`; returns it. */
char *afb_crate_beginning(const char *path, char *buffer, size_t size);

/* JSON-LD: the dataset; FILE.h5 and, where it is there, FILE.html, with size, media type and SHA-256; a CreateAction for each session with its
 * start and end, the program (version, revision, libraries) and the machine (host, ranks) as instruments, the resolved input as object, FILE.h5 as
 * result. The caller tests ferror(out). AFB_E_INPUT: the file is being written, or a journal holds results that it lacks. AFB_E_NOT_FOUND,
 * AFB_E_FOREIGN, AFB_E_IO, AFB_E_MEMORY. Cost: reads the files whole. */
afb_status afb_crate_write(FILE *out, const char *path, const afb_crate_owner *owner);

#endif
