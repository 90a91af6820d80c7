#include "campaign/scheduler.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "campaign/channel.h"
#include "campaign/loads.h"
#include "core/account.h"
#include "core/clock.h"
#include "core/memory.h"

enum { TAG_ORDER = 1, TAG_REPORT = 2 };
static const double GAP_MEMORY = 5.0;            /* seconds after which a long absence of rank 0 is forgotten */
static const double ASIDE_GAP = 0.2;             /* seconds that rank 0 may be away within work aside, before anything is known of it */

typedef enum { ORDER_TASK, ORDER_TOGETHER, ORDER_ASIDE, ORDER_STOP, ORDER_ABANDON, ORDER_END } order_kind;

typedef struct {
  order_kind kind;
  int ranks, first;             /* of a task, or of what is done aside: its group */
  int64_t id;
  int slot;                     /* of a task, or of what is done aside: its place among what is under way */
  double seconds;               /* predicted; of ORDER_TOGETHER: until the last rank is expected */
} order_head;

typedef struct order {
  order_head head;
  afb_bytes payload;            /* of a task: its request, from payload.read on */
  double arrived;
  struct order *next;
} order;

typedef struct {
  afb_run_report report;
  int slot, started;
} report_head;

typedef struct {
  const afb_pool *pool;
  const afb_engine *engine;
  const afb_work *work;
  MPI_Comm comm;                /* own context, so that hooks may use the pool's */
  afb_channel channel;
  order *first;                 /* orders to this rank, in the order of their issue */
  int stopping, abandoning, ended;
  int serving;                  /* within progress(): it is not entered twice */
  afb_status status;            /* first failure, and its text */
  char text[AFB_ERROR_LENGTH];
  double served_at;             /* when messages were last looked at */
  afb_account before;           /* when the schedule began */
  double together;
  double failed;                /* seconds of this rank in runs that did not converge */
  double idle;                  /* spent so until its last work ended */
  int64_t runs;
  /* rank 0 */
  afb_loads loads;              /* tasks issued to a rank and not reported */
  order_head *under_way;        /* [capacity] these; a free place has no seconds, and the next free one as its slot, -1 at the end */
  int n_under_way, free_slot, capacity;
  int together_pending;
  double together_by;           /* when the last rank is expected */
  double gap;                   /* longest recent time between two looks at messages */
} scheduler;

