#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/acquisition.h"
#include "campaign/run_table.h"
#include "campaign/state.h"

void afb_plan_request(const afb_campaign_state *state, int ion, const afb_node *node, afb_configuration *configuration,
                      afb_mcdhf_request *request)
{
  const afb_campaign_options *o = state->options;
  const afb_candidates *candidates = &state->ledger->ion[ion];
  for (int i = 0; i < node->n; i++)
    configuration[i] = candidates->candidate[node->member[i]].configuration;
  *request = (afb_mcdhf_request){.z = candidates->ion.z, .charge = candidates->ion.charge, .nucleus = AFB_NUCLEUS_FERMI,
    .n_configurations = node->n, .configuration = configuration, .two_j_max = -1, .optimise = o->optimise,
    .n_levels = o->n_levels, .n_vary = -1, .max_iterations = o->max_iterations, .max_seconds = o->max_seconds,
    .max_csf = o->max_csf, .max_bytes = o->max_bytes};
}

/* The smallest group whose ranks have the memory; 1 where no group has: the engine then refuses. */
static int ranks_for_memory(const afb_campaign_state *state, const afb_engine_cost *estimate)
{
  double limit = state->options->max_bytes;
  for (int ranks = 1; limit > 0.0 && ranks <= 1 << (state->pool->n_levels - 1); ranks *= 2)
    if (afb_engine_cost_bytes(estimate, ranks) <= limit)
      return ranks;
  return 1;
}

static void estimate(const afb_campaign_state *state, const afb_edge *edge, afb_engine_cost *cost)
{
  static const afb_orbitals some = {0};
  afb_configuration configuration[AFB_MAX_SET];
  afb_mcdhf_request request;
  afb_plan_request(state, edge->ion, &edge->node, configuration, &request);
  /* What the estimate asks of the start is only whether there is one. */
  if (state->options->warm_start && edge->node.n > 1)
    request.start = &some;
  state->options->engine->cost(&request, cost);
}

double afb_plan_estimate(const afb_campaign_state *state, const afb_edge *edge)
{
  afb_engine_cost cost;
  estimate(state, edge, &cost);
  return cost.core_seconds;
}

void afb_plan_cost(const afb_campaign_state *state, afb_planned *planned)
{
  const afb_edge *edge = &planned->edge;
  estimate(state, edge, &planned->estimate);
  planned->seconds = afb_costs_predict(&state->costs, edge->ion, edge->node.n, planned->estimate.core_seconds);
  planned->bound = afb_costs_bound(&state->costs, edge->ion, edge->node.n, planned->estimate.core_seconds);
  planned->ranks = ranks_for_memory(state, &planned->estimate);
}

afb_status afb_plan_push(afb_campaign_state *state, const afb_edge *edge, afb_strategy strategy, double probability,
                         double probability_cheapest)
{
  if (afb_ledger_find(state->ledger, edge->ion, &edge->node) != AFB_NODE_FREE)
    return AFB_OK;
  afb_planned planned = {.edge = *edge, .strategy = strategy, .round = state->round, .probability = probability,
    .probability_cheapest = probability_cheapest};
  afb_plan_cost(state, &planned);
  AFB_TRY(afb_ledger_claim(state->ledger, edge->ion, &edge->node));
  return afb_queue_push(&state->queue, &planned);
}

void afb_plan_give_back(afb_campaign_state *state)
{
  for (int64_t i = state->queue.first; i < state->queue.n; i++)
    afb_ledger_release(state->ledger, state->queue.item[i].edge.ion, &state->queue.item[i].edge.node);
  state->queue.first = state->queue.n = 0;
}

int afb_plan_roots_done(afb_campaign_state *state)
{
  afb_node root = afb_node_root();
  for (int i = 0; i < state->ledger->n_active && !state->roots_done; i++)
    if (afb_ledger_find(state->ledger, i, &root) < 0)
      return 0;
  return state->roots_done = 1;
}

static int push_roots(afb_campaign_state *state, afb_status *status)
{
  afb_edge *edge = malloc((size_t)state->ledger->n_active * sizeof *edge + 1);
  if (!edge) {
    *status = AFB_FAIL(AFB_E_MEMORY, "no memory for %d ions", state->ledger->n_active);
    return 0;
  }
  int n = afb_ledger_free_roots(state->ledger, edge);
  for (int i = 0; i < n && *status == AFB_OK; i++)
    *status = afb_plan_push(state, &edge[i], AFB_BY_BREADTH, NAN, NAN);
  free(edge);
  return n;
}

/* One candidate of every ion, then the second of every ion ...: the frontier is ordered by ion. */
static afb_status push_in_turn(afb_campaign_state *state, int64_t n, const afb_edge *edge, int64_t wanted)
{
  for (int64_t turn = 0, pushed = 0, left = 1; left && pushed < wanted; turn++) {
    left = 0;
    for (int64_t i = 0, first = 0; i < n && pushed < wanted; i++) {
      if (edge[i].ion != edge[first].ion)
        first = i;
      if (i - first != turn)
        continue;
      AFB_TRY(afb_plan_push(state, &edge[i], AFB_BY_BREADTH, NAN, NAN));
      pushed++;
      left = 1;
    }
  }
  return AFB_OK;
}

