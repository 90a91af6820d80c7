#include "tests/descriptor/snap_files.h"

#include <string.h>
#include <unistd.h>

#include "tests/check.h"

const char *shared_folder(void)
{
  static char path[3072];
  const char *shared = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  snprintf(path, sizeof path, "%s%s", shared ? shared : source ? source : ".", shared ? "" : "/../shared");
  return access(path, R_OK) == 0 ? path : NULL;
}

char *read_text(const char *path)
{
  FILE *file = fopen(path, "r");
  if (!file)
    return NULL;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *text = calloc((size_t)size + 1, 1);
  if (text && fread(text, 1, (size_t)size, file) != (size_t)size) {
    free(text);
    text = NULL;
  }
  fclose(file);
  return text;
}

int structure_read(const char *path, afb_structure *s)
{
  enum { MOST = 8 };
  char *text = read_text(path), *line = text, symbol[MOST][8];
  int n_elements = 0;
  memset(s, 0, sizeof *s);
  if (!text)
    return 1;
  int n = atoi(text), bad = n < 1;
  double *position = malloc((size_t)(3 * n + 1) * sizeof *position), *c = &s->cell[0][0];
  int32_t *element = malloc((size_t)(n + 1) * sizeof *element);
  char *lattice = strstr(text, "Lattice=\""), *pbc = strstr(text, "pbc=\""), flag[3];
  bad |= !lattice || sscanf(lattice + 9, "%lf %lf %lf %lf %lf %lf %lf %lf %lf", c, c + 1, c + 2, c + 3, c + 4, c + 5, c + 6, c + 7, c + 8) != 9;
  bad |= !pbc || sscanf(pbc + 5, "%c %c %c", flag, flag + 1, flag + 2) != 3;
  for (int k = 0; !bad && k < 3; k++)
    s->periodic[k] = flag[k] == 'T';
  for (int k = 0; !bad && k < 2; k++) {
    line = strchr(line, '\n');
    bad = !line++;
  }
  for (int i = 0; !bad && i < n; i++) {
    double *r = position + 3 * i;
    int e = 0;
    bad = !line || sscanf(line, "%7s %lf %lf %lf", symbol[n_elements], r, r + 1, r + 2) != 4;
    while (strcmp(symbol[e], symbol[n_elements]) != 0)
      e++;
    element[i] = e;
    n_elements += e == n_elements;
    bad |= n_elements == MOST;
    line = line ? strchr(line, '\n') : NULL;
    line = line ? line + 1 : NULL;
  }
  free(text);
  s->n_atoms = bad ? 0 : n;
  s->position = position;
  s->element = element;
  return bad;
}

void structure_clear(afb_structure *s)
{
  free((void *)s->position);
  free((void *)s->element);
  memset(s, 0, sizeof *s);
}

void neighbours_make(const afb_structure *s, const afb_bispectrum *plan, const int grid[3], afb_neighbours *list)
{
  int n = afb_bispectrum_get(plan)->n_elements, bad;
  int64_t n_grid = (int64_t)grid[0] * grid[1] * grid[2];
  double *cutoff = malloc((size_t)(n * (n + 1)) * sizeof *cutoff), largest = afb_bispectrum_cutoffs(plan, cutoff, cutoff + n * n);
  afb_piece piece;
  check_ok(n_grid ? afb_piece_grid(s, grid, 0, n_grid, largest, &piece) : afb_piece_frames(1, s, largest, &piece, &bad));
  *list = (afb_neighbours){0};
  check_ok(afb_neighbours_find(&piece, n, cutoff, n_grid ? cutoff + n * n : NULL, 0, n_grid ? n_grid : piece.n_own, list));
  for (int64_t c = 0; c < list->n_centres && !n_grid; c++)
    list->centre[c] = piece.atom[list->centre[c]];
  for (int64_t p = 0; p < list->first[list->n_centres]; p++)
    list->point[p] = piece.atom[list->point[p]];
  afb_piece_clear(&piece);
  free(cutoff);
}

/* What follows "key": in the text; NULL. */
static const char *json_find(const char *text, const char *key)
{
  char quoted[64];
  snprintf(quoted, sizeof quoted, "\"%s\": ", key);
  const char *at = strstr(text, quoted);
  return at ? at + strlen(quoted) : NULL;
}

static double json_number(const char *text, const char *key)
{
  const char *at = json_find(text, key);
  return at ? strtod(at, NULL) : NAN;
}

static void json_string(const char *text, const char *key, char *out, size_t size)
{
  const char *at = json_find(text, key);
  size_t length = at && *at == '"' ? strcspn(at + 1, "\"") : 0;
  snprintf(out, size, "%.*s", (int)length, at ? at + 1 : "");
}

