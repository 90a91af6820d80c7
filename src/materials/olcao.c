#include "materials/reader.h"

#include <math.h>
#include <string.h>

#include "core/units.h"

#define BOHR_IN_ANGSTROM (1e8 * AFB_BOHR_IN_CM)

static void fail(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *wanted, const char *text)
{
  char excerpt[64];
  afb_reader_problem(reader, part, walk, 1, line, "%s expected, found '%s'", wanted, afb_line_excerpt(text, excerpt));
  walk->ended = 1;
}

static int first_word_is(const char *at, const char *text)
{
  afb_word word;
  return afb_word_next(&at, &word) && afb_word_is(word, text);
}

static void make_periodic(afb_walk *walk)
{
  for (int i = 0; i < 3; i++)
    walk->frame.periodic[i] = 1;
}

/* structure.dat: cell vectors and Cartesian sites in bohr. */
enum { CELL_VECTORS, VECTOR_A, VECTOR_B, VECTOR_C, NUM_ATOM_SITES, COUNT, COLUMNS };

static void begin_sites(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  make_periodic(walk);
  walk->layout = (afb_layout){.first_line = walk->line,
                              .n_rows = walk->frame.n_atoms,
                              .fewest = 6,
                              .most = 6,
                              .species = 5,
                              .position = 2,
                              .force = -1,
                              .form = AFB_SPECIES_TAGGED,
                              .transformed = 1};
  for (int i = 0; i < 3; i++)
    walk->layout.axes[i][i] = BOHR_IN_ANGSTROM;
  afb_reader_add_frame(reader, part, walk);
  walk->line = INT64_MAX;
}

static void step_structure(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text)
{
  const char *at = text;
  int n = walk->step++;
  double *vector = n >= VECTOR_A && n <= VECTOR_C ? walk->frame.cell[n - VECTOR_A] : NULL;
  if (n == CELL_VECTORS)
    afb_walk_begin_frame(walk, line);
  if (n == CELL_VECTORS && !first_word_is(text, "CELL_VECTORS"))
    fail(reader, part, walk, line, "CELL_VECTORS", text);
  else if (vector && !afb_read_numbers(text, 3, vector))
    fail(reader, part, walk, line, "three numbers of a cell vector", text);
  else if (n == NUM_ATOM_SITES && !first_word_is(text, "NUM_ATOM_SITES"))
    fail(reader, part, walk, line, "NUM_ATOM_SITES", text);
  else if (n == COUNT && (!afb_number_integer(&at, &walk->frame.n_atoms) || walk->frame.n_atoms < 1 ||
                          walk->frame.n_atoms > INT64_MAX / 4))
    fail(reader, part, walk, line, "a number of atoms", text);
  else if (n == COLUMNS && !first_word_is(text, "NUM_TYPE_X_Y_Z_ELEM"))
    fail(reader, part, walk, line, "NUM_TYPE_X_Y_Z_ELEM", text);
  else if (n == COLUMNS)
    begin_sites(reader, part, walk);
  for (int k = 0; vector && k < 3; k++)
    vector[k] *= BOHR_IN_ANGSTROM;
  if (n == VECTOR_C && !walk->ended && !(fabs(afb_cell_volume(&walk->frame.cell[0][0])) > 0))
    fail(reader, part, walk, line, "a cell with a volume", text);
}

/* The sites of the potential, which follow, are those of the atoms. */
static void walk_structure(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  afb_walk_lines(reader, part, walk, step_structure);
}

static void end_structure(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  if (walk->n_frames == 0)
    afb_reader_problem(reader, part, walk, 1, afb_part_end(part) - 1, "the file ends before the atoms");
  else
    afb_walk_check_rows(reader, part, walk);
}

const afb_format afb_format_structure = {.name = "structure", .walk = walk_structure, .end = end_structure};

/* olcao.skl: what belongs to the rows may stand behind them, so that a file is walked through as a whole before its rows are
 * read. */
enum { TITLE_KEYWORD, TITLE, KEYWORDS, CELL };

/* a along x, b in the xy plane. 0: no such cell. */
static int make_cell(const double x[6], double cell[3][3])
{
  double radian = acos(-1) / 180, ca = cos(x[3] * radian), cb = cos(x[4] * radian), cg = cos(x[5] * radian),
         sg = sin(x[5] * radian);
  if (x[3] == 90)
    ca = 0;
  if (x[4] == 90)
    cb = 0;
  if (x[5] == 90)
    cg = 0;
  double y = (ca - cb * cg) / sg, z2 = 1 - cb * cb - y * y;
  if (!(x[0] > 0 && x[1] > 0 && x[2] > 0 && sg > 0 && z2 > 0))
    return 0;
  memcpy(cell, (double[3][3]){{x[0], 0, 0}, {x[1] * cg, x[1] * sg, 0}, {x[2] * cb, x[2] * y, x[2] * sqrt(z2)}},
         9 * sizeof(double));
  return 1;
}

