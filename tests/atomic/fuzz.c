/* Random calculations over Z = 3 ... 103, sound ones and others: whatever is asked ends as an outcome or a refusal within its limits,
 * holds what every result holds (invariants.h), and is read back from a result file as it was written, without NaN but where there is
 * no number. Set number i is made from i alone, so that AUFBAU_FIRST=i AUFBAU_SETS=1 repeats it; AUFBAU_SETS: how many.
 * Sets are shared out over the ranks; each is calculated on one. */
#include "tests/check.h"

#include <string.h>

#include "atomic/element.h"
#include "atomic/ion.h"
#include "campaign/record.h"
#include "campaign/rows.h"
#include "core/clock.h"
#include "core/random.h"
#include "tests/atomic/invariants.h"

#ifndef SETS
#define SETS 60
#endif
enum { SEED = 4, CONFIGURATIONS = 6, CHUNK = 100 };
/* CPU seconds beyond its time limit after which a calculation counts as hanging, whatever the machine and the build. */
#define SLACK 30.0

typedef struct {
  uint64_t set, index;
  char name[64];
  afb_mcdhf_request request;
  afb_configuration configuration[CONFIGURATIONS];
  afb_csf_list csfs;           /* given in place of all, n_csf = 0: none */
  afb_orbitals start;          /* n_orbitals = 0: none */
  int polls;                   /* after which the caller says stop; 0: never */
} job;

static int below(job *j, int n) { return (int)afb_random_below((uint64_t)n, SEED, j->set, j->index++); }
/* True in `percent` of the calls. */
static int chance(job *j, int percent) { return below(j, 100) < percent; }
static double one_of(job *j, int n, const double *value) { return value[below(j, n)]; }

/* Electrons in the order in which neutral atoms fill, where no table has the ion. */
static void fill(int electrons, afb_configuration *out)
{
  *out = (afb_configuration){0};
  for (int sum = 1; electrons > 0; sum++)
    for (int l = (sum - 1) / 2; l >= 0 && electrons > 0; l--) {
      int q = electrons < 4 * l + 2 ? electrons : 4 * l + 2;
      assert_int_equal(afb_configuration_add(out, sum - l, l, q), AFB_OK);
      electrons -= q;
    }
}

static void draw_ion(job *j)
{
  afb_mcdhf_request *q = &j->request;
  q->z = 3 + below(j, chance(j, 50) ? 30 : 101);
  q->charge = below(j, 4);
  if (chance(j, 12))
    q->charge = below(j, q->z);
  else if (chance(j, 5))
    q->charge = -1 - below(j, 2);
  if (q->charge >= q->z)
    q->charge = q->z - 1;
  if (q->charge < 0 || afb_ground_configuration(q->z, q->charge, j->configuration) != AFB_OK)
    fill(q->z - q->charge, j->configuration);
}

/* Moves an electron from a shell, mostly an outer one, into another, mostly a near one. */
static void move_electron(job *j, afb_configuration *c)
{
  int from = chance(j, 75) ? c->n_shells - 1 - below(j, c->n_shells < 3 ? c->n_shells : 3) : below(j, c->n_shells);
  int highest = c->shell[c->n_shells - 1].n, n_from = c->shell[from].n, l_from = c->shell[from].l;
  int n = chance(j, 5) ? 1 + below(j, AFB_MAX_N) : 1 + highest - below(j, 3) + below(j, 2);
  n = n < 1 ? 1 : n > AFB_MAX_N ? AFB_MAX_N : n;
  int most = chance(j, 5) ? AFB_MAX_L : 3, l = below(j, (n - 1 < most ? n - 1 : most) + 1);
  int count = chance(j, 4) ? 1 + below(j, 4 * l_from + 2) : 1;
  for (int i = 0; i < count; i++)
    if (afb_configuration_add(c, n_from, l_from, -1) != AFB_OK)
      return;
    else if (afb_configuration_add(c, n, l, 1) != AFB_OK) {
      assert_int_equal(afb_configuration_add(c, n_from, l_from, 1), AFB_OK);
      return;
    }
}

