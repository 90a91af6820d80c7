/* jj to LS: orthogonality, two electrons by their 9j symbols, the nonrelativistic limit, and GRASP2018's jj2lsj. */
#include "tests/check.h"

#include <string.h>

#include "atomic/ls_shell.h"
#include "atomic/mcdhf.h"
#include "atomic/subshell.h"
#include "numeric/racah.h"

static double choose(int n, int k)
{
  double c = 1;
  for (int i = 1; i <= k; i++)
    c = c * (n - k + i) / i;
  return round(c);
}

/* Largest deviation of the rows of a[n][n] from orthonormal ones. */
static double deviation(int n, const double *a)
{
  double worst = 0;
  for (int i = 0; i < n; i++)
    for (int j = 0; j <= i; j++) {
      double sum = i == j ? -1 : 0;
      for (int k = 0; k < n; k++)
        sum += a[i * n + k] * a[j * n + k];
      worst = fmax(worst, fabs(sum));
    }
  return worst;
}

static void shells_are_orthogonal_and_complete(void **state)
{
  (void)state;
  static const int n_terms[][8] = {{1, 1}, {1, 1, 3, 3}, {1, 1, 5, 8, 16, 16}, {1, 1, 7, 17, 47, 73, 119, 119}, {1, 1, 9}};
  double worst = 0;
  for (int l = 0; l <= 4; l++)
    for (int q = 0; q <= 4 * l + 2; q++) {
      const afb_ls_shell *shell;
      int holes = q < 4 * l + 2 - q ? q : 4 * l + 2 - q;
      double states = 0;
      if (l == 4 && holes > 2)
        continue;
      check_ok(afb_ls_shell_get(l, q, &shell));
      check_true(shell->n_terms == n_terms[l][holes]);
      for (int t = 0; t < shell->n_terms; t++)
        states += (shell->term[t].two_s + 1) * (2 * shell->term[t].l + 1);
      check_true(states == choose(4 * l + 2, q));
      for (int b = 0; b <= shell->two_j_max / 2; b++)
        worst = fmax(worst, deviation(shell->block[b].n, shell->block[b].coefficient));
    }
  check_close(worst, 0, 1e-11);
}

static void shells_that_are_not_made_are_refused(void **state)
{
  (void)state;
  const afb_ls_shell *shell;
  check_true(afb_ls_shell_get(8, 1, &shell) == AFB_E_LIMIT && shell == NULL);
  check_true(afb_ls_shell_get(1, 7, &shell) == AFB_E_LIMIT);
  check_true(afb_ls_shell_get(4, 3, &shell) == AFB_E_LIMIT);
}

/* <(l s)j1 (l s)j2 J|(l l)L (s s)S J> of two equivalent electrons, squared. */
static double pair_weight(int l, int two_j1, int two_j2, int big_l, int two_s, int two_j)
{
  double nine = afb_wigner_9j(2 * l, 1, two_j1, 2 * l, 1, two_j2, 2 * big_l, two_s, two_j);
  return nine * nine * (two_j1 + 1) * (two_j2 + 1) * (2 * big_l + 1) * (two_s + 1) * (two_j1 == two_j2 ? 1 : 2);
}

static void two_electrons_have_their_9j_symbols(void **state)
{
  (void)state;
  double worst = 0;
  for (int l = 1; l <= 7; l++) {
    const afb_ls_shell *shell;
    check_ok(afb_ls_shell_get(l, 2, &shell));
    for (int b = 0; b <= shell->two_j_max / 2; b++) {
      const afb_ls_block *block = &shell->block[b];
      for (int i = 0; i < block->n; i++)
        for (int j = 0; j < block->n; j++) {
          const afb_ls_term *t = &shell->term[block->term[i]];
          int j1 = block->w_minus[j] > 0 ? 2 * l - 1 : 2 * l + 1, j2 = block->w_minus[j] > 1 ? 2 * l - 1 : 2 * l + 1;
          double c = block->coefficient[i * block->n + j];
          worst = fmax(worst, fabs(c * c - pair_weight(l, j1, j2, t->l, t->two_s, 2 * b)));
        }
    }
  }
  check_close(worst, 0, 1e-12);
  /* p^2: 3P0 is two thirds p-^2, 3P2 two thirds p^2 */
  check_close(pair_weight(1, 1, 1, 1, 2, 0), 2.0 / 3, 1e-14);
  check_close(pair_weight(1, 3, 3, 1, 2, 4), 2.0 / 3, 1e-14);
}

