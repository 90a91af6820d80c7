#include "campaign/campaign.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "campaign/ranking.h"
#include "campaign/record.h"
#include "campaign/review.h"
#include "core/account.h"
#include "core/clock.h"
#include "core/log.h"
#include "store/usage.h"

static const double GRACE = 20.0;              /* seconds that runs get after a signal before they are ended, */
static const double GRACE_SHARE = 0.05;        /* or this part of the wall time, after the deadline */
static const double STOP_FILE_INTERVAL = 0.5;  /* seconds between looks for the stop file */
static const double LEAST_COMMIT = 0.2;        /* seconds between commits, unless a batch waits; */
static const double COMMIT_RATIO = 200.0;      /* this many times what one costs, at least, */
static const double MOST_COMMIT = 30.0;        /* and at most so many */
enum { RANKS_PER_TRAINER = 8 };
static const double GROUP_SECONDS = 10.0;      /* a run that is longer than this is given two ranks, 4 times longer four ... */

int afb_end_resumable(afb_end end) { return end == AFB_END_WALL_TIME || end == AFB_END_SIGNAL || end == AFB_END_STOP_FILE; }

static void end(afb_campaign_state *state, afb_end why)
{
  if (state->ended)
    return;
  state->ended = 1;
  state->ended_at = afb_wall_seconds();
  state->result->end = why;
}

static int stop_file_appeared(afb_campaign_state *state)
{
  double now = afb_wall_seconds();
  struct stat info;
  if (!state->options->stop_file || now - state->stop_file_at < STOP_FILE_INTERVAL)
    return 0;
  state->stop_file_at = now;
  if (stat(state->options->stop_file, &info) != 0)
    return 0;
  unlink(state->options->stop_file);
  return 1;
}

static double used_fraction(const afb_campaign_state *state)
{
  const afb_campaign_options *o = state->options;
  double fraction = 0.0;
  if (o->budget_runs > 0)
    fraction = fmax(fraction, (double)state->runs / (double)o->budget_runs);
  if (o->budget_core_seconds > 0.0)
    fraction = fmax(fraction, state->core_seconds / o->budget_core_seconds);
  if (o->budget_wall_seconds > 0.0)
    fraction = fmax(fraction, (afb_wall_seconds() - o->started_at) / o->budget_wall_seconds);
  return fmin(fraction, 1.0);
}

static void show_progress(const afb_campaign_state *state)
{
  if (!state->options->progress)
    return;
  afb_campaign_progress progress = {.runs = state->runs, .converged = state->converged,
    .fraction = used_fraction(state), .fraction_at_start = state->fraction_at_start, .training = state->asked_aside, .got = state->harvest->sum};
  state->options->progress(state->options->progress_context, &progress);
}

static afb_check check(void *context)
{
  afb_campaign_state *state = context;
  double now = afb_wall_seconds();
  if (afb_signal_received()) {
    state->result->signal = afb_signal_received();
    end(state, AFB_END_SIGNAL);
  }
  if (stop_file_appeared(state))
    end(state, AFB_END_STOP_FILE);
  if (now > state->deadline)
    end(state, AFB_END_WALL_TIME);
  double cpu_seconds = state->options->budget_cpu_seconds;
  if (cpu_seconds > 0.0 && afb_cpu_seconds() - state->cpu_at_start > cpu_seconds)
    end(state, AFB_END_CORE_HOURS);
  show_progress(state);
  if (!state->ended)
    return AFB_CHECK_GO;
  int late = now - state->ended_at > (state->result->end == AFB_END_WALL_TIME ? state->grace : GRACE);
  int resumable = afb_end_resumable(state->result->end);
  return resumable && late ? AFB_CHECK_ABANDON : AFB_CHECK_STOP;
}

