#include "report/page_arrays.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"

static const double MOST_READ = 32e6;   /* bytes of an array whose range is looked up */

void afb_array_page_clear(afb_array_page *page)
{
  free(page->facts.input);
  free(page->array);
  free(page->usage);
  *page = (afb_array_page){0};
}

static afb_status find_range(afb_arrays *arrays, afb_array_facts *a)
{
  size_t n = 1, size = a->type == AFB_F32 ? sizeof(float) : sizeof(double);
  for (int d = 0; d < a->rank; d++)
    n *= (size_t)a->dim[d];
  if ((a->type != AFB_F32 && a->type != AFB_F64) || n == 0 || a->bytes > MOST_READ)
    return AFB_OK;
  void *data = malloc(n * size);
  afb_status status = data ? afb_arrays_read(arrays, a->name, 0, a->dim[0], data) : AFB_FAIL(AFB_E_MEMORY, "no memory for %s", a->name);
  a->least = INFINITY;
  a->most = -INFINITY;
  for (size_t i = 0; i < n && status == AFB_OK; i++) {
    double v = a->type == AFB_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
    a->n_missing += !isfinite(v);
    a->least = isfinite(v) ? fmin(a->least, v) : a->least;
    a->most = isfinite(v) ? fmax(a->most, v) : a->most;
  }
  a->ranged = status == AFB_OK && a->least <= a->most;
  free(data);
  return status;
}

static afb_status read_array(afb_arrays *arrays, const char *name, afb_array_facts *a)
{
  afb_array found;
  AFB_TRY(afb_arrays_find(arrays, name, &found));
  *a = (afb_array_facts){.type = found.type, .rank = found.rank};
  snprintf(a->name, sizeof a->name, "%s", name);
  snprintf(a->unit, sizeof a->unit, "%s", strcmp(found.unit, "1") == 0 ? "" : found.unit);
  snprintf(a->description, sizeof a->description, "%s", found.description);
  a->bytes = found.type == AFB_STRING ? found.length : found.type == AFB_I32 || found.type == AFB_F32 ? 4 : 8;
  for (int d = 0; d < found.rank; d++) {
    a->dim[d] = found.dim[d];
    a->bytes *= (double)found.dim[d];
  }
  return find_range(arrays, a);
}

afb_status afb_array_page_read(afb_arrays *arrays, const char *path, afb_array_page *page)
{
  int n = 0;
  *page = (afb_array_page){.path = path};
  AFB_TRY(afb_arrays_tell(arrays, &page->facts));
  AFB_TRY(afb_usage_of_arrays(arrays, &page->n_usage, &page->usage));
  while (afb_arrays_name(arrays, n))
    n++;
  page->array = malloc((size_t)n * sizeof *page->array + 1);
  if (!page->array)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a list of %d arrays", n);
  for (int i = 0; i < n; i++)
    if (strncmp(afb_arrays_name(arrays, i), "usage/", 6) != 0)
      AFB_TRY(read_array(arrays, afb_arrays_name(arrays, i), &page->array[page->n++]));
  return AFB_OK;
}

/* ---- Writing ---- */

static char *shape(const afb_array_facts *a, const char *times, char *to, size_t size)
{
  size_t used = 0;
  to[0] = '\0';
  for (int d = 0; d < a->rank && used < size; d++)
    used += (size_t)snprintf(to + used, size - used, "%s%lld", d ? times : "", (long long)a->dim[d]);
  return to;
}

static char *bytes(double n, char *to, size_t size)
{
  static const char *const unit[] = {"B", "kB", "MB", "GB", "TB"};
  int u = 0;
  while (n >= 1000 && u < 4) {
    n /= 1000;
    u++;
  }
  snprintf(to, size, u ? "%.3g %s" : "%.0f %s", n, unit[u]);
  return to;
}

static const char *type_name(afb_column_type type)
{
  return type == AFB_STRING ? "text" : type == AFB_I32 ? "int32" : type == AFB_I64 ? "int64" : type == AFB_F32 ? "float32" : "float64";
}

static double total_bytes(const afb_array_page *page)
{
  double sum = 0;
  for (int i = 0; i < page->n; i++)
    sum += page->array[i].bytes;
  return sum;
}

/* Rows of an array; -1: there is none. */
static int64_t rows_of(const afb_array_page *page, const char *name)
{
  for (int i = 0; i < page->n; i++)
    if (strcmp(page->array[i].name, name) == 0)
      return page->array[i].dim[0];
  return -1;
}

static void tiles(FILE *out, const afb_array_page *page)
{
  const struct { const char *array, *name; } count[] = {{"frames/first_atom", "structures"}, {"atoms/element", "atoms"}, {"components/two_j1", "components"}};
  char text[AFB_HTML_NUMBER], duration[AFB_HTML_NUMBER];
  double wall = 0;
  fputs("<div class=\"tiles\">\n", out);
  for (size_t i = 0; i < sizeof count / sizeof *count; i++)
    if (rows_of(page, count[i].array) >= 0)
      afb_html_tile(out, afb_html_count(rows_of(page, count[i].array), text), count[i].name);
  afb_html_tile(out, afb_html_count(page->n, text), "arrays");
  afb_html_tile(out, bytes(total_bytes(page), text, sizeof text), "in them");
  for (int64_t i = 0; i < page->n_usage; i++)
    wall = fmax(wall, page->usage[i].wall);
  if (wall > 0)
    afb_html_tile(out, afb_html_seconds(wall, duration), "wall time");
  fputs("</div>\n", out);
}

