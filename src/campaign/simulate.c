#include "campaign/simulate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "campaign/loads.h"
#include "core/random.h"

enum { STREAM_REST, STREAM_ERROR, STREAM_LENGTH };
enum { AHEAD_OF_LEADER = 4 };                    /* runs a rank that a leader holds: two of each rank, one being passed on, one on its way */
static const double BATCH_AGE = 1.0;             /* seconds after which a leader passes on what it has */
static const double GAP_MEMORY = 5.0;            /* as in scheduler.c */
static const double FOLD_LEAST = 32 << 20;       /* as in afb_store_fold_due */

const char *afb_layout_name(afb_layout layout)
{
  static const char *const name[AFB_N_LAYOUTS] = {"rank 0 computes too", "rank 0 only serves", "leaders of 128", "leaders that store"};
  return name[layout];
}

/* ---- Lengths of runs ---- */

static double normal_below(double z) { return 0.5 * erfc(-z / sqrt(2.0)); }

/* mu for which the distribution up to its cut has the wanted mean. */
static double find_mu(const afb_lengths *l)
{
  double s = l->deviation, top = log(l->cut * l->mean), low = log(l->mean) - s * s - 1.0, high = top + 4.0 * s * s;
  for (int i = 0; i < 60 && s > 0.0; i++) {
    double mu = 0.5 * (low + high);
    double mean = exp(mu + 0.5 * s * s) * normal_below((top - mu - s * s) / s) / normal_below((top - mu) / s);
    *(mean < l->mean ? &low : &high) = mu;
  }
  return s > 0.0 ? 0.5 * (low + high) : log(l->mean);
}

afb_length_source afb_lengths_source(const afb_lengths *lengths, uint64_t seed)
{
  afb_length_source source = {lengths, seed, lengths->n > 0 ? 0.0 : find_mu(lengths), 1.0};
  double sum = 0.0;
  for (int64_t i = 0; i < lengths->n; i++)
    sum += lengths->seconds[i];
  if (sum > 0.0)
    source.scale = lengths->mean * (double)lengths->n / sum;
  return source;
}

static double draw(const afb_length_source *source, uint64_t run)
{
  const afb_lengths *l = source->lengths;
  if (l->n > 0)
    return source->scale * l->seconds[afb_random_below((uint64_t)l->n, source->seed, STREAM_LENGTH, run)];
  if (l->deviation <= 0.0)
    return l->mean;
  double seconds;
  uint64_t stream = STREAM_LENGTH;
  do
    seconds = exp(source->mu + l->deviation * afb_random_normal(source->seed, stream++, run));
  while (seconds > l->cut * l->mean);
  return seconds;
}

double afb_lengths_of(const afb_length_source *source, int64_t run, double *predicted)
{
  double seconds = draw(source, (uint64_t)run), error = source->lengths->error;
  *predicted = error > 0.0 ? seconds * exp(error * afb_random_normal(source->seed, STREAM_ERROR, (uint64_t)run)) : seconds;
  return seconds;
}

/* ---- Events: a binary heap, the earliest first ---- */

typedef struct {
  double time, value;
  int who;
} event;

typedef struct {
  int n, capacity;
  event *item;
} events;

static double next_time(const events *heap) { return heap->n > 0 ? heap->item[0].time : INFINITY; }

static afb_status push(events *heap, double time, int who, double value)
{
  if (heap->n == heap->capacity) {
    int capacity = 2 * heap->capacity + 64;
    event *grown = realloc(heap->item, (size_t)capacity * sizeof *grown);
    if (!grown)
      return AFB_FAIL(AFB_E_MEMORY, "no memory for %d events", capacity);
    heap->item = grown;
    heap->capacity = capacity;
  }
  int at = heap->n++;
  for (; at > 0 && time < heap->item[(at - 1) / 2].time; at = (at - 1) / 2)
    heap->item[at] = heap->item[(at - 1) / 2];
  heap->item[at] = (event){time, value, who};
  return AFB_OK;
}

static event pop(events *heap)
{
  event first = heap->item[0], last = heap->item[--heap->n];
  int at = 0;
  for (int child; (child = 2 * at + 1) < heap->n; at = child) {
    if (child + 1 < heap->n && heap->item[child + 1].time < heap->item[child].time)
      child++;
    if (heap->item[child].time >= last.time)
      break;
    heap->item[at] = heap->item[child];
  }
  heap->item[at] = last;
  return first;
}

/* ---- Who takes part ---- */