/* Whether a budget is used up, once what is under way is counted in; *done: without it. */
static int budget_reached(const afb_campaign_state *state, afb_end *why, int *done)
{
  const afb_campaign_options *o = state->options;
  if (o->budget_runs > 0 && state->runs + state->n_under_way >= o->budget_runs) {
    *why = AFB_END_RUNS;
    *done = state->runs >= o->budget_runs;
    return 1;
  }
  if (o->budget_core_seconds > 0.0 && state->core_seconds + state->under_way_seconds >= o->budget_core_seconds) {
    *why = AFB_END_CORE_HOURS;
    *done = state->core_seconds >= o->budget_core_seconds || state->n_under_way == 0;
    return 1;
  }
  return 0;
}

static afb_under_way *free_slot(afb_campaign_state *state)
{
  if (state->free_slot >= 0)
    return &state->slot[state->free_slot];
  int n = 2 * state->n_slots + 64;
  afb_under_way *grown = realloc(state->slot, (size_t)n * sizeof *grown);
  if (!grown)
    return NULL;
  for (int i = state->n_slots; i < n; i++)
    grown[i] = (afb_under_way){.next_free = i + 1 < n ? i + 1 : -1};
  state->slot = grown;
  state->free_slot = state->n_slots;
  state->n_slots = n;
  return &grown[state->free_slot];
}

static int ranks_for(const afb_planned *planned)
{
  int ranks = planned->ranks;
  for (double limit = GROUP_SECONDS * ranks * ranks; planned->seconds > limit && ranks < 64; limit *= 4.0)
    ranks *= 2;
  return ranks;
}

/* The task of a planned run. The request lives until the next call. */
static afb_status make_task(afb_campaign_state *state, const afb_planned *planned, afb_task *task)
{
  static afb_configuration configuration[AFB_MAX_SET];
  const afb_edge *edge = &planned->edge;
  afb_under_way *slot = free_slot(state);
  if (!slot)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for runs under way");
  const afb_orbitals *start = NULL;
  int64_t ancestor = state->options->warm_start ? afb_ledger_ancestor(state->ledger, edge->ion, &edge->node) : -1;
  if (ancestor >= 0)
    AFB_TRY(afb_warm_get(state->warm, state->store, state->ledger->entry[ancestor].run, &start));
  *task = (afb_task){.id = slot - state->slot, .ranks = ranks_for(planned), .seconds = planned->seconds};
  afb_plan_request(state, edge->ion, &edge->node, configuration, &task->request);
  state->free_slot = slot->next_free;
  *slot = (afb_under_way){.planned = *planned, .ancestor = start ? ancestor : -1,
    .begun = afb_store_time(state->store)};
  slot->content_hash = afb_record_hash(&state->ledger->ion[edge->ion], &edge->node, state->options->engine->name,
                                       &task->request, state->options->warm_start);
  task->request.start = start;
  double left = state->deadline + state->grace - afb_wall_seconds();
  if (left < task->request.max_seconds) {
    task->request.max_seconds = fmax(left, 1.0);
    slot->shortened = 1;
  }
  state->n_under_way++;
  state->under_way_seconds += planned->seconds;
  return AFB_OK;
}

static void forget(afb_campaign_state *state, afb_under_way *slot)
{
  state->n_under_way--;
  state->under_way_seconds = state->n_under_way > 0 ? state->under_way_seconds - slot->planned.seconds : 0.0;
  slot->next_free = state->free_slot;
  state->free_slot = (int)(slot - state->slot);
}

typedef struct {
  afb_campaign_state state;
  afb_status status;           /* of planning, on rank 0 */
  char text[AFB_ERROR_LENGTH];
} campaign;

/* A failure of planning (no memory, a file that cannot be read) ends the campaign; its status is returned at the end. */
static afb_next fail(campaign *c, afb_status status)
{
  c->status = status;
  snprintf(c->text, sizeof c->text, "%s", afb_error_text());
  return AFB_NEXT_STOP;
}

