/* Reading of tables of runs: our own columns, and GRASP2018's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "atomic/element.h"
#include "campaign/csv.h"
#include "campaign/graph.h"
#include "campaign/run_table.h"

typedef enum {
  ION, CONFIGURATIONS, PARENT, ADDED, OUTCOME, ITERATIONS, N_CSF, CORE_SECONDS, ENERGY, ROUND, STRATEGY, PROBABILITY,
  SYMBOL, CHARGE, CORE, CONFIGS, CONVERGED, STATUS, REASON, START, DEPTH, VARIANT, NCSF, CPU, LAST_ENERGY, FAILED,
  N_COLUMNS
} column;

static const char *const names[N_COLUMNS] = {
  "ion", "configurations", "parent", "added", "outcome", "iterations", "n_csf", "core_seconds", "energy_hartree",
  "round", "strategy", "predicted_probability",
  "sym", "charge", "core", "configs", "converged", "status", "reason", "start", "warm_depth", "variant", "ncsf",
  "cpu_total", "E_wavg_last", "fail_orb"};
enum { FIRST_GRASP = SYMBOL };

typedef struct {
  afb_csv csv;
  int at[N_COLUMNS];            /* number of the field, -1: no such column */
  int grasp, n_fields;
} reader;

static const char *value(const reader *r, column which)
{
  return r->at[which] < 0 ? "" : r->csv.field[r->at[which]].text;
}

static afb_status wrong(const reader *r, column which, const char *text)
{
  return afb_csv_fail(&r->csv, r->at[which], text);
}

/* The last failure's text with the place of the field before it; memory failures pass unchanged. */
static afb_status located(const reader *r, column which, afb_status status)
{
  return status == AFB_OK || status == AFB_E_MEMORY ? status : wrong(r, which, afb_error_text());
}

static afb_status read_integer(const reader *r, column which, int64_t low, int64_t high, int64_t *out)
{
  const char *text = value(r, which);
  char *end;
  if (*text == '\0')
    return AFB_OK;
  long long number = strtoll(text, &end, 10);
  if (*end != '\0')
    return wrong(r, which, "a whole number is wanted");
  if (number < low || number > high)
    return wrong(r, which, "the number is out of range");
  *out = number;
  return AFB_OK;
}

static afb_status read_real(const reader *r, column which, double *out)
{
  const char *text = value(r, which);
  char *end;
  *out = NAN;
  if (*text == '\0')
    return AFB_OK;
  double number = strtod(text, &end);
  if (*end != '\0' || isinf(number))
    return wrong(r, which, "a number is wanted");
  *out = number;
  return AFB_OK;
}

static afb_status need(const reader *r, const column *wanted, int n)
{
  for (int i = 0; i < n; i++)
    if (r->at[wanted[i]] < 0)
      return AFB_FAIL(AFB_E_INPUT, "%s:1:1: the column \"%s\" is missing (is the first line the names of the columns?)",
                      r->csv.path, names[wanted[i]]);
  return AFB_OK;
}

static afb_status read_header(reader *r, afb_runs_kind kind)
{
  static const column own[] = {ION, CONFIGURATIONS, OUTCOME},
                      grasp[] = {SYMBOL, CHARGE, CORE, CONFIGS, CONVERGED};
  int more, found[N_COLUMNS] = {0}, stranger = -1;
  AFB_TRY(afb_csv_next(&r->csv, &more));
  if (!more)
    return AFB_FAIL(AFB_E_INPUT, "%s:1:1: the file is empty", r->csv.path);
  r->n_fields = r->csv.n_fields;
  for (int c = 0; c < N_COLUMNS; c++)
    r->at[c] = -1;
  for (int i = 0; i < r->n_fields; i++) {
    int c = 0;
    while (c < N_COLUMNS && strcmp(names[c], r->csv.field[i].text) != 0)
      c++;
    if (c == N_COLUMNS) {
      stranger = stranger < 0 ? i : stranger;
      continue;
    }
    if (found[c]++)
      return afb_csv_fail(&r->csv, i, "the column occurs twice");
    r->at[c] = i;
  }
  r->grasp = r->at[SYMBOL] >= 0 && r->at[CONFIGS] >= 0;
  if (r->grasp)
    return need(r, grasp, 5);
  if (kind == AFB_RUNS_WITH_OUTCOME && stranger >= 0)
    return afb_csv_fail(&r->csv, stranger,
                        "unknown column; known are ion, configurations, parent, added, outcome, iterations, n_csf, "
                        "core_seconds, energy_hartree, round, strategy, predicted_probability");
  return need(r, own, kind == AFB_RUNS_SETS_ONLY ? 2 : 3);
}

