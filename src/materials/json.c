#include "materials/reader.h"

#include <math.h>
#include <string.h>

/* Labelled configurations: {"Dataset": {"Data": [{"Positions": [[x, y, z], ...], "AtomTypes": ["Ta", ...], "Lattice":
 * [[..], ..], "Energy": e, "Forces": [[..], ..], "Stress": [[..], ..]}, ...], ...}}; a line that begins with # may come
 * first. The walk looks at the structure of the text only; the arrays of atoms are read afterwards. */

/* A reader's place; `wrong` says what was not found there. */
typedef struct {
  const char *at;
  const char *wrong;
} cursor;

static int fail(cursor *c, const char *wrong)
{
  if (!c->wrong)
    c->wrong = wrong;
  return 0;
}

static void skip_blanks(cursor *c)
{
  while (*c->at && strchr(" \t\r\n", *c->at))
    c->at++;
}

/* The next character that is not blank, when it is `wanted`. */
static int take(cursor *c, char wanted)
{
  skip_blanks(c);
  if (*c->at != wanted)
    return 0;
  c->at++;
  return 1;
}

static int expect(cursor *c, char wanted, const char *wrong) { return take(c, wanted) || fail(c, wrong); }

/* A string without its quotes; escapes stay as they are. */
static int read_string(cursor *c, afb_word *text)
{
  if (!expect(c, '"', "a text in quotes is expected"))
    return 0;
  text->text = c->at;
  while (*c->at && *c->at != '"' && *c->at != '\n')
    c->at += c->at[0] == '\\' && c->at[1] && c->at[1] != '\n' ? 2 : 1;
  text->size = (size_t)(c->at - text->text);
  return expect(c, '"', "a quote has no end");
}

/* Over one value of any kind. */
static int skip_value(cursor *c)
{
  int depth = 0;
  afb_word text;
  do {
    skip_blanks(c);
    char next = *c->at;
    if (next == '"') {
      if (!read_string(c, &text))
        return 0;
    } else if (next == '\0') {
      return fail(c, "the file ends in the middle of a value");
    } else if (next == '{' || next == '[') {
      depth++;
      c->at++;
    } else if (next == '}' || next == ']') {
      if (depth == 0)
        return fail(c, "a value is expected");
      depth--;
      c->at++;
    } else if (strchr(",:", next)) {
      if (depth == 0)
        return fail(c, "a value is expected");
      c->at++;
    } else {
      c->at += strcspn(c->at, " \t\r\n,:[]{}\"");
    }
  } while (depth > 0);
  return 1;
}

/* Members of an object: *begun is 0 before the first. After it the cursor stands before the value. */
static int next_member(cursor *c, int *begun, afb_word *key)
{
  if (!*begun && !expect(c, '{', "an object { ... } is expected"))
    return 0;
  if (take(c, '}'))
    return 0;
  if (*begun && !expect(c, ',', "a comma or } is expected"))
    return 0;
  *begun = 1;
  return read_string(c, key) && expect(c, ':', "a colon is expected behind a key");
}

static int key_is(afb_word key, const char *text)
{
  return strlen(text) == key.size && memcmp(key.text, text, key.size) == 0;
}

/* [a, b, ...] of n numbers, finite all of them. */
static int read_vector(cursor *c, int n, double *x)
{
  if (!expect(c, '[', "an array [ ... ] is expected"))
    return 0;
  for (int i = 0; i < n; i++) {
    if (i > 0 && !expect(c, ',', "more numbers are expected in this array"))
      return 0;
    skip_blanks(c);
    if (!afb_number_leading(&c->at, &x[i]) || !isfinite(x[i]))
      return fail(c, "a finite number is expected");
  }
  return expect(c, ']', "fewer numbers are expected in this array");
}

/* n vectors of three numbers. */
static int read_vectors(cursor *c, int64_t n, double *x)
{
  if (!expect(c, '[', "an array [ ... ] is expected"))
    return 0;
  for (int64_t i = 0; i < n; i++)
    if ((i > 0 && !expect(c, ',', "more vectors are expected in this array")) || !read_vector(c, 3, x + 3 * i))
      return 0;
  return expect(c, ']', "fewer vectors are expected in this array");
}