static afb_next take_planned(campaign *c, double longest, afb_task *task)
{
  afb_campaign_state *state = &c->state;
  afb_planned planned;
  int too_long;
  double left = state->deadline - afb_wall_seconds();
  if (!afb_queue_take(&state->queue, longest, left, &planned, &too_long)) {
    if (too_long && state->n_under_way == 0)
      end(state, AFB_END_WALL_TIME);
    return AFB_NEXT_WAIT;
  }
  afb_status status = make_task(state, &planned, task);
  if (status != AFB_OK)
    return fail(c, status);
  return AFB_NEXT_TASK;
}

static afb_next next(void *context, double longest, afb_task *task)
{
  campaign *c = context;
  afb_campaign_state *state = &c->state;
  afb_end why;
  int done;
  if (state->ended)
    return AFB_NEXT_STOP;
  if (budget_reached(state, &why, &done)) {
    if (done)
      end(state, why);
    return done ? AFB_NEXT_STOP : AFB_NEXT_WAIT;
  }
  if (!state->asked_together && afb_store_fold_due(state->store)) {
    state->asked_together = 1;
    return AFB_NEXT_TOGETHER;
  }
  if (!state->asked_aside && afb_plan_roots_done(state) && afb_round_due(state)) {
    state->asked_aside = 1;
    task->seconds = afb_round_seconds(state);
    return AFB_NEXT_ASIDE;
  }
  int by_model = state->learner && afb_learner_ready(state->learner) && afb_plan_roots_done(state);
  if (afb_queue_length(&state->queue) == 0) {
    afb_status status = by_model ? afb_rank_more(state) : afb_plan_more(state);
    if (status != AFB_OK)
      return fail(c, status);
  }
  if (afb_queue_length(&state->queue) == 0 && state->n_under_way == 0 && !state->asked_together && !state->asked_aside &&
      !afb_round_due(state)) {
    end(state, AFB_END_EXHAUSTED);
    return AFB_NEXT_STOP;
  }
  return take_planned(c, longest, task);
}

static afb_status commit(afb_campaign_state *state)
{
  double begin = afb_wall_seconds();
  afb_spent spent = afb_account_enter(AFB_SPENT_STORING);
  afb_status status = afb_store_commit(state->store);
  afb_account_enter(spent);
  AFB_TRY(status);
  state->uncommitted = 0;
  state->committed_at = afb_wall_seconds();
  state->commit_seconds = state->committed_at - begin;
  state->result->storing += state->commit_seconds;
  return AFB_OK;
}

/* The ledger's last entry, whose run ended so. */
static afb_status count_in(afb_campaign_state *state, const afb_mcdhf_result *result)
{
  static afb_configuration set[AFB_MAX_SET];
  const afb_entry *entry = &state->ledger->entry[state->ledger->n - 1];
  afb_gain_levels levels;
  for (int i = 0; i < entry->node.n; i++)
    set[i] = state->ledger->ion[entry->ion].candidate[entry->node.member[i]].configuration;
  afb_status status = afb_gain_levels_of_result(entry->node.n, set, result, &levels);
  if (status == AFB_OK)
    status = afb_harvest_add(state->ledger, &levels, state->harvest);
  afb_gain_levels_clear(&levels);
  return status;
}

