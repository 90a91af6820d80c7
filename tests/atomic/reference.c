/* Energies against GRASP2018: every case of data/reference.txt; layers of correlation orbitals; sets on which GRASP needs hundreds of
 * iterations, from two starts. With AUFBAU_TABLE=FILE the tables of docs/energies.md are written to FILE. */
#include "tests/check.h"

#include <string.h>
#include <time.h>

#include "tests/atomic/cases.h"

static FILE *table;

static int open_table(void **state)
{
  (void)state;
  const char *path = getenv("AUFBAU_TABLE");
  char date[32];
  time_t now = time(NULL);
  if (!path)
    return 0;
  table = fopen(path, "w");
  if (!table)
    return 1;
  strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
  fprintf(table,
          "# Energies against GRASP2018\n\n"
          "Written by `make table-energies` on %s (x86-64, two cores): `tests/atomic/reference.c`, which `make check` runs with the tolerances below.\n"
          "GRASP's values are compared twice: as GRASP gives them, restarted to 1e-14 on its default grid (step H = 0.05), and *refined*, that is without two errors that\n"
          "had to be told from ours:\n\n"
          "- **Its grid.** Halving the step lowers energies by 1e-10 to 4e-10 (6e-10 for one and two electrons at Z = 92, 7e-10 for He with a point nucleus,\n"
          "  whose default grid has 220 points), halving it again by another 1/64 of that.\n"
          "- **A term of its orbital equations.** In an integral R^k(ab, ca) orbital a occurs in both charge densities, so that its equation has the two\n"
          "  potentials Y^k(b,a) c and Y^k(a,c) b; rmcdhf takes the first one twice (`setcof`, two equal indices, exchange). With b = c that is the same. Where b and c are the\n"
          "  l- and l+ of one shell, or different shells, the iterations converge to orbitals that are not stationary: with two open shells single levels are off by up\n"
          "  to 5e-8 of themselves, with correlation orbitals weighted energies by 1e-9 to 5e-8, always upwards, and for He {n = 2} (3e-6) they do not converge at all.\n"
          "  Be {2s2, 2p2, 2s 2p} shows it without any correction: in GRASP's own functional our orbitals lie 4.5e-11 hartree below its own, in ours its orbitals 7.4e-11 above ours.\n\n"
          "Refined values were measured by hand: GRASP2018 (compas/grasp, commit 9006157) with both potentials in `setcof`, H = 0.025 (point nucleus: half the default step, He a\n"
          "quarter), accuracy 1e-12. Sets on which GRASP fails were started from this program's orbitals, from which it takes 4 to 8 iterations and stays. So were\n"
          "{ns2 np^k, np^(k+2)}: between orbitals whose occupations differ by less than a tenth GRASP takes the mean of two multipliers (`setlag`), so that their rotation\n"
          "creeps, or stays where it started (S: 6e-9 hartree above).\n", date);
  return 0;
}

static int close_table(void **state)
{
  (void)state;
  return table && fclose(table) != 0;
}

static void write_difference(double difference, const char *after)
{
  if (table) {
    fprintf(table, isnan(difference) ? "–" : "%.1e", difference);
    fputs(after, table);
  }
}

/* ---- all cases ---- */

static int is_closed_shell(const reference_case *c)
{
  return c->n_configurations == 1 && c->n_blocks == 1 && c->block[0].two_j == 0 && c->block[0].index == 1;
}

/* What the default grid and the missing term are known to cost, in levels; see the head of the table. */
static double level_tolerance(const reference_case *c)
{
  if (strcmp(c->name, "MR_Be_2s2_2p2_2s2p") == 0)
    return 5e-8;
  if (strcmp(c->name, "MR_Ti_3d24s2_3d34s") == 0)
    return 3e-8;
  if (strcmp(c->name, "DF_He_point") == 0 || strcmp(c->name, "HeLike_Z92") == 0)
    return 8e-10;
  return is_closed_shell(c) ? 5e-10 : 1e-8;
}