/* All numbers between at and the bracket that closes; brackets and commas separate. */
static int json_numbers(const char *at, int most, double *out)
{
  int n = 0, depth = 0;
  for (; at && *at; at++) {
    depth += (*at == '[') - (*at == ']');
    if (depth == 0)
      break;
    if (*at == '[' || *at == ']' || *at == ',' || *at == ' ' || *at == '\n')
      continue;
    char *end;
    double value = strtod(at, &end);
    if (end == at || n == most)
      return -1;
    out[n++] = value;
    at = end - 1;
  }
  return n;
}

/* LAMMPS' options by name; unknown ones make the test fail. */
static int apply_options(char *options, snap_output *out)
{
  afb_bispectrum_settings *s = &out->settings;
  for (char *word = strtok(options, " "); word; word = strtok(NULL, " ")) {
    int n = strcmp(word, "sinner") == 0 || strcmp(word, "dinner") == 0 ? s->n_elements : strcmp(word, "chem") == 0 ? s->n_elements + 1 : 1;
    double value[AFB_MAX_ELEMENTS + 1];
    for (int i = 0; i < n; i++) {
      char *text = strtok(NULL, " ");
      if (!text)
        return 1;
      value[i] = atof(text);
    }
    int flag = value[0] != 0;
    if (strcmp(word, "rmin0") == 0)
      s->rmin0 = value[0];
    else if (strcmp(word, "switchflag") == 0)
      s->switching = flag;
    else if (strcmp(word, "bzeroflag") == 0)
      s->bzero = flag;
    else if (strcmp(word, "bnormflag") == 0)
      s->bnorm = flag;
    else if (strcmp(word, "quadraticflag") == 0)
      s->quadratic = flag;
    else if (strcmp(word, "wselfallflag") == 0)
      s->self_all = flag;
    else if (strcmp(word, "switchinnerflag") == 0)
      s->inner_switching = flag;
    else if (strcmp(word, "sinner") == 0)
      memcpy(s->inner_s, value, (size_t)n * sizeof *value);
    else if (strcmp(word, "dinner") == 0)
      memcpy(s->inner_d, value, (size_t)n * sizeof *value);
    else if (strcmp(word, "chem") == 0)
      for (int e = s->chem = 1; e < n; e++)
        s->channel[e - 1] = (int)value[e];
    else if (strcmp(word, "nnn") == 0)
      s->adaptive_number = value[0];
    else if (strcmp(word, "wmode") == 0)
      s->adaptive = flag ? AFB_ADAPTIVE_SMOOTH : AFB_ADAPTIVE_STEP;
    else if (strcmp(word, "delta") == 0)
      s->adaptive_delta = value[0];
    else if (strcmp(word, "bikflag") == 0)
      out->bik = flag;
    else if (strcmp(word, "dgradflag") == 0)
      out->dgrad = flag;
    else
      return 1;
  }
  return 0;
}

int snap_output_read(const char *path, snap_output *out)
{
  memset(out, 0, sizeof *out);
  afb_bispectrum_settings *s = &out->settings;
  afb_bispectrum_settings_default(s);
  char *text = read_text(path), options[160];
  if (!text)
    return 1;
  json_string(text, "name", out->name, sizeof out->name);
  json_string(text, "structure", out->structure, sizeof out->structure);
  json_string(text, "compute", out->compute, sizeof out->compute);
  json_string(text, "options", options, sizeof options);
  s->two_jmax = (int)json_number(text, "twojmax");
  s->rcutfac = json_number(text, "rcutfac");
  s->rfac0 = json_number(text, "rfac0");
  s->n_elements = json_numbers(json_find(text, "radii"), AFB_MAX_ELEMENTS, s->radius);
  int bad = s->n_elements < 1 || json_numbers(json_find(text, "weights"), AFB_MAX_ELEMENTS, s->weight) != s->n_elements;
  double grid[3];
  if (json_numbers(json_find(text, "grid"), 3, grid) == 3)
    for (int k = 0; k < 3; k++)
      out->grid[k] = (int)grid[k];
  bad = bad || apply_options(options, out);
  /* There LAMMPS looks as far as the cut-off of the pair style, whatever rcutfac; 11 angstrom in these files (0.1 + 3/8 (11 - 0.1) is
   * where its bisection ended with 14 neighbours). */
  if (s->adaptive != AFB_ADAPTIVE_NONE)
    s->rcutfac = 11;
  out->n_rows = (int)json_number(text, "nrows");
  out->n_columns = (int)json_number(text, "ncols");
  int size = out->n_rows * out->n_columns;
  out->data = malloc((size_t)(size > 0 ? size : 1) * sizeof *out->data);
  bad = bad || json_numbers(json_find(text, "data"), size, out->data) != size;
  free(text);
  return bad;
}

void snap_output_clear(snap_output *out)
{
  free(out->data);
  out->data = NULL;
}
