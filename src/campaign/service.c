#include "campaign/service.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "campaign/channel.h"
#include "campaign/record.h"
#include "campaign/scheduler.h"
#include "core/clock.h"
#include "core/pool.h"
#include "engine/mcdhf.h"

enum { TAG = 1, BATCHES = 20, MESSAGES = 50, TURNS = 1000, ROWS = 64, COMMITS = 8 };

static void sleep_for(double seconds)
{
  struct timespec pause = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
  nanosleep(&pause, NULL);
}

void afb_service_rest_until_all(MPI_Comm comm)
{
  MPI_Request request;
  int over = 0;
  MPI_Ibarrier(comm, &request);
  while (!over) {
    sleep_for(1e-3);
    MPI_Test(&request, &over, MPI_STATUS_IGNORE);
  }
}

/* ---- Messages ---- */

static const double LONGEST = 1.0;   /* seconds of turns: they are slow where ranks share processors */

static double least(double a, double b) { return a < b ? a : b; }

static afb_status wait_for(afb_channel *channel, afb_bytes *bytes)
{
  int from = -1;
  while (from < 0)
    AFB_TRY(afb_channel_receive(channel, TAG, &from, bytes));
  return AFB_OK;
}

/* Seconds of packing, sending, receiving and unpacking, a message each. */
typedef struct {
  double pack, send, receive, unpack, bytes;
} steps;

static afb_status one_message(afb_channel *channel, const afb_mcdhf_request *request, const afb_mcdhf_result *result, steps *sum)
{
  afb_bytes bytes = {0};
  afb_owned_request owned = {0};
  afb_mcdhf_result copy = {0};
  double t0 = afb_wall_seconds();
  afb_status status = request ? afb_request_pack(request, &bytes) : afb_result_pack(result, &bytes);
  double t1 = afb_wall_seconds();
  sum->bytes = (double)bytes.size;
  if (status == AFB_OK)
    status = afb_channel_send(channel, 0, TAG, &bytes);
  double t2 = afb_wall_seconds();
  afb_bytes_clear(&bytes);
  if (status == AFB_OK)
    status = wait_for(channel, &bytes);
  double t3 = afb_wall_seconds();
  if (status == AFB_OK)
    status = request ? afb_request_unpack(&bytes, &owned) : afb_result_unpack(&bytes, &copy);
  double t4 = afb_wall_seconds();
  afb_channel_reap(channel);
  afb_bytes_clear(&bytes);
  afb_owned_request_clear(&owned);
  afb_mcdhf_result_clear(&copy);
  sum->pack += t1 - t0;
  sum->send += t2 - t1;
  sum->receive += t3 - t2;
  sum->unpack += t4 - t3;
  return status;
}

/* Rank 0 to itself. */
static afb_status measure_steps(const afb_mcdhf_request *request, const afb_mcdhf_result *result, steps *out)
{
  MPI_Comm comm;
  MPI_Comm_dup(MPI_COMM_SELF, &comm);
  afb_channel channel = {.comm = comm};
  *out = (steps){INFINITY, INFINITY, INFINITY, INFINITY, 0.0};
  afb_status status = AFB_OK;
  for (int b = 0; b < BATCHES && status == AFB_OK; b++) {
    steps sum = {0};
    for (int i = 0; i < MESSAGES && status == AFB_OK; i++)
      status = one_message(&channel, request, result, &sum);
    out->pack = least(out->pack, sum.pack / MESSAGES);
    out->send = least(out->send, sum.send / MESSAGES);
    out->receive = least(out->receive, sum.receive / MESSAGES);
    out->unpack = least(out->unpack, sum.unpack / MESSAGES);
    out->bytes = sum.bytes;
  }
  afb_channel_flush(&channel);
  MPI_Comm_free(&comm);
  return status;
}

