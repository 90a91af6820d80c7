/* Files that tests of structures write: in the current folder, named after the number of ranks. Collective. */
#ifndef AFB_TESTS_MATERIALS_STRUCTURE_FILES_H
#define AFB_TESTS_MATERIALS_STRUCTURE_FILES_H

int world_rank(void);
int world_size(void);

/* Writes the text on rank 0; the path, for remove_text. */
const char *write_text(const char *name, const char *text);
void remove_text(const char *path);

#endif