static int agrees(const reference_case *c, const afb_mcdhf_result *r)
{
  int known = strcmp(c->quality, "not_converged") != 0;
  return case_same_blocks(c, r) && afb_outcome_ok(r->outcome) &&
         (!known || (fabs(case_largest_difference(c, r)) <= level_tolerance(c) && fabs(case_mean_difference(c, r)) <= 1e-9)) &&
         (c->n_reference == 0 || fabs(case_largest_refined(c, r)) <= 1e-10) &&
         (c->n_orbitals == 0 || fabs(case_largest_orbital(c, r)) <= 1e-6);
}

static void levels_agree_with_grasp(void **state)
{
  (void)state;
  reference_case *cases;
  int n_cases = read_cases("reference.txt", &cases), wrong = 0;
  if (n_cases < 0)
    fail_msg("cannot read tests/atomic/data/reference.txt");
  if (table)
    fprintf(table, "\n## All cases\n\nRelative differences, ours less GRASP's; of levels and orbital energies the largest. Tolerances, default: weighted energies 1e-9,\n"
                   "levels 1e-8, closed shells 5e-10, except where GRASP's errors are larger: levels of MR_Be_2s2_2p2_2s2p (5e-8) and MR_Ti_3d24s2_3d34s (3e-8),\n"
                   "DF_He_point and HeLike_Z92 (8e-10). Refined: levels 1e-10, orbital energies 1e-6, all cases. Without values are H and He with t = 2.3 fm, for\n"
                   "which no half-density radius exists (here t = 0.9 and 1.8 fm).\n\n"
                   "| case | CSFs | levels | GRASP | outcome | rung | iterations | CPU s | weighted energy / hartree | weighted, default | "
                   "level, default | level, refined | orbital energy, refined |\n"
                   "|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  for (int i = 0; i < n_cases; i++) {
    const reference_case *c = cases + i;
    afb_mcdhf_request request = case_request(c);
    afb_mcdhf_result r;
    assert_int_equal(afb_mcdhf_run(MPI_COMM_SELF, &request, &r), AFB_OK);
    if (!agrees(c, &r)) {
      wrong++;
      fprintf(stderr, "# %s: %s (%s), %s, mean %.2e, level %.2e, refined %.2e, orbital %.2e\n", c->name, afb_outcome_name(r.outcome), r.reason,
              case_same_blocks(c, &r) ? "CSFs agree" : "CSFs differ", case_mean_difference(c, &r), case_largest_difference(c, &r),
              case_largest_refined(c, &r), case_largest_orbital(c, &r));
    }
    if (table)
      fprintf(table, "| %s | %d | %d | %s | %s | %s | %d | %.2f | %.9f | ", c->name, r.csfs.n_csf, r.n_levels, c->quality,
              afb_outcome_name(r.outcome), afb_rung_name((afb_rung)r.rung), r.iterations, r.cpu_seconds, r.energy);
    write_difference(case_mean_difference(c, &r), " | ");
    write_difference(case_largest_difference(c, &r), " | ");
    write_difference(case_largest_refined(c, &r), " | ");
    write_difference(case_largest_orbital(c, &r), " |\n");
    afb_mcdhf_result_clear(&r);
  }
  free(cases);
  assert_int_equal(wrong, 0);
}

/* ---- stationary from two starts ---- */

enum { MANY = 4 };
typedef struct {
  int z, n, n_levels, grasp, two_j_min, two_j_max;    /* grasp: its iterations, restart included */
  const char *name, *text[MANY], *ion[MANY];          /* ion: what is calculated before, with an electron less */
} flat_set;