static afb_status read_outcome(const reader *r, afb_outcome *outcome)
{
  const char *text = value(r, OUTCOME);
  for (int o = 0; o < AFB_N_OUTCOMES; o++)
    if (strcmp(text, afb_outcome_name((afb_outcome)o)) == 0) {
      *outcome = (afb_outcome)o;
      return AFB_OK;
    }
  return wrong(r, OUTCOME, "unknown outcome: converged, converged_at_floor, max_iterations, limit_cycle, root_flip, "
                           "orbital_collapse, diffuse, unbound, empty_orbital, ci_failure, infeasible, resource_limit, "
                           "not_finite, engine_failed");
}

static afb_status read_own(const reader *r, afb_runs_kind kind, afb_run_table *table)
{
  afb_configuration set[AFB_MAX_SET], parent[AFB_MAX_SET], added;
  int n_set = 0, n_parent = 0, with_added = *value(r, ADDED) != '\0';
  int64_t iterations = -1, round = -1;
  afb_run_row row = {.n_csf = -1, .line = r->csv.field[0].line};
  if (kind == AFB_RUNS_WITH_OUTCOME) {
    if (*value(r, OUTCOME) == '\0' || strcmp(value(r, OUTCOME), afb_outcome_name(AFB_OUTCOME_NONE)) == 0) {
      table->n_unlabelled++;
      return AFB_OK;
    }
    AFB_TRY(read_outcome(r, &row.outcome));
  }
  AFB_TRY(located(r, ION, afb_ion_parse(value(r, ION), &row.ion)));
  AFB_TRY(located(r, CONFIGURATIONS, afb_set_parse(row.ion, value(r, CONFIGURATIONS), &n_set, set)));
  if (kind == AFB_RUNS_WITH_OUTCOME && *value(r, PARENT))
    AFB_TRY(located(r, PARENT, afb_set_parse(row.ion, value(r, PARENT), &n_parent, parent)));
  if (with_added)
    AFB_TRY(located(r, ADDED, afb_configuration_parse(value(r, ADDED), &added)));
  AFB_TRY(read_integer(r, ITERATIONS, -1, INT32_MAX, &iterations));
  AFB_TRY(read_integer(r, ROUND, -1, INT32_MAX, &round));
  AFB_TRY(read_integer(r, N_CSF, -1, INT64_MAX, &row.n_csf));
  AFB_TRY(read_real(r, CORE_SECONDS, &row.core_seconds));
  AFB_TRY(read_real(r, ENERGY, &row.energy));
  AFB_TRY(read_real(r, PROBABILITY, &row.probability));
  if (row.probability < 0 || row.probability > 1)
    return wrong(r, PROBABILITY, "a probability lies between 0 and 1");
  if (strlen(value(r, STRATEGY)) >= AFB_STRATEGY_LENGTH)
    return wrong(r, STRATEGY, "the name is too long");
  strcpy(row.strategy, value(r, STRATEGY));
  row.iterations = (int)iterations;
  row.round = (int)round;
  afb_status status = afb_run_table_add(table, &row, n_set, set, n_parent, parent, with_added ? &added : NULL);
  return located(r, with_added ? ADDED : CONFIGURATIONS, status);
}

/* One configuration "3d(2,i)4s(2,i)" of `length` characters behind a closed core. */
static afb_status parse_grasp(const char *core, const char *text, size_t length, afb_configuration *out)
{
  char ours[AFB_CONFIGURATION_LENGTH];
  size_t used = strlen(core);
  memcpy(ours, core, used);
  for (size_t i = 0; i < length && used + 2 < sizeof ours; i++) {
    if (text[i] == '(') {
      /* Behind the number of electrons stands which of them may be excited. */
      for (i++; i < length && text[i] != ',' && text[i] != ')' && used + 2 < sizeof ours; i++)
        ours[used++] = text[i];
      while (i < length && text[i] != ')')
        i++;
      ours[used++] = ' ';
    } else {
      ours[used++] = text[i];
    }
  }
  ours[used] = '\0';
  return afb_configuration_parse(ours, out);
}

static afb_status read_grasp_set(const reader *r, int *n, afb_configuration *set)
{
  static const char *const cores[] = {"", "[He] ", "[Ne] ", "[Ar] ", "[Kr] ", "[Xe] ", "[Rn] "};
  int64_t core = 0;
  AFB_TRY(read_integer(r, CORE, 0, 6, &core));
  *n = 0;
  for (const char *at = value(r, CONFIGS);; at++) {
    size_t length = strcspn(at, ";");
    if (*n == AFB_MAX_SET)
      return wrong(r, CONFIGS, "too many configurations");
    AFB_TRY(located(r, CONFIGS, parse_grasp(cores[core], at, length, &set[*n])));
    (*n)++;
    at += length;
    if (*at == '\0')
      return AFB_OK;
  }
}

