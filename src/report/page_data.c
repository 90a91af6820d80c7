#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/learner.h"
#include "campaign/review.h"
#include "campaign/transfer.h"
#include "core/number.h"
#include "report/page.h"

const char *const afb_page_measure[AFB_PAGE_MEASURES] = {"accuracy", "bal.", "AUC", "log loss", "ECE"};

void afb_page_clear(afb_page *page)
{
  afb_stored_clear(&page->stored);
  afb_campaign_result_clear(&page->result);
  for (int i = 0; page->best && i < page->n_ions; i++)
    free(page->best[i].level);
  free(page->session);
  free(page->usage);
  free(page->input);
  free(page->best);
  free(page->failure);
  free(page->trace);
  free(page->orbital);
  free(page->round);
  free(page->metric);
  free(page->loss);
  *page = (afb_page){0};
}

/* The whole of a table, malloc'ed. */
static afb_status read_table(afb_store *store, afb_table table, int64_t first, int64_t n, void *rows)
{
  size_t size = afb_store_schema(table)->row_size;
  void **to = rows;
  *to = malloc((size_t)n * size + 1);
  return *to ? afb_store_read(store, table, first, n, size, *to)
             : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld rows of %s", (long long)n, afb_store_schema(table)->name);
}

static afb_status read_sessions(afb_store *store, afb_page *page)
{
  page->n_sessions = page->count[AFB_TABLE_SESSIONS];
  AFB_TRY(read_table(store, AFB_TABLE_SESSIONS, 0, page->n_sessions, &page->session));
  const afb_store_session *last = page->n_sessions > 0 ? &page->session[page->n_sessions - 1] : NULL;
  AFB_TRY(afb_store_read_text(store, last ? last->input_first : 0, last ? last->input_count : 0, &page->input));
  const char *batch = strstr(page->input, "\n  batch: ");
  if (!batch || !afb_number_int(batch + 10, &page->batch) || page->batch <= 0)
    page->batch = INT_MAX;
  page->is_campaign = strncmp(page->input, "campaign:", 9) == 0 || strstr(page->input, "\ncampaign:") || page->count[AFB_TABLE_RUNS] > 1;
  return AFB_OK;
}

/* ---- Levels ---- */

static int by_energy(const void *a, const void *b)
{
  const afb_store_level *x = a, *y = b;
  return (x->energy > y->energy) - (x->energy < y->energy);
}

static afb_page_levels *find_best(afb_page *page, afb_ion ion)
{
  for (int i = 0; i < page->n_ions; i++)
    if (page->best[i].ion.z == ion.z && page->best[i].ion.charge == ion.charge)
      return &page->best[i];
  return NULL;
}

static afb_status consider(void *context, const afb_run_levels *run)
{
  afb_page_levels *best = find_best(context, run->ion);
  if (!best || run->n < best->n || (best->run >= 0 && run->n == best->n && run->lowest >= best->level[0].energy))
    return AFB_OK;
  afb_store_level *level = realloc(best->level, (size_t)run->n * sizeof *level + 1);
  if (!level)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d levels", run->n);
  memcpy(level, run->level, (size_t)run->n * sizeof *level);
  qsort(level, (size_t)run->n, sizeof *level, by_energy);
  best->level = level;
  best->n = run->n;
  best->run = run->n > 0 ? run->number : -1;
  return AFB_OK;
}

static int by_charge(const void *a, const void *b)
{
  const afb_ion *x = &((const afb_page_levels *)a)->ion, *y = &((const afb_page_levels *)b)->ion;
  return x->z != y->z ? (x->z > y->z) - (x->z < y->z) : (x->charge > y->charge) - (x->charge < y->charge);
}

static afb_status read_levels(afb_store *store, afb_page *page)
{
  page->best = calloc((size_t)page->stored.n_ions + 1, sizeof *page->best);
  if (!page->best)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld ions", (long long)page->stored.n_ions);
  for (; page->n_ions < page->stored.n_ions; page->n_ions++) {
    const afb_store_ion *ion = &page->stored.ion[page->n_ions];
    page->best[page->n_ions] = (afb_page_levels){.ion = {ion->z, ion->charge}, .run = -1};
  }
  qsort(page->best, (size_t)page->n_ions, sizeof *page->best, by_charge);
  return afb_run_levels_visit(store, consider, page);
}

/* ---- Failures ---- */

/* Words with digits become "…", so that reasons which differ in numbers alone are the same. */
static void general_reason(const char *reason, char *out, size_t size)
{
  size_t used = 0;
  while (*reason) {
    size_t length = strcspn(reason, " "), digit = strcspn(reason, "0123456789");
    const char *word = digit < length ? "\xe2\x80\xa6" : reason;
    size_t copied = digit < length ? 3 : length;
    if (used + copied + 2 > size)
      break;
    memcpy(out + used, word, copied);
    used += copied;
    reason += length;
    if (*reason == ' ')
      out[used++] = *reason++;
  }
  out[used] = '\0';
}

