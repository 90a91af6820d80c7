#include "campaign/ranking.h"

#include <math.h>
#include <stdlib.h>

#include "campaign/acquisition.h"
#include "core/random.h"

enum { STREAM_POOL = 0x706f6f6c, LEAST_POOL = 384, MOST_PARENTS = 2048, MOST_SCORED = 8192, MOST_CONFIGURATIONS = 4096 };
enum { SLICE = 128 };                  /* candidates predicted between two looks at messages */

afb_sample afb_ranking_sample(const afb_campaign_state *state, int ion, const afb_node *node, int added, const afb_node *start)
{
  return (afb_sample){.ion = state->ledger->ion[ion].ion, .candidates = &state->ledger->ion[ion], .node = node,
    .added = added, .start = start, .n_levels = state->options->n_levels, .estimate = NAN};
}

static const afb_node *start_of(const afb_campaign_state *state, const afb_edge *edge)
{
  int64_t ancestor = state->options->warm_start ? afb_ledger_ancestor(state->ledger, edge->ion, &edge->node) : -1;
  return ancestor >= 0 ? &state->ledger->entry[ancestor].node : NULL;
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

/* What a run is expected to take: what the model says and what runs of this ion and size took, in the middle. */
static double cost_of(const afb_campaign_state *state, const afb_edge *edge, double estimate, double log_cost)
{
  double by_ion = afb_costs_predict(&state->costs, edge->ion, edge->node.n, estimate);
  return isnan(log_cost) ? by_ion : sqrt(by_ion * exp(log_cost));
}

/* Worth of a candidate: what the model says, corrected by what its ion's runs showed. */
static afb_prospect prospect_of(const afb_campaign_state *state, const afb_edge *edge, double estimate, const afb_forecast *f)
{
  double p = f->p[AFB_TARGET_CONVERGED], spread = f->spread[AFB_TARGET_CONVERGED];
  return (afb_prospect){.ion = edge->ion, .growth = edge->ion * MOST_CONFIGURATIONS + edge->added,
    .probability = afb_harvest_expect(state->harvest, edge->ion, edge->added, p, f->p_lowering, f->fresh),
    .spread = isnan(spread) ? 0.0 : spread, .cost = cost_of(state, edge, estimate, f->log_cost)};
}

typedef struct {
  double worth;
  int64_t edge;
} scored;

static int better_first(const void *left, const void *right)
{
  const scored *a = left, *b = right;
  return a->worth != b->worth ? (a->worth < b->worth) - (a->worth > b->worth) : (a->edge > b->edge) - (a->edge < b->edge);
}

/* A subset of the edges, as many as are wanted or a few more, drawn by (seed, round). */
static int64_t draw(const afb_campaign_state *state, int64_t n, afb_edge *edge, int64_t wanted)
{
  int64_t kept = 0;
  for (int64_t i = 0; i < n; i++)
    if (afb_random_uniform(state->options->seed, STREAM_POOL + ((uint64_t)state->round << 32), (uint64_t)i) * (double)n < (double)wanted)
      edge[kept++] = edge[i];
  return kept;
}

/* Puts the candidates to ask the model about first: those that look best by what is known without it, and a quarter drawn from the others. */
static afb_status select_candidates(const afb_campaign_state *state, int64_t wanted, afb_ranking *r)
{
  static const afb_forecast nothing = {{NAN, NAN}, {NAN, NAN}, NAN, NAN, NAN, NAN, NAN};
  afb_acquisition options;
  afb_acquisition_default(&options);
  scored *order = malloc(((size_t)r->n + 1) * sizeof *order);
  afb_edge *edge = malloc(((size_t)r->n + 1) * sizeof *edge);
  if (!order || !edge) {
    free(order);
    free(edge);
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %lld candidates", (long long)r->n);
  }
  for (int64_t i = 0; i < r->n; i++) {
    afb_prospect prospect = prospect_of(state, &r->edge[i], afb_plan_estimate(state, &r->edge[i]), &nothing);
    order[i] = (scored){afb_acquisition_worth(&options, &prospect), i};
  }
  qsort(order, (size_t)r->n, sizeof *order, better_first);
  for (int64_t i = 0; i < r->n; i++)
    edge[i] = r->edge[order[i].edge];
  int64_t best = wanted - wanted / 4;
  if (r->n > wanted)
    r->n = best + draw(state, r->n - best, edge + best, wanted - best);
  free(order);
  free(r->edge);
  r->edge = edge;
  return AFB_OK;
}

/* Rank 0: the candidates to ask about. */
static afb_status gather(afb_campaign_state *state, afb_ranking *r)
{
  const afb_campaign_options *o = state->options;
  AFB_TRY(afb_ledger_frontier(state->ledger, o->set_size, 0, MOST_PARENTS, o->seed, (uint64_t)state->round, &r->n, &r->edge));
  if (r->n > MOST_SCORED)
    r->n = draw(state, r->n, r->edge, MOST_SCORED);
  int64_t pool = 12 * choices_wanted(state);
  AFB_TRY(select_candidates(state, pool > LEAST_POOL ? pool : LEAST_POOL, r));
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
  afb_prospect *prospect = calloc((size_t)r->n + 1, sizeof *prospect);
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