static void draw_configurations(job *j)
{
  afb_mcdhf_request *q = &j->request;
  q->n_configurations = 1 + below(j, CONFIGURATIONS);
  q->configuration = j->configuration;
  for (int i = chance(j, 80); i < q->n_configurations; i++) {
    j->configuration[i] = j->configuration[i > 0 ? below(j, i) : 0];
    int duplicate = chance(j, 1);
    for (int move = 1 + below(j, 2) + chance(j, 10); move > 0 && !duplicate; move--)
      move_electron(j, j->configuration + i);
    for (int k = 0; k < i && !duplicate; k++)       /* few sets are refused for what they repeat */
      if (afb_configuration_compare(j->configuration + k, j->configuration + i) == 0) {
        q->n_configurations = i;
        break;
      }
  }
}

static void draw_options(job *j)
{
  static const double light[] = {1e5, 1e3, 1e7, 150, 60, -1}, given[] = {5.5, 0.5, 0.01, 19, -1, 1e300};
  static const double seconds[] = {0.5, 0.5, 0.5, 1, 0.3, 0.1}, csf[] = {100, 200, 200, 400, 800, 1500};
  afb_mcdhf_request *q = &j->request;
  q->optimise = chance(j, 80) ? AFB_OPTIMISE_LEVELS : chance(j, 50) ? AFB_OPTIMISE_ALL : AFB_OPTIMISE_AVERAGE;
  q->n_levels = chance(j, 90) ? 1 + below(j, 5) : 1000 * below(j, 2);
  q->two_j_max = -1;
  if (chance(j, 20)) {
    q->two_j_min = below(j, 6);
    q->two_j_max = q->two_j_min + below(j, 8) - 1;
  }
  q->n_vary = chance(j, 75) ? -1 : below(j, 4);
  for (int i = 0; i < q->n_vary; i++) {
    const afb_configuration *c = j->configuration + below(j, q->n_configurations);
    q->vary[i] = c->shell[c->n_shells - 1 - below(j, c->n_shells)];
    q->vary[i].n += chance(j, 5);
  }
  q->nucleus = chance(j, 60) ? AFB_NUCLEUS_FERMI : AFB_NUCLEUS_POINT;
  if (chance(j, 4)) {
    q->nucleus = AFB_NUCLEUS_GIVEN;
    q->nucleus_c_fm = one_of(j, 6, given);
    q->nucleus_a_fm = one_of(j, 6, given);
  }
  q->mass_number = chance(j, 98) ? 0 : q->z + below(j, 4 * q->z);
  q->speed_of_light = chance(j, 90) ? 0 : one_of(j, 6, light);
  q->max_iterations = chance(j, 85) ? 0 : below(j, 60);
  q->max_seconds = chance(j, 97) ? one_of(j, 6, seconds) : 1e-4;
  q->max_csf = (int64_t)one_of(j, 6, csf);
  q->max_rung = chance(j, 85) ? 0 : below(j, AFB_N_RUNGS);
  q->keep_mixing = chance(j, 50);
  j->polls = chance(j, 95) ? 0 : 1 + below(j, 30);
}

/* Fewer configurations, simpler ones, or few J, so that most sets are within their limit of CSFs. */
static void shrink(job *j)
{
  afb_mcdhf_request *q = &j->request;
  int64_t n = 0;
  for (int turn = 0; turn < 50 && afb_csf_count(q->n_configurations, j->configuration, q->two_j_min, q->two_j_max, &n) == AFB_OK && n > q->max_csf;
       turn++) {
    if (q->n_configurations > 1) {
      q->n_configurations--;
    } else if (turn % 5 == 4 && q->two_j_max < 0) {
      q->two_j_min = q->two_j_max = afb_configuration_electrons(j->configuration) % 2;
    } else {                     /* two open shells become one */
      afb_configuration *c = j->configuration;
      int a = below(j, c->n_shells), b = below(j, c->n_shells), moved = a != b;
      afb_shell from = c->shell[a], to = c->shell[b];
      while (moved && afb_configuration_occupation(c, to.n, to.l) < 4 * to.l + 2 && afb_configuration_add(c, from.n, from.l, -1) == AFB_OK)
        assert_int_equal(afb_configuration_add(c, to.n, to.l, 1), AFB_OK);
    }
  }
}