/* Elements of the array at the cursor; -1: it is none. */
static int64_t count_elements(const char *at)
{
  cursor c = {at, NULL};
  if (!expect(&c, '[', "an array [ ... ] is expected"))
    return -1;
  if (take(&c, ']'))
    return 0;
  int64_t n = 0;
  do
    n++;
  while (skip_value(&c) && take(&c, ','));
  return take(&c, ']') ? n : -1;
}

static int64_t line_of(const afb_part *part, const char *at)
{
  const afb_lines *lines = &part->lines;
  int64_t low = 0, high = lines->n;
  while (high - low > 1) {
    int64_t middle = (low + high) / 2;
    if (lines->text + lines->start[middle] <= at)
      low = middle;
    else
      high = middle;
  }
  return part->first_line + low;
}

typedef struct {
  const char *positions, *types, *lattice, *energy, *forces, *stress, *count;
} members;

static int find_members(cursor *c, members *m)
{
  afb_word key;
  int begun = 0;
  while (next_member(c, &begun, &key)) {
    skip_blanks(c);
    const char **found = key_is(key, "Positions")   ? &m->positions
                         : key_is(key, "AtomTypes") ? &m->types
                         : key_is(key, "Lattice")   ? &m->lattice
                         : key_is(key, "Energy")    ? &m->energy
                         : key_is(key, "Forces")    ? &m->forces
                         : key_is(key, "Stress")    ? &m->stress
                         : key_is(key, "NumAtoms")  ? &m->count
                                                    : NULL;
    if (found)
      *found = c->at;
    if (!skip_value(c))
      return 0;
  }
  return !c->wrong;
}

/* Cell, energy and stress; 0 with c->wrong. */
static int read_labels(cursor *c, const members *m, afb_frame *frame)
{
  double stress[9];
  if (m->lattice) {
    c->at = m->lattice;
    if (!read_vectors(c, 3, &frame->cell[0][0]))
      return 0;
    if (!(fabs(afb_cell_volume(&frame->cell[0][0])) > 0))
      return fail(c, "the cell of Lattice has no volume");
    for (int i = 0; i < 3; i++)
      frame->periodic[i] = 1;
  }
  if (m->energy) {
    c->at = m->energy;
    if (!afb_number_leading(&c->at, &frame->energy) || !isfinite(frame->energy))
      return fail(c, "Energy is not a finite number");
  }
  if (m->stress) {
    static const int of_nine[6] = {0, 4, 8, 1, 2, 5};
    c->at = m->stress;
    if (!read_vectors(c, 3, stress))
      return 0;
    for (int i = 0; i < 6; i++)
      frame->stress[i] = stress[of_nine[i]];
  }
  return 1;
}

/* The arrays of atoms must be there and of one length. */
static int check_counts(cursor *c, const members *m, afb_frame *frame)
{
  double number;
  if (!m->positions || !m->types)
    return fail(c, "this configuration has no Positions or no AtomTypes");
  frame->n_atoms = count_elements(m->positions);
  c->at = m->positions;
  if (frame->n_atoms < 1)
    return fail(c, "Positions is not an array of vectors");
  c->at = m->types;
  if (count_elements(m->types) != frame->n_atoms)
    return fail(c, "AtomTypes has not as many elements as Positions");
  c->at = m->forces;
  if (m->forces && count_elements(m->forces) != frame->n_atoms)
    return fail(c, "Forces has not as many elements as Positions");
  c->at = m->count;
  if (m->count && (!afb_number_leading(&c->at, &number) || number != (double)frame->n_atoms))
    return fail(c, "NumAtoms is not the number of Positions");
  return 1;
}

/* One configuration at the cursor; 0 where the text cannot be followed any further. */
static int walk_configuration(afb_reader *reader, afb_part *part, afb_walk *walk, cursor *c)
{
  members m = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
  skip_blanks(c);
  int64_t line = line_of(part, c->at);
  afb_walk_begin_frame(walk, line);
  int followed = find_members(c, &m);
  cursor inside = {c->at, c->wrong};
  if (followed && check_counts(&inside, &m, &walk->frame) && read_labels(&inside, &m, &walk->frame)) {
    walk->layout = (afb_layout){.first_line = line,
                                .n_rows = walk->frame.n_atoms,
                                .species = -1,
                                .position = -1,
                                .force = -1,
                                .position_text = m.positions,
                                .species_text = m.types,
                                .force_text = m.forces};
    afb_reader_add_frame(reader, part, walk);
  } else {
    afb_reader_problem(reader, part, walk, 1, inside.at ? line_of(part, inside.at) : line, "%s", inside.wrong);
    c->wrong = NULL;
  }
  return followed && !walk->ended;
}

