/* Rows whose every field follows from their number, so that whatever is read back can be checked. */
#ifndef AFB_TESTS_STORE_SAMPLE_H
#define AFB_TESTS_STORE_SAMPLE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/random.h"
#include "store/store.h"

static const afb_store_writer sample_writer = {
  .input = "campaign:\n  seed: 1\n  budget: {runs: 10}\n",
  .identity = "campaign:\n  seed: 1\n",
  .revision = "test",
  .libraries = "none",
  .legend = {.outcome = "0 none, 1 converged", .rung = "0 none, 1 diis", .strategy = "0 random", .engine = "0 mcdhf"},
};

/* Hash of a file: whether it was left alone. */
static inline uint64_t sample_hash(const char *path)
{
  uint64_t hash = AFB_HASH_START;
  FILE *file = fopen(path, "rb");
  for (int c; file && (c = fgetc(file)) != EOF;) {
    unsigned char byte = (unsigned char)c;
    hash = afb_hash(hash, &byte, 1);
  }
  if (file)
    fclose(file);
  return hash;
}

static inline double sample_value(int64_t i, int64_t j) { return afb_random_uniform(7, (uint64_t)i, (uint64_t)j) - 0.5; }

/* Sizes of what belongs to run i; some runs have nothing. */
static inline int sample_levels(int64_t i) { return (int)(i % 4); }
static inline int sample_traces(int64_t i) { return (int)(i * 7 % 13); }
static inline int sample_orbitals(int64_t i) { return i % 5 == 3 ? 0 : 1 + (int)(i % 6); }
enum { SAMPLE_BREAKPOINTS = 20, SAMPLE_P = 26, SAMPLE_Q = 27 };

static inline afb_store_run sample_run(int64_t i)
{
  afb_store_run run = {.parent = i - 1, .outcome = (int32_t)(i % 13), .rung = (int32_t)(i % 4),
                       .iterations = (int32_t)(i * 3), .strategy = (int32_t)(i % 3), .round = (int32_t)(i / 32 - 1),
                       .ranks = 1 + (int32_t)(i % 2), .first_rank = (int32_t)(i % 5), .n_csf = i * i, .energy = -100 + sample_value(i, 0),
                       .gradient = i % 3 ? sample_value(i, 1) : NAN, .core_seconds = sample_value(i, 2),
                       .cpu_seconds = sample_value(i, 3), .start = sample_value(i, 4), .finish = sample_value(i, 5),
                       .probability = NAN, .probability_cheapest = sample_value(i, 6),
                       .predicted_cost = sample_value(i, 7), .estimated_cost = sample_value(i, 8), .predicted_bytes = sample_value(i, 9),
                       .peak_bytes = i % 4 ? sample_value(i, 20) : NAN, .content_hash = afb_random_u64(3, 0, (uint64_t)i)};
  snprintf(run.reason, sizeof run.reason, "run %lld: the orbital 4d\xe2\x82\x8b has 2 nodes in place of 1", (long long)i);
  return run;
}

static inline afb_store_level sample_level(int64_t i, int j)
{
  afb_store_level level = {.run = i, .two_j = j + 1, .parity = j % 2 ? -1 : 1, .index = j + 1, .n_leading = 2,
                           .energy = sample_value(i, 10 + j), .weight = 0.25,
                           .leading_csf = {j, j + 1, -1, -1}, .leading_mixing = {0.9, sample_value(i, 20 + j), NAN, NAN}};
  snprintf(level.leading, sizeof level.leading, "4d-(%d) 5s(2) J=%d/2", j, j + 1);
  snprintf(level.label, sizeof level.label, "4d%d(3F).5s 4F", j + 2);
  level.label_weight = sample_value(i, 25 + j);
  level.second_weight = NAN;
  return level;
}

static inline afb_store_trace sample_trace(int64_t i, int j)
{
  return (afb_store_trace){i, 1, j + 1, sample_value(i, 30 + j), sample_value(i, 50 + j), sample_value(i, 70 + j), j, j % 4 == 3};
}

static inline afb_store_orbital sample_orbital(int64_t i, int j)
{
  afb_store_orbital orbital = {.run = i, .n = j + 1, .kappa = -1, .energy = -j - 1, .occupation = 2,
                               .r_mean = sample_value(i, 90 + j)};
  snprintf(orbital.label, sizeof orbital.label, "%ds", (j + 1) % 100);
  return orbital;
}

static inline int sample_set(int64_t i, int64_t *members, char text[][AFB_STORE_CONFIGURATION])
{
  int count = 1 + (int)(i % 3);
  for (int j = 0; j < count; j++) {
    snprintf(text[j], AFB_STORE_CONFIGURATION, "1s2 2s%d 2p%lld", j, (long long)(i / 2));
    members[j] = -1;
  }
  return count;
}

