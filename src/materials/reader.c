#include "materials/reader.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/element.h"

const char *afb_part_line(const afb_part *part, int64_t line)
{
  return part->lines.text + part->lines.start[line - part->first_line];
}

int64_t afb_part_end(const afb_part *part) { return part->first_line + part->lines.n; }

double afb_cell_volume(const double *c)
{
  return c[0] * (c[4] * c[8] - c[5] * c[7]) - c[1] * (c[3] * c[8] - c[5] * c[6]) + c[2] * (c[3] * c[7] - c[4] * c[6]);
}

const char *afb_line_excerpt(const char *line, char *buffer)
{
  enum { LONGEST = 40 };
  size_t n = strcspn(line, "\r\n"), kept = n > LONGEST ? LONGEST : n;
  snprintf(buffer, 64, "%.*s%s", (int)kept, line, kept < n ? "..." : "");
  return buffer;
}

/* The list with room for one more element; NULL, and the reader's status tells, when there is none. */
static void *room(afb_reader *reader, void *list, int64_t n, int64_t *capacity, size_t size)
{
  if (n < *capacity)
    return list;
  int64_t wanted = 2 * *capacity + 16;
  void *grown = realloc(list, (size_t)wanted * size);
  if (grown)
    *capacity = wanted;
  else
    reader->status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld frames", (long long)wanted);
  return grown;
}

void afb_walk_begin_frame(afb_walk *walk, int64_t line)
{
  walk->frame = (afb_frame){.file = walk->file, .line = line, .energy = NAN};
  for (int i = 0; i < 6; i++)
    walk->frame.stress[i] = NAN;
  walk->layout = (afb_layout){.position = -1, .force = -1, .species = -1};
  walk->n_types = 0;
}

static int add_types(afb_reader *reader, const afb_walk *walk)
{
  for (int t = 0; t < walk->n_types; t++) {
    afb_type *type = room(reader, reader->type, reader->n_types, &reader->type_capacity, sizeof *type);
    if (!type)
      return 0;
    reader->type = type;
    reader->type[reader->n_types++] = walk->type[t];
  }
  return 1;
}

void afb_reader_add_layout(afb_reader *reader, const afb_part *part, const afb_walk *walk, int64_t frame)
{
  int first_type = reader->n_types;
  afb_layout *layout = room(reader, reader->layout, reader->n_layouts, &reader->layout_capacity, sizeof *layout);
  if (!layout)
    return;
  reader->layout = layout;
  if (!add_types(reader, walk))
    return;
  layout += reader->n_layouts++;
  *layout = walk->layout;
  layout->frame = frame;
  layout->part = (int)(part - reader->part);
  layout->first_type = first_type;
  layout->n_types = walk->n_types;
}

void afb_reader_add_frame(afb_reader *reader, const afb_part *part, afb_walk *walk)
{
  afb_frame *frame = room(reader, reader->frame, reader->n_frames, &reader->frame_capacity, sizeof *frame);
  if (!frame)
    return;
  reader->frame = frame;
  frame[reader->n_frames] = walk->frame;
  afb_reader_add_layout(reader, part, walk, reader->n_frames++);
  walk->n_frames++;
}

/* Without skip_bad only the first problem counts. */
static void add_problem(afb_reader *reader, const afb_problem *problem)
{
  const afb_problem *first = reader->problem;
  if (!reader->skip_bad && reader->n_problems > 0) {
    if (problem->file < first->file || (problem->file == first->file && problem->line < first->line))
      reader->problem[0] = *problem;
    return;
  }
  afb_problem *list = room(reader, reader->problem, reader->n_problems, &reader->problem_capacity, sizeof *list);
  if (!list)
    return;
  reader->problem = list;
  list[reader->n_problems++] = *problem;
}

void afb_reader_problem(afb_reader *reader, const afb_part *part, afb_walk *walk, int fresh, int64_t line,
                        const char *format, ...)
{
  if (fresh) {
    afb_walk_begin_frame(walk, line);
    afb_reader_add_frame(reader, part, walk);
  }
  afb_problem problem = {.file = walk->file, .line = line, .frame = reader->n_frames - 1};
  va_list args;
  va_start(args, format);
  vsnprintf(problem.what, sizeof problem.what, format, args);
  va_end(args);
  add_problem(reader, &problem);
  walk->ended |= !reader->skip_bad;
}

