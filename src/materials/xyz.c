#include "materials/reader.h"

#include <math.h>
#include <string.h>

enum { COUNT, COMMENT, ROWS, SEARCH };
enum { LONGEST_VALUE = 4096 };

/* The first marked line from `line` on; the part's end when there is none. */
static int64_t next_mark(const afb_part *part, int64_t line)
{
  int64_t low = 0, high = part->n_marks;
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (part->mark[middle] + part->first_line < line)
      low = middle + 1;
    else
      high = middle;
  }
  return low < part->n_marks ? part->mark[low] + part->first_line : afb_part_end(part);
}

static void read_count(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  const char *text = afb_part_line(part, walk->line), *at = text;
  int words = afb_word_count(text);
  int64_t n, line = walk->line++;
  char excerpt[64];
  if (words == 0)
    return;
  if (words == 1 && afb_number_integer(&at, &n) && n > 0 && n < INT64_MAX / 4) {
    afb_walk_begin_frame(walk, line);
    walk->frame.n_atoms = n;
    walk->step = COMMENT;
    return;
  }
  if (words >= 4 && walk->n_frames > 0) {
    afb_reader_problem(
      reader, part, walk, 0, line,
      "a number of atoms is expected here: the frame of line %lld says %lld atoms, but more rows follow",
      (long long)walk->frame.line, (long long)walk->frame.n_atoms);
  } else {
    afb_reader_problem(reader, part, walk, 1, line, "a number of atoms is expected here, not '%s'",
                       afb_line_excerpt(text, excerpt));
    walk->line += words == 1; /* what follows may be its comment */
  }
  walk->step = SEARCH;
}

/* key=value of a comment line. */
typedef struct {
  afb_word key, value;
} pair;

static int is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }
static int is_line_end(char c) { return c == '\n' || c == '\0'; }

/* A text in quotes or brackets, without them, or a word. -1: the line ends before the quotes do. */
static int read_value(const char **at, const char *stop, afb_word *value)
{
  const char *p = *at;
  char close = *p == '"' || *p == '\'' ? *p : *p == '{' ? '}' : *p == '[' ? ']' : '\0';
  if (close == '\0') {
    value->text = p;
    while (!is_space(*p) && !is_line_end(*p) && !strchr(stop, *p))
      p++;
    value->size = (size_t)(p - value->text);
    *at = p;
    return 1;
  }
  value->text = ++p;
  while (*p != close) {
    if (*p == '\\' && !is_line_end(p[1]))
      p++;
    if (is_line_end(*p))
      return -1;
    p++;
  }
  value->size = (size_t)(p - value->text);
  *at = p + 1;
  return 1;
}

/* The next pair; a word alone has an empty value. 0: none; -1: quotes without an end. */
static int next_pair(const char **at, pair *p)
{
  while (is_space(**at))
    ++*at;
  if (is_line_end(**at))
    return 0;
  *p = (pair){.key = {*at, 0}};
  if (read_value(at, "=", &p->key) < 0)
    return -1;
  if (**at != '=')
    return 1;
  ++*at;
  return read_value(at, "", &p->value);
}

static int key_is(const pair *p, const char *a, const char *b, const char *c)
{
  return afb_word_is(p->key, a) || (b && afb_word_is(p->key, b)) || (c && afb_word_is(p->key, c));
}

/* The numbers of a value, at most `most` of them; their count, -1: something else is in it. */
static int numbers(afb_word value, int most, double *x)
{
  char copy[LONGEST_VALUE];
  if (value.size >= sizeof copy)
    return -1;
  for (size_t i = 0; i < value.size; i++)
    copy[i] = strchr(",[](){}", value.text[i]) ? ' ' : value.text[i];
  copy[value.size] = '\0';
  const char *at = copy;
  int n = 0;
  while (n < most && afb_number_real(&at, &x[n]) && isfinite(x[n]))
    n++;
  return afb_word_count(at) == 0 ? n : -1;
}

static void copy_name(char name[AFB_FRAME_NAME], afb_word value)
{
  size_t n = 0;
  for (size_t i = 0; i < value.size && n < AFB_FRAME_NAME - 1; i++) {
    i += value.text[i] == '\\' && i + 1 < value.size;
    name[n++] = value.text[i];
  }
  memset(name + n, 0, AFB_FRAME_NAME - n);
}