static void blame(afb_page_failure *f, int n, int l)
{
  int i = 0;
  while (i < f->n_blamed && (f->blamed[i].n != n || f->blamed[i].l != l))
    i++;
  if (n <= 0 || i == AFB_PAGE_BLAMED)
    return;
  if (i == f->n_blamed) {
    f->blamed[i].n = n;
    f->blamed[i].l = l;
    f->blamed[i].runs = 0;
    f->n_blamed++;
  }
  f->blamed[i].runs++;
}

static int by_runs(const void *a, const void *b)
{
  const afb_page_failure *x = a, *y = b;
  if (x->runs != y->runs)
    return x->runs < y->runs ? 1 : -1;
  return x->example < y->example ? -1 : x->example > y->example;
}

static void sort_blamed(afb_page_failure *f)
{
  for (int i = 1; i < f->n_blamed; i++)
    for (int k = i; k > 0 && f->blamed[k].runs > f->blamed[k - 1].runs; k--) {
      char swap[sizeof f->blamed[0]];
      memcpy(swap, &f->blamed[k], sizeof swap);
      f->blamed[k] = f->blamed[k - 1];
      memcpy(&f->blamed[k - 1], swap, sizeof swap);
    }
}

static afb_status group_failures(afb_page *page)
{
  int capacity = 0;
  for (int64_t r = 0; r < page->stored.n_runs; r++) {
    const afb_store_run *run = &page->stored.run[r];
    char reason[AFB_STORE_REASON];
    if (afb_outcome_ok((afb_outcome)run->outcome) || run->strategy == AFB_BY_IMPORT)
      continue;
    general_reason(run->reason, reason, sizeof reason);
    int i = 0;
    while (i < page->n_failures && (page->failure[i].outcome != run->outcome || strcmp(page->failure[i].reason, reason) != 0))
      i++;
    if (i == capacity) {
      capacity = 2 * capacity + 16;
      afb_page_failure *larger = realloc(page->failure, (size_t)capacity * sizeof *larger);
      if (!larger)
        return AFB_FAIL(AFB_E_MEMORY, "no memory for %d reasons", capacity);
      page->failure = larger;
    }
    afb_page_failure *f = &page->failure[i];
    if (i == page->n_failures) {
      *f = (afb_page_failure){.outcome = run->outcome, .example = r};
      memcpy(f->reason, reason, sizeof reason);
      page->n_failures++;
    }
    f->runs++;
    f->core_seconds += run->core_seconds;
    blame(f, run->blamed_n, run->blamed_l);
  }
  if (page->n_failures > 0)
    qsort(page->failure, (size_t)page->n_failures, sizeof *page->failure, by_runs);
  for (int i = 0; i < page->n_failures; i++)
    sort_blamed(&page->failure[i]);
  return AFB_OK;
}

/* ---- Learning ---- */

static int index_of(const char *word, int n, const char *const *name)
{
  for (int i = 0; i < n; i++)
    if (strcmp(word, name[i]) == 0)
      return i;
  return -1;
}

/* "auc/ions/converged/model" */
static void take_measure(const afb_store_metric *metric, afb_page_validation *v)
{
  static const char *const measure[] = {"acc", "bal", "auc", "log", "ece"}, *const split[] = {"ions", "size"},
    *const target[] = {"cheapest", "converged"}, *const method[] = {"model", "logistic", "majority"};
  char part[4][AFB_STORE_NAME];
  if (sscanf(metric->name, "%47[^/]/%47[^/]/%47[^/]/%47s", part[0], part[1], part[2], part[3]) != 4)
    return;
  int k = index_of(part[0], AFB_PAGE_MEASURES, measure), s = index_of(part[1], AFB_N_SPLITS, split),
      t = index_of(part[2], AFB_N_TARGETS, target), m = index_of(part[3], AFB_N_METHODS, method);
  if (k < 0 || s < 0 || t < 0 || m < 0)
    return;
  v->value[s][t][m][k] = metric->value;
  v->there[s] = 1;
}

static void find_validation(afb_page *page)
{
  afb_page_validation *v = &page->validation;
  double *value = &v->value[0][0][0][0];
  for (size_t i = 0; i < sizeof v->value / sizeof *value; i++)
    value[i] = NAN;
  for (int64_t r = page->n_rounds - 1; r >= 0 && !v->there[AFB_SPLIT_IONS] && !v->there[AFB_SPLIT_SIZE]; r--)
    for (int64_t i = 0; i < page->round[r].n_metrics; i++)
      take_measure(&page->metric[page->round[r].first_metric + i], v);
}

