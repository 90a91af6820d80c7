#include "campaign/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "campaign/acquisition.h"
#include "core/random.h"

enum { STREAM_POOL = 0x706f6f6c, LEAST_POOL = 384, MOST_PARENTS = 2048 };
enum { SLICE = 128 };                  /* candidates predicted between two looks at messages */

afb_sample afb_ranking_sample(const afb_campaign_state *state, int ion, const afb_node *node, int added, const afb_node *start)
{
  return (afb_sample){.ion = state->ledger->ion[ion].ion, .candidates = &state->ledger->ion[ion], .node = node,
    .added = added, .start = start, .n_levels = state->options->n_levels, .estimate = NAN};
}

/* Candidates that the model is asked about, equally many of every set size as far as there are: without this the
 * largest size, of which there are most, would be all that it sees. */
static int64_t draw_pool(const afb_campaign_state *state, int64_t n, afb_edge *edge, int64_t wanted)
{
  int64_t kept = 0;
  int sizes = 0;
  int64_t of_size[AFB_MAX_SET + 1] = {0};
  for (int64_t i = 0; i < n; i++)
    sizes += of_size[edge[i].node.n]++ == 0;
  for (int64_t i = 0; i < n; i++) {
    int size = edge[i].node.n;
    double share = (double)wanted / sizes / (double)of_size[size];
    if (afb_random_uniform(state->options->seed, STREAM_POOL + ((uint64_t)state->round << 32), (uint64_t)i) < share)
      edge[kept++] = edge[i];
  }
  return kept;
}

static const afb_node *start_of(const afb_campaign_state *state, const afb_edge *edge)
{
  int64_t ancestor = state->options->warm_start ? afb_ledger_ancestor(state->ledger, edge->ion, &edge->node) : -1;
  return ancestor >= 0 ? &state->ledger->entry[ancestor].node : NULL;
}

/* The orbital that a candidate stands for in the diversity of a batch: its outermost shell. */
static int outer_orbital(const afb_campaign_state *state, const afb_edge *edge)
{
  if (edge->added < 0)
    return -1;
  const afb_configuration *c = &state->ledger->ion[edge->ion].candidate[edge->added].configuration;
  const afb_shell *shell = &c->shell[c->n_shells - 1];
  return shell->n * (AFB_MAX_L + 1) + shell->l;
}

void afb_ranking_clear(afb_ranking *r)
{
  free(r->edge);
  free(r->forecast);
  free(r->estimate);
  *r = (afb_ranking){0};
}

static int choices_wanted(const afb_campaign_state *state)
{
  int batch = state->options->batch, ahead = 4 * state->pool->size;
  return batch > ahead ? batch : ahead;
}

/* Rank 0: the candidates to ask about. */
static afb_status gather(afb_campaign_state *state, afb_ranking *r)
{
  const afb_campaign_options *o = state->options;
  AFB_TRY(afb_ledger_frontier(state->ledger, o->set_size, 0, MOST_PARENTS, o->seed, (uint64_t)state->round, &r->n, &r->edge));
  int64_t pool = 12 * choices_wanted(state);
  r->n = draw_pool(state, r->n, r->edge, pool > LEAST_POOL ? pool : LEAST_POOL);
  r->made = 1;
  r->runs = state->runs;
  r->round = state->round;
  r->forecast = calloc((size_t)r->n + 1, sizeof *r->forecast);
  r->estimate = calloc((size_t)r->n + 1, sizeof *r->estimate);
  return r->forecast && r->estimate ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld candidates", (long long)r->n);
}

/* Collective on the trainers. The ledger may grow between two slices: what points into it is taken anew for each. */
static afb_status predict(afb_campaign_state *state, afb_ranking *r, int (*poll)(void *), void *poll_context)
{
  afb_sample sample[SLICE];
  afb_status status = AFB_OK;
  for (int64_t first = 0; first < r->n && status == AFB_OK; first += SLICE) {
    int64_t n = r->n - first < SLICE ? r->n - first : SLICE;
    const afb_edge *edge = r->edge ? r->edge + first : NULL;
    for (int64_t i = 0; i < n && edge; i++) {
      sample[i] = afb_ranking_sample(state, edge[i].ion, &edge[i].node, edge[i].added, start_of(state, &edge[i]));
      sample[i].estimate = r->estimate[first + i] = afb_plan_estimate(state, &edge[i]);
    }
    status = afb_learner_predict(state->learner, n, sample, r->forecast ? r->forecast + first : NULL);
    poll(poll_context);
  }
  return status;
}

afb_status afb_rank_candidates(afb_campaign_state *state, int (*poll)(void *), void *poll_context)
{
  afb_ranking r = {0};
  afb_status status = afb_agree(state->trainers, state->pool->rank == 0 ? gather(state, &r) : AFB_OK);
  if (status == AFB_OK) {
    MPI_Bcast(&r.n, 1, MPI_INT64_T, 0, state->trainers);
    status = predict(state, &r, poll, poll_context);
  }
  if (status != AFB_OK || state->pool->rank != 0) {
    afb_ranking_clear(&r);
    return status;
  }
  afb_plan_give_back(state);
  afb_ranking_clear(&state->ranking);
  state->ranking = r;
  return AFB_OK;
}