/* "T F T", "1 0 1", "[True, False, True]". 0: something else. */
static int read_periodic(afb_word value, int periodic[3])
{
  int n = 0;
  for (size_t i = 0; i < value.size; i++) {
    char c = value.text[i];
    int begins = i == 0 || strchr(" \t,[", value.text[i - 1]);
    if (!begins || strchr(" \t,[]", c))
      continue;
    if (n == 3 || !strchr("TtFf10", c))
      return 0;
    periodic[n++] = c == 'T' || c == 't' || c == '1';
  }
  return n == 3;
}

/* One of the parts name:type:count of Properties. */
static int next_property(const char **at, const char *end, afb_word field[3])
{
  if (*at == end)
    return 0;
  for (int i = 0; i < 3; i++) {
    field[i].text = *at;
    while (*at < end && **at != ':')
      ++*at;
    field[i].size = (size_t)(*at - field[i].text);
    if (field[i].size == 0 || (i < 2 && *at == end))
      return -1;
    if (*at < end)
      ++*at;
  }
  return 1;
}

/* NULL, or what is wrong with the value of Properties. */
static const char *read_properties(afb_word value, afb_layout *layout)
{
  afb_word field[3];
  const char *at = value.text, *end = value.text + value.size;
  int column = 0, more;
  while ((more = next_property(&at, end, field)) > 0) {
    int64_t count = 0;
    for (size_t i = 0; i < field[2].size; i++)
      count = field[2].text[i] < '0' || field[2].text[i] > '9' || count > 9999 ? 10000
                                                                               : 10 * count + (field[2].text[i] - '0');
    if (count < 1 || count > 9999)
      return "Properties: a number of columns from 1 to 9999 is expected in name:type:columns";
    int three = afb_word_is(field[1], "R") && count == 3;
    int named = afb_word_is(field[0], "species") || afb_word_is(field[0], "element");
    if (afb_word_is(field[0], "pos") && three)
      layout->position = column;
    else if ((afb_word_is(field[0], "force") || afb_word_is(field[0], "forces")) && three)
      layout->force = column;
    else if (count == 1 && (named || (afb_word_is(field[0], "Z") && layout->species < 0))) {
      layout->species = column;
      layout->form = named ? AFB_SPECIES_NAMED : AFB_SPECIES_CHARGE;
    }
    column += (int)count;
  }
  layout->fewest = layout->most = column;
  if (more < 0)
    return "Properties is not of the form name:type:columns:name:type:columns ...";
  if (layout->position < 0)
    return "Properties has no pos:R:3";
  if (layout->species < 0)
    return "Properties has no species:S:1, element:S:1 or Z:I:1";
  return NULL;
}

/* Tension is positive in the stress (eV/A^3) and negative in the virial (eV), which is -V times the stress; pressure is
 * positive in what is kept. Nine numbers are a matrix, six are xx yy zz yz xz xy. */
static int read_stress(afb_word value, double factor, double stress[6])
{
  static const int of_nine[6] = {0, 4, 8, 1, 2, 5}, of_six[6] = {0, 1, 2, 5, 4, 3};
  double x[9];
  int n = numbers(value, 9, x);
  for (int i = 0; i < 6 && (n == 9 || n == 6); i++)
    stress[i] = factor * AFB_EV_PER_A3_IN_BAR * x[n == 9 ? of_nine[i] : of_six[i]];
  return n == 9 || n == 6;
}

typedef struct {
  int lattice, periodic, properties;
  afb_word stress, virial;
} found;

/* NULL, or what is wrong with the pair. */
static const char *read_pair(const pair *p, afb_walk *walk, found *f)
{
  afb_frame *frame = &walk->frame;
  if (key_is(p, "Lattice", NULL, NULL)) {
    f->lattice = 1;
    if (numbers(p->value, 9, &frame->cell[0][0]) != 9)
      return "Lattice does not have nine finite numbers";
  } else if (key_is(p, "pbc", NULL, NULL)) {
    f->periodic = 1;
    if (!read_periodic(p->value, frame->periodic))
      return "pbc is not three of T and F";
  } else if (key_is(p, "Properties", NULL, NULL)) {
    f->properties = 1;
    return read_properties(p->value, &walk->layout);
  } else if (key_is(p, "energy", NULL, NULL)) {
    if (numbers(p->value, 1, &frame->energy) != 1)
      return "energy is not a finite number";
  } else if (key_is(p, "stress", NULL, NULL)) {
    f->stress = p->value;
  } else if (key_is(p, "virial", NULL, NULL)) {
    f->virial = p->value;
  } else if (key_is(p, "name", "model", "config")) {
    copy_name(frame->name, p->value);
  } else if (key_is(p, "kind", "group", "config_type")) {
    copy_name(frame->group, p->value);
  }
  return NULL;
}

