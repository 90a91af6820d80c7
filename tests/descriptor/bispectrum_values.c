/* The bispectrum against values of LAMMPS (every kind of output) and of OLCAO: the files of data/, and all of the shared folder.
 * With AUFBAU_TABLE=FILE the comparison of all files is written between the marks of FILE (docs/bispectrum.md). */
#include "tests/check.h"

#include <dirent.h>
#include <string.h>
#include <time.h>

#include "tests/descriptor/marks.h"
#include "tests/descriptor/snap_files.h"

enum { N_KERNELS = 4, N_KINDS = 9 };
static const afb_kernel kernels[N_KERNELS] = {AFB_KERNEL_REFERENCE, AFB_KERNEL_2, AFB_KERNEL_4, AFB_KERNEL_8};

typedef struct {
  const char *kind, *text;
  int files;
  int64_t values;
  int seen[N_KERNELS];
  double worst[N_KERNELS];
} kind_sum;

static kind_sum kinds[N_KINDS] = {
  {.kind = "B", .text = "B of atoms"},
  {.kind = "dB", .text = "dB/dr, summed over centres of an element"},
  {.kind = "vB", .text = "virial of an atom"},
  {.kind = "snap", .text = "B, dB/dr, virial of a structure"},
  {.kind = "snapbik", .text = "the same, B by atom"},
  {.kind = "snapdgrad", .text = "dB/dr, pairs of atoms"},
  {.kind = "grid", .text = "B on a grid"},
  {.kind = "nnn", .text = "B with adaptive cut-off"},
  {.kind = "olcao", .text = "OLCAO, in units of the last printed digit"},
};

static kind_sum *find_kind(const char *name, size_t length)
{
  for (int k = 0; k < N_KINDS; k++)
    if (strlen(kinds[k].kind) == length && strncmp(kinds[k].kind, name, length) == 0)
      return &kinds[k];
  return NULL;
}

static const int voigt_atom[6][2] = {{0, 0}, {1, 1}, {2, 2}, {1, 2}, {0, 2}, {0, 1}};
static const int voigt_total[6][2] = {{0, 0}, {1, 1}, {2, 2}, {2, 1}, {2, 0}, {1, 0}};

/* Adds the derivative of centre i by its neighbour j, at r_i + d, to the places that a file has for it. db [3][K]. */
static void add_pair(const snap_output *out, const afb_structure *s, int64_t i, int64_t j, const double d[3], const double *db, int K,
                     double *a)
{
  int width = out->n_columns, n = (int)s->n_atoms, type = s->element[i], per_atom = strcmp(out->compute, "snap") != 0;
  int virial = strcmp(out->compute, "snav/atom") == 0, head = out->bik ? n : 1;
  const double *r = s->position + 3 * i;
  for (int k = 0; k < K; k++)
    for (int v = 0; v < (virial ? 6 : 3); v++) {
      if (virial) {
        double at_i = r[voigt_atom[v][1]], g = db[voigt_atom[v][0] * K + k];
        a[i * width + 2 + (type * 6 + v) * K + k] += g * at_i;
        a[j * width + 2 + (type * 6 + v) * K + k] -= g * (at_i + d[voigt_atom[v][1]]);
      } else if (per_atom) {
        a[i * width + 2 + (type * 3 + v) * K + k] += db[v * K + k];
        a[j * width + 2 + (type * 3 + v) * K + k] -= db[v * K + k];
      } else if (out->dgrad) {
        a[(n + 3 * n * i + 3 * i + v) * width + 3 + k] += db[v * K + k];
        a[(n + 3 * n * j + 3 * i + v) * width + 3 + k] -= db[v * K + k];
      } else {
        a[(head + 3 * i + v) * width + type * K + k] += db[v * K + k];
        a[(head + 3 * j + v) * width + type * K + k] -= db[v * K + k];
        for (int e = 2 * v; e < 2 * v + 2; e++)
          a[(head + 3 * n + e) * width + type * K + k] -= db[voigt_total[e][0] * K + k] * d[voigt_total[e][1]];
      }
    }
}

/* What the file should hold, without its leading columns of numbers. */
static double *evaluate(const snap_output *out, const afb_structure *s, afb_bispectrum *plan)
{
  int K = afb_bispectrum_n_columns(plan), snap = strcmp(out->compute, "snap") == 0, width = out->n_columns;
  int values_only = strncmp(out->compute, "sna/", 4) == 0;
  afb_neighbours list;
  neighbours_make(s, plan, out->grid, &list);
  double *B = malloc((size_t)(list.n_centres * K) * sizeof *B), *a = calloc((size_t)(out->n_rows * width), sizeof *a);
  double *dB = values_only ? NULL : malloc((size_t)(3 * list.first[list.n_centres] * K + 1) * sizeof *dB);
  if (values_only)
    check_ok(afb_bispectrum_values(plan, &list, B));
  else
    check_ok(afb_bispectrum_derivatives(plan, &list, B, dB));
  for (int64_t c = 0; c < list.n_centres; c++) {
    int64_t i = list.centre[c], row = snap && !out->bik ? 0 : i;
    int64_t column = values_only ? width - K : out->dgrad ? 3 : snap ? list.centre_element[c] * K : -1;
    for (int k = 0; column >= 0 && k < K; k++)
      a[row * width + column + k] += B[c * K + k];
    for (int64_t p = list.first[c]; !values_only && p < list.first[c + 1]; p++) {
      double d[3] = {list.x[p], list.y[p], list.z[p]};
      add_pair(out, s, i, list.point[p], d, dB + 3 * p * K, K, a);
    }
  }
  free(B);
  free(dB);
  afb_neighbours_clear(&list);
  return a;
}