void afb_reader_cut_rows(afb_reader *reader, afb_walk *walk, int64_t n_rows)
{
  if (n_rows < walk->layout.n_rows)
    walk->layout.n_rows = n_rows;
  if (reader->n_layouts > 0)
    reader->layout[reader->n_layouts - 1].n_rows = walk->layout.n_rows;
}

void afb_reader_row_problem(afb_reader *reader, const afb_layout *layout, int64_t line, const char *format, ...)
{
  afb_problem problem = {.file = reader->part[layout->part].file, .line = line, .frame = layout->frame};
  va_list args;
  va_start(args, format);
  vsnprintf(problem.what, sizeof problem.what, format, args);
  va_end(args);
  add_problem(reader, &problem);
}

int afb_reader_species(afb_reader *reader, const char *name, size_t length)
{
  for (int s = 0; s < reader->n_species; s++)
    if (memcmp(reader->species[s], name, length) == 0 && reader->species[s][length] == '\0')
      return s;
  if (reader->n_species == AFB_MAX_SPECIES) {
    reader->status = AFB_FAIL(
      AFB_E_LIMIT, "more than %d species in the structures: is a column of numbers taken for names?", AFB_MAX_SPECIES);
    return -1;
  }
  char *own = reader->species[reader->n_species];
  memset(own, 0, AFB_SPECIES_NAME);
  memcpy(own, name, length);
  return reader->n_species++;
}

void afb_walk_lines(afb_reader *reader, afb_part *part, afb_walk *walk,
                    void (*step)(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text))
{
  int64_t end = afb_part_end(part);
  while (!walk->ended && reader->status == AFB_OK && walk->line < end) {
    int64_t line = walk->line++;
    step(reader, part, walk, line, afb_part_line(part, line));
  }
}

void afb_walk_check_rows(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  int64_t end = afb_part_end(part), found = end - walk->layout.first_line;
  if (found < walk->layout.n_rows)
    afb_reader_problem(reader, part, walk, 0, end - 1, "the file ends here, behind %lld of %lld atoms",
                       (long long)found, (long long)walk->layout.n_rows);
}

int afb_read_numbers(const char *at, int n, double *x)
{
  int i = 0;
  while (i < n && afb_number_real(&at, &x[i]) && isfinite(x[i]))
    i++;
  return i == n;
}

/* What the rows of a frame have in common, and what the last row was: mostly the next one is alike. */
typedef struct {
  const afb_layout *layout;
  afb_word last; /* the species as it was written */
  int last_kind;
  int type; /* of rows that are counted: up to row `until` */
  int64_t until;
} row_reader;

static int is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/* "si12_3" -> "Si". */
static int tag_species(afb_reader *reader, afb_word word)
{
  char name[AFB_SPECIES_NAME];
  size_t n = 0;
  for (; n < word.size && n < sizeof name && is_letter(word.text[n]); n++)
    name[n] = (char)(n == 0 ? word.text[n] & ~0x20 : word.text[n] | 0x20);
  return n > 0 && n < sizeof name ? afb_reader_species(reader, name, n) : -1;
}

/* The type of that name. */
static int label_species(afb_reader *reader, const afb_layout *layout, afb_word word)
{
  for (int t = 0; t < layout->n_types; t++) {
    const char *name = reader->type[layout->first_type + t].name;
    if (strlen(name) == word.size && memcmp(name, word.text, word.size) == 0)
      return afb_reader_species(reader, name, word.size);
  }
  return -1;
}