static afb_status set_out(scheduler *s, order_head *task)
{
  if (s->free_slot < 0) {
    int capacity = 2 * s->capacity + 64;
    order_head *grown = realloc(s->under_way, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d tasks", capacity);
    for (int i = s->capacity; i < capacity; i++)
      grown[i] = (order_head){.slot = i + 1 < capacity ? i + 1 : -1};
    s->free_slot = s->capacity;
    s->under_way = grown;
    s->capacity = capacity;
  }
  int slot = s->free_slot;
  s->free_slot = s->under_way[slot].slot;
  task->slot = slot;
  s->under_way[slot] = *task;
  s->n_under_way++;
  for (int r = task->first; r < task->first + task->ranks; r++)
    afb_loads_add(&s->loads, r, task->seconds);
  return AFB_OK;
}

static void come_back(scheduler *s, int slot)
{
  order_head *task = &s->under_way[slot];
  for (int r = task->first; r < task->first + task->ranks; r++)
    afb_loads_remove(&s->loads, r, task->seconds);
  *task = (order_head){.slot = s->free_slot};
  s->free_slot = slot;
  s->n_under_way--;
}

static void note_failure(scheduler *s, afb_status status)
{
  if (status == AFB_OK || s->status != AFB_OK)
    return;
  s->status = status;
  snprintf(s->text, sizeof s->text, "%s", afb_error_text());
}

static void rest(void)
{
  struct timespec pause = {0, 100000};
  afb_spent spent = afb_account_enter(AFB_SPENT_IDLE);
  nanosleep(&pause, NULL);
  afb_account_enter(spent);
}

static void append(scheduler *s, order *o)
{
  order **end = &s->first;
  while (*end)
    end = &(*end)->next;
  *end = o;
  o->arrived = afb_wall_seconds();
}

/* Sends to one rank, or keeps for rank 0 itself. */
static afb_status issue(scheduler *s, int to, const order_head *head, const afb_bytes *payload)
{
  if (to == s->pool->rank) {
    order *o = calloc(1, sizeof *o);
    if (!o)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for an order");
    o->head = *head;
    afb_status status = payload ? afb_bytes_put(&o->payload, payload->data, payload->size) : AFB_OK;
    if (status != AFB_OK) {
      free(o);
      return status;
    }
    append(s, o);
    return AFB_OK;
  }
  afb_bytes bytes = {0};
  afb_status status = afb_bytes_put(&bytes, head, sizeof *head);
  if (status == AFB_OK && payload)
    status = afb_bytes_put(&bytes, payload->data, payload->size);
  if (status == AFB_OK)
    status = afb_channel_send(&s->channel, to, TAG_ORDER, &bytes);
  afb_bytes_clear(&bytes);
  return status;
}

static void issue_to_all(scheduler *s, order_kind kind, double seconds)
{
  order_head head = {.kind = kind, .seconds = seconds, .ranks = s->pool->size, .id = -1};
  for (int r = s->pool->rank == 0; r < s->pool->size; r++)
    note_failure(s, issue(s, r, &head, NULL));
}

static void begin_stop(scheduler *s)
{
  if (!s->stopping)
    issue_to_all(s, ORDER_STOP, 0.0);
  s->stopping = 1;
}

/* The group of at most `ranks` ranks whose busiest member is least busy. */
static int choose_group(const scheduler *s, int *ranks)
{
  for (; *ranks > 1; *ranks /= 2) {
    int best = -1;
    double best_load = INFINITY;
    for (int r = 0; r < s->pool->size; r++) {
      if (afb_pool_first(s->pool, r, *ranks) != r)
        continue;
      double most = 0.0;
      for (int m = r; m < r + *ranks; m++)
        most = fmax(most, s->loads.load[m]);
      if (most < best_load) {
        best = r;
        best_load = most;
      }
    }
    if (best >= 0)
      return best;
  }
  return afb_loads_hungriest(&s->loads, s->gap);
}

static afb_status issue_task(scheduler *s, const afb_task *task, int first, int ranks)
{
  order_head head = {.kind = ORDER_TASK, .ranks = ranks, .first = first, .id = task->id, .seconds = task->seconds};
  afb_bytes payload = {0};
  afb_status status = afb_request_pack(&task->request, &payload);
  if (status == AFB_OK)
    status = set_out(s, &head);
  for (int r = first; r < first + ranks && status == AFB_OK; r++) {
    status = issue(s, r, &head, &payload);
    if (status != AFB_OK && r == first)
      come_back(s, head.slot);
  }
  afb_bytes_clear(&payload);
  return status;
}

static void begin_together(scheduler *s)
{
  double longest = 0.0;
  for (int i = 0; i < s->capacity; i++)
    longest = fmax(longest, s->under_way[i].seconds);
  s->together_pending = 1;
  s->together_by = afb_wall_seconds() + longest;
  issue_to_all(s, ORDER_TOGETHER, longest);
  order_head own = {.kind = ORDER_TOGETHER, .seconds = longest, .ranks = s->pool->size, .id = -1};
  note_failure(s, issue(s, 0, &own, NULL));
}

/* It counts as a run under way: its ranks get less to do meanwhile, and the schedule does not end before it. */
static void begin_aside(scheduler *s, double seconds)
{
  order_head head = {.kind = ORDER_ASIDE, .ranks = s->work->aside_ranks, .id = -1, .seconds = seconds};
  s->gap = fmax(s->gap, ASIDE_GAP);
  afb_status status = set_out(s, &head);
  for (int r = 0; r < head.ranks && status == AFB_OK; r++) {
    status = issue(s, r, &head, NULL);
    if (status != AFB_OK && r == 0)
      come_back(s, head.slot);
  }
  note_failure(s, status);
}

/* Rank 0: keeps every rank ahead. */
static void feed(scheduler *s)
{
  while (!s->stopping && s->status == AFB_OK) {
    if (afb_loads_hungriest(&s->loads, s->gap) < 0)
      return;
    double longest = s->together_pending ? s->together_by - afb_wall_seconds() : INFINITY;
    if (longest <= 0.0)
      return;
    afb_task task = {0};
    switch (s->work->next(s->work->context, longest, &task)) {
    case AFB_NEXT_TASK: {
      int ranks = task.ranks > 1 && !s->together_pending ? task.ranks : 1;
      int first = choose_group(s, &ranks);
      note_failure(s, issue_task(s, &task, first, ranks));
      break;
    }
    case AFB_NEXT_TOGETHER:
      if (s->together_pending)
        return;
      begin_together(s);
      break;
    case AFB_NEXT_ASIDE:
      begin_aside(s, task.seconds);
      break;
    case AFB_NEXT_WAIT:
      if (s->n_under_way == 0 && !s->together_pending)
        begin_stop(s);
      return;
    case AFB_NEXT_STOP:
      begin_stop(s);
      return;
    }
  }
}

/* Rank 0: a run is over, here or elsewhere. */
static void deliver(scheduler *s, const report_head *head, afb_mcdhf_result *result)
{
  come_back(s, head->slot);
  if (!head->started)
    s->work->dropped(s->work->context, head->report.id);
  else if (s->status == AFB_OK)
    note_failure(s, s->work->done(s->work->context, &head->report, result));
}

static int receive_report(scheduler *s)
{
  afb_bytes bytes;
  int from;
  if (afb_channel_receive(&s->channel, TAG_REPORT, &from, &bytes) != AFB_OK || from < 0)
    return 0;
  report_head head;
  afb_mcdhf_result result = {0};
  afb_status status = afb_bytes_get(&bytes, &head, sizeof head);
  if (status == AFB_OK && head.started)
    status = afb_result_unpack(&bytes, &result);
  note_failure(s, status);
  if (status == AFB_OK)
    deliver(s, &head, &result);
  afb_mcdhf_result_clear(&result);
  afb_bytes_clear(&bytes);
  return 1;
}

static int receive_order(scheduler *s)
{
  afb_bytes bytes;
  int from;
  /* Without memory the message stays in the queue and is tried again, when a run has given its memory back. */
  order *o = calloc(1, sizeof *o);
  if (!o || afb_channel_receive(&s->channel, TAG_ORDER, &from, &bytes) != AFB_OK || from < 0) {
    free(o);
    return 0;
  }
  o->payload = bytes;
  note_failure(s, afb_bytes_get(&o->payload, &o->head, sizeof o->head));
  if (o->head.kind == ORDER_STOP || o->head.kind == ORDER_ABANDON || o->head.kind == ORDER_END) {
    s->stopping = 1;
    s->abandoning |= o->head.kind == ORDER_ABANDON;
    s->ended |= o->head.kind == ORDER_END;
    afb_bytes_clear(&o->payload);
    free(o);
  } else {
    append(s, o);
  }
  return 1;
}

static void check(scheduler *s)
{
  afb_check wish = s->status == AFB_OK ? s->work->check(s->work->context) : AFB_CHECK_STOP;
  if (wish == AFB_CHECK_ABANDON && !s->abandoning) {
    s->abandoning = 1;
    issue_to_all(s, ORDER_ABANDON, 0.0);
  }
  if (wish != AFB_CHECK_GO)
    begin_stop(s);
}

/* Looks at the messages; on rank 0 also hands out work. Never waits. */
static void progress(scheduler *s)
{
  if (s->serving)
    return;
  s->serving = 1;
  afb_spent spent = afb_account_enter(AFB_SPENT_SERVICE);
  afb_channel_reap(&s->channel);
  if (s->pool->rank == 0) {
    double away = afb_wall_seconds() - s->served_at;
    s->gap = fmax(s->gap * exp(-away / GAP_MEMORY), away);
    for (int n = 1; receive_report(s); n++)
      if (n % AFB_FEED_AFTER == 0)
        feed(s);
    check(s);
    feed(s);
  } else {
    while (receive_order(s))
      ;
  }
  s->served_at = afb_wall_seconds();
  afb_account_enter(spent);
  s->serving = 0;
}

/* Agrees on a flag while messages are served. `idle` is called between looks; it returns 0 when it had nothing to do. */
static int agree_while(scheduler *s, MPI_Comm comm, int (*idle)(scheduler *, double), double until)
{
  int flag = s->stopping, any = 0, over = 0;
  MPI_Request request;
  MPI_Iallreduce(&flag, &any, 1, MPI_INT, MPI_MAX, comm, &request);
  for (;;) {
    MPI_Test(&request, &over, MPI_STATUS_IGNORE);
    if (over)
      return any;
    progress(s);
    if (!idle || !idle(s, until))
      rest();
  }
}

/* From within a run: not at every one of many short iterations. */
static void progress_now_and_then(scheduler *s)
{
  if (afb_wall_seconds() - s->served_at >= AFB_LOOK_INTERVAL)
    progress(s);
}

static int poll(void *context)
{
  scheduler *s = context;
  progress_now_and_then(s);
  return s->abandoning;
}

/* The same without a say: a run on several ranks is not ended by one of them. */
static int poll_in_group(void *context)
{
  progress_now_and_then(context);
  return 0;
}

static void judge(afb_status status, afb_mcdhf_result *result)
{
  if (status != AFB_OK) {
    afb_mcdhf_result_clear(result);
    *result = (afb_mcdhf_result){.energy = NAN, .gradient = NAN};
    result->outcome = status == AFB_E_MEMORY || status == AFB_E_LIMIT ? AFB_OUTCOME_RESOURCE_LIMIT
                                                                      : AFB_OUTCOME_INFEASIBLE;
    snprintf(result->reason, sizeof result->reason, "%.*s", (int)sizeof result->reason - 1, afb_error_text());
  } else if (afb_outcome_ok(result->outcome) && !isfinite(result->energy)) {
    result->outcome = AFB_OUTCOME_NOT_FINITE;
    snprintf(result->reason, sizeof result->reason, "the energy is not a finite number");
  }
}

static afb_status send_report(scheduler *s, const report_head *head, const afb_mcdhf_result *result)
{
  afb_bytes bytes = {0};
  afb_status status = afb_bytes_put(&bytes, head, sizeof *head);
  if (status == AFB_OK && head->started)
    status = afb_result_pack(result, &bytes);
  if (status == AFB_OK)
    status = afb_channel_send(&s->channel, 0, TAG_REPORT, &bytes);
  afb_bytes_clear(&bytes);
  return status;
}

/* Hands a report to rank 0. */
static void hand_in(scheduler *s, const report_head *head, afb_mcdhf_result *result)
{
  if (s->pool->rank == 0) {
    deliver(s, head, result);
    return;
  }
  if (send_report(s, head, result) == AFB_OK)
    return;
  /* Rank 0 waits for this report: without memory for all of it, it gets the outcome alone. */
  afb_mcdhf_result_clear(result);
  *result = (afb_mcdhf_result){.energy = NAN, .gradient = NAN};
  result->outcome = AFB_OUTCOME_RESOURCE_LIMIT;
  snprintf(result->reason, sizeof result->reason, "no memory to hand in the result");
  note_failure(s, send_report(s, head, result));
}

/* Collective on comm: what the run took beyond `before`, on the rank that needed most. */
static double peak_of_all(MPI_Comm comm, double before)
{
  double bytes = before < 0.0 ? -1.0 : fmax(0.0, afb_memory_peak() - before);
  MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_MAX, comm);
  return bytes < 0.0 ? NAN : bytes;
}