static afb_status judge(const afb_ledger *ledger, afb_page_reliability reliability[AFB_N_TARGETS])
{
  afb_metrics all[AFB_N_TARGETS];
  AFB_TRY(afb_review_predictions(ledger, AFB_N_STRATEGIES, all));
  for (int t = 0; t < AFB_N_TARGETS; t++) {
    afb_page_reliability *r = &reliability[t];
    r->all = all[t];
    for (int64_t e = 0; e < ledger->n; e++) {
      const afb_entry *entry = &ledger->entry[e];
      double p = t == AFB_TARGET_CONVERGED ? entry->probability : entry->probability_cheapest;
      float label[AFB_N_LABELS];
      afb_sample_label(entry->outcome, entry->rung, NAN, NAN, NULL, label);
      if (isnan(p) || isnan(label[t]))
        continue;
      int b = (int)fmin(fmax(p * AFB_PAGE_BINS, 0), AFB_PAGE_BINS - 1);
      r->bin[b].n++;
      r->bin[b].p += p;
      r->bin[b].y += (double)label[t];
    }
    for (int b = 0; b < AFB_PAGE_BINS; b++)
      if (r->bin[b].n > 0) {
        r->bin[b].p /= (double)r->bin[b].n;
        r->bin[b].y /= (double)r->bin[b].n;
      }
  }
  return AFB_OK;
}

static afb_status read_rounds(afb_store *store, afb_page *page)
{
  page->n_rounds = page->count[AFB_TABLE_ROUNDS];
  AFB_TRY(read_table(store, AFB_TABLE_ROUNDS, 0, page->n_rounds, &page->round));
  AFB_TRY(read_table(store, AFB_TABLE_METRICS, 0, page->count[AFB_TABLE_METRICS], &page->metric));
  return read_table(store, AFB_TABLE_LOSSES, 0, page->count[AFB_TABLE_LOSSES], &page->loss);
}

static afb_status read_campaign(afb_store *store, afb_page *page)
{
  AFB_TRY(afb_campaign_review(store, &page->result));
  find_validation(page);
  return judge(&page->result.ledger, page->reliability);
}

/* ---- Single calculations ---- */

static afb_status read_calculation(afb_store *store, afb_page *page)
{
  if (page->stored.n_runs == 0)
    return AFB_OK;
  const afb_store_run *run = &page->stored.run[page->stored.n_runs - 1];
  page->n_traces = run->n_traces;
  page->n_orbitals = run->n_orbitals;
  AFB_TRY(read_table(store, AFB_TABLE_TRACES, run->first_trace, run->n_traces, &page->trace));
  return read_table(store, AFB_TABLE_ORBITALS, run->first_orbital, run->n_orbitals, &page->orbital);
}

/* What the sections follow without looking. */
static afb_status check_references(const afb_page *page)
{
  const afb_stored *t = &page->stored;
  int wrong = 0;
  for (int64_t s = 0; s < t->n_sets; s++)
    wrong += t->set[s].count < 1 || t->set[s].first < 0 || t->set[s].first + t->set[s].count > t->n_members;
  for (int64_t m = 0; m < t->n_members; m++)
    wrong += t->member[m] < 0 || t->member[m] >= t->n_configurations;
  for (int64_t r = 0; r < t->n_runs; r++) {
    const afb_store_run *run = &t->run[r];
    wrong += run->ion < 0 || run->ion >= t->n_ions || run->set < 0 || run->set >= t->n_sets || run->session < 0 || run->session >= page->n_sessions;
  }
  for (int64_t r = 0; r < page->n_rounds; r++) {
    const afb_store_round *round = &page->round[r];
    wrong += round->first_metric < 0 || round->first_metric + round->n_metrics > page->count[AFB_TABLE_METRICS] || round->first_loss < 0 ||
      round->first_loss + round->n_losses > page->count[AFB_TABLE_LOSSES] || round->session < 0 || round->session >= page->n_sessions;
  }
  return wrong ? AFB_FAIL(AFB_E_FOREIGN, "%s is damaged: %d of its rows refer to rows that are not there", page->path, wrong) : AFB_OK;
}

afb_status afb_page_read(afb_store *store, const char *path, afb_page *page)
{
  *page = (afb_page){.path = path};
  for (int t = 0; t < AFB_N_TABLES; t++)
    page->count[t] = afb_store_count(store, (afb_table)t);
  AFB_TRY(read_sessions(store, page));
  AFB_TRY(afb_usage_of_store(store, &page->n_usage, &page->usage));
  AFB_TRY(afb_stored_read(store, &page->stored));
  AFB_TRY(read_rounds(store, page));
  AFB_TRY(check_references(page));
  AFB_TRY(read_levels(store, page));
  AFB_TRY(group_failures(page));
  return page->is_campaign ? read_campaign(store, page) : read_calculation(store, page);
}
