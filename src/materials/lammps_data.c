#include "materials/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TITLE, HEADER, SECTIONS, FIRST_ROW, BEHIND_ROWS };
enum { OTHER_SECTION, MASSES, LABELS, ATOMS };

/* Columns of the atom styles. */
static const struct {
  const char *name;
  int type, position;
} styles[] = {{"atomic", 1, 2}, {"charge", 1, 3}, {"molecular", 2, 3}, {"bond", 2, 3}, {"angle", 2, 3}, {"full", 2, 4}};
enum { ATOMIC, CHARGE, MOLECULAR, BOND, ANGLE, FULL, N_STYLES, UNKNOWN = -1 };

static void fail(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *wrong, const char *text)
{
  char excerpt[64];
  afb_reader_problem(reader, part, walk, 1, line, "%s: '%s'", wrong, afb_line_excerpt(text, excerpt));
  walk->ended = 1;
}

/* Words of a line as far as a comment; `comment` is the first word of that. */
static int split(const char *at, int most, afb_word *word, afb_word *comment)
{
  int n = 0;
  afb_word next;
  *comment = (afb_word){at, 0};
  while (afb_word_next(&at, &next)) {
    if (next.text[0] == '#') {
      const char *behind = next.text + 1;
      afb_word_next(&behind, comment);
      break;
    }
    if (n < most)
      word[n] = next;
    n++;
  }
  return n;
}

static int ends_in(const afb_word *word, int n, int first, const char *a, const char *b, const char *c)
{
  const char *const text[3] = {a, b, c};
  for (int i = 0; i < 3 && text[i]; i++)
    if (first + i >= n || !afb_word_is(word[first + i], text[i]))
      return 0;
  return 1;
}

static int integer(afb_word word, int64_t *x)
{
  const char *at = word.text;
  return afb_number_integer(&at, x);
}

/* A line of the header; 0: its numbers are wrong. */
static int read_header(afb_walk *walk, const char *text, const afb_word *word, int n)
{
  static const char *const low_high[3][2] = {{"xlo", "xhi"}, {"ylo", "yhi"}, {"zlo", "zhi"}};
  static const char *const vector[3] = {"avec", "bvec", "cvec"};
  double x[3];
  int64_t types;
  if (n == 2 && afb_word_is(word[1], "atoms"))
    return integer(word[0], &walk->frame.n_atoms) && walk->frame.n_atoms > 0 && walk->frame.n_atoms < INT64_MAX / 4;
  if (n == 3 && ends_in(word, n, 1, "atom", "types", NULL)) {
    if (!integer(word[0], &types) || types < 1 || types > AFB_MAX_SPECIES)
      return 0;
    walk->n_types = (int)types;
    for (int t = 0; t < walk->n_types; t++)
      snprintf(walk->type[t].name, AFB_SPECIES_NAME, "%d", t + 1);
    return 1;
  }
  for (int i = 0; i < 3; i++) {
    if (ends_in(word, n, 2, low_high[i][0], low_high[i][1], NULL)) {
      int good = afb_read_numbers(text, 2, x) && x[1] > x[0];
      walk->low[i] = x[0];
      walk->frame.cell[i][i] = good ? x[1] - x[0] : 0;
      return good;
    }
    if (ends_in(word, n, 3, vector[i], NULL, NULL))
      return afb_read_numbers(text, 3, walk->frame.cell[i]);
  }
  if (ends_in(word, n, 3, "abc", "origin", NULL))
    return afb_read_numbers(text, 3, walk->low);
  if (!ends_in(word, n, 3, "xy", "xz", "yz"))
    return 1;
  int good = afb_read_numbers(text, 3, x);
  walk->frame.cell[1][0] = x[0];
  walk->frame.cell[2][0] = x[1];
  walk->frame.cell[2][1] = x[2];
  return good;
}

/* NULL, or what the header lacks. */
static const char *header_lacks(const afb_walk *walk)
{
  if (walk->frame.n_atoms == 0)
    return "the header has no line 'N atoms' before this section";
  if (walk->n_types == 0)
    return "the header has no line 'N atom types' before this section";
  if (!(fabs(afb_cell_volume(&walk->frame.cell[0][0])) > 0))
    return "the header has no complete box (xlo xhi, ylo yhi, zlo zhi) before this section";
  return NULL;
}

static void begin_section(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text,
                          const afb_word *word, int n, afb_word comment)
{
  walk->section = n == 1 && afb_word_is(word[0], "Masses")        ? MASSES
                  : n == 1 && afb_word_is(word[0], "Atoms")       ? ATOMS
                  : ends_in(word, n, 0, "Atom", "Type", "Labels") ? LABELS
                                                                  : OTHER_SECTION;
  const char *lack = header_lacks(walk);
  if (lack)
    fail(reader, part, walk, line, lack, text);
  if (walk->ended || walk->section != ATOMS)
    return;
  walk->step = FIRST_ROW;
  walk->style = UNKNOWN;
  for (int s = 0; s < N_STYLES; s++)
    if (afb_word_is(comment, styles[s].name))
      walk->style = s;
  if (comment.size > 0 && walk->style == UNKNOWN)
    fail(reader, part, walk, line, "the atom style is none of atomic, charge, bond, angle, molecular, full", text);
}