static void execute(scheduler *s, order *o)
{
  MPI_Comm comm = afb_pool_group(s->pool, o->head.ranks);
  int drop = o->head.ranks > 1 ? agree_while(s, comm, NULL, 0.0) : s->stopping;
  report_head head = {.report = {.id = o->head.id, .ranks = o->head.ranks, .rank = o->head.first}, .slot = o->head.slot,
    .started = !drop};
  afb_mcdhf_result result = {0};
  if (!drop) {
    afb_owned_request owned;
    afb_status status = afb_request_unpack(&o->payload, &owned);
    if (o->head.ranks > 1)
      status = afb_agree(comm, status);
    double memory = afb_memory_watch(AFB_MEMORY_SLACK), begin = afb_account_spent(AFB_SPENT_RUN);
    afb_spent spent = afb_account_enter(AFB_SPENT_RUN);
    if (status == AFB_OK) {
      owned.request.poll = o->head.ranks > 1 ? poll_in_group : poll;
      owned.request.poll_context = s;
      status = s->engine->run(comm, &owned.request, &result);
    }
    afb_account_enter(spent);
    head.report.seconds = afb_account_spent(AFB_SPENT_RUN) - begin;
    head.report.bytes = peak_of_all(comm, memory);
    s->runs++;
    judge(status, &result);
    s->failed += afb_outcome_ok(result.outcome) ? 0.0 : head.report.seconds;
    head.report.abandoned = s->abandoning && o->head.ranks == 1 && result.outcome == AFB_OUTCOME_RESOURCE_LIMIT;
    afb_owned_request_clear(&owned);
  }
  if (s->pool->rank == o->head.first)
    hand_in(s, &head, &result);
  afb_mcdhf_result_clear(&result);
}