static afb_status keep(afb_campaign_state *state, const afb_under_way *slot, const afb_run_report *report,
                       afb_mcdhf_result *result)
{
  const afb_planned *planned = &slot->planned;
  afb_ledger *ledger = state->ledger;
  afb_entry entry = {.ion = planned->edge.ion, .node = planned->edge.node, .added = planned->edge.added,
    .parent = slot->ancestor, .outcome = result->outcome, .rung = result->rung, .round = planned->round,
    .strategy = planned->strategy, .has_orbitals = result->orbitals.n_orbitals > 0, .n_levels = result->n_levels,
    .core_seconds = report->seconds * report->ranks,
    .cost = {.estimate = planned->estimate.core_seconds, .seconds = planned->seconds,
             .predicted_bytes = afb_engine_cost_bytes(&planned->estimate, report->ranks), .bytes = report->bytes},
    .failed_n = result->blamed.n, .failed_l = afb_kappa_l(result->blamed.kappa), .probability = planned->probability,
    .probability_cheapest = planned->probability_cheapest};
  afb_record_facts facts = {.engine = state->options->engine_number, .ranks = report->ranks,
    .first_rank = report->rank, .start = slot->begun,
    .finish = afb_store_time(state->store),
    .parent_run = slot->ancestor >= 0 ? ledger->entry[slot->ancestor].run : -1, .content_hash = slot->content_hash};
  int ok = afb_outcome_ok(entry.outcome);
  AFB_TRY(afb_record_add(state->store, &ledger->ion[entry.ion], &entry, result, &facts, &entry.run));
  afb_ledger_release(ledger, entry.ion, &entry.node);
  AFB_TRY(afb_ledger_add(ledger, &entry));
  state->runs++;
  state->uncommitted++;
  state->converged += ok;
  state->core_seconds += entry.core_seconds;
  state->result->core_seconds += entry.core_seconds;
  state->result->failed_core_seconds += ok ? 0.0 : entry.core_seconds;
  if (entry.has_orbitals)   /* it was begun */
    afb_costs_learn(&state->costs, entry.ion, entry.node.n, entry.cost.estimate, entry.core_seconds);
  if (ok && state->options->warm_start)
    AFB_TRY(afb_warm_put(state->warm, entry.run, &result->orbitals));
  AFB_TRY(count_in(state, result));
  return afb_round_teach(state, ledger->n - 1);
}

static afb_status done(void *context, const afb_run_report *report, afb_mcdhf_result *result)
{
  afb_campaign_state *state = &((campaign *)context)->state;
  afb_under_way *slot = &state->slot[report->id];
  afb_status status = AFB_OK;
  /* A run that was cut short for the deadline has no outcome. */
  if (report->abandoned || (slot->shortened && result->outcome == AFB_OUTCOME_RESOURCE_LIMIT))
    afb_ledger_release(state->ledger, slot->planned.edge.ion, &slot->planned.edge.node);
  else
    status = keep(state, slot, report, result);
  forget(state, slot);
  double least = state->uncommitted >= state->options->batch ? 0.0 : LEAST_COMMIT;
  int due = afb_wall_seconds() - state->committed_at > fmax(least, fmin(COMMIT_RATIO * state->commit_seconds, MOST_COMMIT));
  if (status == AFB_OK && due)
    status = commit(state);
  return status;
}

static void dropped(void *context, int64_t id)
{
  afb_campaign_state *state = &((campaign *)context)->state;
  afb_under_way *slot = &state->slot[id];
  afb_ledger_release(state->ledger, slot->planned.edge.ion, &slot->planned.edge.node);
  forget(state, slot);
}

static afb_status together(void *context) { return afb_round_together(&((campaign *)context)->state); }

static afb_status aside(void *context, int (*poll)(void *), void *poll_context)
{
  return afb_round_aside(&((campaign *)context)->state, poll, poll_context);
}

static afb_check check_hook(void *context) { return check(&((campaign *)context)->state); }

/* Rank 0: candidates of the campaign's ions, then of the other ions of which the file has (imported) outcomes. */
static afb_status make_candidates(afb_campaign_state *state, int *n_ions)
{
  const afb_campaign_options *o = state->options;
  afb_ion *stored;
  int n_stored;
  AFB_TRY(afb_record_ions(state->store, &n_stored, &stored));
  afb_campaign_result *result = state->result;
  result->candidates = calloc((size_t)(o->n_ions + n_stored) + 1, sizeof *result->candidates);
  afb_status status = result->candidates ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %d ions", o->n_ions + n_stored);
  *n_ions = 0;
  for (int i = 0; i < o->n_ions && status == AFB_OK; i++, ++*n_ions)
    status = afb_candidates_create(o->ion[i], o->max_n, o->max_l, o->excited_electrons, o->max_shift,
                                   &result->candidates[i]);
  for (int i = 0; i < n_stored && status == AFB_OK; i++) {
    int known = 0;
    for (int k = 0; k < *n_ions; k++)
      known |= result->candidates[k].ion.z == stored[i].z && result->candidates[k].ion.charge == stored[i].charge;
    if (known)
      continue;
    status = afb_candidates_create(stored[i], o->max_n, o->max_l, 0, 0, &result->candidates[*n_ions]);
    *n_ions += status == AFB_OK;
  }
  free(stored);
  return status;
}

