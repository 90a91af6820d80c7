/* How often calculations converge: the sets of GRASP2018's campaign, heavy atoms and ions, and random sets of its data set, from
 * the start potential and from the orbitals of the set before. Sets are shared out over the ranks, each is calculated on one.
 * AUFBAU_TABLE=FILE writes the tables between the marks of FILE; AUFBAU_SAMPLE=N takes N sets of the data set in place of 150;
 * AUFBAU_DUMP=FILE writes a line a run, and AUFBAU_ONLY=NAME takes the set of this name alone, with a trace. */
#include "tests/check.h"

#include <string.h>

#include "core/log.h"
#include "core/random.h"
#include "tests/atomic/cases.h"
#include "tests/descriptor/marks.h"
#include "tests/learn/grasp_csv.h"

enum { LIMIT_SECONDS = 120 };

/* One set. Labels: 1 converged in GRASP, 0 failed, -1 not run. */
typedef struct {
  char name[400];
  int z, charge, mass, n, group, label_cold, label_warm;
  afb_configuration configuration[GRASP_SETS];
  double energy_cold, energy_warm;    /* GRASP's weighted mean, NAN where it has none */
  const reference_case *reference;    /* of the heavy cases */
} job;

typedef struct {
  int done, outcome, rung, iterations, n_csf, warm_run;
  double cpu, energy, gradient, level_difference;
  char blamed[8], reason[112];
} outcome_line;

typedef struct {
  outcome_line cold, warm;
} result;

/* Orbitals of sets that were calculated on this rank: those of converged sets, empty ones of the others. */
typedef struct {
  int z, charge, n;
  afb_configuration configuration[GRASP_SETS];
  afb_orbitals orbitals;
} memory;

static memory *memories;
static int n_memories, room_for_memories;

static const memory *recall(const job *j, int n)
{
  for (int i = 0; i < n_memories; i++) {
    const memory *m = memories + i;
    int same = m->z == j->z && m->charge == j->charge && m->n == n;
    for (int k = 0; same && k < n; k++)
      same = afb_configuration_compare(m->configuration + k, j->configuration + k) == 0;
    if (same)
      return m;
  }
  return NULL;
}

static void forget(void)
{
  for (int i = 0; i < n_memories; i++)
    afb_orbitals_clear(&memories[i].orbitals);
  n_memories = 0;
}

static void remember(const job *j, int n, const afb_orbitals *orbitals)
{
  if (n_memories == room_for_memories) {
    room_for_memories = 2 * room_for_memories + 16;
    memories = realloc(memories, (size_t)room_for_memories * sizeof *memories);
    assert_non_null(memories);
  }
  memory *m = memories + n_memories++;
  *m = (memory){.z = j->z, .charge = j->charge, .n = n};
  memcpy(m->configuration, j->configuration, (size_t)n * sizeof *m->configuration);
  if (orbitals)
    assert_int_equal(afb_orbitals_copy(orbitals, &m->orbitals), AFB_OK);
}

static outcome_line calculate(const job *j, int n, const afb_orbitals *start, afb_mcdhf_result *r)
{
  afb_mcdhf_request request = {.z = j->z, .charge = j->charge, .mass_number = j->mass, .n_configurations = n,
                               .configuration = j->configuration, .two_j_max = -1, .n_levels = 3, .n_vary = -1};
  if (j->reference)
    request = case_request(j->reference);
  request.start = start;
  request.max_seconds = LIMIT_SECONDS;
  outcome_line line = {.done = 1, .level_difference = NAN, .energy = NAN};
  afb_status status = afb_mcdhf_run(MPI_COMM_SELF, &request, r);
  if (status != AFB_OK) {
    snprintf(line.reason, sizeof line.reason, "%s", afb_error_text());
    return line;
  }
  line.outcome = (int)r->outcome;
  line.rung = r->rung;
  line.iterations = r->iterations;
  line.n_csf = r->csfs.n_csf;
  line.cpu = r->cpu_seconds;
  line.energy = r->energy;
  line.gradient = r->gradient;
  if (j->reference)
    line.level_difference = case_largest_difference(j->reference, r);
  if (r->blamed.n > 0)
    afb_orbital_label(r->blamed, line.blamed);
  snprintf(line.reason, sizeof line.reason, "%.100s", r->reason);
  return line;
}