/* What depends on several pairs. */
static const char *complete_comment(afb_walk *walk, const found *f)
{
  afb_frame *frame = &walk->frame;
  if (!f->properties) {
    walk->layout.species = 0;
    walk->layout.position = 1;
    walk->layout.fewest = 4;
  }
  double volume = fabs(afb_cell_volume(&frame->cell[0][0]));
  if (f->lattice && !(volume > 0))
    return "the cell of Lattice has no volume";
  for (int i = 0; i < 3; i++) {
    if (!f->periodic)
      frame->periodic[i] = f->lattice;
    else if (frame->periodic[i] && !f->lattice)
      return "pbc says periodic, but there is no Lattice";
  }
  if (f->stress.text && !read_stress(f->stress, -1, frame->stress))
    return "stress does not have six or nine finite numbers";
  if (f->virial.text && (!f->lattice || !read_stress(f->virial, 1 / volume, frame->stress)))
    return "virial does not have six or nine finite numbers, or there is no Lattice";
  return NULL;
}

static void read_comment(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  const char *at = afb_part_line(part, walk->line), *wrong = NULL;
  found f = {.lattice = 0};
  pair p;
  int more = 0;
  while (!wrong && (more = next_pair(&at, &p)) > 0)
    wrong = read_pair(&p, walk, &f);
  if (more < 0 && f.properties)
    wrong = "a quote has no end";
  if (!wrong)
    wrong = complete_comment(walk, &f);
  walk->layout.first_line = ++walk->line;
  walk->layout.n_rows = wrong ? 0 : walk->frame.n_atoms;
  walk->step = ROWS;
  afb_reader_add_frame(reader, part, walk);
  if (wrong)
    afb_reader_problem(reader, part, walk, 0, walk->line - 1, "%s", wrong);
}

static void too_few_rows(afb_reader *reader, const afb_part *part, afb_walk *walk, int64_t end, const char *what)
{
  int64_t rows = end - walk->layout.first_line;
  afb_reader_problem(reader, part, walk, 0, walk->frame.line, "this frame says %lld atoms, but %lld row%s before %s",
                     (long long)walk->frame.n_atoms, (long long)rows, rows == 1 ? " follows" : "s follow", what);
}

/* A line that is one integer cannot be a row of an atom: where one comes too early, the next frame begins. */
static void pass_rows(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  int64_t part_end = afb_part_end(part), end = walk->layout.first_line + walk->frame.n_atoms;
  int64_t mark = next_mark(part, walk->line);
  if (mark < end && mark < part_end) {
    too_few_rows(reader, part, walk, mark, "the next frame");
    afb_reader_cut_rows(reader, walk, mark - walk->layout.first_line);
    walk->line = mark;
    walk->step = COUNT;
  } else if (end <= part_end) {
    walk->line = end;
    walk->step = COUNT;
  } else {
    walk->line = part_end;
  }
}

static void walk_xyz(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  int64_t end = afb_part_end(part);
  while (!walk->ended && reader->status == AFB_OK && walk->line < end)
    switch (walk->step) {
    case COUNT:
      read_count(reader, part, walk);
      break;
    case COMMENT:
      read_comment(reader, part, walk);
      break;
    case ROWS:
      pass_rows(reader, part, walk);
      break;
    default:
      walk->line = next_mark(part, walk->line);
      walk->step = walk->line < end ? COUNT : SEARCH;
    }
}

static void end_xyz(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  int64_t end = afb_part_end(part);
  if (walk->step == COMMENT)
    afb_reader_problem(reader, part, walk, 1, walk->frame.line,
                       "the file ends behind this line: %lld atoms are missing", (long long)walk->frame.n_atoms);
  else if (walk->step == ROWS && walk->layout.first_line + walk->frame.n_atoms > end)
    too_few_rows(reader, part, walk, end, "the end of the file");
  else if (walk->n_frames == 0)
    afb_reader_problem(reader, part, walk, 1, end, "there is no frame in this file");
}

const afb_format afb_format_extxyz = {.name = "extxyz", .marks = 1, .walk = walk_xyz, .end = end_xyz};