/* Adds run number i (which must be the next one) with its set, to the batch. */
static inline afb_status sample_add(afb_store *store, int64_t i)
{
  enum { MOST = 16 };
  afb_store_level level[MOST];
  afb_store_trace trace[MOST];
  afb_store_orbital orbital[MOST];
  double breakpoint[SAMPLE_BREAKPOINTS], coefficient[MOST * (SAMPLE_P + SAMPLE_Q)];
  int64_t member[3], id;
  char text[3][AFB_STORE_CONFIGURATION];
  afb_store_run run = sample_run(i);
  afb_store_run_data data = {sample_levels(i), sample_traces(i), sample_orbitals(i), 0, 0, 0, level, trace, orbital,
                             breakpoint, coefficient};
  for (int j = 0; j < data.n_levels; j++)
    level[j] = sample_level(i, j);
  for (int j = 0; j < data.n_traces; j++)
    trace[j] = sample_trace(i, j);
  for (int j = 0; j < data.n_orbitals; j++)
    orbital[j] = sample_orbital(i, j);
  if (data.n_orbitals > 0) {
    data.n_breakpoints = SAMPLE_BREAKPOINTS;
    data.n_p = SAMPLE_P;
    data.n_q = SAMPLE_Q;
    for (int j = 0; j < SAMPLE_BREAKPOINTS; j++)
      breakpoint[j] = sample_value(i, 1000 + j);
    for (int j = 0; j < data.n_orbitals * (SAMPLE_P + SAMPLE_Q); j++)
      coefficient[j] = sample_value(i, 2000 + j);
  }
  AFB_TRY(afb_store_intern_ion(store, 5 + (int)(i % 4), 0, "B I", &run.ion));
  int count = sample_set(i, member, text);
  for (int j = 0; j < count; j++)
    AFB_TRY(afb_store_intern_configuration(store, text[j], &member[j]));
  AFB_TRY(afb_store_intern_set(store, run.ion, count, member, &run.set));
  run.added = member[0];
  AFB_TRY(afb_store_add_run(store, &run, &data, &id));
  return id == i ? AFB_OK : AFB_FAIL(AFB_E_INTERNAL, "run %lld was given number %lld", (long long)i, (long long)id);
}

static inline int sample_same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

static inline afb_status sample_check_run(const afb_store_run *run, int64_t i)
{
  afb_store_run expected = sample_run(i);
  if (run->parent != expected.parent || run->outcome != expected.outcome || run->rung != expected.rung
      || run->iterations != expected.iterations || run->strategy != expected.strategy || run->round != expected.round
      || run->ranks != expected.ranks || run->n_csf != expected.n_csf || run->content_hash != expected.content_hash
      || !sample_same(run->energy, expected.energy) || !sample_same(run->gradient, expected.gradient)
      || run->core_seconds != expected.core_seconds || run->cpu_seconds != expected.cpu_seconds
      || run->start != expected.start || run->finish != expected.finish || !isnan(run->probability)
      || run->probability_cheapest != expected.probability_cheapest || run->predicted_cost != expected.predicted_cost
      || strcmp(run->reason, expected.reason) != 0 || run->n_levels != sample_levels(i)
      || run->n_traces != sample_traces(i) || run->n_orbitals != sample_orbitals(i) || run->first_rank != expected.first_rank)
    return AFB_FAIL(AFB_E_FOREIGN, "run %lld is not what was stored", (long long)i);
  return AFB_OK;
}

static inline afb_status sample_check_set(afb_store *store, const afb_store_run *run, int64_t i)
{
  afb_store_ion ion;
  afb_store_set set;
  afb_store_configuration configuration;
  int64_t member[3], wanted[3], found;
  char text[3][AFB_STORE_CONFIGURATION];
  int count = sample_set(i, wanted, text);
  AFB_TRY(afb_store_read(store, AFB_TABLE_IONS, run->ion, 1, sizeof ion, &ion));
  AFB_TRY(afb_store_read(store, AFB_TABLE_SETS, run->set, 1, sizeof set, &set));
  if (ion.z != 5 + i % 4 || set.ion != run->ion || set.count != count)
    return AFB_FAIL(AFB_E_FOREIGN, "the set of run %lld is not what was stored", (long long)i);
  AFB_TRY(afb_store_read(store, AFB_TABLE_SET_MEMBERS, set.first, count, sizeof member[0], member));
  for (int j = 0; j < count; j++) {
    AFB_TRY(afb_store_find_configuration(store, text[j], &wanted[j]));
    int known = 0;
    for (int k = 0; k < count; k++)
      known += member[k] == wanted[j];
    if (known != 1 || (j > 0 && member[j] <= member[j - 1]))
      return AFB_FAIL(AFB_E_FOREIGN, "the members of the set of run %lld", (long long)i);
    AFB_TRY(afb_store_read(store, AFB_TABLE_CONFIGURATIONS, wanted[j], 1, sizeof configuration, &configuration));
    if (strcmp(configuration.text, text[j]) != 0)
      return AFB_FAIL(AFB_E_FOREIGN, "a configuration of run %lld", (long long)i);
  }
  AFB_TRY(afb_store_find_set(store, run->ion, count, wanted, &found));
  return found == run->set ? AFB_OK : AFB_FAIL(AFB_E_FOREIGN, "the set of run %lld is not found", (long long)i);
}

