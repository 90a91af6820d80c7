/* Reading an input file against its schema.
 *
 * One rank reads the file and broadcasts its text; every rank parses the same text and so comes to the same result. All
 * mistakes are collected: those found here, and those that a caller with more knowledge (of elements, of
 * configurations) adds afterwards. afb_config_verdict then reports all of them together. */
#ifndef AFB_CONFIG_INPUT_H
#define AFB_CONFIG_INPUT_H

#include <mpi.h>
#include <stdint.h>

#include "config/schema.h"
#include "core/status.h"

typedef struct afb_config afb_config;

enum { AFB_INPUT_MAX_BYTES = 16 << 20 };

/* Reads `file`, puts the n_set options "section.key=value" over it, checks everything against the schema and fills
 * `input` (of schema->size bytes; strings in it belong to *config). Mistakes in the text are no failure of
 * this call: fields with mistakes are left absent (see config/schema.h), and afb_config_verdict tells.
 * Statuses, the same on all ranks: AFB_E_INPUT the file cannot be read or is no file; AFB_E_MEMORY. *config is
 * then NULL. Collective on `comm`. Cost: one broadcast of the text. The caller destroys *config. */
afb_status afb_config_read(MPI_Comm comm, const afb_schema *schema, const char *file, int n_set,
                           const char *const *set, void *input, afb_config **config);

/* The same for a text in memory, `name` in place of the file's. Not collective. */
afb_status afb_config_parse(const afb_schema *schema, const char *name, const char *text, size_t size, int n_set,
                            const char *const *set, void *input, afb_config **config);
void afb_config_destroy(afb_config **config);

/* The schema of the NULL-terminated list to which most top-level keys of `file` belong or nearly belong; NULL when none
 * does or the file is not YAML. Statuses as afb_config_read. Collective on `comm`. */
afb_status afb_config_guess(MPI_Comm comm, const char *file, const afb_schema *const *schemas,
                            const afb_schema **found);

/* Adds a mistake at the value of `path`: at its element `index` when it is a list and index >= 0, and `at` bytes into
 * the text of the value. Where the value is a default or absent, at the section that it belongs to. Not collective. */
void afb_config_mistake(afb_config *config, const char *path, int index, size_t at, const char *format, ...)
  __attribute__((format(printf, 5, 6)));

/* Whether the value at `path` was written by the user (not a default). Not collective. */
int afb_config_given(const afb_config *config, const char *path);

/* Whether the value at `path` has no mistake so far, be it given or a default. Not collective. */
int afb_config_usable(const afb_config *config, const char *path);

/* AFB_OK, or AFB_E_INPUT with all mistakes as the text of the failure (config/mistakes.h). Not collective: the same on
 * all ranks when all added the same. */
afb_status afb_config_verdict(const afb_config *config);

/* The resolved input: a line "# aufbau COMMAND", then canonical YAML, defaults filled in, keys in the order of the schema.
 * Without mistakes it reads back to the same input. Owned by config. */
const char *afb_config_resolved(const afb_config *config);
/* The same without keys flagged AFB_KEY_RESOURCE: two inputs with equal identity text describe the same calculation. And
 * its hash. */
const char *afb_config_identity_text(const afb_config *config);
uint64_t afb_config_identity(const afb_config *config);

#endif
