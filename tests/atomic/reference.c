/* Levels against GRASP2018: every case of data/reference.txt is run, those with good reference values are compared.
 * With AUFBAU_TABLE=FILE the table of docs/energies.md is written to FILE. */
#include "tests/check.h"

#include <string.h>
#include <time.h>

#include "atomic/mcdhf.h"

enum { MAX_CASES = 128, MAX_LEVELS = 400, MAX_BLOCKS = 32, MAX_CONFIGURATIONS = 8 };

typedef struct {
  int two_j, parity, index;
  double energy;
} level;

typedef struct {
  char name[64], nucleus[8], quality[16];
  int z, charge, mass, n_levels, two_j_min, two_j_max;
  int n_configurations, n_blocks, n_reference;
  afb_configuration configuration[MAX_CONFIGURATIONS];
  level block[MAX_BLOCKS], reference[MAX_LEVELS];    /* block: index holds the number of CSFs */
} reference_case;

static reference_case *cases;
static int n_cases;

static int read_cases(void)
{
  char path[1024], line[256], text[200];
  const char *source = getenv("AUFBAU_SOURCE");
  snprintf(path, sizeof path, "%s/tests/atomic/data/reference.txt", source ? source : ".");
  FILE *file = fopen(path, "r");
  if (!file)
    return 0;
  reference_case *c = NULL;
  cases = calloc(MAX_CASES, sizeof *cases);
  while (fgets(line, sizeof line, file)) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "case ", 5) == 0 && n_cases < MAX_CASES) {
      c = cases + n_cases++;
      if (sscanf(line, "case %63s %d %d %d %7s %15s %d %d %d", c->name, &c->z, &c->charge, &c->mass, c->nucleus, c->quality,
                 &c->n_levels, &c->two_j_min, &c->two_j_max) != 9)
        return 0;
    } else if (c && sscanf(line, "conf %199[^\n]", text) == 1) {
      if (afb_configuration_parse(text, c->configuration + c->n_configurations++) != AFB_OK)
        return 0;
    } else if (c && strncmp(line, "block ", 6) == 0) {
      level *b = c->block + c->n_blocks++;
      if (sscanf(line, "block %d %d %d", &b->two_j, &b->parity, &b->index) != 3)
        return 0;
    } else if (c && strncmp(line, "level ", 6) == 0) {
      level *l = c->reference + c->n_reference++;
      if (sscanf(line, "level %d %d %d %lf", &l->two_j, &l->parity, &l->index, &l->energy) != 4)
        return 0;
    }
  }
  fclose(file);
  return n_cases;
}

static int is_closed_shell(const reference_case *c)
{
  return c->n_configurations == 1 && c->n_blocks == 1 && c->block[0].two_j == 0 && c->block[0].index == 1;
}

static int same_blocks(const reference_case *c, const afb_mcdhf_result *r)
{
  if (r->csfs.n_blocks != c->n_blocks)
    return 0;
  for (int i = 0; i < c->n_blocks; i++)
    if (r->csfs.block[i].two_j != c->block[i].two_j || r->csfs.block[i].parity != c->block[i].parity ||
        r->csfs.block[i].n_csf != c->block[i].index)
      return 0;
  return 1;
}

/* Two sets in which GRASP's restart ended (after 2 and 5 iterations) with the weighted mean right but with orbitals some 1e-5 from
 * stationarity, to which levels respond in first order: ours agree from different starts (atomic/mcdhf tests). */
static double level_tolerance(const reference_case *c)
{
  if (strcmp(c->name, "MR_Be_2s2_2p2_2s2p") == 0 || strcmp(c->name, "MR_Ti_3d24s2_3d34s") == 0)
    return 1e-7;
  return is_closed_shell(c) ? 2e-9 : 1e-8;
}

static double mean_difference(const reference_case *c, const afb_mcdhf_result *r)
{
  double sum = 0, weights = 0;
  for (int i = 0; i < c->n_reference; i++) {
    sum += (c->reference[i].two_j + 1) * c->reference[i].energy;
    weights += c->reference[i].two_j + 1;
  }
  return (r->energy - sum / weights) / fabs(r->energy);
}