/* Orbitals of the first n configurations or, where these do not converge, of fewer; NULL when none converges. */
static const afb_orbitals *orbitals_of(const job *j, int n)
{
  if (n == 0)
    return NULL;
  const memory *known = recall(j, n);
  if (!known) {
    afb_mcdhf_result r;
    outcome_line line = calculate(j, n, NULL, &r);
    if (!afb_outcome_ok((afb_outcome)line.outcome) && n > 1) {
      afb_mcdhf_result_clear(&r);
      line = calculate(j, n, orbitals_of(j, n - 1), &r);
    }
    remember(j, n, afb_outcome_ok((afb_outcome)line.outcome) ? &r.orbitals : NULL);
    afb_mcdhf_result_clear(&r);
    known = recall(j, n);
  }
  return known->orbitals.n_orbitals > 0 ? &known->orbitals : orbitals_of(j, n - 1);
}

static void work_on(const job *j, result *out)
{
  afb_mcdhf_result r;
  const afb_orbitals *parent = j->n > 1 && !j->reference ? orbitals_of(j, j->n - 1) : NULL;
  out->cold = calculate(j, j->n, NULL, &r);
  int ok = afb_outcome_ok((afb_outcome)out->cold.outcome);
  if (ok && !recall(j, j->n))
    remember(j, j->n, &r.orbitals);
  afb_mcdhf_result_clear(&r);
  out->warm = out->cold;
  if (!parent)
    return;
  out->warm = calculate(j, j->n, parent, &r);
  out->warm.warm_run = 1;
  afb_mcdhf_result_clear(&r);
}

static void dump_line(FILE *file, const job *j, const char *start, const outcome_line *l, int label, double energy)
{
  fprintf(file, "%s\t%d\t%s\t%d\t%d\t%s\t%s\t%d\t%.2f\t%.10f\t%.1e\t%.2e\t%.2e\t%s\t%s\n", start, j->n, j->name, label, l->n_csf,
          afb_outcome_name((afb_outcome)l->outcome), afb_rung_name((afb_rung)l->rung), l->iterations, l->cpu, l->energy, l->gradient,
          (l->energy - energy) / fabs(energy), l->level_difference, l->blamed, l->reason);
}

/* Runs all jobs over the ranks; results on every rank. A rank's groups follow one another, so that orbitals are found again. */
static void run_jobs(const char *table, int n, const job *jobs, result *results)
{
  int rank, size, last = -1;
  const char *dump = getenv("AUFBAU_DUMP"), *only = getenv("AUFBAU_ONLY");
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  FILE *file = dump && rank == 0 ? fopen(dump, "a") : NULL;
  memset(results, 0, (size_t)n * sizeof *results);
  if (only)
    afb_log_setup(AFB_LOG_TRACE, rank);
  for (int i = 0; i < n; i++) {
    if (jobs[i].group % size != rank || (only && strcmp(jobs[i].name, only) != 0))
      continue;
    if (jobs[i].group != last)
      forget();
    last = jobs[i].group;
    if (only)
      fprintf(stderr, "# %s\n", jobs[i].name);
    work_on(jobs + i, results + i);
    if (file && size == 1) {
      dump_line(file, jobs + i, "cold", &results[i].cold, jobs[i].label_cold, jobs[i].energy_cold);
      if (results[i].warm.warm_run)
        dump_line(file, jobs + i, "warm", &results[i].warm, jobs[i].label_warm, jobs[i].energy_warm);
      fflush(file);
    }
  }
  forget();
  for (int i = 0; i < n; i++)
    MPI_Bcast(results + i, (int)sizeof *results, MPI_BYTE, jobs[i].group % size, MPI_COMM_WORLD);
  if (file)
    fclose(file);
  if (rank == 0)
    fprintf(stderr, "# %s: %d sets\n", table, n);
}

enum { Z, CHARGE, CORE, CONFIGS, CONVERGED, ENERGY, START, GROUP, VARIANT, N_COLUMNS };

static int find_job(int n, const job *jobs, const job *like)
{
  for (int i = n - 1; i >= 0; i--)
    if (jobs[i].z == like->z && jobs[i].charge == like->charge && strcmp(jobs[i].name, like->name) == 0)
      return i;
  return -1;
}