/* What a run is expected to take: what the model says and what runs of this ion and size took, in the middle. */
static double cost_of(const afb_campaign_state *state, const afb_edge *edge, double estimate, double log_cost)
{
  double by_ion = afb_costs_predict(&state->costs, edge->ion, edge->node.n, estimate);
  return isnan(log_cost) ? by_ion : sqrt(by_ion * exp(log_cost));
}

static afb_prospect prospect_of(const afb_campaign_state *state, const afb_edge *edge, double estimate, const afb_forecast *f)
{
  double p = f->p[AFB_TARGET_CONVERGED], spread = f->spread[AFB_TARGET_CONVERGED];
  return (afb_prospect){.ion = edge->ion, .size = edge->node.n, .orbital = outer_orbital(state, edge),
    .probability = afb_harvest_expect(state->harvest, edge->ion, edge->added, p, f->p_lowering, f->fresh),
    .spread = isnan(spread) ? 0.0 : spread, .cost = cost_of(state, edge, estimate, f->log_cost)};
}

/* The candidates that are free still, and where they stand in the ranking. */
static int64_t make_prospects(const afb_campaign_state *state, afb_prospect *prospect, int64_t *place)
{
  const afb_ranking *r = &state->ranking;
  int64_t n = 0;
  for (int64_t i = 0; i < r->n; i++) {
    const afb_edge *edge = &r->edge[i];
    if (afb_ledger_find(state->ledger, edge->ion, &edge->node) != AFB_NODE_FREE)
      continue;
    place[n] = i;
    prospect[n++] = prospect_of(state, edge, r->estimate[i], &r->forecast[i]);
  }
  return n;
}

/* The run that a candidate would be grown from, in the file; -1. */
static int64_t parent_run(const afb_campaign_state *state, const afb_edge *edge)
{
  afb_node parent;
  if (edge->added < 0 || afb_node_remove(&edge->node, edge->added, &parent) != AFB_OK)
    return -1;
  int64_t entry = afb_ledger_find(state->ledger, edge->ion, &parent);
  return entry >= 0 ? state->ledger->entry[entry].run : -1;
}

static afb_status store_prediction(afb_campaign_state *state, int64_t i, double cost, double score)
{
  const afb_ranking *r = &state->ranking;
  const afb_edge *edge = &r->edge[i];
  const afb_candidates *ion = &state->ledger->ion[edge->ion];
  char text[AFB_CONFIGURATION_LENGTH], label[AFB_ION_LENGTH];
  afb_store_prediction row = {.round = r->round, .model = afb_store_count(state->store, AFB_TABLE_MODELS) - 1,
    .parent = parent_run(state, edge), .added = -1,
    .probability = r->forecast[i].p[AFB_TARGET_CONVERGED],
    .probability_cheapest = r->forecast[i].p[AFB_TARGET_CHEAPEST_RUNG],
    .predicted_cost = cost, .score = score, .chosen = 1};
  AFB_TRY(afb_store_intern_ion(state->store, ion->ion.z, ion->ion.charge, afb_ion_format(ion->ion, label), &row.ion));
  if (edge->added >= 0) {
    afb_configuration_format(&ion->candidate[edge->added].configuration, 1, text, sizeof text);
    AFB_TRY(afb_store_intern_configuration(state->store, text, &row.added));
  }
  return afb_store_add_predictions(state->store, 1, &row);
}

static afb_status queue_choices(afb_campaign_state *state, int n, const afb_choice *choice, const afb_prospect *prospect,
                                const int64_t *place)
{
  const afb_ranking *r = &state->ranking;
  for (int k = 0; k < n; k++) {
    int64_t i = place[choice[k].prospect];
    AFB_TRY(afb_plan_push(state, &r->edge[i], choice[k].random ? AFB_BY_RANDOM : AFB_BY_MODEL,
                          r->forecast[i].p[AFB_TARGET_CONVERGED],
                          r->forecast[i].p[AFB_TARGET_CHEAPEST_RUNG]));
    AFB_TRY(store_prediction(state, i, prospect[choice[k].prospect].cost, choice[k].score));
  }
  return AFB_OK;
}

afb_status afb_rank_more(afb_campaign_state *state)
{
  afb_ranking *r = &state->ranking;
  int wanted = choices_wanted(state), n_chosen;
  afb_prospect *prospect = malloc(((size_t)r->n + 1) * sizeof *prospect);
  int64_t *place = malloc(((size_t)r->n + 1) * sizeof *place);
  afb_choice *choice = malloc((size_t)wanted * sizeof *choice);
  afb_acquisition options;
  afb_acquisition_default(&options);
  options.seed = state->options->seed;
  options.round = ((uint64_t)r->round << 12) + (uint64_t)r->refills++;
  afb_status status = prospect && place && choice ? AFB_OK
    : AFB_FAIL(AFB_E_MEMORY, "no memory to choose among %lld candidates", (long long)r->n);
  if (status == AFB_OK) {
    int64_t n = make_prospects(state, prospect, place);
    r->used_up = n == 0;
    status = afb_acquire(&options, n, prospect, wanted, choice, &n_chosen);
  }
  if (status == AFB_OK)
    status = queue_choices(state, n_chosen, choice, prospect, place);
  free(prospect);
  free(place);
  free(choice);
  return status;
}