static const flat_set flat[] = {
  {4, 2, 1, 141, 0, 0, "Be {2s2, 2p2}", {"1s2 2s2", "1s2 2p2"}, {"1s2 2s1", "1s2 2p1"}},
  {4, 3, 1, 7, 0, -1, "Be {2s2, 2p2, 2s 2p}", {"1s2 2s2", "1s2 2p2", "1s2 2s1 2p1"}, {"1s2 2s1", "1s2 2p1"}},
  {5, 2, 1, 305, 1, 3, "B {2s2 2p, 2p3}", {"1s2 2s2 2p1", "1s2 2p3"}, {"1s2 2s2", "1s2 2p2"}},
  {6, 2, 1, 708, 0, 4, "C {2s2 2p2, 2p4}", {"1s2 2s2 2p2", "1s2 2p4"}, {"1s2 2s2 2p1", "1s2 2p3"}},
  {14, 2, 1, 661, 0, 4, "Si {3s2 3p2, 3p4}", {"[Ne] 3s2 3p2", "[Ne] 3p4"}, {"[Ne] 3s2 3p1", "[Ne] 3p3"}},
  {16, 2, 1, 8, 0, 4, "S {3s2 3p4, 3p6}", {"[Ne] 3s2 3p4", "[Ne] 3p6"}, {"[Ne] 3s2 3p3", "[Ne] 3p5"}},
  {22, 2, 2, 11, 0, -1, "Ti {3d2 4s2, 3d3 4s}", {"[Ar] 3d2 4s2", "[Ar] 3d3 4s1"}, {"[Ar] 3d2 4s1", "[Ar] 3d3"}},
};

static void run_flat(const flat_set *s, int charge, const afb_orbitals *start, afb_mcdhf_result *r)
{
  afb_configuration configuration[MANY];
  int n = 0;
  for (; n < s->n; n++) {
    const char *text = charge ? s->ion[n] : s->text[n];
    if (!text)
      break;
    check_ok(afb_configuration_parse(text, configuration + n));
  }
  afb_mcdhf_request request = {.z = s->z, .charge = charge, .n_configurations = n, .configuration = configuration, .n_levels = s->n_levels, .n_vary = -1,
                               .two_j_min = charge ? 0 : s->two_j_min, .two_j_max = charge ? -1 : s->two_j_max, .start = start};
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, r));
  check_true(r->outcome == AFB_OUTCOME_CONVERGED && r->gradient < 1e-7);
}

static void two_starts_agree(void **state)
{
  (void)state;
  if (table)
    fprintf(table, "\n## Stationary, from two starts\n\nSets that GRASP ends early, or needs hundreds of iterations for: from the start potential, and from the orbitals of the ion with an\n"
                   "electron less in every configuration. Gradient: its norm, preconditioned with the local operators, which makes it the change of an orbital (the\n"
                   "largest; norm 1) that is left; that the gradient is the energy's derivative is tested by finite differences (`tests/atomic/scf.c`).\n"
                   "Asked: gradient below 1e-7, weighted energies equal to 1e-12, levels to 1e-9.\n\n"
                   "| set | iterations, GRASP | iterations | gradient | weighted energy / hartree | "
                   "iterations, ion's orbitals | gradient | its relative difference | largest of a level |\n"
                   "|---|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < sizeof flat / sizeof *flat; i++) {
    const flat_set *s = flat + i;
    afb_mcdhf_result cold, ion, warm;
    run_flat(s, 0, NULL, &cold);
    run_flat(s, 1, NULL, &ion);
    run_flat(s, 0, &ion.orbitals, &warm);
    double mean = (warm.energy - cold.energy) / fabs(cold.energy), largest = 0;
    check_true(cold.n_levels == warm.n_levels);
    for (int l = 0; l < cold.n_levels; l++)
      largest = fmax(largest, fabs((warm.level[l].energy - cold.level[l].energy) / cold.level[l].energy));
    if (table)
      fprintf(table, "| %s | %d | %d | %.0e | %.11f | %d | %.0e | %.0e | %.0e |\n", s->name, s->grasp, cold.iterations, cold.gradient, cold.energy,
              warm.iterations, warm.gradient, mean, largest);
    check_close(mean, 0, 1e-12);
    check_close(largest, 0, 1e-9);
    afb_mcdhf_result_clear(&cold);
    afb_mcdhf_result_clear(&ion);
    afb_mcdhf_result_clear(&warm);
  }
}

/* ---- layers of correlation orbitals ---- */

/* Excitations of up to two electrons from the shells `from` of one configuration into layers n = first ... of correlation orbitals;
 * each layer is varied alone, on the orbitals of the layers before. */
typedef struct {
  const char *name, *text;
  int z, n_from, first, last;         /* layers first ... last */
  afb_nucleus_model nucleus;
  afb_shell from[3];
  int n_levels, two_j[3], parity;
  double turn;                        /* radians: by which 1s of the first layer is turned towards 2s */
  double grasp[3], refined[3];        /* of the last layer; NaN: GRASP's lower layers are not comparable */
} layered;