/* A row of Masses, whose comment may name the type, or of Atom Type Labels. */
static void name_type(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text,
                      const afb_word *word, int n, afb_word comment)
{
  int64_t t;
  if (n != 2 || !integer(word[0], &t) || t < 1 || t > walk->n_types) {
    fail(reader, part, walk, line, "an atom type of the header and one word more are expected", text);
    return;
  }
  afb_word name = walk->section == LABELS ? word[1] : comment;
  if (name.size == 0)
    return;
  if (name.size >= AFB_SPECIES_NAME) {
    fail(reader, part, walk, line, "the name of an atom type is longer than 15 characters", text);
    return;
  }
  memset(walk->type[t - 1].name, 0, AFB_SPECIES_NAME);
  memcpy(walk->type[t - 1].name, name.text, name.size);
}

/* By the number of columns, with or without three image flags; a charge is told from a type by its point. */
static int guess_style(const afb_walk *walk, const afb_word *word, int n)
{
  int64_t type;
  if (n == 5 || n == 8)
    return ATOMIC;
  if (n == 7 || n == 10)
    return FULL;
  if (n != 6 && n != 9)
    return UNKNOWN;
  return integer(word[2], &type) && type >= 1 && type <= walk->n_types ? MOLECULAR : CHARGE;
}

/* Images need no care: they shift an atom by whole cell vectors. */
static void begin_rows(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line)
{
  afb_layout *layout = &walk->layout;
  *layout = (afb_layout){.first_line = line,
                         .n_rows = walk->frame.n_atoms,
                         .fewest = styles[walk->style].position + 3,
                         .most = styles[walk->style].position + 6,
                         .species = styles[walk->style].type,
                         .position = styles[walk->style].position,
                         .force = -1,
                         .form = AFB_SPECIES_NUMBERED,
                         .transformed = walk->low[0] != 0 || walk->low[1] != 0 || walk->low[2] != 0};
  memcpy(layout->origin, walk->low, sizeof layout->origin);
  for (int i = 0; i < 3; i++) {
    walk->frame.periodic[i] = 1;
    layout->axes[i][i] = 1;
  }
  afb_reader_add_frame(reader, part, walk);
  walk->line = line + layout->n_rows;
  walk->step = BEHIND_ROWS;
}

static void step(afb_reader *reader, afb_part *part, afb_walk *walk, int64_t line, const char *text)
{
  enum { MOST = 10 };
  afb_word word[MOST], comment;
  if (walk->step == TITLE) {
    afb_walk_begin_frame(walk, line);
    walk->step = HEADER;
    return;
  }
  int n = split(text, MOST, word, &comment);
  if (n == 0)
    return;
  int titled = (word[0].text[0] >= 'A' && word[0].text[0] <= 'Z') || (word[0].text[0] >= 'a' && word[0].text[0] <= 'z');
  if (walk->step == FIRST_ROW) {
    if (walk->style == UNKNOWN)
      walk->style = guess_style(walk, word, n);
    if (titled || walk->style == UNKNOWN)
      fail(reader, part, walk, line,
           "the first row of Atoms is expected (with another atom style, write it: Atoms # full)", text);
    else
      begin_rows(reader, part, walk, line);
  } else if (walk->step == BEHIND_ROWS) {
    walk->ended = 1;
    if (!titled)
      afb_reader_problem(reader, part, walk, 0, line, "more rows of Atoms than the %lld atoms of the header",
                         (long long)walk->frame.n_atoms);
  } else if (titled) {
    walk->step = SECTIONS;
    begin_section(reader, part, walk, line, text, word, n, comment);
  } else if (walk->step == HEADER) {
    if (!read_header(walk, text, word, n))
      fail(reader, part, walk, line, "wrong numbers in this line of the header", text);
  } else if (walk->section == MASSES || walk->section == LABELS) {
    name_type(reader, part, walk, line, text, word, n, comment);
  }
}

static void walk_lammps(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  afb_walk_lines(reader, part, walk, step);
}

static void end_lammps(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  if (walk->n_frames == 0)
    afb_reader_problem(reader, part, walk, 1, afb_part_end(part) - 1, "the file ends without atoms: no section Atoms");
  else
    afb_walk_check_rows(reader, part, walk);
}

const afb_format afb_format_lammps = {.name = "lammps", .walk = walk_lammps, .end = end_lammps};