/* Orbitals of a smaller set, of the average, of another ion, or none that anybody could have meant. */
static void draw_start(job *j)
{
  static const double factor[] = {0, 1e200, 1e-200, -1, NAN, INFINITY};
  afb_mcdhf_request q = j->request;
  afb_mcdhf_result r;
  q.n_configurations = 1 + below(j, q.n_configurations);
  q.optimise = chance(j, 30) ? AFB_OPTIMISE_AVERAGE : q.optimise;
  if (chance(j, 15) && q.charge > 0 && q.charge < q.z - 1) {
    q.z--;
    q.charge--;
  }
  q.n_vary = chance(j, 90) ? -1 : q.n_vary;
  q.max_iterations = chance(j, 30) ? 1 + below(j, 20) : 0;
  if (afb_mcdhf_run(MPI_COMM_SELF, &q, &r) == AFB_OK && r.orbitals.n_orbitals > 0)
    assert_int_equal(afb_orbitals_copy(&r.orbitals, &j->start), AFB_OK);
  afb_mcdhf_result_clear(&r);
  int stride = j->start.n_p + j->start.n_q;
  for (int a = 0; a < j->start.n_orbitals && chance(j, 7); a++) {
    double by = one_of(j, 6, factor);
    for (int i = 0; i < stride; i++)
      j->start.coefficient[a * stride + i] *= by;
  }
  j->request.start = j->start.n_orbitals > 0 ? &j->start : NULL;
}

/* What is wrong with the request as a whole. */
static void spoil(job *j)
{
  afb_mcdhf_request *q = &j->request;
  switch (below(j, 5)) {
  case 0: q->charge++; break;
  case 1: q->n_configurations = 0; break;
  case 2: q->z = AFB_N_ELEMENTS + 1; q->charge = q->z - afb_configuration_electrons(j->configuration); break;
  case 3: q->two_j_min = 40; q->two_j_max = 42; break;
  default: j->configuration[q->n_configurations - 1] = j->configuration[0]; break;
  }
}

static void make_job(uint64_t set, job *j)
{
  char text[AFB_CONFIGURATION_LENGTH], ion[AFB_ION_LENGTH];
  memset(j, 0, sizeof *j);
  j->set = set;
  draw_ion(j);
  draw_configurations(j);
  draw_options(j);
  if (chance(j, 90))
    shrink(j);
  if (chance(j, 5) && afb_mcdhf_csfs(&j->request, &j->csfs) == AFB_OK)
    j->request.csfs = &j->csfs;
  snprintf(j->name, sizeof j->name, "set %d", (int)set);
  const afb_mcdhf_request *q = &j->request;
  fprintf(stderr, "# %s: %s,", j->name, afb_ion_format((afb_ion){q->z, q->charge}, ion));
  for (int i = 0; i < q->n_configurations; i++)
    fprintf(stderr, " %s;", afb_configuration_format(j->configuration + i, 1, text, sizeof text));
  fprintf(stderr, " 2J %d..%d, optimise %d %d, vary %d, nucleus %d, c %g, limits %d iterations %g s %d CSFs, rung %d\n", q->two_j_min,
          q->two_j_max, (int)q->optimise, q->n_levels, q->n_vary, (int)q->nucleus, q->speed_of_light, q->max_iterations, q->max_seconds,
          (int)q->max_csf, q->max_rung);
  if (chance(j, 30))
    draw_start(j);
  if (chance(j, 4))
    spoil(j);
}

static void clear_job(job *j)
{
  afb_csf_list_clear(&j->csfs);
  afb_orbitals_clear(&j->start);
}

static int stop_after(void *context) { return --*(int *)context < 0; }

/* ---- the result file ---- */

typedef struct {
  afb_outcome outcome;
  double energy;
  int n_levels, n_orbitals, n_trace;
} kept;

static afb_status open_store(const char *path, afb_store_mode mode, afb_store **store)
{
  afb_store_writer writer = {.input = "fuzz", .identity = ""};
  afb_record_legend(&writer.legend);
  return afb_store_open(MPI_COMM_SELF, path, mode, mode == AFB_STORE_READ ? NULL : &writer, store);
}

static afb_status add_to_store(afb_store *store, const job *j, const afb_mcdhf_result *r)
{
  char text[AFB_CONFIGURATION_LENGTH], ion[AFB_ION_LENGTH];
  int64_t configuration;
  afb_store_run row = {.parent = -1, .added = -1, .round = -1, .ranks = 1, .content_hash = j->set};
  const afb_configuration *first = j->configuration;
  AFB_TRY(afb_store_intern_ion(store, j->request.z, j->request.charge, afb_ion_format((afb_ion){j->request.z, j->request.charge}, ion), &row.ion));
  AFB_TRY(afb_store_intern_configuration(store, afb_configuration_format(first, 1, text, sizeof text), &configuration));
  AFB_TRY(afb_store_intern_set(store, row.ion, 1, &configuration, &row.set));
  AFB_TRY(afb_rows_add_result(store, &row, r, NULL));
  return afb_store_commit(store);
}