static void discard(order *o)
{
  afb_bytes_clear(&o->payload);
  free(o);
}

/* While others still compute: one single-rank task that is predicted to be over by then. */
static int fill(scheduler *s, double until)
{
  for (order **at = &s->first; *at; at = &(*at)->next) {
    order *o = *at;
    if (o->head.kind != ORDER_TASK || o->head.ranks > 1 || (!s->stopping && afb_wall_seconds() + o->head.seconds > until))
      continue;
    *at = o->next;
    execute(s, o);
    discard(o);
    return 1;
  }
  return 0;
}

static void do_together(scheduler *s, const order *o)
{
  int skip = agree_while(s, s->comm, fill, o->arrived + o->head.seconds);
  s->together_pending = 0;
  if (skip)
    return;
  double begin = afb_wall_seconds();
  afb_spent spent = afb_account_enter(AFB_SPENT_STORING);
  note_failure(s, s->work->together(s->work->context));
  afb_account_enter(spent);
  s->together += afb_wall_seconds() - begin;
  s->served_at = afb_wall_seconds();
}

/* From within work aside: serves, and says whether to give it up. */
static int poll_aside(void *context)
{
  scheduler *s = context;
  progress_now_and_then(s);
  return s->stopping;
}

static void do_aside(scheduler *s, const order *o)
{
  int drop = o->head.ranks > 1 ? agree_while(s, afb_pool_group(s->pool, o->head.ranks), NULL, 0.0) : s->stopping;
  if (!drop) {
    afb_spent spent = afb_account_enter(AFB_SPENT_TRAINING);
    note_failure(s, s->work->aside(s->work->context, poll_aside, s));
    afb_account_enter(spent);
  }
  if (s->pool->rank == 0)
    come_back(s, o->head.slot);
}

