#include "materials/structures.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text that grows. */
typedef struct {
  char *text;
  size_t size, capacity;
} buffer;

enum { LONGEST_PIECE = 1024, MOST_AT_ONCE = 1 << 30 };

static afb_status put(buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
static afb_status put(buffer *b, const char *format, ...)
{
  if (b->capacity - b->size < LONGEST_PIECE) {
    size_t wanted = b->capacity + b->capacity / 2 + 64 * LONGEST_PIECE;
    char *grown = realloc(b->text, wanted);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for the text of structures");
    b->text = grown;
    b->capacity = wanted;
  }
  va_list args;
  va_start(args, format);
  int n = vsnprintf(b->text + b->size, b->capacity - b->size, format, args);
  va_end(args);
  b->size += n > 0 ? (size_t)n : 0;
  return AFB_OK;
}

/* A name in quotes; quotes and backslashes in it are escaped. */
static afb_status put_name(buffer *b, const char *key, const char *name)
{
  AFB_TRY(put(b, " %s=\"", key));
  for (const char *c = name; *c; c++)
    AFB_TRY(put(b, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c));
  return put(b, "\"");
}

static afb_status put_head(buffer *b, const afb_frame *frame, int forces)
{
  AFB_TRY(put(b, "%lld\n", (long long)frame->n_atoms));
  int cell = 0;
  for (int i = 0; i < 9; i++)
    cell |= frame->cell[i / 3][i % 3] != 0;
  for (int i = 0; cell && i < 9; i++)
    AFB_TRY(put(b, i == 0 ? "Lattice=\"%.17g" : i == 8 ? " %.17g\" " : " %.17g", frame->cell[i / 3][i % 3]));
  AFB_TRY(put(b, "Properties=species:S:1:pos:R:3%s pbc=\"%c %c %c\"", forces ? ":forces:R:3" : "",
              frame->periodic[0] ? 'T' : 'F', frame->periodic[1] ? 'T' : 'F', frame->periodic[2] ? 'T' : 'F'));
  if (isfinite(frame->energy))
    AFB_TRY(put(b, " energy=%.17g", frame->energy));
  static const int of_six[9] = {0, 3, 4, 3, 1, 5, 4, 5, 2};
  for (int i = 0; isfinite(frame->stress[0]) && i < 9; i++)
    AFB_TRY(put(b,
                i == 0   ? " stress=\"%.17g"
                : i == 8 ? " %.17g\""
                         : " %.17g",
                -frame->stress[of_six[i]] / AFB_EV_PER_A3_IN_BAR));
  AFB_TRY(put_name(b, "name", frame->name));
  AFB_TRY(put_name(b, "group", frame->group));
  return put(b, "\n");
}

/* The text of this rank's atoms; a frame's head stands on the rank of its first atom. */
static afb_status format_atoms(const afb_structures *s, buffer *b)
{
  int64_t f = 0;
  for (int64_t i = 0; i < s->n; i++) {
    int64_t atom = s->first + i;
    while (atom >= s->frame[f].first_atom + s->frame[f].n_atoms)
      f++;
    const double *x = s->position + 3 * i, *force = s->force ? s->force + 3 * i : NULL;
    int forces = force && !isnan(force[0]);
    if (atom == s->frame[f].first_atom)
      AFB_TRY(put_head(b, &s->frame[f], forces));
    AFB_TRY(put(b, "%s %.17g %.17g %.17g", s->species[s->kind[i]], x[0], x[1], x[2]));
    AFB_TRY(forces ? put(b, " %.17g %.17g %.17g\n", force[0], force[1], force[2]) : put(b, "\n"));
  }
  return AFB_OK;
}

/* The texts of all ranks one after the other; the number of collective writes is the same everywhere. */
static afb_status write_text(MPI_Comm comm, MPI_File file, const char *path, const buffer *b)
{
  int rank, code = MPI_SUCCESS;
  MPI_Comm_rank(comm, &rank);
  int64_t size = (int64_t)b->size, at = 0, largest;
  MPI_Exscan(&size, &at, 1, MPI_INT64_T, MPI_SUM, comm);
  if (rank == 0)
    at = 0;
  MPI_Allreduce(&size, &largest, 1, MPI_INT64_T, MPI_MAX, comm);
  for (int64_t done = 0; done < largest; done += MOST_AT_ONCE) {
    int64_t left = size - done, n = left < 0 ? 0 : left < MOST_AT_ONCE ? left : MOST_AT_ONCE;
    int this_code = MPI_File_write_at_all(file, at + (n > 0 ? done : 0), b->text + (n > 0 ? done : 0), (int)n, MPI_CHAR,
                                          MPI_STATUS_IGNORE);
    code = code == MPI_SUCCESS ? this_code : code;
  }
  return code == MPI_SUCCESS ? AFB_OK : AFB_FAIL(AFB_E_IO, "%s cannot be written: is there room on the disk?", path);
}

afb_status afb_structures_write_xyz(MPI_Comm comm, const char *path, const afb_structures *structures)
{
  buffer b = {NULL, 0, 0};
  afb_status status = afb_agree(comm, format_atoms(structures, &b));
  if (status == AFB_OK) {
    MPI_File file;
    int code = MPI_File_open(comm, path, MPI_MODE_CREATE | MPI_MODE_WRONLY, MPI_INFO_NULL, &file);
    status =
      afb_agree(comm, code == MPI_SUCCESS
                        ? AFB_OK
                        : AFB_FAIL(AFB_E_IO, "%s cannot be written: does the folder exist, and is it yours?", path));
    if (status == AFB_OK) {
      MPI_File_set_size(file, 0);
      status = write_text(comm, file, path, &b);
      code = MPI_File_close(&file);
      if (status == AFB_OK && code != MPI_SUCCESS)
        status = AFB_FAIL(AFB_E_IO, "%s cannot be written: is there room on the disk?", path);
      status = afb_agree(comm, status);
    }
  }
  free(b.text);
  return status;
}
