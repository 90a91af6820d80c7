#include "materials/species.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int afb_species_element(const char *species, int n_elements, const char *const *element)
{
  int found = -1, n_found = 0;
  char *end;
  for (int e = 0; e < n_elements; e++)
    if (strcmp(species, element[e]) == 0)
      return e;
  long number = strtol(species, &end, 10);
  if (end != species && *end == '\0')
    return number >= 1 && number <= n_elements ? (int)number - 1 : -1;
  for (int e = 0; e < n_elements; e++)
    if (strcasecmp(species, element[e]) == 0) {
      found = e;
      n_found++;
    }
  return n_found == 1 ? found : -1;
}

/* The frame that holds an atom of the collection. */
static const afb_frame *frame_of(const afb_structures *s, int64_t atom)
{
  int64_t low = 0, high = s->n_frames - 1;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (s->frame[middle].first_atom + s->frame[middle].n_atoms <= atom)
      low = middle + 1;
    else
      high = middle;
  }
  return &s->frame[low];
}

void afb_species_place(MPI_Comm comm, const afb_structures *s, int kind, char *text, size_t size)
{
  int64_t atom = INT64_MAX;
  for (int64_t i = 0; i < s->n && atom == INT64_MAX; i++)
    if (s->kind[i] == kind)
      atom = s->first + i;
  MPI_Allreduce(MPI_IN_PLACE, &atom, 1, MPI_INT64_T, MPI_MIN, comm);
  text[0] = '\0';
  if (atom == INT64_MAX)
    return;
  const afb_frame *frame = frame_of(s, atom);
  snprintf(text, size, "%s:%lld: frame %s, atom %lld", s->file[frame->file], (long long)frame->line, frame->name,
           (long long)(atom - frame->first_atom + 1));
}
