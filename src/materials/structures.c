#include "materials/structures.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "materials/files.h"

enum { DEFAULT_DIVIDED = 1 << 20, TAG_WALK = 1 };

/* This rank's slice of all files one after the other, as parts of files. A file of at most `divided` bytes is not divided:
 * the rank where it begins has all of it. With part = NULL the parts are counted. */
static int deal_parts(const afb_files *files, int64_t slice, int64_t divided, int rank, afb_part *part)
{
  int n = 0;
  int64_t from = rank * slice, to = from + slice, at = 0;
  for (int i = 0; i < files->n; at += files->size[i++]) {
    int64_t begin = at > from ? at : from, end = at + files->size[i] < to ? at + files->size[i] : to;
    if (files->format[i]->whole || files->size[i] <= divided) {
      if (at < from || at >= to)
        continue;
      begin = at;
      end = at + files->size[i];
    } else if (begin >= end) {
      continue;
    }
    if (part)
      part[n] =
        (afb_part){.file = i, .format = files->format[i], .begin = begin - at, .end = end - at, .size = files->size[i]};
    n++;
  }
  return n;
}

static afb_status make_parts(MPI_Comm comm, const afb_files *files, int64_t divided, afb_reader *reader)
{
  int rank, ranks;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  int64_t total = 0;
  for (int i = 0; i < files->n; i++)
    total += files->size[i];
  /* An empty file at the very end lies in the last slice. */
  int64_t slice = total / ranks + 1;
  int n = deal_parts(files, slice, divided, rank, NULL);
  reader->part = calloc((size_t)n + 1, sizeof *reader->part);
  if (!reader->part)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d parts of files", n);
  reader->n_parts = deal_parts(files, slice, divided, rank, reader->part);
  return AFB_OK;
}

static int is_integer_line(const char *at)
{
  int64_t number;
  afb_word word;
  return afb_number_integer(&at, &number) && !afb_word_next(&at, &word);
}

static afb_status find_marks(afb_part *part)
{
  int64_t capacity = 0;
  for (int64_t i = 0; i < part->lines.n; i++) {
    if (!is_integer_line(part->lines.text + part->lines.start[i]))
      continue;
    if (part->n_marks == capacity) {
      capacity = 2 * capacity + 64;
      int64_t *grown = realloc(part->mark, (size_t)capacity * sizeof *grown);
      if (!grown)
        return AFB_FAIL(AFB_E_MEMORY, "no memory for the beginnings of frames");
      part->mark = grown;
    }
    part->mark[part->n_marks++] = i;
  }
  return AFB_OK;
}

static afb_status read_parts(afb_reader *reader)
{
  for (int i = 0; i < reader->n_parts; i++) {
    afb_part *part = &reader->part[i];
    AFB_TRY(afb_lines_read(reader->path[part->file], part->begin, part->end, part->size, &part->lines));
    if (part->format->marks)
      AFB_TRY(find_marks(part));
  }
  return AFB_OK;
}

typedef struct {
  int64_t first_line;
  afb_walk walk;
} walk_message;

/* Through all parts. A file that began on the rank before goes on from where that one came to; this holds after a failure
 * too, so that nobody waits. */
static void walk_parts(MPI_Comm comm, afb_reader *reader)
{
  int rank;
  walk_message message;
  afb_walk *walk = &message.walk;
  MPI_Comm_rank(comm, &rank);
  for (int i = 0; i < reader->n_parts; i++) {
    afb_part *part = &reader->part[i];
    if (part->begin == 0) {
      memset(&message, 0, sizeof message);
      message.first_line = walk->line = 1;
      walk->file = part->file;
    } else {
      MPI_Recv(&message, (int)sizeof message, MPI_BYTE, rank - 1, TAG_WALK, comm, MPI_STATUS_IGNORE);
      if (walk->n_frames > 0)
        afb_reader_add_layout(reader, part, walk, -1);
    }
    part->first_line = message.first_line;
    walk->ended |= reader->status != AFB_OK;
    if (!walk->ended)
      part->format->walk(reader, part, walk);
    if (part->end < part->size) {
      message.first_line = afb_part_end(part);
      MPI_Send(&message, (int)sizeof message, MPI_BYTE, rank + 1, TAG_WALK, comm);
    } else if (!walk->ended) {
      part->format->end(reader, part, walk);
    }
  }
}

