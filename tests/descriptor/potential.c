/* Forces and virials are the derivatives of the energy, for every kind of potential; and the values that LAMMPS gives for published
 * potentials come out. Neighbours are found by brute force here. */
#include "tests/check.h"

#include <string.h>

#include "core/random.h"
#include "descriptor/potential.h"
#include "materials/snap_file.h"
#include "tests/descriptor/marks.h"
#include "tests/descriptor/snap_files.h"

typedef struct {
  int n;
  double cell[3][3], position[64][3];
  int periodic;
  int element[64];
} structure;

enum { N_IMAGES = 3, MAX_PAIRS = 64 * 512 };

/* Every image within `reach` is a neighbour; `point` is the atom that it is an image of, so that nothing is to be folded. */
static afb_neighbours neighbours(const structure *s, double reach)
{
  afb_neighbours list = {.n_centres = s->n};
  list.centre_element = malloc((size_t)s->n * sizeof *list.centre_element);
  list.centre = malloc((size_t)s->n * sizeof *list.centre);
  list.first = malloc((size_t)(s->n + 1) * sizeof *list.first);
  list.x = malloc(MAX_PAIRS * sizeof *list.x);
  list.y = malloc(MAX_PAIRS * sizeof *list.y);
  list.z = malloc(MAX_PAIRS * sizeof *list.z);
  list.element = malloc(MAX_PAIRS * sizeof *list.element);
  list.point = malloc(MAX_PAIRS * sizeof *list.point);
  int64_t p = 0;
  int k = s->periodic ? N_IMAGES : 0;
  for (int i = 0; i < s->n; i++) {
    list.centre_element[i] = s->element[i];
    list.centre[i] = i;
    list.first[i] = p;
    for (int j = 0; j < s->n; j++)
      for (int a = -k; a <= k; a++)
        for (int b = -k; b <= k; b++)
          for (int c = -k; c <= k; c++) {
            double r[3], r2 = 0;
            for (int d = 0; d < 3; d++) {
              r[d] = s->position[j][d] - s->position[i][d] + a * s->cell[0][d] + b * s->cell[1][d] + c * s->cell[2][d];
              r2 += r[d] * r[d];
            }
            if (r2 < 1e-20 || r2 >= reach * reach)
              continue;
            assert_true(p < MAX_PAIRS);
            list.x[p] = r[0];
            list.y[p] = r[1];
            list.z[p] = r[2];
            list.element[p] = s->element[j];
            list.point[p++] = j;
          }
  }
  list.first[s->n] = p;
  return list;
}

static void neighbours_free(afb_neighbours *list)
{
  free(list->centre_element);
  free(list->centre);
  free(list->first);
  free(list->x);
  free(list->y);
  free(list->z);
  free(list->element);
  free(list->point);
}

typedef struct {
  double total, energy[64], force[64][3], virial[64][6], strain[6];   /* strain: sum of virial */
} outcome;

static double evaluate(afb_potential *potential, const structure *s, outcome *out)
{
  double cutoff[16];
  /* Further than the potential asks for: it has to leave pairs out by itself. */
  afb_neighbours list = neighbours(s, 1.03 * afb_potential_cutoffs(potential, cutoff));
  memset(out, 0, sizeof *out);
  check_ok(afb_potential_add(potential, &list, out->energy, &out->force[0][0], &out->virial[0][0]));
  for (int i = 0; i < s->n; i++) {
    out->total += out->energy[i];
    for (int k = 0; k < 6; k++)
      out->strain[k] += out->virial[i][k];
  }
  neighbours_free(&list);
  return out->total;
}

/* Five atoms of two elements in a skewed cell smaller than the cut-off. */
static structure sample(void)
{
  structure s = {.n = 5, .periodic = 1, .cell = {{4.1, 0, 0}, {1.3, 4.6, 0}, {-0.9, 0.7, 5.2}}, .element = {0, 1, 0, 0, 1}};
  static const double fraction[5][3] = {{0.01, 0.02, 0.01}, {0.52, 0.48, 0.03}, {0.49, 0.02, 0.51}, {0.03, 0.53, 0.47}, {0.55, 0.45, 0.56}};
  for (int i = 0; i < 5; i++)
    for (int d = 0; d < 3; d++)
      for (int a = 0; a < 3; a++)
        s.position[i][d] += fraction[i][a] * s.cell[a][d];
  return s;
}