/* The species that a word stands for; -1: none. */
static int find_species(afb_reader *reader, const afb_layout *layout, afb_word word)
{
  int64_t number;
  const char *at = word.text;
  if (layout->form == AFB_SPECIES_TAGGED)
    return tag_species(reader, word);
  if (layout->form == AFB_SPECIES_NAMED)
    return word.size < AFB_SPECIES_NAME ? afb_reader_species(reader, word.text, word.size) : -1;
  if (!afb_number_integer(&at, &number))
    return layout->form == AFB_SPECIES_NUMBERED ? label_species(reader, layout, word) : -1;
  if (number < 1)
    return -1;
  if (layout->form == AFB_SPECIES_CHARGE && number <= AFB_N_ELEMENTS)
    at = afb_element_symbol((int)number);
  else if (layout->form == AFB_SPECIES_NUMBERED && number <= layout->n_types)
    at = reader->type[layout->first_type + number - 1].name;
  else
    return -1;
  return afb_reader_species(reader, at, strlen(at));
}

static int row_kind(afb_reader *reader, row_reader *rows, int64_t row, afb_word word)
{
  const afb_layout *layout = rows->layout;
  if (layout->form == AFB_SPECIES_COUNTED) {
    if (row < rows->until)
      return rows->last_kind;
    const afb_type *type = reader->type + layout->first_type;
    while (row >= rows->until)
      rows->until += type[++rows->type].count;
    return rows->last_kind = afb_reader_species(reader, type[rows->type].name, strlen(type[rows->type].name));
  }
  if (rows->last.size == 0 || word.size != rows->last.size || memcmp(word.text, rows->last.text, word.size) != 0) {
    rows->last = word;
    rows->last_kind = find_species(reader, layout, word);
  }
  return rows->last_kind;
}

static int three_numbers(const char **at, double *x)
{
  return afb_number_real(at, x) && afb_number_real(at, x + 1) && afb_number_real(at, x + 2) && isfinite(x[0]) &&
         isfinite(x[1]) && isfinite(x[2]);
}

/* The columns that are wanted of one row, forces where `force` is not NULL; 0 when anything is wrong with it. */
static int read_row(const afb_layout *layout, const char *at, afb_word *species, double position[3], double force[3])
{
  afb_word word;
  for (int c = 0; c < layout->fewest; c++) {
    if (c == layout->position || (force && c == layout->force)) {
      if (!three_numbers(&at, c == layout->position ? position : force))
        return 0;
      c += 2;
    } else if (!afb_word_next(&at, &word)) {
      return 0;
    } else if (c == layout->species) {
      *species = word;
    }
  }
  for (int c = layout->fewest; layout->most > 0 && afb_word_next(&at, &word); c++) {
    if (word.text[0] == '#')
      break;
    if (c == layout->most)
      return 0;
  }
  return 1;
}

/* The words of a row as far as a comment. */
static int count_columns(const char *at)
{
  int n = 0;
  afb_word word;
  while (afb_word_next(&at, &word) && word.text[0] != '#')
    n++;
  return n;
}

/* Says what read_row or the species did not like. */
static void explain_row(afb_reader *reader, const afb_layout *layout, int64_t line, const char *at)
{
  int found = count_columns(at);
  if (found < layout->fewest || (layout->most > 0 && found > layout->most)) {
    char wanted[48];
    snprintf(wanted, sizeof wanted, layout->most == layout->fewest ? "%d columns" : "at least %d columns",
             layout->fewest);
    afb_reader_row_problem(reader, layout, line, "a row of an atom has %s, this line has %d", wanted, found);
    return;
  }
  for (int c = 0; c < layout->fewest; c++) {
    afb_word word;
    double x = 0;
    const char *begin = at;
    afb_word_next(&at, &word);
    int number = (layout->position >= 0 && c >= layout->position && c < layout->position + 3) ||
                 (layout->force >= 0 && c >= layout->force && c < layout->force + 3);
    if (number && (!afb_number_real(&begin, &x) || !isfinite(x))) {
      afb_reader_row_problem(reader, layout, line, "column %d, '%.*s', is not a %snumber", c + 1,
                             (int)(word.size > 40 ? 40 : word.size), word.text, isfinite(x) ? "" : "finite ");
      return;
    }
    if (!number && c == layout->species) {
      static const char *const wanted[] = {"a name of at most 15 characters", "a name with a number behind it",
                                           "the number of an element", "the number of an atom type", ""};
      if (find_species(reader, layout, word) < 0)
        afb_reader_row_problem(reader, layout, line, "column %d, '%.*s', is not %s", c + 1,
                               (int)(word.size > 40 ? 40 : word.size), word.text, wanted[layout->form]);
    }
  }
}