/* Rows of the transformation as they are visited. */
typedef struct {
  int n, room;
  double *row;
  char label[AFB_LSJ_LABEL];  /* of the last one */
} matrix;

static void add_row(void *context, const afb_lsj_state *ls, const double *amplitude)
{
  matrix *m = context;
  if (m->n < m->room)
    memcpy(m->row + m->n * m->room, amplitude, (size_t)m->room * sizeof *amplitude);
  m->n++;
  afb_lsj_label(ls, m->label, sizeof m->label);
}

static double worst_block(int n, const char *const *text)
{
  afb_configuration c[4];
  afb_csf_list list;
  int8_t sign[AFB_MAX_ORBITALS];
  double worst = 0;
  memset(sign, 1, sizeof sign);
  for (int i = 0; i < n; i++)
    if (afb_configuration_parse(text[i], &c[i]) != AFB_OK)
      return INFINITY;
  if (afb_csf_list_create(n, c, 0, -1, 0, &list) != AFB_OK)
    return INFINITY;
  for (int b = 0; b < list.n_blocks; b++) {
    int size = list.block[b].n_csf;
    double *unit = calloc((size_t)size * (size_t)size, sizeof *unit);
    matrix m = {0, size, calloc((size_t)size * (size_t)size, sizeof(double)), ""};
    for (int i = 0; i < size; i++)
      unit[i * size + i] = 1;
    int good = afb_lsj_visit(&list, b, sign, size, unit, 0, add_row, &m) == AFB_OK && m.n == size;
    worst = fmax(worst, good ? deviation(size, m.row) : INFINITY);
    free(unit);
    free(m.row);
  }
  afb_csf_list_clear(&list);
  return worst;
}

static void blocks_are_orthogonal_and_complete(void **state)
{
  (void)state;
  check_close(worst_block(1, (const char *[]){"[Ar] 3d3 4s1 4p1"}), 0, 1e-11);
  check_close(worst_block(2, (const char *[]){"[Xe] 4f2 5d1 6s1", "[Xe] 4f2 5d1 6p1"}), 0, 1e-11);
  check_close(worst_block(2, (const char *[]){"[Xe] 4f13 5d9 6p5", "[Xe] 4f14 5d8 6p5"}), 0, 1e-11);
  check_close(worst_block(1, (const char *[]){"[Xe] 4f7 6s1"}), 0, 1e-11);
  check_close(worst_block(1, (const char *[]){"[He] 2s1 2p3 3s1 3d2"}), 0, 1e-11);
}

static afb_status run(int z, int charge, int mass, int n, afb_configuration *c, int levels, double speed, afb_mcdhf_result *result)
{
  afb_mcdhf_request request = {.z = z, .charge = charge, .mass_number = mass, .nucleus = speed > 0 ? AFB_NUCLEUS_POINT : AFB_NUCLEUS_FERMI,
                               .speed_of_light = speed, .n_configurations = n, .configuration = c, .two_j_max = -1,
                               .optimise = AFB_OPTIMISE_LEVELS, .n_levels = levels, .n_vary = -1};
  return afb_mcdhf_run(MPI_COMM_WORLD, &request, result);
}

static const char *term_of(const char *label)
{
  const char *blank = strrchr(label, ' ');
  return blank ? blank + 1 : label;
}

/* For c to infinity L and S are good quantum numbers: all components of a level have one term, and levels of one term and its
 * different J have one composition. */