static afb_status grasp_outcome(const reader *r, afb_outcome *outcome)
{
  static const struct { const char *text; afb_outcome outcome; } reasons[] = {
    {"maxiter", AFB_OUTCOME_MAX_ITERATIONS}, {"orbital_fail", AFB_OUTCOME_ORBITAL_COLLAPSE},
    {"timeout", AFB_OUTCOME_RESOURCE_LIMIT}};
  column which = r->at[STATUS] >= 0 ? STATUS : REASON;
  if (strcmp(value(r, CONVERGED), "1") == 0) {
    *outcome = AFB_OUTCOME_CONVERGED;
    return AFB_OK;
  }
  if (strcmp(value(r, CONVERGED), "0") != 0)
    return wrong(r, CONVERGED, "1, 0 or nothing is wanted");
  if (r->at[which] < 0)
    return AFB_FAIL(AFB_E_INPUT, "%s:1:1: a column \"status\" or \"reason\" must say why runs failed", r->csv.path);
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    if (strcmp(value(r, which), reasons[i].text) == 0) {
      *outcome = reasons[i].outcome;
      return AFB_OK;
    }
  return wrong(r, which, "unknown reason of a failure: maxiter, orbital_fail, timeout");
}

/* How many of the set's configurations, from the first, make the set whose orbitals started the run; -1: other
 * settings. */
static afb_status grasp_start(const reader *r, int n_set, int *n_parent)
{
  int64_t depth = 1;
  int warm = 0;
  *n_parent = 0;
  if (r->at[START] >= 0) {
    warm = strcmp(value(r, START), "warm") == 0;
    if (!warm && strcmp(value(r, START), "cold") != 0)
      return wrong(r, START, "cold or warm is wanted");
    AFB_TRY(read_integer(r, DEPTH, 1, AFB_MAX_SET, &depth));
  } else if (r->at[VARIANT] >= 0) {
    warm = strcmp(value(r, VARIANT), "D") == 0;
    if (!warm && strcmp(value(r, VARIANT), "A") != 0)
      *n_parent = -1;
  }
  if (warm)
    *n_parent = depth < n_set ? n_set - (int)depth : 0;
  return AFB_OK;
}

static afb_status read_grasp(const reader *r, afb_run_table *table)
{
  afb_configuration set[AFB_MAX_SET];
  int n_set = 0, n_parent = 0, z = 0;
  int64_t charge = -1, iterations = -1;
  afb_run_row row = {.n_csf = -1, .round = -1, .probability = NAN, .line = r->csv.field[0].line};
  AFB_TRY(located(r, SYMBOL, afb_element_find(value(r, SYMBOL), &z)));
  AFB_TRY(read_integer(r, CHARGE, 0, z - 1, &charge));
  if (charge < 0)
    return wrong(r, CHARGE, "the charge is missing");
  row.ion = (afb_ion){z, (int)charge};
  AFB_TRY(read_grasp_set(r, &n_set, set));
  AFB_TRY(grasp_start(r, n_set, &n_parent));
  if (*value(r, CONVERGED) == '\0') {
    table->n_unlabelled++;
    return AFB_OK;
  }
  if (n_parent < 0) {
    table->n_other_settings++;
    return AFB_OK;
  }
  AFB_TRY(grasp_outcome(r, &row.outcome));
  if (strlen(value(r, FAILED)) < sizeof row.failed)
    strcpy(row.failed, value(r, FAILED));
  AFB_TRY(read_integer(r, ITERATIONS, 0, INT32_MAX, &iterations));
  AFB_TRY(read_integer(r, NCSF, 0, INT64_MAX, &row.n_csf));
  AFB_TRY(read_real(r, CPU, &row.core_seconds));
  AFB_TRY(read_real(r, LAST_ENERGY, &row.energy));
  row.iterations = (int)iterations;
  return located(r, CONFIGS,
                 afb_run_table_add(table, &row, n_set, set, n_parent, set, n_set > 1 ? &set[n_set - 1] : NULL));
}

static afb_status read_rows(reader *r, afb_runs_kind kind, afb_run_table *table)
{
  int more = 1;
  AFB_TRY(read_header(r, kind));
  for (;;) {
    AFB_TRY(afb_csv_next(&r->csv, &more));
    if (!more)
      return AFB_OK;
    if (r->csv.n_fields != r->n_fields)
      return AFB_FAIL(AFB_E_INPUT, "%s:%d:1: %d fields where the first line names %d columns", r->csv.path,
                      r->csv.field[0].line, r->csv.n_fields, r->n_fields);
    AFB_TRY(r->grasp ? read_grasp(r, table) : read_own(r, kind, table));
  }
}

afb_status afb_run_table_read(const char *path, afb_runs_kind kind, afb_run_table *table)
{
  reader r = {.n_fields = 0};
  *table = (afb_run_table){.n_rows = 0};
  afb_status status = afb_csv_open(path, &r.csv);
  if (status == AFB_OK)
    status = read_rows(&r, kind, table);
  afb_csv_clear(&r.csv);
  return status == AFB_OK ? AFB_OK : afb_trail_at(status, __func__, __FILE__, __LINE__);
}