typedef struct {
  const char *name;
  int two_jmax, chem, quadratic, inner, bnorm, snap, zbl;
} variant;

static const variant variants[] = {
  {"snap", 6, 0, 0, 0, 0, 1, 0}, {"zbl", 0, 0, 0, 0, 0, 0, 1},      {"odd, with zbl", 3, 0, 0, 0, 1, 1, 1},
  {"chem", 3, 1, 0, 0, 1, 1, 0}, {"quadratic", 4, 0, 1, 0, 0, 1, 1}, {"chem, quadratic, inner", 2, 1, 1, 1, 0, 1, 1},
};
enum { N_VARIANTS = sizeof variants / sizeof variants[0] };

static void make(const variant *v, afb_potential *potential)
{
  static const int z[2] = {74, 4};
  afb_bispectrum_settings settings;
  *potential = (afb_potential){.n_elements = 2};
  if (v->zbl)
    check_ok(afb_zbl_create(2.5, 4.9, 2, z, &potential->zbl));
  if (!v->snap)
    return;
  afb_bispectrum_settings_default(&settings);
  settings.two_jmax = v->two_jmax;
  settings.n_elements = 2;
  settings.radius[0] = 0.5;
  settings.radius[1] = 0.42;
  settings.weight[1] = 0.8;
  settings.rcutfac = 4.5;
  settings.rmin0 = 0.2;
  settings.chem = v->chem;
  settings.quadratic = v->quadratic;
  settings.bnorm = v->bnorm;
  settings.bzero = !v->bnorm;
  settings.inner_switching = v->inner;
  for (int e = 0; e < 2; e++) {
    settings.inner_s[e] = 2.3 + 0.2 * e;
    settings.inner_d[e] = 0.4;
  }
  check_ok(afb_bispectrum_create(&settings, &potential->bispectrum));
  int n = 2 * afb_bispectrum_n_columns(potential->bispectrum);
  potential->constant = malloc(2 * sizeof(double));
  potential->beta = malloc((size_t)n * sizeof(double));
  potential->constant[0] = -1.5;
  potential->constant[1] = 0.75;
  for (int k = 0; k < n; k++)
    potential->beta[k] = (afb_random_uniform(5, 0, (uint64_t)k) - 0.5) / (1 + k % (n / 2)) * (v->quadratic ? 1e-3 : 0.1);
}

/* Symmetric differences of fourth order: of the energy as `set` moves something by h, 2 h ... */
static double difference(afb_potential *potential, const structure *s, void (*set)(structure *, int, double), int which)
{
  static const double weight[4] = {1.0 / 12, -8.0 / 12, 8.0 / 12, -1.0 / 12};
  static const int step[4] = {-2, -1, 1, 2};
  const double h = 1e-4;
  double sum = 0;
  for (int k = 0; k < 4; k++) {
    structure moved = *s;
    outcome out;
    set(&moved, which, h * step[k]);
    sum += weight[k] * evaluate(potential, &moved, &out) / h;
  }
  return sum;
}

static void move(structure *s, int which, double by) { s->position[which / 3][which % 3] += by; }

/* Every vector r becomes r + by r_b e_a: the derivative of the energy is minus the virial's component (b, a). */
static void strain(structure *s, int which, double by)
{
  static const int component[6] = {0, 1, 2, 1, 2, 2}, source[6] = {0, 1, 2, 0, 0, 1};
  for (int i = 0; i < s->n; i++)
    s->position[i][component[which]] += by * s->position[i][source[which]];
  for (int i = 0; i < 3; i++)
    s->cell[i][component[which]] += by * s->cell[i][source[which]];
}