/* Smaller sets first; a size begins when the one before it is done. */
static afb_status plan_breadth(afb_campaign_state *state)
{
  const afb_campaign_options *o = state->options;
  for (int size = 2; size <= o->set_size; size++) {
    int64_t n;
    afb_edge *edge;
    AFB_TRY(afb_ledger_frontier(state->ledger, o->set_size, size, INT64_MAX, o->seed, 0, &n, &edge));
    afb_status status = push_in_turn(state, n, edge, o->batch);
    free(edge);
    if (status != AFB_OK || afb_queue_length(&state->queue) > 0 || state->n_under_way > 0)
      return status;
  }
  return AFB_OK;
}

static afb_status plan_random(afb_campaign_state *state)
{
  const afb_campaign_options *o = state->options;
  int64_t n;
  afb_edge *edge;
  AFB_TRY(afb_ledger_frontier(state->ledger, o->set_size, 0, 4096, o->seed, (uint64_t)state->round, &n, &edge));
  afb_prospect *prospect = calloc((size_t)n + 1, sizeof *prospect);
  afb_choice *choice = calloc((size_t)o->batch, sizeof *choice);
  afb_status status = prospect && choice ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld candidates", (long long)n);
  afb_acquisition draw;
  afb_acquisition_default(&draw);
  draw.random_fraction = 1.0;
  draw.seed = o->seed;
  draw.round = (uint64_t)state->round;
  int n_chosen = 0;
  if (status == AFB_OK)
    status = afb_acquire(&draw, n, prospect, o->batch, choice, &n_chosen);
  for (int i = 0; i < n_chosen && status == AFB_OK; i++)
    status = afb_plan_push(state, &edge[choice[i].prospect], AFB_BY_RANDOM, NAN, NAN);
  state->round += n_chosen > 0;
  free(choice);
  free(prospect);
  free(edge);
  return status;
}

static afb_status plan_list(afb_campaign_state *state)
{
  for (int pushed = 0; pushed < state->options->batch && state->next_listed < state->n_listed; state->next_listed++) {
    const afb_edge *edge = &state->listed[state->next_listed];
    if (afb_ledger_find(state->ledger, edge->ion, &edge->node) != AFB_NODE_FREE)
      continue;
    AFB_TRY(afb_plan_push(state, edge, AFB_BY_LIST, NAN, NAN));
    pushed++;
  }
  return AFB_OK;
}

afb_status afb_plan_more(afb_campaign_state *state)
{
  afb_status status = AFB_OK;
  if (state->options->strategy == AFB_BY_LIST)
    return plan_list(state);
  if (push_roots(state, &status) > 0 || status != AFB_OK)
    return status;
  /* Draws are from the candidates of all ions, or the first ions to be done would get all of them. */
  if (state->options->strategy == AFB_BY_RANDOM && !afb_plan_roots_done(state))
    return AFB_OK;
  return state->options->strategy == AFB_BY_RANDOM ? plan_random(state) : plan_breadth(state);
}

static int find_active(const afb_ledger *ledger, afb_ion ion)
{
  for (int i = 0; i < ledger->n_active; i++)
    if (ledger->ion[i].ion.z == ion.z && ledger->ion[i].ion.charge == ion.charge)
      return i;
  return -1;
}

static int compare_ints(const void *a, const void *b)
{
  return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static afb_status listed_edge(afb_campaign_state *state, const afb_run_table *table, const afb_run_row *row, afb_edge *edge)
{
  char label[AFB_ION_LENGTH];
  *edge = (afb_edge){.ion = find_active(state->ledger, row->ion), .added = -1};
  if (edge->ion < 0)
    return AFB_FAIL(AFB_E_INPUT, "%s:%d: %s is not among the ions of the campaign", state->options->list, row->line,
                    afb_ion_format(row->ion, label));
  edge->node.n = row->n_set;
  for (int i = 0; i < row->n_set; i++)
    AFB_TRY(afb_candidates_insert(&state->ledger->ion[edge->ion],
                                  &table->configuration[table->member[row->set + i]], &edge->node.member[i]));
  qsort(edge->node.member, (size_t)edge->node.n, sizeof(int), compare_ints);
  return AFB_OK;
}

afb_status afb_plan_read_list(afb_campaign_state *state)
{
  afb_run_table table = {0};
  afb_status status = afb_run_table_read(state->options->list, AFB_RUNS_SETS_ONLY, &table);
  if (status == AFB_OK) {
    state->listed = calloc((size_t)table.n_rows + 1, sizeof *state->listed);
    if (!state->listed)
      status = AFB_FAIL(AFB_E_MEMORY, "no memory for %lld sets", (long long)table.n_rows);
  }
  for (int64_t i = 0; i < table.n_rows && status == AFB_OK; i++) {
    status = listed_edge(state, &table, &table.row[i], &state->listed[i]);
    state->n_listed++;
  }
  afb_run_table_clear(&table);
  return status;
}