/* Hands out runs to `n` ranks, of which it is the first when it computes. */
typedef struct {
  int n, computes;
  double take_in, keep;          /* seconds for a result that comes in a message, and for one of any rank beside that */
  afb_loads loads;
  double *free_at;               /* [n] when a rank is done with what it has been given */
  events results, batches;       /* on their way to it: results of its ranks; runs from rank 0 */
  int64_t stock;                 /* runs that it may hand out */
  int gathered;                  /* results of a leader that are not yet passed on, */
  double gathered_at;            /* and since when */
  int64_t own[AFB_MOST_AHEAD];   /* runs that it is to do itself */
  double own_predicted[AFB_MOST_AHEAD];
  int n_own;
  double own_left;               /* seconds of the first of them; 0: not begun */
  double now, due;               /* what it does is simulated up to here; its next look */
  double served_at, gap, served;
  uint64_t rests;
} server;

/* Rank 0 above leaders. */
typedef struct {
  events inbox;
  int *out;                      /* [n_servers] runs given to a leader and not passed on */
  int64_t left;                  /* runs to give */
  double now, due, served;
} head_office;

typedef struct {
  const afb_simulation *what;
  afb_length_source lengths;
  int n_servers;
  server *server;
  head_office office;            /* with several servers */
  events agenda;                 /* next looks of the servers, and of the office as number n_servers */
  double *begin, *end, *length;  /* [runs] */
  double third_out, all_out, finished;
  afb_simulated *out;
} simulation;

/* ---- Handing out ---- */

static int is_leader(const simulation *s) { return s->n_servers > 1; }

/* To a rank other than its own. Everything that follows is known: the rank works its orders off one after the other. */
static afb_status send_order(simulation *s, server *m, int rank, int64_t run, double guess)
{
  const afb_service *c = &s->what->service;
  m->now += c->pack_order + c->send;
  s->out->messages += is_leader(s) ? 0 : 2;
  double there = m->now + c->latency + c->order_bytes * c->byte, begin = m->free_at[rank];
  if (there > begin)
    begin = there + c->rest * afb_random_uniform(s->what->seed, STREAM_REST, (uint64_t)run);
  s->begin[run] = begin + c->receive + c->unpack_order;
  s->end[run] = s->begin[run] + s->length[run];
  m->free_at[rank] = s->end[run] + c->pack_result + c->send;
  return push(&m->results, m->free_at[rank] + c->latency + c->result_bytes * c->byte, rank, guess);
}

static afb_status feed(simulation *s, server *m)
{
  int rank;
  while (m->stock > 0 && (rank = afb_loads_hungriest(&m->loads, m->gap)) >= 0) {
    int64_t run = s->out->orders++;
    double guess;
    s->length[run] = afb_lengths_of(&s->lengths, run, &guess);
    m->stock--;
    afb_loads_add(&m->loads, rank, guess);
    if (m->computes && rank == 0) {
      m->now += s->what->service.pack_order;
      m->own[m->n_own] = run;
      m->own_predicted[m->n_own++] = guess;
    } else
      AFB_TRY(send_order(s, m, rank, run, guess));
    if (3 * run < s->what->runs)
      s->third_out = fmax(s->third_out, m->now);
    s->all_out = fmax(s->all_out, m->now);
  }
  return AFB_OK;
}

static void keep(simulation *s, server *m, int rank, double guess)
{
  m->now += m->keep;
  afb_loads_remove(&m->loads, rank, guess);
  if (is_leader(s)) {
    if (m->gathered++ == 0)
      m->gathered_at = m->now;
  } else {
    s->out->results++;
    s->finished = fmax(s->finished, m->now);
  }
}

static afb_status plan_look(simulation *s, int who, double *due, double time)
{
  *due = time;
  return isinf(time) ? AFB_OK : push(&s->agenda, time, who, 0.0);
}

/* A leader sends its results to rank 0. */
static afb_status pass_on(simulation *s, int who)
{
  server *m = &s->server[who];
  const afb_service *c = &s->what->service;
  m->now += c->send;
  double there = m->now + c->latency + m->gathered * c->result_bytes * c->byte;
  AFB_TRY(push(&s->office.inbox, there, who, m->gathered));
  m->gathered = 0;
  double time = fmax(s->office.now, there);
  return time < s->office.due ? plan_look(s, s->n_servers, &s->office.due, time) : AFB_OK;
}