static void derivatives(void **state)
{
  structure s = sample();
  (void)state;
  for (int v = 0; v < N_VARIANTS; v++) {
    afb_potential potential;
    outcome out;
    make(&variants[v], &potential);
    evaluate(&potential, &s, &out);
    double scale = 1, worst = 0, net = 0;
    for (int k = 0; k < 15; k++) {
      scale = fmax(scale, fabs(out.force[k / 3][k % 3]));
      worst = fmax(worst, fabs(difference(&potential, &s, move, k) + out.force[k / 3][k % 3]));
    }
    for (int k = 0; k < 6; k++) {
      scale = fmax(scale, fabs(out.strain[k]));
      worst = fmax(worst, fabs(difference(&potential, &s, strain, k) + out.strain[k]));
    }
    for (int d = 0; d < 3; d++) {
      double sum = 0;
      for (int i = 0; i < s.n; i++)
        sum += out.force[i][d];
      net = fmax(net, fabs(sum));
    }
    if (worst > 2e-7 * scale || net > 1e-12 * scale)
      fprintf(stderr, "# %s: differences off by %.2g of %.3g, net force %.2g\n", variants[v].name, worst, scale, net);
    check_true(worst <= 2e-7 * scale);
    check_true(net <= 1e-12 * scale);
    afb_potential_clear(&potential);
  }
}

/* What is there is added to, an atom alone has its constant, and a pair beyond all cut-offs nothing more. */
static void adds(void **state)
{
  structure pair = {.n = 2, .element = {1, 0}, .position = {{0, 0, 0}, {4.899, 0, 0}}};
  double cutoff[4];
  (void)state;
  afb_potential potential;
  outcome out;
  make(&variants[4], &potential);
  check_close(afb_potential_cutoffs(&potential, cutoff), 4.9, 0);
  check_close(cutoff[0], 4.9, 0);
  evaluate(&potential, &pair, &out);
  check_close(out.energy[0], 0.75, 1e-8);
  check_true(fabs(out.force[0][0]) > 0 && fabs(out.force[0][0]) < 1e-5);
  pair.position[1][0] = 4.9;
  evaluate(&potential, &pair, &out);
  check_close(out.energy[0], 0.75, 1e-14);
  check_close(out.energy[1], -1.5, 1e-14);
  check_true(fabs(out.force[0][0]) <= 0);
  structure s = sample();
  evaluate(&potential, &s, &out);
  outcome twice = out;
  afb_neighbours list = neighbours(&s, 4.9);
  check_ok(afb_potential_add(&potential, &list, twice.energy, &twice.force[0][0], &twice.virial[0][0]));
  for (int i = 0; i < s.n; i++) {
    check_close(twice.energy[i], 2 * out.energy[i], 1e-12 * fabs(out.energy[i]));
    check_close(twice.force[i][1], 2 * out.force[i][1], 1e-9);
    check_close(twice.virial[i][4], 2 * out.virial[i][4], 1e-9);
  }
  neighbours_free(&list);
  afb_potential_clear(&potential);
}

/* Close to the nucleus the charges are bare; energy, slope and curvature vanish at `outer` and are continuous at `inner`. */
static void repulsion(void **state)
{
  static const int z[2] = {73, 8};
  afb_zbl zbl;
  double slope, at, near;
  (void)state;
  check_true(afb_zbl_create(4, 4, 1, z, &zbl) == AFB_E_INPUT);
  afb_zbl_clear(&zbl);
  check_ok(afb_zbl_create(1.5, 4.8, 2, z, &zbl));
  near = 1e-7;
  check_close(afb_zbl_energy(&zbl, 0, 1, near, &slope) * near / (14.399645 * 73 * 8), 1, 1e-5);
  for (int k = 0; k < 2; k++) {
    double r = k ? 1.5 : 4.8, h = 1e-4, s[3], e[3];
    for (int i = 0; i < 3; i++)
      e[i] = afb_zbl_energy(&zbl, 0, 1, r + (i - 1) * h, &s[i]);
    check_close((s[2] - s[1]) / h, (s[1] - s[0]) / h, 1e-2 * (k ? fabs(s[1]) / h * 1e-2 : 1e-1));
    check_close((e[2] - e[0]) / (2 * h), s[1], 1e-6 * (1 + fabs(s[1])));
    if (k == 0) {
      check_close(s[0] / h, 0, 1e-4);
      check_close(e[1], 0, 0);
    }
  }
  at = afb_zbl_energy(&zbl, 1, 0, 2.2, &slope);
  check_close(afb_zbl_energy(&zbl, 0, 1, 2.2, &near), at, 1e-14 * at);
  check_close(near, slope, 1e-14 * fabs(slope));
  afb_zbl_clear(&zbl);
}

/* ---- Published potentials ---- */