static inline afb_status sample_check_rows(afb_store *store, const afb_store_run *run, int64_t i)
{
  afb_store_level level, wanted_level;
  afb_store_trace trace, wanted_trace;
  for (int j = 0; j < run->n_levels; j++) {
    AFB_TRY(afb_store_read(store, AFB_TABLE_LEVELS, run->first_level + j, 1, sizeof level, &level));
    wanted_level = sample_level(i, j);
    if (level.run != i || level.two_j != wanted_level.two_j || level.parity != wanted_level.parity
        || level.energy != wanted_level.energy || level.leading_csf[1] != j + 1 || level.leading_csf[3] != -1
        || level.leading_mixing[1] != wanted_level.leading_mixing[1] || !isnan(level.leading_mixing[2])
        || strcmp(level.leading, wanted_level.leading) != 0 || strcmp(level.label, wanted_level.label) != 0
        || level.label_weight != wanted_level.label_weight || !isnan(level.second_weight) || level.second_label[0])
      return AFB_FAIL(AFB_E_FOREIGN, "level %d of run %lld", j, (long long)i);
  }
  for (int j = 0; j < run->n_traces; j++) {
    AFB_TRY(afb_store_read(store, AFB_TABLE_TRACES, run->first_trace + j, 1, sizeof trace, &trace));
    wanted_trace = sample_trace(i, j);
    if (trace.run != i || trace.iteration != j + 1 || trace.energy != wanted_trace.energy
        || trace.residual != wanted_trace.residual || trace.step != wanted_trace.step)
      return AFB_FAIL(AFB_E_FOREIGN, "iteration %d of run %lld", j, (long long)i);
  }
  return AFB_OK;
}

static inline afb_status sample_check_orbitals(afb_store *store, int64_t i)
{
  afb_store_orbitals orbitals;
  AFB_TRY(afb_store_read_orbitals(store, i, &orbitals));
  int good = orbitals.n_orbitals == sample_orbitals(i);
  for (int j = 0; j < orbitals.n_orbitals && good; j++) {
    afb_store_orbital wanted = sample_orbital(i, j);
    good = orbitals.orbitals[j].run == i && orbitals.orbitals[j].r_mean == wanted.r_mean
           && strcmp(orbitals.orbitals[j].label, wanted.label) == 0;
  }
  for (int j = 0; j < orbitals.n_breakpoints && good; j++)
    good = orbitals.breakpoints[j] == sample_value(i, 1000 + j);
  for (int j = 0; j < orbitals.n_orbitals * (orbitals.n_p + orbitals.n_q) && good; j++)
    good = orbitals.coefficients[j] == sample_value(i, 2000 + j);
  afb_store_orbitals_clear(&orbitals);
  return good ? AFB_OK : AFB_FAIL(AFB_E_FOREIGN, "the orbitals of run %lld", (long long)i);
}

/* Every `step`th of the runs that this rank sees; *n is their number. */
static inline afb_status sample_check(afb_store *store, int64_t step, int64_t *n)
{
  *n = afb_store_count(store, AFB_TABLE_RUNS);
  for (int64_t i = 0; i < *n; i += step) {
    afb_store_run run;
    int64_t found;
    AFB_TRY(afb_store_read(store, AFB_TABLE_RUNS, i, 1, sizeof run, &run));
    AFB_TRY(sample_check_run(&run, i));
    AFB_TRY(sample_check_set(store, &run, i));
    AFB_TRY(sample_check_rows(store, &run, i));
    AFB_TRY(sample_check_orbitals(store, i));
    AFB_TRY(afb_store_find_run(store, run.content_hash, &found));
    if (found != i)
      return AFB_FAIL(AFB_E_FOREIGN, "run %lld is not found by its hash", (long long)i);
  }
  return AFB_OK;
}

static inline void sample_remove(const char *path)
{
  static const char *const suffixes[] = {"", ".journal", ".journal.new", ".tmp"};
  char name[256];
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    unlink(name);
  }
}

static inline int sample_exists(const char *path, const char *suffix)
{
  char name[256];
  snprintf(name, sizeof name, "%s%s", path, suffix);
  return access(name, F_OK) == 0;
}

#endif