/* Li: <1s|2s> of the refined GRASP run's 1s and our 2s is 0.0117725044. */
static const layered series[] = {
  {"He, point", "1s2", 2, 1, 2, 2, AFB_NUCLEUS_POINT, {{1, 0, 0}}, 1, {0}, 1, 0, {NAN}, {-2.897808461034}},
  {"He, point", "1s2", 2, 1, 2, 3, AFB_NUCLEUS_POINT, {{1, 0, 0}}, 1, {0}, 1, 0, {NAN}, {-2.901936696254}},
  {"He, point", "1s2", 2, 1, 2, 4, AFB_NUCLEUS_POINT, {{1, 0, 0}}, 1, {0}, 1, 0, {NAN}, {-2.903006072262}},
  {"Li", "1s2 2s1", 3, 2, 2, 3, AFB_NUCLEUS_FERMI, {{1, 0, 0}, {2, 0, 0}}, 1, {1}, 1, 0.0117727763, {NAN}, {-7.473931820177}},
  {"Be", "1s2 2s2", 4, 1, 2, 4, AFB_NUCLEUS_FERMI, {{2, 0, 0}}, 1, {0}, 1, 0, {-14.621986004397055}, {-14.621986051952}},
  {"B", "1s2 2s2 2p1", 5, 2, 2, 3, AFB_NUCLEUS_FERMI, {{2, 0, 0}, {2, 1, 0}}, 2, {1, 3}, -1, 0,
   {-24.603512073805856, -24.603434547261063}, {-24.603519521507, -24.603432586408}},
  {"C", "1s2 2s2 2p2", 6, 2, 2, 3, AFB_NUCLEUS_FERMI, {{2, 0, 0}, {2, 1, 0}}, 3, {0, 2, 4}, 1, 0,
   {-37.789629589255895, -37.789545355833454, -37.789378142316906}, {-37.789633317340, -37.789547614698, -37.789377498581}},
  {"Ne", "1s2 2s2 2p6", 10, 2, 2, 3, AFB_NUCLEUS_FERMI, {{2, 0, 0}, {2, 1, 0}}, 1, {0}, 1, 0, {-128.90476513851587}, {-128.904765244715}},
  {"Mg", "[Ne] 3s2", 12, 1, 3, 4, AFB_NUCLEUS_FERMI, {{3, 0, 0}}, 1, {0}, 1, 0, {NAN}, {-199.968881319252}},
};

/* Those of `active` that `start` does not hold. */
static int new_shells(int n_active, const afb_shell *active, const afb_orbitals *start, afb_shell *out)
{
  int count = 0;
  for (int i = 0; i < n_active; i++) {
    int known = 0;
    for (int o = 0; o < start->n_orbitals; o++)
      known |= start->orbital[o].n == active[i].n && afb_kappa_l(start->orbital[o].kappa) == active[i].l;
    if (!known)
      out[count++] = active[i];
  }
  return count;
}

static void run_layer(const layered *s, int n, const afb_orbitals *start, afb_mcdhf_result *r)
{
  afb_configuration reference, *all;
  afb_shell active[16];
  int count, kept = 0, n_active = 0;
  for (int m = s->first; m <= n; m++)
    for (int l = 0; l < m; l++)
      active[n_active++] = (afb_shell){m, l, 0};
  check_ok(afb_configuration_parse(s->text, &reference));
  check_ok(afb_configuration_expand(1, &reference, 2, s->n_from, s->from, n_active, active, &count, &all));
  for (int i = 0; i < count; i++)
    if (afb_configuration_parity(all + i) == s->parity)
      all[kept++] = all[i];
  afb_mcdhf_request request = {.z = s->z, .nucleus = s->nucleus, .n_configurations = kept, .configuration = all, .n_levels = 1,
                               .two_j_min = s->two_j[0], .two_j_max = s->two_j[s->n_levels - 1], .n_vary = -1, .start = start};
  if (start)
    request.n_vary = new_shells(n_active, active, start, request.vary);
  check_ok(afb_mcdhf_run(MPI_COMM_SELF, &request, r));
  if (!afb_outcome_ok(r->outcome))
    fprintf(stderr, "# %s n = %d: %s\n", s->name, n, r->reason);
  check_true(afb_outcome_ok(r->outcome));
  free(all);
}