/* Memory for all atoms whose rows are on this rank, then the rows. */
static afb_status read_rows(MPI_Comm comm, afb_reader *reader)
{
  int any_force = 0;
  for (int64_t f = 0; f < reader->n_layouts; f++) {
    reader->n_atoms += afb_reader_layout_atoms(reader, &reader->layout[f]);
    any_force |= reader->layout[f].force >= 0 || reader->layout[f].force_text;
  }
  MPI_Allreduce(MPI_IN_PLACE, &any_force, 1, MPI_INT, MPI_MAX, comm);
  size_t n = (size_t)reader->n_atoms + 1;
  reader->position = malloc(3 * n * sizeof *reader->position);
  reader->kind = malloc(n * sizeof *reader->kind);
  reader->force = any_force ? malloc(3 * n * sizeof *reader->force) : NULL;
  if (!reader->position || !reader->kind || (any_force && !reader->force))
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld atoms", (long long)reader->n_atoms);
  afb_reader_rows(reader);
  return reader->status;
}

static int by_place(const void *a, const void *b)
{
  const afb_problem *p = a, *q = b;
  if (p->file != q->file)
    return p->file < q->file ? -1 : 1;
  return p->line < q->line ? -1 : p->line > q->line;
}

/* Lists of all ranks one after the other. *all is for the caller to free. AFB_E_MEMORY, the same on all ranks. */
static afb_status gather(MPI_Comm comm, size_t size, int64_t n, const void *mine, int64_t *n_all, void **all)
{
  int ranks;
  MPI_Comm_size(comm, &ranks);
  int *count = calloc(2 * (size_t)ranks, sizeof *count), *offset = count ? count + ranks : NULL;
  *all = NULL;
  afb_status status = count ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for the list of ranks");
  if (n > INT_MAX)
    status = AFB_FAIL(AFB_E_LIMIT, "too many frames on one rank");
  status = afb_agree(comm, status);
  if (status != AFB_OK) {
    free(count);
    return status;
  }
  int own = (int)n;
  MPI_Allgather(&own, 1, MPI_INT, count, 1, MPI_INT, comm);
  *n_all = 0;
  for (int r = 0; r < ranks; *n_all += count[r++])
    offset[r] = (int)*n_all;
  if (*n_all > INT_MAX)
    status = AFB_FAIL(AFB_E_LIMIT, "%lld frames are too many for one collection", (long long)*n_all);
  else if (!(*all = malloc((size_t)*n_all * size + 1)))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld frames", (long long)*n_all);
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    MPI_Datatype record;
    MPI_Type_contiguous((int)size, MPI_BYTE, &record);
    MPI_Type_commit(&record);
    MPI_Allgatherv(mine, own, record, *all, count, offset, record, comm);
    MPI_Type_free(&record);
  } else {
    free(*all);
    *all = NULL;
  }
  free(count);
  return status;
}

static afb_status first_problem(const afb_reader *reader, const afb_problem *problem)
{
  return AFB_FAIL(AFB_E_INPUT, "%s:%lld: %s", reader->path[problem->file], (long long)problem->line, problem->what);
}

/* With skip_bad the frames that anything is wrong with are marked; otherwise the first problem is the failure. `before`: frames
 * on the ranks before. */
static afb_status judge(MPI_Comm comm, afb_reader *reader, int64_t before, afb_structures *out)
{
  for (int64_t i = 0; i < reader->n_problems; i++)
    reader->problem[i].frame += before;
  int64_t n;
  void *all;
  AFB_TRY(gather(comm, sizeof *reader->problem, reader->n_problems, reader->problem, &n, &all));
  afb_problem *problem = all;
  qsort(problem, (size_t)n, sizeof *problem, by_place);
  afb_status status = n > 0 && !reader->skip_bad ? first_problem(reader, problem) : AFB_OK;
  for (int64_t i = 0; i < n && status == AFB_OK; i++) {
    afb_frame *frame = &out->frame[problem[i].frame];
    if (frame->bad)
      continue;
    frame->bad = 1;
    frame->n_atoms = 0;
    int used = snprintf(frame->reason, sizeof frame->reason, "%s:%lld: ", reader->path[problem[i].file],
                        (long long)problem[i].line);
    if (used >= 0 && (size_t)used < sizeof frame->reason)
      snprintf(frame->reason + used, sizeof frame->reason - (size_t)used, "%.*s",
               (int)(sizeof frame->reason - (size_t)used - 1), problem[i].what);
  }
  free(problem);
  return status;
}