/* Collective. Half of the least time of a message of so many bytes from rank 0 to rank 1 and back. */
static double measure_way(MPI_Comm comm, int bytes)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  char *data = calloc((size_t)bytes, 1);
  double way = INFINITY, start = afb_wall_seconds();
  /* The first byte says whether another turn follows. */
  for (int turn = 1, more = data && size > 1 && rank < 2; more; turn++) {
    double begin = afb_wall_seconds();
    if (rank == 0) {
      data[0] = turn < TURNS && begin - start < LONGEST;
      MPI_Send(data, bytes, MPI_BYTE, 1, TAG, comm);
    }
    MPI_Recv(data, bytes, MPI_BYTE, 1 - rank, TAG, comm, MPI_STATUS_IGNORE);
    if (rank == 1)
      MPI_Send(data, bytes, MPI_BYTE, 0, TAG, comm);
    more = data[0] != 0;
    way = least(way, 0.5 * (afb_wall_seconds() - begin));
  }
  free(data);
  return isinf(way) ? 0.0 : way;
}

/* ---- The file ---- */

/* Adds `rows` results and commits them; seconds of both. */
static afb_status add_and_commit(afb_store *store, const afb_candidates *ion, const afb_mcdhf_result *result, int rows, double *add, double *commit)
{
  afb_entry entry = {.node = {.n = 1}, .added = -1, .parent = -1, .outcome = result->outcome, .rung = result->rung, .round = -1,
                     .has_orbitals = 1, .n_levels = result->n_levels};
  afb_record_facts facts = {.ranks = 1, .parent_run = -1};
  double begin = afb_wall_seconds();
  for (int i = 0; i < rows; i++) {
    facts.content_hash++;
    AFB_TRY(afb_record_add(store, ion, &entry, result, &facts, &entry.run));
  }
  double added = afb_wall_seconds();
  AFB_TRY(afb_store_commit(store));
  *add = least(*add, (added - begin) / rows);
  *commit = least(*commit, afb_wall_seconds() - added);
  return AFB_OK;
}

/* A commit takes what its rows take, and a fixed time that the campaign's rule keeps below half a percent of all. */
static afb_status measure_store(const char *scratch, const afb_candidates *ion, const afb_mcdhf_result *result, afb_service *service)
{
  afb_store *store;
  afb_store_writer writer = {.input = "", .identity = ""};
  afb_record_legend(&writer.legend);
  AFB_TRY(afb_store_open(MPI_COMM_SELF, scratch, AFB_STORE_CREATE, &writer, &store));
  double add = INFINITY, one = INFINITY, many = INFINITY;
  afb_status status = AFB_OK;
  for (int i = 0; i < COMMITS && status == AFB_OK; i++) {
    double unused = INFINITY;
    status = add_and_commit(store, ion, result, 1, &unused, &one);
    if (status == AFB_OK)
      status = add_and_commit(store, ion, result, ROWS, &add, &many);
  }
  afb_status closed = afb_store_close(&store);
  unlink(scratch);
  AFB_TRY(status != AFB_OK ? status : closed);
  service->store = add + fmax(0.0, many - one) / (ROWS - 1);
  return AFB_OK;
}

static afb_status measure_on_one(const char *scratch, afb_service *service)
{
  static const char *const text[] = {"1s2 2s2 2p6 3s2 3p2", "1s2 2s2 2p6 3s1 3p2 3d1", "1s2 2s2 2p6 3s2 3p1 4p1"};
  afb_configuration set[3];
  for (int i = 0; i < 3; i++)
    AFB_TRY(afb_configuration_parse(text[i], &set[i]));
  afb_mcdhf_request request = {.z = 14, .nucleus = AFB_NUCLEUS_FERMI, .n_configurations = 3, .configuration = set, .two_j_max = -1,
                               .optimise = AFB_OPTIMISE_LEVELS, .n_levels = 3, .n_vary = -1};
  afb_mcdhf_result result = {0};
  afb_candidates ion = {0};
  steps order, answer;
  afb_status status = afb_engine_mcdhf.run(MPI_COMM_SELF, &request, &result);
  request.start = &result.orbitals;
  if (status == AFB_OK)
    status = measure_steps(&request, NULL, &order);
  if (status == AFB_OK)
    status = measure_steps(NULL, &result, &answer);
  if (status == AFB_OK)
    status = afb_candidates_create((afb_ion){14, 0}, 4, 2, 1, 2, &ion);
  if (status == AFB_OK)
    status = measure_store(scratch, &ion, &result, service);
  if (status == AFB_OK) {
    service->pack_order = order.pack;
    service->unpack_order = order.unpack;
    service->pack_result = answer.pack;
    service->unpack_result = answer.unpack;
    service->send = fmax(order.send, answer.send);
    service->receive = fmax(order.receive, answer.receive);
    service->order_bytes = order.bytes;
    service->result_bytes = answer.bytes;
  }
  afb_candidates_clear(&ion);
  afb_mcdhf_result_clear(&result);
  return status;
}