/* Numbers of rows of a table that are not finite, but for those of the columns named in `but` (NULL: none), and mixing coefficients beyond
 * n_leading. */
static int count_holes(afb_store *store, afb_table table, int64_t first, int64_t n, const char *but)
{
  const afb_table_schema *schema = afb_store_schema(table);
  char *rows = malloc((size_t)n * schema->row_size + 1);
  int holes = 0;
  if (afb_store_read(store, table, first, n, schema->row_size, rows) != AFB_OK) {
    fprintf(stderr, "# %s\n", afb_error_text());
    holes = 1;
  }
  for (int64_t i = 0; i < n && holes == 0; i++)
    for (int c = 0; c < schema->n_columns; c++) {
      const afb_column *column = schema->column + c;
      const char *row = rows + (size_t)i * schema->row_size;
      int length = table == AFB_TABLE_LEVELS && column->length > 1 ? ((const afb_store_level *)(const void *)row)->n_leading : column->length;
      for (int k = 0; k < length && column->type == AFB_F64 && !(but && strstr(but, column->name)); k++) {
        double value;
        memcpy(&value, row + column->offset + (size_t)k * sizeof value, sizeof value);
        if (!isfinite(value)) {
          fprintf(stderr, "# row %d of %s: %s is %g\n", (int)(first + i), schema->name, column->name, value);
          holes++;
        }
      }
    }
  free(rows);
  return holes;
}

/* Number of runs that are not in the file as they were kept. NaN is for numbers that there are not: energy and gradient of a run without
 * a state, the energy of an orbital without electrons, LS weights of a level without a label. */
static int check_store(afb_store *store, int n, const kept *all)
{
  int wrong = afb_store_count(store, AFB_TABLE_RUNS) != n;
  for (int i = 0; i < n && !wrong; i++) {
    afb_store_run run;
    if (afb_store_read(store, AFB_TABLE_RUNS, i, 1, sizeof run, &run) != AFB_OK)
      return 1;
    int ok = afb_outcome_ok(all[i].outcome), same = memcmp(&run.energy, &all[i].energy, sizeof run.energy) == 0;
    int bad = run.outcome != (int)all[i].outcome || !same || run.n_levels != all[i].n_levels || run.n_orbitals != all[i].n_orbitals ||
              run.n_traces != all[i].n_trace || ok != (run.reason[0] == '\0');
    bad += count_holes(store, AFB_TABLE_RUNS, i, 1, ok ? NULL : "energy gradient");
    bad += count_holes(store, AFB_TABLE_LEVELS, run.first_level, run.n_levels, "label_weight second_weight");
    bad += count_holes(store, AFB_TABLE_TRACES, run.first_trace, run.n_traces, NULL);
    bad += count_holes(store, AFB_TABLE_BREAKPOINTS, run.first_breakpoint, run.n_breakpoints, NULL);
    bad += count_holes(store, AFB_TABLE_COEFFICIENTS, run.first_coefficient, (int64_t)run.n_orbitals * (run.n_p + run.n_q), NULL);
    for (int a = 0; a < run.n_orbitals; a++) {
      afb_store_orbital orbital;
      if (afb_store_read(store, AFB_TABLE_ORBITALS, run.first_orbital + a, 1, sizeof orbital, &orbital) == AFB_OK)
        bad += count_holes(store, AFB_TABLE_ORBITALS, run.first_orbital + a, 1, orbital.occupation == 0 ? "energy" : NULL);
    }
    if (bad)
      fprintf(stderr, "# set %d: not in the file as it was (%s)\n", (int)run.content_hash, afb_outcome_name((afb_outcome)run.outcome));
    wrong += bad > 0;
  }
  return wrong;
}

/* ---- sets ---- */

typedef struct {
  long outcome[AFB_N_OUTCOMES], refused;
  int broken;
  double most_over;            /* CPU seconds beyond the limit */
  uint64_t most_over_set;
} tally;