/* Atoms of bad frames are closed up. */
static void remove_bad(afb_reader *reader, int64_t before, const afb_structures *out)
{
  int64_t from = 0, to = 0;
  for (int64_t f = 0; f < reader->n_layouts; f++) {
    int64_t n = afb_reader_layout_atoms(reader, &reader->layout[f]);
    if (!out->frame[before + reader->layout[f].frame].bad) {
      memmove(reader->position + 3 * to, reader->position + 3 * from, (size_t)n * 3 * sizeof(double));
      memmove(reader->kind + to, reader->kind + from, (size_t)n * sizeof *reader->kind);
      if (reader->force)
        memmove(reader->force + 3 * to, reader->force + 3 * from, (size_t)n * 3 * sizeof(double));
      to += n;
    }
    from += n;
  }
  reader->n_atoms = to;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

/* One sorted list of the species that occur, and the atoms' numbers in it. */
static afb_status unite_species(MPI_Comm comm, afb_reader *reader, afb_structures *out)
{
  int used[AFB_MAX_SPECIES] = {0}, n = 0, number[AFB_MAX_SPECIES];
  char own[AFB_MAX_SPECIES][AFB_SPECIES_NAME];
  for (int64_t i = 0; i < reader->n_atoms; i++)
    used[reader->kind[i]] = 1;
  for (int s = 0; s < reader->n_species; s++)
    if (used[s])
      memcpy(own[n++], reader->species[s], AFB_SPECIES_NAME);
  void *all;
  int64_t n_all;
  AFB_TRY(gather(comm, AFB_SPECIES_NAME, n, own, &n_all, &all));
  qsort(all, (size_t)n_all, AFB_SPECIES_NAME, by_name);
  const char(*name)[AFB_SPECIES_NAME] = all;
  n = 0;
  for (int64_t i = 0; i < n_all; i++) {
    if (i > 0 && strcmp(name[i], name[i - 1]) == 0)
      continue;
    if (n < AFB_MAX_SPECIES)
      memcpy(out->species[n], name[i], AFB_SPECIES_NAME);
    n++;
  }
  free(all);
  if (n > AFB_MAX_SPECIES)
    return AFB_FAIL(AFB_E_LIMIT,
                    "%d species in the structures, at most %d are possible: is a column of numbers taken for names?", n,
                    AFB_MAX_SPECIES);
  out->n_species = n;
  for (int s = 0; s < reader->n_species; s++) {
    const char *found = bsearch(reader->species[s], out->species, (size_t)n, AFB_SPECIES_NAME, by_name);
    number[s] = found ? (int)((found - out->species[0]) / AFB_SPECIES_NAME) : -1;
  }
  for (int64_t i = 0; i < reader->n_atoms; i++)
    reader->kind[i] = number[reader->kind[i]];
  return AFB_OK;
}

static void copy_text(char *to, const char *from, size_t length)
{
  size_t n = length < AFB_FRAME_NAME ? length : AFB_FRAME_NAME - 1;
  memcpy(to, from, n);
  to[n] = '\0';
}

/* Frames without a name are called after the file, those without a group after its folder. */
static void name_frame(const char *path, int64_t number, int alone, afb_frame *frame)
{
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  if (!frame->name[0] && alone) {
    copy_text(frame->name, base, strlen(base));
  } else if (!frame->name[0]) {
    char behind[24];
    int n = snprintf(behind, sizeof behind, "#%lld", (long long)number);
    snprintf(frame->name, sizeof frame->name, "%.*s%s", AFB_FRAME_NAME - 1 - n, base, behind);
  }
  if (frame->group[0])
    return;
  const char *end = slash ? slash : path, *begin = end;
  while (begin > path && begin[-1] != '/')
    begin--;
  if (begin == end)
    copy_text(frame->group, ".", 1);
  else
    copy_text(frame->group, begin, (size_t)(end - begin));
}

static void number_frames(afb_structures *out)
{
  int64_t number = 0;
  for (int64_t f = 0; f < out->n_frames; f++) {
    afb_frame *frame = &out->frame[f];
    number = f > 0 && frame[-1].file == frame->file ? number + 1 : 1;
    int alone = number == 1 && (f + 1 == out->n_frames || frame[1].file != frame->file);
    name_frame(out->file[frame->file], number, alone, frame);
    frame->first_atom = out->n_atoms;
    out->n_atoms += frame->n_atoms;
  }
}

/* From what the ranks have read to one collection. */
static afb_status collect(MPI_Comm comm, afb_reader *reader, afb_structures *out)
{
  int64_t before = 0;
  int rank;
  MPI_Comm_rank(comm, &rank);
  MPI_Exscan(&reader->n_frames, &before, 1, MPI_INT64_T, MPI_SUM, comm);
  if (rank == 0)
    before = 0;
  void *frames;
  AFB_TRY(gather(comm, sizeof *reader->frame, reader->n_frames, reader->frame, &out->n_frames, &frames));
  out->frame = frames;
  AFB_TRY(judge(comm, reader, before, out));
  if (reader->skip_bad)
    remove_bad(reader, before, out);
  AFB_TRY(unite_species(comm, reader, out));
  number_frames(out);
  out->n = reader->n_atoms;
  MPI_Exscan(&out->n, &out->first, 1, MPI_INT64_T, MPI_SUM, comm);
  if (rank == 0)
    out->first = 0;
  out->position = reader->position;
  out->kind = reader->kind;
  out->force = reader->force;
  reader->position = reader->force = NULL;
  reader->kind = NULL;
  return AFB_OK;
}

static void clear_parts(afb_reader *reader)
{
  for (int i = 0; i < reader->n_parts; i++) {
    afb_lines_clear(&reader->part[i].lines);
    free(reader->part[i].mark);
  }
  free(reader->part);
  reader->part = NULL;
  reader->n_parts = 0;
}

static void clear_reader(afb_reader *reader)
{
  clear_parts(reader);
  free(reader->frame);
  free(reader->layout);
  free(reader->problem);
  free(reader->type);
  free(reader->position);
  free(reader->force);
  free(reader->kind);
}

static afb_status read_files(MPI_Comm comm, const afb_files *files, int64_t divided, afb_reader *reader,
                             afb_structures *out)
{
  AFB_TRY(afb_agree(comm, make_parts(comm, files, divided, reader)));
  reader->status = read_parts(reader);
  walk_parts(comm, reader);
  AFB_TRY(afb_agree(comm, reader->status));
  AFB_TRY(afb_agree(comm, read_rows(comm, reader)));
  for (int i = 0; i < reader->n_parts; i++)
    afb_lines_drop(&reader->part[i].lines);
  return collect(comm, reader, out);
}

afb_status afb_structures_read(MPI_Comm comm, int n_patterns, const char *const *pattern,
                               const afb_structures_options *options, afb_structures *out)
{
  *out = (afb_structures){.n_files = 0};
  afb_files files;
  AFB_TRY(afb_files_list(comm, n_patterns, pattern, options->format, &files));
  out->n_files = files.n;
  out->file = files.path;
  afb_reader *reader = calloc(1, sizeof *reader);
  afb_status status = afb_agree(comm, reader ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a reader of structures"));
  if (status == AFB_OK) {
    reader->skip_bad = options->skip_bad;
    reader->path = files.path;
    status = read_files(comm, &files, options->divided > 0 ? options->divided : DEFAULT_DIVIDED, reader, out);
  }
  if (reader)
    clear_reader(reader);
  free(reader);
  files.path = NULL;
  afb_files_clear(&files);
  if (status != AFB_OK)
    afb_structures_clear(out);
  return status;
}

void afb_structures_clear(afb_structures *structures)
{
  for (int i = 0; structures->file && i < structures->n_files; i++)
    free(structures->file[i]);
  free(structures->file);
  free(structures->frame);
  free(structures->position);
  free(structures->kind);
  free(structures->force);
  *structures = (afb_structures){.n_files = 0};
}

/* What goes where: numbers and offsets of atoms for each rank. */
typedef struct {
  int ranks;
  int *send, *send_at, *receive, *receive_at; /* [ranks] */
} exchange_plan;

/* Atoms that lie in both ranges, and where they begin in the range of n atoms from `first` on. */
static int overlap(int64_t first, int64_t n, int64_t begin, int64_t end, int *at)
{
  int64_t from = first > begin ? first : begin, to = first + n < end ? first + n : end;
  *at = to > from ? (int)(from - first) : 0;
  return to > from ? (int)(to - from) : 0;
}

/* own [ranks][2]: first atom and number of atoms of each rank. */
static void make_plan(const afb_structures *s, const int64_t *atom_first, const int64_t *own, int64_t first, int64_t n,
                      exchange_plan *plan)
{
  for (int r = 0; r < plan->ranks; r++) {
    plan->send[r] = overlap(s->first, s->n, atom_first[r], atom_first[r + 1], &plan->send_at[r]);
    plan->receive[r] = overlap(first, n, own[2 * r], own[2 * r] + own[2 * r + 1], &plan->receive_at[r]);
  }
}

/* Rows of `width` values. */
static void exchange(MPI_Comm comm, const exchange_plan *plan, int width, MPI_Datatype type, const void *from, void *to)
{
  MPI_Datatype row;
  MPI_Type_contiguous(width, type, &row);
  MPI_Type_commit(&row);
  MPI_Alltoallv(from, plan->send, plan->send_at, row, to, plan->receive, plan->receive_at, row, comm);
  MPI_Type_free(&row);
}

/* The arrays of *s change places with these. */
static void swap_arrays(afb_structures *s, double **position, int32_t **kind, double **force)
{
  double *old_position = s->position, *old_force = s->force;
  int32_t *old_kind = s->kind;
  s->position = *position;
  s->force = *force;
  s->kind = *kind;
  *position = old_position;
  *force = old_force;
  *kind = old_kind;
}

afb_status afb_structures_deal(MPI_Comm comm, const int64_t *atom_first, afb_structures *s)
{
  int rank, ranks;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  int64_t first = atom_first[rank], n = atom_first[rank + 1] - first;
  int64_t *own = malloc(2 * (size_t)ranks * sizeof *own), mine[2] = {s->first, s->n};
  int *numbers = malloc(4 * (size_t)ranks * sizeof *numbers);
  double *position = malloc(3 * (size_t)n * sizeof *position + 1);
  double *force = s->force ? malloc(3 * (size_t)n * sizeof *force + 1) : NULL;
  int32_t *kind = malloc((size_t)n * sizeof *kind + 1);
  afb_status status = AFB_OK;
  if (!own || !numbers || !position || !kind || (s->force && !force))
    status = AFB_FAIL(AFB_E_MEMORY, "no memory to move %lld atoms", (long long)n);
  else if (s->n > INT_MAX || n > INT_MAX)
    status = AFB_FAIL(AFB_E_LIMIT, "more than %d atoms on one rank: use more ranks", INT_MAX);
  status = afb_agree(comm, status);
  if (status == AFB_OK) {
    exchange_plan plan = {ranks, numbers, numbers + ranks, numbers + 2 * ranks, numbers + 3 * ranks};
    MPI_Allgather(mine, 2, MPI_INT64_T, own, 2, MPI_INT64_T, comm);
    make_plan(s, atom_first, own, first, n, &plan);
    exchange(comm, &plan, 3, MPI_DOUBLE, s->position, position);
    exchange(comm, &plan, 1, MPI_INT32_T, s->kind, kind);
    if (force)
      exchange(comm, &plan, 3, MPI_DOUBLE, s->force, force);
    s->first = first;
    s->n = n;
    swap_arrays(s, &position, &kind, &force);
  }
  free(own);
  free(numbers);
  free(position);
  free(kind);
  free(force);
  return status;
}