static int64_t n_copies(const afb_layout *layout)
{
  int64_t n = 1;
  for (int i = 0; i < 3; i++)
    n *= layout->copies[i] > 0 ? layout->copies[i] : 1;
  return n;
}

/* Rows of a layout that lie on this rank: [*begin, *end). */
static void own_rows(const afb_reader *reader, const afb_layout *layout, int64_t *begin, int64_t *end)
{
  const afb_part *part = &reader->part[layout->part];
  int64_t first = layout->first_line, last = first + layout->n_rows, part_end = afb_part_end(part);
  *begin = first > part->first_line ? first : part->first_line;
  *end = last < part_end ? last : part_end;
  if (part->format->atoms) {
    *begin = 0;
    *end = layout->n_rows;
  }
  if (*end < *begin)
    *end = *begin;
}

int64_t afb_reader_layout_atoms(const afb_reader *reader, const afb_layout *layout)
{
  int64_t begin, end;
  own_rows(reader, layout, &begin, &end);
  return (end - begin) * n_copies(layout);
}

/* From what the file gives to angstrom, and as often as the supercell has cells. */
static void place_atom(const afb_reader *reader, const afb_layout *layout, int kind, const double read[3], int64_t at)
{
  double x[3] = {read[0], read[1], read[2]};
  if (layout->transformed)
    for (int k = 0; k < 3; k++)
      x[k] = (read[0] - layout->origin[0]) * layout->axes[0][k] + (read[1] - layout->origin[1]) * layout->axes[1][k] +
             (read[2] - layout->origin[2]) * layout->axes[2][k];
  int64_t n = n_copies(layout);
  for (int64_t copy = 0; copy < n; copy++) {
    double *position = reader->position + 3 * (at + copy);
    for (int k = 0; k < 3; k++)
      position[k] = x[k];
    reader->kind[at + copy] = kind;
    int64_t rest = copy;
    for (int i = 0; n > 1 && i < 3; i++) {
      double cells = (double)(rest % layout->copies[i]) / layout->copies[i];
      rest /= layout->copies[i];
      for (int k = 0; k < 3; k++)
        position[k] += cells * reader->frame[layout->frame].cell[i][k];
    }
  }
}

/* The rows of one frame; stops at the first that is wrong. */
static void read_frame(afb_reader *reader, const afb_layout *layout, int64_t at)
{
  const afb_part *part = &reader->part[layout->part];
  row_reader rows = {.layout = layout, .type = -1};
  int64_t begin, end, copies = n_copies(layout);
  own_rows(reader, layout, &begin, &end);
  for (int64_t line = begin; line < end; line++, at += copies) {
    const char *text = afb_part_line(part, line);
    double position[3] = {0}, *force = reader->force ? reader->force + 3 * at : NULL;
    afb_word species = {text, 0};
    int good = read_row(layout, text, &species, position, force);
    int kind = good ? row_kind(reader, &rows, line - layout->first_line, species) : -1;
    if (kind < 0) {
      explain_row(reader, layout, line, text);
      return;
    }
    if (force && layout->force < 0)
      force[0] = force[1] = force[2] = NAN;
    place_atom(reader, layout, kind, position, at);
  }
}

void afb_reader_rows(afb_reader *reader)
{
  int64_t at = 0;
  for (int64_t f = 0; f < reader->n_layouts && reader->status == AFB_OK; f++) {
    const afb_layout *layout = &reader->layout[f];
    const afb_format *format = reader->part[layout->part].format;
    int64_t n = afb_reader_layout_atoms(reader, layout);
    if (n > 0 && format->atoms)
      format->atoms(reader, layout, at);
    else if (n > 0)
      read_frame(reader, layout, at);
    at += n;
  }
}