static int read_three(const char *at, int n[3])
{
  for (int i = 0; i < 3; i++) {
    int64_t x;
    if (!afb_number_integer(&at, &x) || x < 1 || x > 1 << 20)
      return 0;
    n[i] = (int)x;
  }
  return 1;
}

static void read_sites(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text,
                       int fractional)
{
  const char *at = text;
  afb_word word;
  afb_word_next(&at, &word);
  if (!afb_number_integer(&at, &walk->frame.n_atoms) || walk->frame.n_atoms < 1 || walk->frame.n_atoms > INT32_MAX) {
    fail(reader, part, walk, line, "a number of atoms behind fract or cart", text);
    return;
  }
  walk->layout = (afb_layout){.first_line = line + 1,
                              .n_rows = walk->frame.n_atoms,
                              .fewest = 4,
                              .species = 0,
                              .position = 1,
                              .force = -1,
                              .form = AFB_SPECIES_TAGGED};
  walk->fractional = fractional;
  walk->line += walk->frame.n_atoms;
}

static void step_keyword(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text)
{
  afb_word word, value = {text, 0};
  const char *at = text;
  if (!afb_word_next(&at, &word))
    return;
  const char *behind = at;
  afb_word_next(&at, &value);
  if (afb_word_is(word, "cell"))
    walk->step = CELL;
  else if (afb_word_is(word, "fract") || afb_word_is(word, "cart"))
    read_sites(reader, part, walk, line, text, afb_word_is(word, "fract"));
  else if (afb_word_is(word, "space") && !afb_word_is(value, "1_a") && !afb_word_is(value, "1"))
    fail(reader, part, walk, line, "space 1_a (all atoms written out, no other space group)", text);
  else if (afb_word_is(word, "supercell") && !read_three(behind, walk->repeat))
    fail(reader, part, walk, line, "three numbers of cells behind supercell", text);
  else if (!afb_word_is(word, "space") && !afb_word_is(word, "supercell") && !afb_word_is(word, "full") &&
           !afb_word_is(word, "prim"))
    fail(reader, part, walk, line, "cell, fract, cart, space, supercell, full or prim", text);
}

static void step_skl(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text)
{
  double x[6];
  switch (walk->step) {
  case TITLE_KEYWORD:
    afb_walk_begin_frame(walk, line);
    walk->step = TITLE;
    if (!first_word_is(text, "title"))
      fail(reader, part, walk, line, "title", text);
    break;
  case TITLE:
    if (first_word_is(text, "end"))
      walk->step = KEYWORDS;
    break;
  case CELL:
    walk->step = KEYWORDS;
    if (!afb_read_numbers(text, 6, x) || !make_cell(x, walk->frame.cell))
      fail(reader, part, walk, line, "a b c and three angles of a cell with a volume", text);
    break;
  default:
    step_keyword(reader, part, walk, line, text);
  }
}

static void walk_skl(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  afb_walk_lines(reader, part, walk, step_skl);
}

static void end_skl(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  afb_frame *frame = &walk->frame;
  afb_layout *layout = &walk->layout;
  if (walk->step == TITLE_KEYWORD || !(fabs(afb_cell_volume(&frame->cell[0][0])) > 0) || layout->n_rows == 0) {
    afb_reader_problem(reader, part, walk, 1, afb_part_end(part) - 1, "the file ends without %s",
                       walk->step < KEYWORDS ? "title and end"
                       : layout->n_rows == 0 ? "fract or cart"
                                             : "cell");
    return;
  }
  make_periodic(walk);
  layout->transformed = walk->fractional;
  memcpy(layout->axes, frame->cell, sizeof layout->axes);
  for (int i = 0; i < 3; i++) {
    layout->copies[i] = walk->repeat[i] > 0 ? walk->repeat[i] : 1;
    frame->n_atoms *= layout->copies[i];
    for (int k = 0; k < 3; k++)
      frame->cell[i][k] *= layout->copies[i];
  }
  afb_reader_add_frame(reader, part, walk);
  afb_walk_check_rows(reader, part, walk);
}

const afb_format afb_format_skl = {.name = "skl", .whole = 1, .walk = walk_skl, .end = end_skl};