afb_status afb_service_measure(MPI_Comm comm, const char *scratch, afb_service *service)
{
  int rank;
  MPI_Comm_rank(comm, &rank);
  afb_status status = rank == 0 ? measure_on_one(scratch, service) : AFB_OK;
  afb_service_rest_until_all(comm);
  AFB_TRY(afb_agree(comm, status));
  enum { SMALL = 8, LARGE = 1 << 20 };
  double small = measure_way(comm, SMALL), large = measure_way(comm, LARGE);
  service->latency = small;
  service->byte = (large - small) / (LARGE - SMALL);
  afb_service_rest_until_all(comm);
  MPI_Bcast(service, (int)sizeof *service, MPI_BYTE, 0, comm);
  return AFB_OK;
}

/* ---- The scheduler beside its simulation ---- */

enum { SLEEPS = 16 };

/* Takes the time that the request names, not counting that of messages, as a computation would. */
static afb_status sleeping_run(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  (void)comm;
  *result = (afb_mcdhf_result){.outcome = AFB_OUTCOME_CONVERGED, .energy = -1.0};
  double end = afb_wall_seconds() + request->max_seconds;
  for (int i = 1; i <= SLEEPS; i++) {
    double now = afb_wall_seconds(), until = end - request->max_seconds * (SLEEPS - i) / SLEEPS;
    if (until > now)
      sleep_for(until - now);
    now = afb_wall_seconds();
    if (request->poll && request->poll(request->poll_context))
      break;
    end += afb_wall_seconds() - now;
  }
  return AFB_OK;
}

static const afb_engine sleeping = {.name = "sleep", .description = "takes time", .reference = "none", .run = sleeping_run};

typedef struct {
  const afb_simulation *what;
  afb_length_source source;
  int64_t issued, done;
} trial;

static afb_next next(void *context, double longest, afb_task *task)
{
  trial *t = context;
  (void)longest;
  if (t->issued == t->what->runs)
    return AFB_NEXT_WAIT;
  *task = (afb_task){.id = t->issued, .ranks = 1};
  task->request.max_seconds = afb_lengths_of(&t->source, t->issued++, &task->seconds);
  return AFB_NEXT_TASK;
}

static afb_status done(void *context, const afb_run_report *report, afb_mcdhf_result *result)
{
  trial *t = context;
  (void)report;
  (void)result;
  t->done++;
  for (double begin = afb_wall_seconds(); afb_wall_seconds() - begin < t->what->service.store;)
    ;
  return AFB_OK;
}

static void dropped(void *context, int64_t id)
{
  (void)context;
  (void)id;
}

static afb_check check(void *context)
{
  (void)context;
  return AFB_CHECK_GO;
}

afb_status afb_service_try(MPI_Comm comm, const afb_simulation *what, afb_service_trial *out)
{
  int rank;
  afb_pool *pool = NULL;
  MPI_Comm part;
  afb_schedule_stats stats = {0};
  trial t = {.what = what, .source = afb_lengths_source(&what->lengths, what->seed)};
  afb_work work = {.context = &t, .next = next, .done = done, .dropped = dropped, .check = check};
  *out = (afb_service_trial){0};
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_split(comm, rank < what->ranks ? 0 : MPI_UNDEFINED, rank, &part);
  afb_status status = AFB_OK;
  if (part != MPI_COMM_NULL) {
    status = afb_pool_create(part, 1, &pool);
    if (status == AFB_OK)
      status = afb_schedule(pool, &sleeping, &work, &stats);
    afb_pool_destroy(&pool);
    MPI_Comm_free(&part);
  }
  afb_service_rest_until_all(comm);
  afb_simulation simulation = *what;
  afb_simulated simulated;
  simulation.service.polls = SLEEPS;
  if (status == AFB_OK && rank == 0) {
    status = afb_simulate(&simulation, &simulated);
    *out = (afb_service_trial){stats.run / stats.wall, simulated.whole, t.done};
  }
  return afb_agree(comm, status);
}