/* Distinct sets of a table of GRASP runs with their labels; NULL where the table is not there. */
static job *read_sets(const char *name, const char *group, int *n)
{
  static const char *const title[N_COLUMNS] = {"Z", "charge", "core", "configs", "converged", "E_wavg_last", "start", "", "variant"};
  char line[GRASP_LINE], *field[GRASP_COLUMNS];
  const char *path = grasp_file(name);
  FILE *file = path ? fopen(path, "r") : NULL;
  job *jobs = NULL;
  int room = 0, column[N_COLUMNS];
  *n = 0;
  if (!file)
    return NULL;
  int fields = fgets(line, sizeof line, file) ? grasp_split(line, field) : 0;
  for (int c = 0; c < N_COLUMNS; c++)
    column[c] = grasp_column(field, fields, c == GROUP ? group : title[c]);
  while (fgets(line, sizeof line, file)) {
    if (grasp_split(line, field) != fields || field[column[CONVERGED]][0] == '\0')
      continue;
    char variant = column[VARIANT] < 0 ? field[column[START]][0] : field[column[VARIANT]][0];
    if (!strchr("ADcw", variant))
      continue;
    int warm = variant == 'D' || variant == 'w';
    job j = {.z = atoi(field[column[Z]]), .charge = atoi(field[column[CHARGE]]), .group = atoi(field[column[GROUP]]), .label_cold = -1,
             .label_warm = -1, .energy_cold = NAN, .energy_warm = NAN};
    snprintf(j.name, sizeof j.name, "%d+%d %.380s", j.z, j.charge, field[column[CONFIGS]]);
    assert_int_equal(grasp_parse_set(field[column[CONFIGS]], atoi(field[column[CORE]]), j.configuration, &j.n), AFB_OK);
    int at = find_job(*n, jobs, &j);
    if (at < 0) {
      if (*n == room) {
        room = 2 * room + 64;
        jobs = realloc(jobs, (size_t)room * sizeof *jobs);
        assert_non_null(jobs);
      }
      at = (*n)++;
      jobs[at] = j;
    }
    int converged = atoi(field[column[CONVERGED]]);
    double energy = converged ? atof(field[column[ENERGY]]) : NAN;
    *(warm ? &jobs[at].label_warm : &jobs[at].label_cold) = converged;
    *(warm ? &jobs[at].energy_warm : &jobs[at].energy_cold) = energy;
  }
  fclose(file);
  return jobs;
}

static void table_by_size(char *text, size_t size, int n, const job *jobs, const result *results, double *cold, double *warm)
{
  size_t used = 0;
  int total[4] = {0};
  *text = '\0';
  for (int k = 1; k <= GRASP_SETS; k++) {
    int sets = 0, grasp = 0, labelled = 0, grasp_warm = 0, labelled_warm = 0, ours = 0, ours_warm = 0, iterations = 0;
    double cpu = 0;
    for (int i = 0; i < n; i++) {
      if (jobs[i].n != k || !results[i].cold.done)
        continue;
      sets++;
      labelled += jobs[i].label_cold >= 0;
      grasp += jobs[i].label_cold == 1;
      labelled_warm += jobs[i].label_warm >= 0;
      grasp_warm += jobs[i].label_warm == 1;
      ours += afb_outcome_ok((afb_outcome)results[i].cold.outcome);
      ours_warm += afb_outcome_ok((afb_outcome)results[i].warm.outcome);
      iterations += results[i].cold.iterations;
      cpu += results[i].cold.cpu;
    }
    if (sets == 0)
      continue;
    total[0] += sets;
    total[1] += ours;
    total[2] += ours_warm;
    used += (size_t)snprintf(text + used, size - used, "| %d | %d | %d of %d | %d of %d | %d | %d | %.0f | %.2f |\n", k, sets, grasp, labelled,
                             grasp_warm, labelled_warm, ours, ours_warm, (double)iterations / sets, cpu / sets);
  }
  snprintf(text + used, size - used, "| all | %d | | | %d (%.1f %%) | %d (%.1f %%) | | |\n", total[0], total[1], 100.0 * total[1] / total[0],
           total[2], 100.0 * total[2] / total[0]);
  *cold = (double)total[1] / total[0];
  *warm = (double)total[2] / total[0];
}

enum { TEXT = 1 << 20 };

/* A growing part of the documentation. */
typedef struct {
  char *text;
  size_t used;
} page;