/* The next order of this rank. Work for all ranks and work aside overtake single runs, but no run of a group: those were issued
 * before it to every member, and a member that went past one would leave the others waiting. */
static order *take(scheduler *s)
{
  order **chosen = &s->first;
  for (order **at = &s->first; *at; at = &(*at)->next) {
    if ((*at)->head.kind != ORDER_TASK)
      chosen = at;
    if ((*at)->head.kind != ORDER_TASK || (*at)->head.ranks > 1)
      break;
  }
  order *o = *chosen;
  if (o)
    *chosen = o->next;
  return o;
}

static void work_off(scheduler *s)
{
  while (!s->ended) {
    progress(s);
    order *o = take(s);
    if (o && o->head.kind == ORDER_TASK)
      execute(s, o);
    else if (o && o->head.kind == ORDER_ASIDE)
      do_aside(s, o);
    else if (o)
      do_together(s, o);
    else if (s->pool->rank == 0 && s->stopping && s->n_under_way == 0) {
      issue_to_all(s, ORDER_END, 0.0);
      s->ended = 1;
    } else
      rest();
    if (o) {
      discard(o);
      s->idle = afb_account_spent(AFB_SPENT_IDLE);
    }
  }
}

static double spent_since(const afb_account *before, const afb_account *now, afb_spent kind)
{
  return now->spent[kind] - before->spent[kind];
}