/* The larger one, or NaN where one is: fmax would hide it. */
static double worse(double a, double b) { return isnan(a) || b <= a ? a : b; }

/* Largest deviation over the largest value of the file. */
static double deviation(const snap_output *out, const double *a, int64_t *n_values)
{
  int lead = out->dgrad || strcmp(out->compute, "sna/grid") == 0 ? 3 : strcmp(out->compute, "snap") == 0 ? 0 : 2;
  double worst = 0, largest = 0;
  *n_values = 0;
  for (int row = 0; row < out->n_rows; row++)
    for (int column = lead; column < out->n_columns; column++) {
      int at = row * out->n_columns + column;
      worst = worse(worst, fabs(a[at] - out->data[at]));
      largest = fmax(largest, fabs(out->data[at]));
      ++*n_values;
    }
  return largest > 0 ? worst / largest : INFINITY;
}

static void compare_output(const char *folder, const char *file)
{
  char path[8192];
  snap_output out;
  afb_structure s;
  kind_sum *kind = find_kind(file, strcspn(file, "_"));
  if (!kind)
    return;
  snprintf(path, sizeof path, "%s/outputs/%s", folder, file);
  check_true(snap_output_read(path, &out) == 0);
  snprintf(path, sizeof path, "%s/structures/%s.extxyz", folder, out.structure);
  check_true(structure_read(path, &s) == 0);
  for (int k = 0; k < N_KERNELS; k++) {
    afb_bispectrum *plan;
    int64_t n = 0;
    out.settings.kernel = kernels[k];
    if (afb_bispectrum_create(&out.settings, &plan) != AFB_OK) {
      check_true(kernels[k] != AFB_KERNEL_REFERENCE);
      continue;
    }
    double *a = evaluate(&out, &s, plan), worst = deviation(&out, a, &n);
    if (!(worst < 1e-11))
      fprintf(stderr, "# %s, kernel %s: deviation %.2e\n", out.name, afb_bispectrum_kernel(plan), worst);
    check_true(worst < 1e-11);
    kind->worst[k] = fmax(kind->worst[k], worst);
    kind->seen[k] = 1;
    kind->values += k == 0 ? n : 0;
    free(a);
    afb_bispectrum_destroy(&plan);
  }
  kind->files++;
  structure_clear(&s);
  snap_output_clear(&out);
}

/* Largest deviation of a table of OLCAO, in units of its last printed digit; to that a unit comes from the positions, which are given to 1e-10
 * angstrom: 1e-10 of the largest component. The last column is the sum of the others, to four digits. */
static double compare_rows(const char *text, const double *B, int64_t n, int K, int64_t *n_values)
{
  double worst = 0;
  const char *line = strchr(text, '\n');
  for (int64_t c = 0; c < n; c++) {
    char *at;
    if (!line || strtol(line, &at, 10) != c + 1)
      return INFINITY;
    double total = 0, largest = 0;
    for (int k = 0; k < K; k++)
      largest = fmax(largest, fabs(B[c * K + k]));
    for (int k = 0; k <= K; k++) {
      double value = strtod(at, &at), own = k < K ? B[c * K + k] : total;
      double digit = pow(10, floor(log10(fabs(value))) + 1 - (k < K ? 7 : 4));
      worst = worse(worst, value == own ? 0 : fabs(value - own) / (digit + 1e-10 * largest));
      total += own;
      ++*n_values;
    }
    line = strchr(line + 1, '\n');
  }
  return worst;
}