/* What is stored is done; its costs teach. */
static void take_stock(afb_campaign_state *state)
{
  afb_ledger *ledger = state->ledger;
  for (int64_t i = 0; i < ledger->n; i++) {
    const afb_entry *entry = &ledger->entry[i];
    afb_planned planned = {.edge = {.ion = entry->ion, .added = entry->added, .node = entry->node}};
    if (entry->ion >= ledger->n_active)
      continue;
    afb_plan_cost(state, &planned);
    if (entry->has_orbitals)
      afb_costs_learn(&state->costs, entry->ion, entry->node.n, planned.estimate.core_seconds, entry->core_seconds);
    state->runs++;
    state->converged += afb_outcome_ok(entry->outcome);
    state->core_seconds += entry->core_seconds;
    if (entry->round >= state->round)
      state->round = entry->round + 1;
  }
  state->result->runs_before = state->runs;
  state->result->got_before = state->harvest->sum;
  state->fraction_at_start = used_fraction(state);
}

static afb_status open_ledger(afb_campaign_state *state)
{
  const afb_campaign_options *o = state->options;
  int n_ions = 0;
  AFB_TRY(make_candidates(state, &n_ions));
  AFB_TRY(afb_ledger_init(n_ions, o->n_ions, state->result->candidates, state->ledger));
  AFB_TRY(afb_costs_init(n_ions, &state->costs));
  AFB_TRY(afb_warm_create((size_t)o->warm_bytes, &state->warm));
  AFB_TRY(afb_record_load(state->store, state->ledger));
  AFB_TRY(afb_harvest_init(n_ions, state->harvest));
  AFB_TRY(afb_harvest_load(state->store, state->ledger, state->harvest));
  if (o->strategy == AFB_BY_LIST)
    AFB_TRY(afb_plan_read_list(state));
  take_stock(state);
  return AFB_OK;
}

/* Runs have to be over early enough for the validation and the fold. */
static void set_deadline(afb_campaign_state *state)
{
  const afb_campaign_options *o = state->options;
  state->deadline = INFINITY;
  if (o->budget_wall_seconds > 0.0)
    state->deadline = o->started_at + o->budget_wall_seconds * (o->strategy == AFB_BY_MODEL ? 0.85 : 0.95);
  state->grace = fmin(GRACE, GRACE_SHARE * o->budget_wall_seconds);
}

/* One rank in eight, and rank 0 among them, whose group it is. */
static int count_trainers(const afb_pool *pool)
{
  int n = 1;
  while (2 * n * RANKS_PER_TRAINER <= pool->size && afb_pool_first(pool, 0, 2 * n) == 0)
    n *= 2;
  return n;
}

/* Collective. */
static afb_status prepare(afb_campaign_state *state)
{
  const afb_campaign_options *o = state->options;
  AFB_TRY(afb_agree(state->pool->comm, state->pool->rank == 0 ? open_ledger(state) : AFB_OK));
  afb_status status = AFB_OK;
  if (o->strategy == AFB_BY_MODEL && state->pool->rank < state->n_trainers) {
    state->trainers = afb_pool_group(state->pool, state->n_trainers);
    status = afb_learner_create(state->trainers, o->seed, &state->learner);
    if (status == AFB_OK)
      status = afb_round_resume(state);
  }
  AFB_TRY(afb_agree(state->pool->comm, status));
  set_deadline(state);
  state->committed_at = afb_wall_seconds();
  state->result->startup = state->committed_at - o->started_at;
  return AFB_OK;
}