static void put(page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(page *p, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  int n = vsnprintf(p->text + p->used, TEXT - p->used, format, list);
  va_end(list);
  if (n > 0)
    p->used = p->used + (size_t)n < TEXT ? p->used + (size_t)n : TEXT - 1;
}

static int is_ok(const outcome_line *l) { return afb_outcome_ok((afb_outcome)l->outcome); }

static void list_failures(page *p, int n, const job *jobs, const result *results)
{
  put(p, "\n| set | start | GRASP | outcome | orbital | what it says |\n|---|---|---|---|---|---|\n");
  for (int i = 0; i < n; i++)
    for (int warm = 0; warm < 2; warm++) {
      const outcome_line *l = warm ? &results[i].warm : &results[i].cold;
      int label = warm ? jobs[i].label_warm : jobs[i].label_cold;
      if (l->done && !is_ok(l) && warm <= l->warm_run)
        put(p, "| %s | %s | %s | %s | %s | %s |\n", jobs[i].name, warm ? "warm" : "cold",
            label < 0 ? "–" : label ? "converged" : "failed", afb_outcome_name((afb_outcome)l->outcome), l->blamed, l->reason);
    }
}

/* Sets of which both codes say that they converged, but to energies more than 1e-8 apart. */
static void list_disagreements(page *p, int n, const job *jobs, const result *results)
{
  int both = 0, same = 0;
  put(p, "\n| set | start | GRASP / hartree | here / hartree | relative |\n|---|---|---|---|---|\n");
  for (int i = 0; i < n; i++)
    for (int warm = 0; warm < 2; warm++) {
      const outcome_line *l = warm ? &results[i].warm : &results[i].cold;
      double energy = warm ? jobs[i].energy_warm : jobs[i].energy_cold, difference = (l->energy - energy) / fabs(energy);
      if (!l->done || !is_ok(l) || !isfinite(energy))
        continue;
      both++;
      same += fabs(difference) <= 1e-8;
      if (!(fabs(difference) <= 1e-8))
        put(p, "| %s | %s | %.8f | %.8f | %.1e |\n", jobs[i].name, warm ? "warm" : "cold", energy, l->energy, difference);
    }
  put(p, "\nBoth converged in %d calculations; in %d of them the weighted energies agree to 1e-8.\n", both, same);
}

static void publish(const char *mark, page *p)
{
  const char *path = getenv("AUFBAU_TABLE");
  int rank, bad = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (path && rank == 0)
    bad = write_between_marks(path, mark, p->text);
  free(p->text);
  check_true(!bad);
}

static void report_sets(const char *mark, int n, const job *jobs, double least_cold, double least_warm)
{
  page p = {malloc(TEXT), 0};
  result *results = calloc((size_t)n, sizeof *results);
  char sizes[4096];
  double cold, warm;
  assert_true(p.text && results);
  run_jobs(mark, n, jobs, results);
  table_by_size(sizes, sizeof sizes, n, jobs, results, &cold, &warm);
  fputs(sizes, stderr);
  put(&p, "\n| configurations | sets | GRASP cold | GRASP warm | cold | warm | iterations | CPU s |\n|---|---|---|---|---|---|---|---|\n%s", sizes);
  list_failures(&p, n, jobs, results);
  list_disagreements(&p, n, jobs, results);
  publish(mark, &p);
  free(results);
  if (!getenv("AUFBAU_ONLY"))
    check_true(cold >= least_cold && warm >= least_warm);
}

static void campaign_sets_converge(void **state)
{
  (void)state;
  int n;
  job *jobs = read_sets("campaign.csv", "seq", &n);
  if (!jobs)
    skip();
  report_sets("robust-campaign", n, jobs, 0.95, 0.98);
  free(jobs);
}

/* A sample drawn without replacement, in the order of the table. */
static void random_sets_converge(void **state)
{
  (void)state;
  const char *wanted = getenv("AUFBAU_SAMPLE");
  int n, kept = 0, left = wanted ? atoi(wanted) : 150;
  job *jobs = read_sets("dataset.csv", "tree", &n);
  if (!jobs)
    skip();
  for (int i = 0; i < n && left > 0; i++)
    if (afb_random_uniform(2026, 1, (uint64_t)i) * (n - i) < left) {
      jobs[kept++] = jobs[i];
      left--;
    }
  report_sets("robust-dataset", kept, jobs, 0.90, 0.95);
  free(jobs);
}

static int is_right(const outcome_line *l) { return is_ok(l) && fabs(l->level_difference) <= 1e-8; }

/* One line of the table of heavy cases: those whose name begins with `prefix` and holds `part`. */
static void put_heavy_line(page *p, const char *title, const char *prefix, const char *part, int n, const job *jobs, const result *results)
{
  int cases = 0, grasp = 0, good = 0, right = 0, first = 0, iterations = 0;
  double cpu = 0, largest = 0;
  for (int i = 0; i < n; i++) {
    const outcome_line *l = &results[i].cold;
    if (!l->done || strncmp(jobs[i].name, prefix, strlen(prefix)) != 0 || !strstr(jobs[i].name, part))
      continue;
    cases++;
    grasp += jobs[i].label_cold;
    good += is_ok(l);
    right += is_right(l);
    first += is_ok(l) && l->rung == AFB_RUNG_DIIS;
    iterations += l->iterations;
    cpu += l->cpu;
    largest = fmax(largest, fabs(l->level_difference));
  }
  if (cases > 0)
    put(p, "| %s | %d | %d | %d | %d | %d | %.1e | %.0f | %.2f |\n", title, cases, grasp, good, first, right, largest,
        (double)iterations / cases, cpu / cases);
}

static void put_heavy_table(page *p, int n, const job *jobs, const result *results)
{
  put(p, "\n| cases | number | GRASP, default start, right state | converged | on the first rung | levels to 1e-8 | largest difference | iterations | CPU s |\n"
         "|---|---|---|---|---|---|---|---|---|\n");
  put_heavy_line(p, "Z = 57-103, neutral", "HV_", "_I_", n, jobs, results);
  put_heavy_line(p, "Z = 57-103, II", "HV_", "_II_", n, jobs, results);
  put_heavy_line(p, "Z = 57-103, III", "HV_", "_III_", n, jobs, results);
  put_heavy_line(p, "Z = 57-103, IV", "HV_", "_IV_", n, jobs, results);
  put_heavy_line(p, "Z = 3-56", "GC_", "", n, jobs, results);
  put_heavy_line(p, "two to four configurations", "MR_", "", n, jobs, results);
  put_heavy_line(p, "all", "", "", n, jobs, results);
  for (int i = 0, wrong = 0; i < n; i++) {
    const outcome_line *l = &results[i].cold;
    if (!l->done || is_right(l))
      continue;
    if (wrong++ == 0)
      put(p, "\n| not right | outcome | what it says | largest difference of a level |\n|---|---|---|---|\n");
    put(p, "| %s | %s | %s | %.1e |\n", jobs[i].name, afb_outcome_name((afb_outcome)l->outcome), l->reason, l->level_difference);
  }
}

static void heavy_cases_converge(void **state)
{
  (void)state;
  reference_case *cases;
  int n = read_cases("heavy.txt", &cases), good = 0, right = 0, done = 0;
  assert_true(n > 0);
  job *jobs = calloc((size_t)n, sizeof *jobs);
  result *results = calloc((size_t)n, sizeof *results);
  page p = {malloc(TEXT), 0};
  assert_true(jobs && results && p.text);
  for (int i = 0; i < n; i++) {
    jobs[i] = (job){.z = cases[i].z, .charge = cases[i].charge, .n = cases[i].n_configurations, .group = i, .reference = cases + i,
                    .label_cold = strcmp(cases[i].grasp, "converged") == 0, .label_warm = -1, .energy_cold = NAN, .energy_warm = NAN};
    snprintf(jobs[i].name, sizeof jobs[i].name, "%s", cases[i].name);
  }
  run_jobs("robust-heavy", n, jobs, results);
  for (int i = 0; i < n; i++) {
    done += results[i].cold.done;
    good += is_ok(&results[i].cold);
    right += is_right(&results[i].cold);
  }
  put_heavy_table(&p, n, jobs, results);
  fprintf(stderr, "# heavy: %d of %d converge, %d to 1e-8\n", good, done, right);
  publish("robust-heavy", &p);
  free(jobs);
  free(results);
  free(cases);
  check_true(good >= 0.99 * done && right >= 0.99 * done);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(campaign_sets_converge),
  cmocka_unit_test(heavy_cases_converge),
  cmocka_unit_test(random_sets_converge),
};

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  cmocka_set_message_output(CM_OUTPUT_TAP);
  if (argc > 1)
    cmocka_set_test_filter(argv[1]);
  int failures = cmocka_run_group_tests(tests, NULL, NULL);
  MPI_Finalize();
  return failures != 0;
}