static const struct {
  const char *structure, *potential, *file;
  double inner, outer;         /* 0: no repulsion */
  int z[2];
} published[] = {
  {"inp_zb_disp", "InP_JCPA2020", "_snap", 0, 0, {0}},
  {"inp_zb_disp", "InP_JCPA2020", "_snap_zbl", 4, 4.2, {49, 15}},
  {"inp_zb_small", "InP_JCPA2020", "_snap", 0, 0, {0}},
  {"inp_zb_small", "InP_JCPA2020", "_snap_zbl", 4, 4.2, {49, 15}},
  {"si_amorphous", "Si_Zuo_JPCA2020.quadratic", "_snap", 0, 0, {0}},
  {"si_diamond_300K", "Si_Zuo_JPCA2020", "_snap", 0, 0, {0}},
  {"ta_bcc_disp", "Ta06A", "_snap", 0, 0, {0}},
  {"ta_bcc_disp", "Ta06A", "_snap_zbl", 4, 4.8, {73}},
  {"ta_bcc_perfect", "Ta06A", "_snap", 0, 0, {0}},
  {"ta_bcc_perfect", "Ta06A", "_snap_zbl", 4, 4.8, {73}},
  {"ta_bcc_small", "Ta06A", "_snap", 0, 0, {0}},
  {"ta_bcc_small", "Ta06A", "_snap_zbl", 4, 4.8, {73}},
  {"triclinic_2el", "WBe_Wood_PRB2019", "_snap_zbl", 4, 4.8, {74, 4}},
};
enum { N_PUBLISHED = sizeof published / sizeof published[0], COLUMNS = 15 };

static const double BAR = 1.6021765e6;   /* of 1 eV/angstrom^3, as LAMMPS has it */

static char *shared(const char *format, const char *a, const char *b, const char *c)
{
  char name[1024], *path = malloc(4096);
  snprintf(name, sizeof name, format, a, b, c);
  snprintf(path, 4096, "%s/reference/snap/%s", shared_folder() ? shared_folder() : "absent", name);
  return path;
}

/* The numbers that follow a key of JSON, brackets and commas passed over. */
static const char *numbers(const char *text, const char *key, int n, double *value)
{
  const char *at = strstr(text, key);
  assert_non_null(at);
  at += strlen(key);
  for (int i = 0; i < n; i++) {
    at += strcspn(at, "0123456789-]}");
    char *end;
    value[i] = strtod(at, &end);
    assert_true(end != at);
    at = end;
    if (*at == ']')
      at++;
  }
  return at;
}

static void read_cell(int k, structure *s)
{
  char *path = shared("structures/%s%s%s.extxyz", published[k].structure, "", ""), *text = read_text(path);
  assert_non_null(text);
  s->n = atoi(text);
  numbers(text, "Lattice=\"", 9, &s->cell[0][0]);
  s->periodic = 1;
  free(path);
  free(text);
}

static void load_potential(int k, afb_potential *potential)
{
  afb_snap_elements elements;
  char *coefficients = shared("potentials/%s%s%s.snapcoeff", published[k].potential, "", "");
  char *parameters = shared("potentials/%s%s%s.snapparam", published[k].potential, "", "");
  check_ok(afb_snap_read(MPI_COMM_WORLD, coefficients, parameters, &elements, potential));
  if (published[k].outer > 0)
    check_ok(afb_zbl_create(published[k].inner, published[k].outer, elements.n, published[k].z, &potential->zbl));
  free(coefficients);
  free(parameters);
}