/* Collective. Once what was stored is in the file, so that this is counted as well: what the ranks spent. */
static afb_status store_usage(afb_campaign_state *state)
{
  int n;
  afb_store_usage *rows;
  afb_account_enter(AFB_SPENT_STORING);
  afb_status status = afb_store_fold(state->store, state->pool->comm);
  afb_account_enter(AFB_SPENT_DRAIN);
  AFB_TRY(status);
  AFB_TRY(afb_usage_gather(state->pool->comm, state->result->schedule.own_failed, &n, &rows));
  if (state->pool->rank == 0)
    status = afb_store_add_usage(state->store, n, rows);
  if (state->pool->rank == 0 && status == AFB_OK)
    status = afb_store_commit(state->store);
  free(rows);
  return afb_agree(state->pool->comm, status);
}

/* Collective. */
static afb_status conclude(afb_campaign_state *state)
{
  afb_status status = AFB_OK;
  if (state->pool->rank == 0) {
    afb_plan_give_back(state);
    if (!state->ended)
      end(state, AFB_END_EXHAUSTED);
    status = commit(state);
  }
  AFB_TRY(afb_agree(state->pool->comm, status));
  int end_and_signal[2] = {(int)state->result->end, state->result->signal};
  MPI_Bcast(end_and_signal, 2, MPI_INT, 0, state->pool->comm);
  state->result->end = (afb_end)end_and_signal[0];
  state->result->signal = end_and_signal[1];
  /* Who was asked to stop does not train, and who had nothing to do has nothing to learn. */
  if (state->result->end != AFB_END_SIGNAL && state->result->end != AFB_END_STOP_FILE && state->result->schedule.runs > 0)
    AFB_TRY(afb_round_finish(state));
  if (state->pool->rank == 0) {
    status = commit(state);
    if (status == AFB_OK)
      status = afb_review_predictions(state->ledger, AFB_BY_MODEL, state->result->chosen);
    if (status == AFB_OK)
      status = afb_review_predictions(state->ledger, AFB_BY_RANDOM, state->result->drawn);
  }
  AFB_TRY(afb_agree(state->pool->comm, status));
  status = store_usage(state);
  state->result->wall = afb_wall_seconds() - state->options->started_at;
  return status;
}

static void clear_state(afb_campaign_state *state)
{
  afb_learner_destroy(&state->learner);
  afb_ranking_clear(&state->ranking);
  afb_costs_clear(&state->costs);
  afb_warm_destroy(&state->warm);
  afb_queue_clear(&state->queue);
  free(state->slot);
  free(state->listed);
}

afb_status afb_campaign_run(const afb_pool *pool, const afb_campaign_options *options, afb_store *store,
                            afb_campaign_result *result)
{
  *result = (afb_campaign_result){0};
  campaign c = {.state = {.free_slot = -1, .pool = pool, .options = options, .store = store, .result = result, .ledger = &result->ledger,
    .harvest = &result->harvest, .cpu_at_start = afb_cpu_seconds(),
    .trainers = MPI_COMM_NULL, .n_trainers = count_trainers(pool)}};
  afb_work work = {.context = &c, .next = next, .done = done, .dropped = dropped, .check = check_hook, .together = together,
    .aside = aside, .aside_ranks = c.state.n_trainers};
  afb_status status = prepare(&c.state);
  if (status == AFB_OK)
    status = afb_schedule(pool, options->engine, &work, &result->schedule);
  if (status == AFB_OK)
    status = afb_agree(pool->comm, c.status == AFB_OK ? AFB_OK : AFB_FAIL(c.status, "%s", c.text));
  if (status == AFB_OK)
    status = conclude(&c.state);
  clear_state(&c.state);
  return status;
}

void afb_campaign_result_clear(afb_campaign_result *result)
{
  int n = result->ledger.n_ions;
  afb_harvest_clear(&result->harvest);
  afb_ledger_clear(&result->ledger);
  for (int i = 0; i < n; i++)
    afb_candidates_clear(&result->candidates[i]);
  free(result->candidates);
  *result = (afb_campaign_result){0};
}