static void the_nonrelativistic_limit_has_pure_terms(void **state)
{
  (void)state;
  afb_configuration c[1];
  afb_mcdhf_result result;
  int mixed = 0;
  double worst = 0;
  check_ok(afb_configuration_parse("[Ne] 3s1 3p1 3d1", &c[0]));
  check_ok(run(14, 1, 0, 1, c, 20, 1e5, &result));
  check_true(afb_outcome_ok(result.outcome) && result.n_levels == 23);
  for (int i = 0; i < result.n_levels; i++) {
    const afb_lsj *lsj = &result.level[i].lsj;
    double sum = 0;
    check_true(lsj->n > 0);
    for (int k = 0; k < lsj->n; k++) {
      sum += lsj->weight[k];
      check_true(strcmp(term_of(lsj->label[k]), term_of(lsj->label[0])) == 0);
    }
    worst = fmax(worst, fabs(sum - 1));
    mixed += lsj->n > 1;
    for (int j = 0; j < i; j++)
      if (fabs(result.level[j].energy - result.level[i].energy) < 1e-7)
        for (int k = 0; k < lsj->n; k++)
          worst = fmax(worst, strcmp(result.level[j].lsj.label[k], lsj->label[k]) == 0 ? fabs(result.level[j].lsj.weight[k] - lsj->weight[k]) : 1);
  }
  check_true(mixed >= 4);
  check_true(worst < 2e-6);
  check_true(strncmp(result.level[0].lsj.label[0], "3s.3p_", 6) == 0);
  afb_mcdhf_result_clear(&result);
}

/* The sign of a radial function is a convention: with it go the CSFs of odd occupation. */
static void signs_of_orbitals_do_not_matter(void **state)
{
  (void)state;
  afb_configuration c[1];
  afb_mcdhf_result r;
  int8_t sign[AFB_MAX_ORBITALS], flipped[AFB_MAX_ORBITALS];
  check_ok(afb_configuration_parse("1s2 2s2 2p2", &c[0]));
  check_ok(run(6, 0, 0, 1, c, 2, 0, &r));
  int stride = r.orbitals.n_p + r.orbitals.n_q, minus = 2;
  check_true(r.orbitals.orbital[minus].kappa == 1);
  afb_lsj_signs(r.orbitals.n_orbitals, r.orbitals.orbital, r.orbitals.n_breakpoints, r.orbitals.breakpoint, stride, r.orbitals.coefficient, sign);
  for (int i = 0; i < stride; i++)
    r.orbitals.coefficient[minus * stride + i] *= -1;
  afb_lsj_signs(r.orbitals.n_orbitals, r.orbitals.orbital, r.orbitals.n_breakpoints, r.orbitals.breakpoint, stride, r.orbitals.coefficient, flipped);
  check_true(sign[minus] == -flipped[minus] && sign[0] == 1 && flipped[0] == 1 && flipped[minus + 1] == 1);
  /* J = 2: 2p-(1) 2p(1) and 2p(2) */
  const afb_block *block = &r.csfs.block[2];
  check_true(block->two_j == 4 && block->n_csf == 2);
  double vector[2], turned[2];
  afb_lsj a, b;
  for (int i = 0; i < 2; i++) {
    vector[i] = 0.6 + 0.2 * i;
    turned[i] = (r.csfs.occupation[(block->first + i) * r.csfs.n_orbitals + minus] & 1 ? -1 : 1) * vector[i];
  }
  check_ok(afb_lsj_compose(&r.csfs, 2, sign, 1, vector, &a));
  check_ok(afb_lsj_compose(&r.csfs, 2, flipped, 1, turned, &b));
  check_true(a.n == 2 && b.n == 2 && strcmp(a.label[0], b.label[0]) == 0);
  check_close(a.weight[0], b.weight[0], 1e-14);
  check_close(a.weight[0] + a.weight[1], 1, 1e-14);
  afb_mcdhf_result_clear(&r);
}

static void one_label(const char *text, int two_j, const char *expected)
{
  afb_configuration c;
  afb_csf_list list;
  int8_t sign[AFB_MAX_ORBITALS];
  double one[1] = {1};
  afb_lsj lsj;
  memset(sign, 1, sizeof sign);
  check_ok(afb_configuration_parse(text, &c));
  check_ok(afb_csf_list_create(1, &c, two_j, two_j, 0, &list));
  if (list.n_csf != 1)
    fprintf(stderr, "# %s has %d CSFs\n", text, list.n_csf);
  check_true(list.n_blocks == 1 && list.n_csf == 1);
  check_ok(afb_lsj_compose(&list, 0, sign, 1, one, &lsj));
  check_true(lsj.n == 1 && fabs(lsj.weight[0] - 1) < 1e-12);
  if (strcmp(lsj.label[0], expected) != 0)
    fprintf(stderr, "# %s, in place of %s\n", lsj.label[0], expected);
  check_true(strcmp(lsj.label[0], expected) == 0);
  afb_csf_list_clear(&list);
}