static void compare_olcao(const char *folder, const char *file)
{
  const double bohr = 0.52917721092;   /* with which the structures were written */
  char path[8192];
  double rc;
  afb_structure s;
  afb_bispectrum_settings settings;
  afb_bispectrum_settings_default(&settings);
  const char *tail = strstr(file, "_cgfix_2j1_");
  check_true(tail && sscanf(tail, "_cgfix_2j1_%d_2j2_%d_rc%lf.bc", &settings.pair[0][0], &settings.pair[0][1], &rc) == 3);
  snprintf(path, sizeof path, "%s/models/%.*s.xyz", folder, (int)(tail - file), file);
  check_true(structure_read(path, &s) == 0);
  snprintf(path, sizeof path, "%s/loen/%s", folder, file);
  char *text = read_text(path);
  check_true(text != NULL);
  settings.n_pairs = 1;
  settings.n_elements = 1;
  settings.radius[0] = 0.5;
  settings.rcutfac = rc * bohr;
  settings.rfac0 = 0.85 / 2;
  settings.self = 0;
  kind_sum *kind = find_kind("olcao", 5);
  for (int k = 0; k < N_KERNELS; k++) {
    afb_bispectrum *plan;
    afb_neighbours list;
    int64_t n = 0;
    settings.kernel = kernels[k];
    if (afb_bispectrum_create(&settings, &plan) != AFB_OK) {
      check_true(kernels[k] != AFB_KERNEL_REFERENCE);
      continue;
    }
    int K = afb_bispectrum_n_columns(plan);
    neighbours_make(&s, plan, (int[3]){0}, &list);
    double *B = malloc((size_t)(list.n_centres * K) * sizeof *B);
    check_ok(afb_bispectrum_values(plan, &list, B));
    double worst = compare_rows(text, B, list.n_centres, K, &n);
    if (!(worst < 1))
      fprintf(stderr, "# %s, kernel %s: %.2f units of the last digit\n", file, afb_bispectrum_kernel(plan), worst);
    kind->worst[k] = fmax(kind->worst[k], worst);
    kind->seen[k] = 1;
    kind->values += k == 0 ? n : 0;
    free(B);
    afb_neighbours_clear(&list);
    afb_bispectrum_destroy(&plan);
    check_true(worst < 1);
  }
  kind->files++;
  free(text);
  structure_clear(&s);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Files of a folder in the order of names. */
static int for_files(const char *folder, const char *sub, const char *ending, void (*compare)(const char *, const char *))
{
  enum { MOST = 1000 };
  char path[8192], *name[MOST];
  int n = 0;
  snprintf(path, sizeof path, "%s/%s", folder, sub);
  DIR *open = opendir(path);
  check_true(open != NULL);
  for (struct dirent *entry = readdir(open); entry && n < MOST; entry = readdir(open)) {
    size_t length = strlen(entry->d_name), end = strlen(ending);
    if (length > end && strcmp(entry->d_name + length - end, ending) == 0)
      strcpy(name[n++] = malloc(length + 1), entry->d_name);
  }
  closedir(open);
  qsort(name, (size_t)n, sizeof *name, by_name);
  for (int i = 0; i < n; i++) {
    compare(folder, name[i]);
    free(name[i]);
  }
  return n;
}

static void write_table(const char *path)
{
  static char text[16384];
  char date[32];
  time_t now = time(NULL);
  strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
  int used = snprintf(text, sizeof text, "Written by `make table-bispectrum` on %s (%s).\n\n| quantity | files | values | %s |\n|---|---|---|%s\n",
                      date, machine_class(), "reference kernel | vector 2 | vector 4 | vector 8", "---|---|---|---|");
  for (int i = 0; i < N_KINDS; i++) {
    used += snprintf(text + used, sizeof text - (size_t)used, "| %s | %d | %lld |", kinds[i].text, kinds[i].files, (long long)kinds[i].values);
    for (int k = 0; k < N_KERNELS; k++)
      used += snprintf(text + used, sizeof text - (size_t)used, !kinds[i].seen[k] ? " – |" : i == N_KINDS - 1 ? " %.2f |" : " %.1e |",
                       kinds[i].worst[k]);
    used += snprintf(text + used, sizeof text - (size_t)used, "\n");
  }
  check_true(write_between_marks(path, "values", text) == 0);
}

static void agrees_with_the_files_here(void **state)
{
  (void)state;
  char folder[4096];
  const char *source = getenv("AUFBAU_SOURCE");
  snprintf(folder, sizeof folder, "%s/tests/descriptor/data", source ? source : ".");
  check_true(for_files(folder, "outputs", ".json", compare_output) > 10);
  check_true(for_files(folder, "loen", ".bc", compare_olcao) > 2);
}

static void agrees_with_all_files(void **state)
{
  (void)state;
  char folder[4096];
  const char *shared = shared_folder(), *table = getenv("AUFBAU_TABLE");
  if (!shared && table)
    fail_msg("the table needs the reference values: set AUFBAU_SHARED to their folder");
  if (!shared) {
    print_message("# skipped: there is no shared folder\n");
    skip();
  }
  for (int i = 0; i < N_KINDS; i++)
    kinds[i] = (kind_sum){.kind = kinds[i].kind, .text = kinds[i].text};
  snprintf(folder, sizeof folder, "%s/reference/snap", shared);
  check_true(for_files(folder, "outputs", ".json", compare_output) > 100);
  snprintf(folder, sizeof folder, "%s/reference/olcao_si", shared);
  check_true(for_files(folder, "loen", ".bc", compare_olcao) == 308);
  for (int i = 0; i < N_KINDS; i++) {
    check_true(kinds[i].files > 0);
    print_message("# %s: %d files, %lld values, deviation %.1e\n", kinds[i].kind, kinds[i].files, (long long)kinds[i].values, kinds[i].worst[0]);
  }
  if (table)
    write_table(table);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(agrees_with_the_files_here),
  cmocka_unit_test(agrees_with_all_files),
};
CHECK_MAIN(tests)