/* Largest relative difference of a level, signed; NaN when a level is missing. */
static double largest_difference(const reference_case *c, const afb_mcdhf_result *r)
{
  double largest = 0;
  for (int i = 0; i < c->n_reference; i++) {
    const level *want = c->reference + i;
    double found = NAN;
    for (int l = 0; l < r->n_levels; l++)
      if (r->level[l].two_j == want->two_j && r->level[l].parity == want->parity && r->level[l].index == want->index)
        found = r->level[l].energy;
    double difference = (found - want->energy) / fabs(want->energy);
    if (!(fabs(difference) <= fabs(largest)))
      largest = difference;
  }
  return largest;
}

static void table_head(FILE *table)
{
  char date[32];
  time_t now = time(NULL);
  strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
  fprintf(table,
          "# Energies against GRASP2018\n\n"
          "Written by `make table-energies` on %s (x86-64, two cores). All levels that each case optimises are compared with GRASP2018's\n"
          "values from a restart to 1e-14 (`tests/atomic/data/reference.txt`); GRASP's own grid error is 1e-10 to 4e-10, in the sense that\n"
          "its energies are too high. Tolerance: weighted energies 1e-9, levels 1e-8,\n"
          "closed shells 2e-9. In MR_Be_2s2_2p2_2s2p and MR_Ti_3d24s2_3d34s GRASP's restart ended with the weighted mean right but orbitals\n"
          "not quite stationary (2s of the first: <r> = 2.54842 in place of 2.54846), to which single levels respond in first order;\n"
          "ours agree to 1e-9 from different starts (tests/atomic/mcdhf.c).\n"
          "Cases without reference values are those on which GRASP failed.\n\n"
          "| case | CSFs | levels | GRASP | outcome | rung | iterations | CPU s | weighted energy / hartree | its relative difference | largest of a level |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|\n", date);
}

static void levels_agree_with_grasp(void **state)
{
  (void)state;
  if (!read_cases())
    fail_msg("cannot read tests/atomic/data/reference.txt");
  const char *path = getenv("AUFBAU_TABLE");
  FILE *table = path ? fopen(path, "w") : NULL;
  int wrong = 0;
  if (table)
    table_head(table);
  for (int i = 0; i < n_cases; i++) {
    const reference_case *c = cases + i;
    afb_mcdhf_request request = {.z = c->z, .charge = c->charge, .mass_number = c->mass,
                                 .nucleus = strcmp(c->nucleus, "point") == 0 ? AFB_NUCLEUS_POINT : AFB_NUCLEUS_FERMI,
                                 .n_configurations = c->n_configurations, .configuration = c->configuration,
                                 .two_j_min = c->two_j_min, .two_j_max = c->two_j_max, .n_levels = c->n_levels, .n_vary = -1};
    afb_mcdhf_result r;
    assert_int_equal(afb_mcdhf_run(MPI_COMM_SELF, &request, &r), AFB_OK);
    double difference = largest_difference(c, &r);
    int good = strcmp(c->quality, "good") == 0;
    if (good && !(same_blocks(c, &r) && afb_outcome_ok(r.outcome) && fabs(difference) <= level_tolerance(c) &&
                  fabs(mean_difference(c, &r)) <= 1e-9)) {
      wrong++;
      fprintf(stderr, "# %s: %s (%s), %s, difference %.2e\n", c->name, afb_outcome_name(r.outcome), r.reason,
              same_blocks(c, &r) ? "CSFs agree" : "CSFs differ", difference);
    }
    if (table) {
      fprintf(table, "| %s | %d | %d | %s | %s | %s | %d | %.2f | %.9f | ", c->name, r.csfs.n_csf, r.n_levels, c->quality,
              afb_outcome_name(r.outcome), afb_rung_name((afb_rung)r.rung), r.iterations, r.cpu_seconds, r.energy);
      fprintf(table, c->n_reference ? "%.1e | %.1e |\n" : "– | – |\n", mean_difference(c, &r), difference);
    }
    afb_mcdhf_result_clear(&r);
  }
  if (table)
    fclose(table);
  free(cases);
  assert_int_equal(wrong, 0);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(levels_agree_with_grasp)};
CHECK_MAIN(tests)