static void labels_are_as_spectroscopists_write_them(void **state)
{
  (void)state;
  one_label("1s2", 0, "1s2 1S");
  one_label("[Ne]", 0, "2s2.2p6 1S");
  one_label("[He] 2s1 2p1", 4, "2s.2p 3P");
  one_label("[Kr] 4d10 5s1", 1, "4d10.5s 2S");
  one_label("[Ar] 3d3 4s1 4p1", 15, "3d3(2H).4s_3H.4p 4I");
  one_label("[Xe] 4f3", 17, "4f3 2L");
  one_label("[Xe] 4f7 6s2", 25, "4f7.6s2 2Q");
}

typedef struct {
  char name[64];
  int z, charge, mass, levels, n;
  double tolerance;
  afb_configuration c[4];
} reference;

/* Compares what stands behind a case in the file with its result; the file is then at the next case. */
static int compare(FILE *file, char *line, size_t size, const reference *ref, const afb_mcdhf_result *r, double *worst)
{
  const afb_level *level = NULL;
  int two_j, parity, index, n = 0;
  double weight;
  char label[AFB_LSJ_LABEL];
  while (fgets(line, (int)size, file) && strncmp(line, "case", 4) != 0) {
    if (sscanf(line, "level %d %d %d", &two_j, &parity, &index) == 3) {
      level = NULL;
      for (int i = 0; i < r->n_levels; i++)
        if (r->level[i].two_j == two_j && r->level[i].parity == parity && r->level[i].index == index)
          level = &r->level[i];
    } else if (level && sscanf(line, "part %lf %63[^\n]", &weight, label) == 2) {
      double found = -1;
      for (int k = 0; k < level->lsj.n; k++)
        if (strcmp(level->lsj.label[k], label) == 0)
          found = level->lsj.weight[k];
      if (!(fabs(found - weight) <= ref->tolerance))
        fprintf(stderr, "# %s 2J = %d number %d: %s has %.8f, jj2lsj %.8f\n", ref->name, two_j, index, label, found, weight);
      *worst = fmax(*worst, fabs(found - weight) / ref->tolerance);
      n++;
    }
  }
  return n;
}

static void compositions_agree_with_jj2lsj(void **state)
{
  (void)state;
  char path[1024], line[256] = "", text[200];
  const char *source = getenv("AUFBAU_SOURCE");
  snprintf(path, sizeof path, "%s/tests/atomic/data/lsj.txt", source ? source : ".");
  FILE *file = fopen(path, "r");
  check_true(file != NULL);
  int cases = 0, parts = 0;
  while (fgets(line, sizeof line, file) && strncmp(line, "case", 4) != 0)
    ;
  while (strncmp(line, "case", 4) == 0 && !feof(file)) {
    reference ref = {.n = 0};
    afb_mcdhf_result result;
    double worst = 0;
    check_true(sscanf(line, "case %63s %d %d %d %d %lf", ref.name, &ref.z, &ref.charge, &ref.mass, &ref.levels, &ref.tolerance) == 6);
    long at = ftell(file);
    while (fgets(line, sizeof line, file) && sscanf(line, "conf %199[^\n]", text) == 1 && ref.n < 4) {
      check_ok(afb_configuration_parse(text, &ref.c[ref.n++]));
      at = ftell(file);
    }
    fseek(file, at, SEEK_SET);
    check_ok(run(ref.z, ref.charge, ref.mass, ref.n, ref.c, ref.levels, 0, &result));
    check_true(afb_outcome_ok(result.outcome));
    parts += compare(file, line, sizeof line, &ref, &result, &worst);
    check_true(worst <= 1);
    afb_mcdhf_result_clear(&result);
    cases++;
  }
  fclose(file);
  check_true(cases == 14 && parts > 500);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(shells_are_orthogonal_and_complete),
  cmocka_unit_test(shells_that_are_not_made_are_refused),
  cmocka_unit_test(two_electrons_have_their_9j_symbols),
  cmocka_unit_test(blocks_are_orthogonal_and_complete),
  cmocka_unit_test(labels_are_as_spectroscopists_write_them),
  cmocka_unit_test(signs_of_orbitals_do_not_matter),
  cmocka_unit_test(the_nonrelativistic_limit_has_pure_terms),
  cmocka_unit_test(compositions_agree_with_jj2lsj),
};

CHECK_MAIN(tests)