static afb_status look(simulation *s, server *m)
{
  double begin = m->now, away = begin - m->served_at;
  m->gap = fmax(m->gap * exp(-away / GAP_MEMORY), away);
  while (next_time(&m->batches) <= m->now) {
    m->now += s->what->service.receive;
    m->stock += (int64_t)pop(&m->batches).value;
  }
  for (int n = 1; next_time(&m->results) <= m->now; n++) {
    event result = pop(&m->results);
    m->now += m->take_in;
    keep(s, m, result.who, result.value);
    if (n % AFB_FEED_AFTER == 0)
      AFB_TRY(feed(s, m));
  }
  AFB_TRY(feed(s, m));
  m->served_at = m->now;
  m->served += m->now - begin;
  return AFB_OK;
}

/* The server's own run, up to its next look or its end. */
static void compute(simulation *s, server *m)
{
  const afb_service *c = &s->what->service;
  int64_t run = m->own[0];
  double interval = s->length[run] / c->polls;
  if (m->own_left <= 0.0) {
    m->own_left = s->length[run];
    s->begin[run] = m->now;
  }
  double slice = fmin(m->own_left, interval * fmax(1.0, ceil(c->poll / interval)));
  m->now += slice;
  m->own_left -= slice;
  if (m->own_left > 1e-9 * s->length[run])
    return;
  m->own_left = 0.0;
  s->end[run] = m->now;
  double guess = m->own_predicted[0];
  m->n_own--;
  memmove(m->own, m->own + 1, (size_t)m->n_own * sizeof *m->own);
  memmove(m->own_predicted, m->own_predicted + 1, (size_t)m->n_own * sizeof *m->own_predicted);
  double begin = m->now;
  keep(s, m, 0, guess);
  m->served += m->now - begin;
}

/* One look, and what comes until the next. */
static afb_status go_on(simulation *s, int who)
{
  server *m = &s->server[who];
  m->now = m->due;
  AFB_TRY(look(s, m));
  int idle = m->n_own == 0;
  if (m->gathered >= m->n || (m->gathered > 0 && (idle || m->now - m->gathered_at > BATCH_AGE)))
    AFB_TRY(pass_on(s, who));
  if (!idle) {
    compute(s, m);
    return plan_look(s, who, &m->due, m->now);
  }
  double next = fmin(next_time(&m->results), next_time(&m->batches));
  if (next > m->now)
    next += s->what->service.rest * afb_random_uniform(s->what->seed, STREAM_REST, (uint64_t)s->what->runs + m->rests++);
  return plan_look(s, who, &m->due, fmax(next, m->now));
}

/* ---- Rank 0 above leaders ---- */

static afb_status give(simulation *s, int who)
{
  head_office *o = &s->office;
  server *m = &s->server[who];
  const afb_service *c = &s->what->service;
  int64_t wanted = (int64_t)AHEAD_OF_LEADER * m->n - o->out[who], n = wanted < o->left ? wanted : o->left;
  if (n <= 0)
    return AFB_OK;
  o->left -= n;
  o->out[who] += (int)n;
  o->now += (double)n * c->pack_order + c->send;
  s->out->messages++;
  double there = o->now + c->latency + (double)n * c->order_bytes * c->byte;
  AFB_TRY(push(&m->batches, there, 0, (double)n));
  there = fmax(there, m->now);
  return m->due > there && m->n_own == 0 ? plan_look(s, who, &m->due, there) : AFB_OK;
}

static afb_status serve(simulation *s)
{
  head_office *o = &s->office;
  const afb_service *c = &s->what->service;
  double begin = o->now = fmax(o->now, o->due);
  event batch = pop(&o->inbox);
  o->now += c->receive + batch.value * (c->plan + (s->what->layout == AFB_LAYOUT_KEEPERS ? 0.0 : c->unpack_result + c->store));
  o->out[batch.who] -= (int)batch.value;
  s->out->results += (int64_t)batch.value;
  s->out->messages++;
  s->finished = fmax(s->finished, o->now);
  AFB_TRY(give(s, batch.who));
  o->served += o->now - begin;
  return plan_look(s, s->n_servers, &o->due, fmax(o->now, next_time(&o->inbox)));
}

/* ---- The whole ---- */

static afb_status init_server(const simulation *s, server *m, int n, int computes)
{
  const afb_service *c = &s->what->service;
  *m = (server){.n = n, .computes = computes, .take_in = c->receive + c->unpack_result, .keep = c->plan + c->store, .due = INFINITY};
  if (is_leader(s)) {
    int keeps = s->what->layout == AFB_LAYOUT_KEEPERS;
    m->take_in = c->receive + (keeps ? c->unpack_result : 0.0);
    m->keep = keeps ? c->store : c->pack_result;
  }
  m->free_at = calloc((size_t)n, sizeof *m->free_at);
  if (!m->free_at)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d ranks", n);
  return afb_loads_init(&m->loads, n, 0);
}