/* Largest deviations of energy, pressure, forces and energies of atoms, stresses of atoms, each in units of the largest of its kind. */
static void deviations(const char *text, const outcome *out, const structure *s, const double *row, double worst[5])
{
  double energy, pressure[6], volume, largest[5] = {0}, off[5] = {0};
  numbers(text, "\"energy_eV\":", 1, &energy);
  numbers(text, "\"pressure_bar_xx_yy_zz_xy_xz_yz\":", 6, pressure);
  numbers(text, "\"volume_A3\":", 1, &volume);
  largest[0] = fabs(energy);
  off[0] = fabs(out->total - energy);
  for (int a = 0; a < 6; a++) {
    largest[1] = fmax(largest[1], fabs(pressure[a]));
    off[1] = fmax(off[1], fabs(out->strain[a] * BAR / volume - pressure[a]));
  }
  for (int i = 0; i < s->n; i++) {
    const double *r = row + COLUMNS * i;
    for (int d = 0; d < 3; d++) {
      largest[2] = fmax(largest[2], fabs(r[5 + d]));
      off[2] = fmax(off[2], fabs(out->force[i][d] - r[5 + d]));
    }
    largest[3] = fmax(largest[3], fabs(r[8]));
    off[3] = fmax(off[3], fabs(out->energy[i] - r[8]));
    for (int a = 0; a < 6; a++) {
      largest[4] = fmax(largest[4], fabs(r[9 + a]));
      off[4] = fmax(off[4], fabs(out->virial[i][a] * BAR + r[9 + a]));
    }
  }
  for (int a = 0; a < 5; a++)
    worst[a] = off[a] / largest[a];
}

static double largest_force(const outcome *out, int n)
{
  double largest = 0;
  for (int i = 0; i < n; i++)
    for (int d = 0; d < 3; d++)
      largest = fmax(largest, fabs(out->force[i][d]));
  return largest;
}

static const char *shown(double value, char text[16])
{
  snprintf(text, 16, "%.1e", value);
  return text;
}

static void against_lammps(void **state)
{
  char *first = shared("outputs/EFS_%s_%s%s.json", published[0].structure, published[0].potential, published[0].file);
  char *text = read_text(first);
  (void)state;
  free(first);
  if (!text) {
    print_message("# skipped: no reference values of LAMMPS (set AUFBAU_SHARED to the folder that has reference/snap)\n");
    skip();
  }
  free(text);
  char table[8192] = "| structure | potential | energy | stress | forces | energies of atoms | stresses of atoms |\n"
                     "|:--|:--|--:|--:|--:|--:|--:|\n";
  for (int k = 0; k < N_PUBLISHED; k++) {
    char *path = shared("outputs/EFS_%s_%s%s.json", published[k].structure, published[k].potential, published[k].file);
    structure s = {0};
    afb_potential potential;
    static outcome out;
    double row[64 * COLUMNS], worst[5];
    text = read_text(path);
    assert_non_null(text);
    read_cell(k, &s);
    load_potential(k, &potential);
    numbers(text, "\"data\":", s.n * COLUMNS, row);
    for (int i = 0; i < s.n; i++) {
      s.element[i] = (int)row[COLUMNS * i + 1] - 1;
      memcpy(s.position[i], row + COLUMNS * i + 2, sizeof s.position[i]);
    }
    evaluate(&potential, &s, &out);
    deviations(text, &out, &s, row, worst);
    int perfect = strcmp(published[k].structure, "ta_bcc_perfect") == 0;
    size_t used = strlen(table);
    snprintf(table + used, sizeof table - used, "| %s | %s%s | %.1e | %.1e | %s | %.1e | %.1e |\n", published[k].structure,
             published[k].potential, published[k].outer > 0 ? " with zbl" : "", worst[0], worst[1],
             perfect ? "none" : shown(worst[2], (char[16]){0}), worst[3], worst[4]);
    check_true(worst[0] < 1e-11 && worst[3] < 1e-11);
    /* With chem LAMMPS takes coefficients of equal columns (two elements and their 2j exchanged) as equal in forces, but not in energies. In
     * the file of InP they differ by up to 5e-11. */
    int unequal = strncmp(published[k].potential, "InP", 3) == 0;
    check_true(worst[1] < (unequal ? 1e-8 : 1e-11) && worst[4] < (unequal ? 1e-8 : 1e-11));
    if (perfect)
      check_true(largest_force(&out, s.n) < 1e-12);
    else
      check_true(worst[2] < (unequal ? 1e-8 : 1e-10));
    afb_potential_clear(&potential);
    free(path);
    free(text);
  }
  if (getenv("AUFBAU_TABLE"))
    assert_int_equal(write_between_marks(getenv("AUFBAU_TABLE"), "forces", table), 0);
  for (char *row = strtok(table, "\n"); row; row = strtok(NULL, "\n"))
    printf("# %s\n", row);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(derivatives), cmocka_unit_test(adds), cmocka_unit_test(repulsion), cmocka_unit_test(against_lammps),
};
CHECK_MAIN(tests)