/* Calculates the set; *made is 0 when it was refused. */
static afb_status calculate(job *j, tally *t, afb_mcdhf_result *r)
{
  int polls = j->polls;
  if (polls > 0) {
    j->request.poll = stop_after;
    j->request.poll_context = &polls;
  }
  double begin = afb_cpu_seconds();
  afb_status status = afb_mcdhf_run(MPI_COMM_SELF, &j->request, r);
  double over = afb_cpu_seconds() - begin - j->request.max_seconds;
  int broken = count_broken_rules(j->name, &j->request, status, r);
  if (over > t->most_over) {
    t->most_over = over;
    t->most_over_set = j->set;
  }
  if (over > SLACK || r->cpu_seconds > j->request.max_seconds + SLACK || (j->polls > 0 && r->iterations > j->polls)) {
    fprintf(stderr, "# %s: %.1f CPU s beyond its limit, %d iterations, %d polls allowed\n", j->name, over, r->iterations, j->polls);
    broken++;
  }
  if (status != AFB_OK)
    t->refused++;
  else
    t->outcome[r->outcome]++;
  fprintf(stderr, "# %s: %s, %s, %d iterations, %.3f s; %s\n", j->name, status == AFB_OK ? afb_outcome_name(r->outcome) : "refused",
          afb_rung_name((afb_rung)r->rung), r->iterations, over + j->request.max_seconds, status == AFB_OK ? r->reason : afb_error_text());
  t->broken += broken > 0;
  return status;
}

/* Sets first ... last - 1 of this rank, by way of one result file. */
static void run_sets(int first, int last, int rank, int ranks, tally *t)
{
  char path[64], journal[80];
  kept all[CHUNK];
  int n = 0;
  afb_store *store = NULL;
  afb_status status;
  snprintf(path, sizeof path, "fuzz-%d.h5", rank);
  snprintf(journal, sizeof journal, "%s.journal", path);
  remove(path);
  remove(journal);
  status = open_store(path, AFB_STORE_CREATE, &store);
  for (int set = first; set < last && status == AFB_OK; set++) {
    job j;
    afb_mcdhf_result r;
    if (set % ranks != rank)
      continue;
    make_job((uint64_t)set, &j);
    if (calculate(&j, t, &r) == AFB_OK) {
      all[n++] = (kept){r.outcome, r.energy, r.n_levels, r.orbitals.n_orbitals, r.n_trace};
      status = add_to_store(store, &j, &r);
    }
    afb_mcdhf_result_clear(&r);
    clear_job(&j);
  }
  if (store && afb_store_close(&store) != AFB_OK)
    status = AFB_E_IO;
  if (status == AFB_OK)
    status = open_store(path, AFB_STORE_READ, &store);
  if (status == AFB_OK)
    t->broken += check_store(store, n, all);
  if (store)
    afb_store_close(&store);
  if (status != AFB_OK)
    fprintf(stderr, "# %s [%s]\n", afb_error_text(), afb_error_trail());
  t->broken += status != AFB_OK;
  remove(path);
}

static int from_environment(const char *name, int otherwise) { return getenv(name) ? atoi(getenv(name)) : otherwise; }

static void random_sets_end_as_they_should(void **state)
{
  (void)state;
  tally t = {0};
  int rank, ranks, first = from_environment("AUFBAU_FIRST", 0), last = first + from_environment("AUFBAU_SETS", SETS);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  for (int set = first; set < last; set += CHUNK)
    run_sets(set, set + CHUNK < last ? set + CHUNK : last, rank, ranks, &t);
  fprintf(stderr, "# rank %d: most beyond a limit %.2f CPU s (set %d)\n", rank, t.most_over, (int)t.most_over_set);
  MPI_Allreduce(MPI_IN_PLACE, t.outcome, AFB_N_OUTCOMES, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, &t.refused, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
  for (int o = 1; o < AFB_N_OUTCOMES && rank == 0; o++)
    fprintf(stderr, "# %5ld %s\n", t.outcome[o], afb_outcome_name((afb_outcome)o));
  if (rank == 0)
    fprintf(stderr, "# %5ld refused\n", t.refused);
  check_true(t.broken == 0);
  /* the sets are such that much converges and much does not */
  check_true(last - first < SETS || (t.outcome[AFB_OUTCOME_CONVERGED] * 5 > last - first && t.refused > 0));
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(random_sets_end_as_they_should)};
CHECK_MAIN(tests)
