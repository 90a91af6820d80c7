#include "materials/reader.h"

#include <math.h>
#include <string.h>

enum { TITLE, SCALE, VECTOR_A, VECTOR_B, VECTOR_C, NAMES, COUNTS, MODE, MODE_BEHIND_SELECTIVE };

static void fail(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *wanted, const char *text)
{
  char excerpt[64];
  afb_reader_problem(reader, part, walk, 1, line, "%s expected, found '%s'", wanted, afb_line_excerpt(text, excerpt));
  walk->ended = 1;
}

/* "Si_pv", "Si/5f0d": what stands behind the name is about its potential. 0: no names. */
static int read_names(afb_walk *walk, const char *at)
{
  afb_word word;
  while (afb_word_next(&at, &word) && word.text[0] != '!' && word.text[0] != '#') {
    size_t n = 0;
    while (n < word.size && !strchr("_/", word.text[n]))
      n++;
    if (n == 0 || n >= AFB_SPECIES_NAME || walk->n_types == AFB_MAX_SPECIES ||
        (word.text[0] >= '0' && word.text[0] <= '9'))
      return 0;
    afb_type *type = &walk->type[walk->n_types++];
    memset(type, 0, sizeof *type);
    memcpy(type->name, word.text, n);
  }
  return walk->n_types > 0;
}

/* As many as there are names, not all of them zero. */
static int read_counts(afb_walk *walk, const char *at)
{
  int64_t total = 0;
  for (int t = 0; t < walk->n_types; t++) {
    int64_t *count = &walk->type[t].count;
    if (!afb_number_integer(&at, count) || *count < 0 || *count > INT64_MAX / 4 - total)
      return 0;
    total += *count;
  }
  walk->frame.n_atoms = total;
  int64_t more;
  return total > 0 && !afb_number_integer(&at, &more);
}

/* A negative scale is the volume that the cell is to have. */
static int scale_cell(afb_walk *walk)
{
  double volume = fabs(afb_cell_volume(&walk->frame.cell[0][0]));
  if (!(volume > 0))
    return 0;
  if (walk->scale[0] < 0)
    walk->scale[0] = walk->scale[1] = walk->scale[2] = cbrt(-walk->scale[0] / volume);
  for (int i = 0; i < 9; i++)
    walk->frame.cell[i / 3][i % 3] *= walk->scale[i % 3];
  return 1;
}

static int read_scale(afb_walk *walk, const char *text)
{
  if (afb_read_numbers(text, 3, walk->scale))
    return walk->scale[0] > 0 && walk->scale[1] > 0 && walk->scale[2] > 0;
  int good = afb_read_numbers(text, 1, walk->scale) && walk->scale[0] != 0;
  walk->scale[1] = walk->scale[2] = walk->scale[0];
  return good;
}

/* "Direct" unless it begins with C or K. Rows may have flags or names behind the numbers. */
static void begin_rows(afb_reader *reader, afb_part *part, afb_walk *walk, char mode)
{
  afb_layout *layout = &walk->layout;
  *layout = (afb_layout){.first_line = walk->line,
                         .n_rows = walk->frame.n_atoms,
                         .fewest = 3,
                         .species = -1,
                         .position = 0,
                         .force = -1,
                         .form = AFB_SPECIES_COUNTED,
                         .transformed = 1};
  int cartesian = strchr("CcKk", mode) != NULL;
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++)
      layout->axes[i][k] = !cartesian ? walk->frame.cell[i][k] : i == k ? walk->scale[i] : 0;
  for (int i = 0; i < 3; i++)
    walk->frame.periodic[i] = 1;
  afb_reader_add_frame(reader, part, walk);
  walk->line = INT64_MAX;
}

static void step(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text)
{
  afb_word word;
  const char *at = text;
  int n = walk->step++;
  switch (n) {
  case TITLE:
    afb_walk_begin_frame(walk, line);
    break;
  case SCALE:
    if (!read_scale(walk, text))
      fail(reader, part, walk, line, "one scale other than 0, or three positive ones,", text);
    break;
  case VECTOR_A:
  case VECTOR_B:
  case VECTOR_C:
    if (!afb_read_numbers(text, 3, walk->frame.cell[n - VECTOR_A]))
      fail(reader, part, walk, line, "three numbers of a cell vector", text);
    else if (n == VECTOR_C && !scale_cell(walk))
      fail(reader, part, walk, line, "a cell with a volume", text);
    break;
  case NAMES:
    if (!read_names(walk, text))
      fail(reader, part, walk, line, "names of elements (the format of VASP 5)", text);
    break;
  case COUNTS:
    if (!read_counts(walk, text))
      fail(reader, part, walk, line, "one number of atoms for each element", text);
    break;
  default:
    if (!afb_word_next(&at, &word) || (n == MODE_BEHIND_SELECTIVE && strchr("Ss", word.text[0])))
      fail(reader, part, walk, line, "Direct or Cartesian", text);
    else if (!strchr("Ss", word.text[0]))
      begin_rows(reader, part, walk, word.text[0]);
  }
}

/* What follows the positions (velocities) is not looked at. */
static void walk_poscar(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  afb_walk_lines(reader, part, walk, step);
}

static void end_poscar(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  if (walk->n_frames == 0)
    afb_reader_problem(reader, part, walk, 1, afb_part_end(part) - 1, "the file ends before the positions");
  else
    afb_walk_check_rows(reader, part, walk);
}

const afb_format afb_format_poscar = {.name = "poscar", .walk = walk_poscar, .end = end_poscar};