static afb_status init_servers(simulation *s)
{
  const afb_simulation *w = s->what;
  int leaders = w->layout == AFB_LAYOUT_LEADERS || w->layout == AFB_LAYOUT_KEEPERS ? (w->ranks - 1 + w->per_leader - 1) / w->per_leader : 1;
  s->n_servers = leaders > 1 ? leaders : 1;
  s->server = calloc((size_t)s->n_servers, sizeof *s->server);
  s->office.out = calloc((size_t)s->n_servers, sizeof *s->office.out);
  if (!s->server || !s->office.out)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for %d leaders", s->n_servers);
  int dedicated = w->ranks > 1 && (is_leader(s) || w->layout == AFB_LAYOUT_DEDICATED), ranks = w->ranks - dedicated;
  for (int i = 0; i < s->n_servers; i++) {
    int first = (int)((int64_t)ranks * i / s->n_servers), end = (int)((int64_t)ranks * (i + 1) / s->n_servers);
    AFB_TRY(init_server(s, &s->server[i], end - first, is_leader(s) || !dedicated));
  }
  if (!is_leader(s)) {
    s->server[0].stock = w->runs;
    return plan_look(s, 0, &s->server[0].due, 0.0);
  }
  s->office.left = w->runs;
  s->office.due = INFINITY;
  for (int i = 0; i < s->n_servers; i++)
    AFB_TRY(give(s, i));
  s->office.served = s->office.now;
  return AFB_OK;
}

static afb_status run_through(simulation *s)
{
  while (s->agenda.n > 0) {
    event next = pop(&s->agenda);
    double due = next.who < s->n_servers ? s->server[next.who].due : s->office.due;
    if (next.time > due || next.time < due)   /* put off or brought forward since */
      continue;
    AFB_TRY(next.who < s->n_servers ? go_on(s, next.who) : serve(s));
  }
  return AFB_OK;
}

/* Seconds in which files of the given rate of growth are copied and extended. */
static double folds(double bytes, double bandwidth)
{
  double size = 0.0, written = 0.0;
  while (bandwidth > 0.0 && size < bytes) {
    size = fmin(bytes, size + fmax(FOLD_LEAST, 0.5 * size));
    written += size;
  }
  return bandwidth > 0.0 ? written / bandwidth : 0.0;
}

static void sum_up(simulation *s)
{
  const afb_simulation *w = s->what;
  double from = s->third_out, to = s->all_out, within = 0.0, busy = is_leader(s) ? s->office.served : s->server[0].served;
  for (int64_t i = 0; i < w->runs; i++) {
    double begin = fmax(s->begin[i], from), end = fmin(s->end[i], to);
    s->out->run += s->length[i];
    s->out->longest = fmax(s->out->longest, s->length[i]);
    if (end > begin)
      within += s->length[i] * (end - begin) / (s->end[i] - s->begin[i]);
  }
  s->out->folding = folds((double)w->runs * w->service.file_bytes, w->service.file_bandwidth);
  s->out->wall = s->finished + s->out->folding;
  s->out->whole = s->out->run / (w->ranks * s->out->wall);
  s->out->steady = to > from ? within / (w->ranks * (to - from)) * s->finished / s->out->wall : NAN;
  s->out->busy = busy / s->finished;
}

static void clear(simulation *s)
{
  for (int i = 0; i < s->n_servers && s->server; i++) {
    afb_loads_clear(&s->server[i].loads);
    free(s->server[i].free_at);
    free(s->server[i].results.item);
    free(s->server[i].batches.item);
  }
  free(s->server);
  free(s->office.out);
  free(s->office.inbox.item);
  free(s->agenda.item);
  free(s->begin);
  free(s->end);
  free(s->length);
}

afb_status afb_simulate(const afb_simulation *what, afb_simulated *out)
{
  *out = (afb_simulated){0};
  if (what->ranks < 1 || what->runs < 1)
    return AFB_FAIL(AFB_E_INPUT, "a simulation needs a rank and a run at least");
  size_t n = (size_t)what->runs;
  simulation s = {.what = what, .out = out, .lengths = afb_lengths_source(&what->lengths, what->seed), .begin = calloc(n, sizeof(double)),
                  .end = calloc(n, sizeof(double)), .length = calloc(n, sizeof(double))};
  afb_status status = s.begin && s.end && s.length ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for %lld runs", (long long)what->runs);
  if (status == AFB_OK)
    status = init_servers(&s);
  if (status == AFB_OK)
    status = run_through(&s);
  if (status == AFB_OK)
    sum_up(&s);
  clear(&s);
  return status;
}