static void array_row(FILE *out, const afb_array_facts *a)
{
  char text[96];
  fputs("<tr><td>", out);
  afb_html_text(out, a->name);
  fprintf(out, "</td><td>%s</td><td class=\"l\">%s</td><td class=\"l\">", shape(a, " \xc3\x97 ", text, sizeof text), type_name(a->type));
  afb_html_text(out, a->unit);
  fprintf(out, "</td><td>%s</td>", bytes(a->bytes, text, sizeof text));
  if (a->ranged)
    fprintf(out, "<td>%.4g</td><td>%.4g</td><td>%lld</td>", a->least, a->most, (long long)a->n_missing);
  else
    fprintf(out, a->n_missing > 0 ? "<td></td><td></td><td>%lld</td>" : "<td></td><td></td><td></td>", (long long)a->n_missing);
  fputs("<td class=\"w\">", out);
  afb_html_text(out, a->description);
  fputs("</td></tr>\n", out);
}

static void provenance(FILE *out, const afb_array_page *page)
{
  const afb_store_session *s = &page->facts.session;
  char text[64];
  afb_html_section(out, "provenance", "Provenance", NULL);
  fputs("<div class=\"wide\"><table class=\"facts\"><tbody>\n", out);
  snprintf(text, sizeof text, "%d", s->ranks);
  const struct { const char *name, *value; } fact[] = {{"file", page->path}, {"kind", page->facts.kind}, {"written", s->started}, {"version", s->version},
    {"revision", s->revision}, {"compiler", s->compiler}, {"MPI", s->mpi}, {"HDF5", s->hdf5}, {"libraries", s->libraries}, {"host of rank 0", s->host},
    {"ranks", text}};
  for (size_t i = 0; i < sizeof fact / sizeof *fact; i++)
    afb_page_fact(out, fact[i].name, fact[i].value);
  fputs("</tbody></table></div>\n", out);
  afb_page_input(out, page->facts.input);
  const char *kind = page->facts.kind;
  afb_page_citations(out, strcmp(kind, "campaign model") == 0, 0,
                     strncmp(kind, "potential", 9) == 0 || strcmp(kind, "descriptors") == 0 || strcmp(kind, "forces") == 0, s->version);
  afb_html_section_end(out);
}

void afb_array_page_html(FILE *out, const afb_array_page *page)
{
  char title[400], line[256], text[AFB_HTML_NUMBER];
  const afb_store_session *s = &page->facts.session;
  const char *slash = strrchr(page->path, '/');
  snprintf(title, sizeof title, "%c%.60s: %.300s", page->facts.kind[0] >= 'a' && page->facts.kind[0] <= 'z' ? page->facts.kind[0] - 'a' + 'A' : page->facts.kind[0],
           page->facts.kind[0] ? page->facts.kind + 1 : "", slash ? slash + 1 : page->path);
  snprintf(line, sizeof line, "%.10s, %d rank%s on %.100s", s->started, s->ranks, s->ranks == 1 ? "" : "s", s->host);
  afb_html_begin(out, title, line);
  tiles(out, page);
  afb_page_short_input(out, page->facts.input);
  afb_html_section(out, "content", "Content", "The arrays of the file; for real numbers the least and the greatest, and how many are missing (not finite).");
  fputs("<div class=\"wide\"><table><thead><tr><th>array</th><th>shape</th><th class=\"l\">type</th><th class=\"l\">unit</th><th>size</th><th>least</th>"
        "<th>greatest</th><th>missing</th><th class=\"l\">what it is</th></tr></thead><tbody>\n", out);
  for (int i = 0; i < page->n; i++)
    array_row(out, &page->array[i]);
  fputs("</tbody></table></div>\n", out);
  if (page->facts.n_notes > 0) {
    fputs("<h3>Numbers of the whole file</h3><table class=\"facts\"><tbody>\n", out);
    for (int i = 0; i < page->facts.n_notes; i++) {
      snprintf(text, sizeof text, "%.6g", page->facts.note[i].value);
      fputs("<tr><th>", out);
      afb_html_text(out, page->facts.note[i].name);
      fprintf(out, "</th><td>%s</td></tr>\n", text);
    }
    fputs("</tbody></table>\n", out);
  }
  afb_html_section_end(out);
  if (page->n_usage > 0) {
    afb_html_section(out, "time", "Time", NULL);
    afb_page_usage(out, page->n_usage, page->usage);
    afb_html_section_end(out);
  }
  provenance(out, page);
  afb_page_end(out);
}

void afb_array_page_text(FILE *out, const afb_array_page *page)
{
  char dimensions[96], size[32];
  const afb_store_session *s = &page->facts.session;
  fprintf(out, "%s: %s, %s; aufbau %s (%s), %d rank%s on %s, %s\n", page->path, page->facts.kind, bytes(total_bytes(page), size, sizeof size), s->version,
          s->revision, s->ranks, s->ranks == 1 ? "" : "s", s->host, s->started);
  for (int i = 0; i < page->n; i++) {
    const afb_array_facts *a = &page->array[i];
    fprintf(out, "  %-28s %-7s %16s %-10s %9s", a->name, type_name(a->type), shape(a, " x ", dimensions, sizeof dimensions), a->unit,
            bytes(a->bytes, size, sizeof size));
    if (a->ranged)
      fprintf(out, "  %11.4g ... %-11.4g", a->least, a->most);
    if (a->n_missing > 0)
      fprintf(out, "  %lld missing", (long long)a->n_missing);
    fputc('\n', out);
  }
  for (int i = 0; i < page->facts.n_notes; i++)
    fprintf(out, "  %-28s %.6g\n", page->facts.note[i].name, page->facts.note[i].value);
  afb_page_usage_text(out, page->n_usage, page->usage);
}