/* Other units than these are named in the file and are not converted. */
static int check_style(cursor *c, afb_word key)
{
  static const struct {
    const char *key, *wanted, *wrong;
  } style[] = {{"PositionsStyle", "angstrom", "PositionsStyle is not angstrom"},
               {"LatticeStyle", "angstrom", "LatticeStyle is not angstrom"},
               {"EnergyStyle", "electronvolt", "EnergyStyle is not electronvolt"},
               {"ForcesStyle", "electronvoltperangstrom", "ForcesStyle is not electronvoltperangstrom"},
               {"StressStyle", "bar", "StressStyle is not bar"},
               {"AtomTypeStyle", "chemicalsymbol", "AtomTypeStyle is not chemicalsymbol"}};
  cursor behind = *c;
  afb_word value;
  for (size_t i = 0; i < sizeof style / sizeof *style; i++)
    if (key_is(key, style[i].key) && (!read_string(&behind, &value) || !afb_word_is(value, style[i].wanted)))
      return fail(c, style[i].wrong);
  return 1;
}

/* The place of the configurations, after a look at what else the file says. */
static const char *find_data(cursor *c)
{
  afb_word key;
  int begun = 0, inner = 0;
  const char *data = NULL;
  while (next_member(c, &begun, &key)) {
    if (!key_is(key, "Dataset")) {
      if (!skip_value(c))
        return NULL;
      continue;
    }
    while (next_member(c, &inner, &key)) {
      if (key_is(key, "Data"))
        data = c->at;
      if (!check_style(c, key) || !skip_value(c))
        return NULL;
    }
    if (c->wrong)
      return NULL;
  }
  if (!data)
    fail(c, "there is no \"Dataset\": {\"Data\": [...]} in this file");
  return c->wrong ? NULL : data;
}

static void walk_json(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  if (part->lines.n == 0)
    return;
  cursor c = {part->lines.text, NULL};
  while (*c.at == '#')
    c.at += strcspn(c.at, "\n") + 1;
  const char *data = find_data(&c);
  if (data) {
    c.at = data;
    int more = expect(&c, '[', "an array [ ... ] is expected");
    while (more && walk_configuration(reader, part, walk, &c))
      more = take(&c, ',') || (expect(&c, ']', "a comma or ] is expected") && 0);
  }
  if (c.wrong)
    afb_reader_problem(reader, part, walk, 1, line_of(part, c.at), "%s", c.wrong);
}

static void end_json(afb_reader *reader, afb_part *part, afb_walk *walk)
{
  if (walk->n_frames == 0)
    afb_reader_problem(reader, part, walk, 1, afb_part_end(part), "there is no configuration in this file");
}

static void read_atoms(afb_reader *reader, const afb_layout *layout, int64_t at)
{
  cursor c = {layout->position_text, NULL};
  int64_t n = layout->n_rows;
  int good = read_vectors(&c, n, reader->position + 3 * at);
  if (good && layout->force_text) {
    c.at = layout->force_text;
    good = read_vectors(&c, n, reader->force + 3 * at);
  } else if (reader->force) {
    for (int64_t i = 0; i < 3 * n; i++)
      reader->force[3 * at + i] = NAN;
  }
  if (good) {
    c.at = layout->species_text;
    take(&c, '[');
  }
  for (int64_t i = 0; i < n && good; i++) {
    afb_word name;
    if (i > 0)
      take(&c, ',');
    good = read_string(&c, &name);
    if (good && (name.size == 0 || name.size >= AFB_SPECIES_NAME))
      good = fail(&c, "the name of a species has 1 to 15 characters");
    int kind = good ? afb_reader_species(reader, name.text, name.size) : -1;
    reader->kind[at + i] = kind;
    good = kind >= 0;
  }
  if (c.wrong)
    afb_reader_row_problem(reader, layout, line_of(&reader->part[layout->part], c.at), "%s", c.wrong);
}

const afb_format afb_format_json = {
  .name = "json", .whole = 1, .walk = walk_json, .end = end_json, .atoms = read_atoms};