/* Turns 1s towards 2s. Both begin positive, as GRASP's do. */
static void turn_s_orbitals(double angle, afb_orbitals *orbitals)
{
  int n = orbitals->n_p + orbitals->n_q, at[2] = {-1, -1};
  for (int o = 0; o < orbitals->n_orbitals; o++)
    if (orbitals->orbital[o].kappa == -1)
      at[orbitals->orbital[o].n - 1] = o;
  check_true(at[0] >= 0 && at[1] >= 0);
  double *first = orbitals->coefficient + (ptrdiff_t)at[0] * n, *second = orbitals->coefficient + (ptrdiff_t)at[1] * n;
  double c = cos(angle), s = first[1] * second[1] > 0 ? sin(angle) : -sin(angle);
  for (int i = 0; i < n; i++) {
    double a = first[i], b = second[i];
    first[i] = c * a + s * b;
    second[i] = c * b - s * a;
  }
}

static double mean_level(const layered *s, const double *energy)
{
  double sum = 0, weights = 0;
  for (int l = 0; l < s->n_levels; l++) {
    sum += (s->two_j[l] + 1) * energy[l];
    weights += s->two_j[l] + 1;
  }
  return sum / weights;
}

static void layers_agree_with_grasp(void **state)
{
  (void)state;
  if (table)
    fprintf(table, "\n## Layers of correlation orbitals\n\nSingle and double excitations into n = 2, 3 (, 4; Mg: 3, 4), each layer varied on the frozen orbitals of the layers before. Asked:\n"
                   "levels within 1e-10 of the refined values, whose first layers began from ours (He, Li: from GRASP's own start). In Li the n = 2 layer leaves the rotation\n"
                   "of 1s and 2s free, to which the n = 3 layer, not being complete, responds by 1e-5: ours are turned to where that GRASP run left them. GRASP's default\n"
                   "values of He and Li rest on n = 2 layers that are not stationary (He: 1000 iterations; refined: 12) and, in Li, on an unknown rotation; on n = 3 of Mg it fails.\n"
                   "Published values of He from B-splines, -2.897808120, -2.901838636 and -2.902826977, are higher than both programs'.\n\n"
                   "| layers | CSFs | iterations | gradient | weighted energy / hartree | weighted, default | weighted, refined | level, refined |\n"
                   "|---|---|---|---|---|---|---|---|\n");
  for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
    const layered *s = series + i;
    afb_mcdhf_result last = {0}, r;
    for (int n = s->first; n <= s->last; n++) {
      if (n == 3 && s->turn != 0)
        turn_s_orbitals(s->turn, &last.orbitals);
      run_layer(s, n, n > s->first ? &last.orbitals : NULL, &r);
      afb_mcdhf_result_clear(&last);
      last = r;
    }
    check_true(last.n_levels == s->n_levels);
    double largest = 0, refined = mean_level(s, s->refined);
    for (int l = 0; l < s->n_levels; l++)
      largest = fmax(largest, fabs((last.level[l].energy - s->refined[l]) / s->refined[l]));
    if (table)
      fprintf(table, "| %s, n = %d | %d | %d | %.0e | %.10f | ", s->name, s->last, last.csfs.n_csf, last.iterations, last.gradient, last.energy);
    write_difference((last.energy - mean_level(s, s->grasp)) / fabs(last.energy), " | ");
    write_difference((last.energy - refined) / fabs(refined), " | ");
    write_difference(largest, " |\n");
    if (!(largest <= 1e-10))
      fprintf(stderr, "# %s: %.12f\n", s->name, last.energy);
    check_close(largest, 0, 1e-10);
    afb_mcdhf_result_clear(&last);
  }
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(levels_agree_with_grasp),
  cmocka_unit_test(two_starts_agree),
  cmocka_unit_test(layers_agree_with_grasp),
};

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  cmocka_set_message_output(CM_OUTPUT_TAP);
  int failures = cmocka_run_group_tests(tests, open_table, close_table);
  MPI_Finalize();
  return failures != 0;
}