static void sum_up(scheduler *s, afb_schedule_stats *stats)
{
  afb_account now;
  afb_account_read(&now);
  double idle = spent_since(&s->before, &now, AFB_SPENT_IDLE);
  double mine[8] = {now.wall - s->before.wall, spent_since(&s->before, &now, AFB_SPENT_RUN), spent_since(&s->before, &now, AFB_SPENT_SERVICE),
                    spent_since(&s->before, &now, AFB_SPENT_STORING), idle, (double)s->runs, spent_since(&s->before, &now, AFB_SPENT_TRAINING),
                    s->together}, sum[8];
  afb_account_move(AFB_SPENT_IDLE, AFB_SPENT_DRAIN, now.spent[AFB_SPENT_IDLE] - s->idle);
  afb_account_enter(AFB_SPENT_DRAIN);
  MPI_Allreduce(mine, sum, 8, MPI_DOUBLE, MPI_SUM, s->comm);
  MPI_Allreduce(&idle, &stats->longest_idle, 1, MPI_DOUBLE, MPI_MAX, s->comm);
  stats->ranks = s->pool->size;
  stats->wall = sum[0];
  stats->run = sum[1];
  stats->service = sum[2];
  stats->storing = sum[3];
  stats->idle = sum[4];
  stats->runs = (int64_t)(sum[5] + 0.5);
  stats->aside = sum[6];
  stats->together = sum[7];
  stats->own_failed = s->failed;
}

afb_status afb_schedule(const afb_pool *pool, const afb_engine *engine, const afb_work *work, afb_schedule_stats *stats)
{
  scheduler s = {.pool = pool, .engine = engine, .work = work, .free_slot = -1};
  int first = pool->size >= AFB_ONLY_SERVES_FROM;
  afb_status status = afb_agree(pool->comm, pool->rank == 0 ? afb_loads_init(&s.loads, pool->size, first) : AFB_OK);
  if (status == AFB_OK) {
    MPI_Comm_dup(pool->comm, &s.comm);
    s.channel.comm = s.comm;
    s.served_at = afb_wall_seconds();
    afb_account_enter(AFB_SPENT_SERVICE);
    afb_account_read(&s.before);
    s.idle = s.before.spent[AFB_SPENT_IDLE];
    work_off(&s);
    afb_channel_flush(&s.channel);
    sum_up(&s, stats);
    if (s.status != AFB_OK)
      s.status = AFB_FAIL(s.status, "%s", s.text);
    status = afb_agree(s.comm, s.status);
    MPI_Comm_free(&s.comm);
  }
  afb_loads_clear(&s.loads);
  free(s.under_way);
  return status;
}
