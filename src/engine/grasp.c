#include "engine/grasp.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "atomic/element.h"
#include "core/clock.h"
#include "engine/grasp_files.h"
#include "engine/grasp_run.h"
#include "engine/work.h"
#include "engine/process.h"
#include "engine/scratch.h"

enum { RNUCLEUS, RCSFGENERATE, RANGULAR, RWFNESTIMATE, RMCDHF, N_PROGRAMS, PATH_LENGTH = 1024 };
static const char *const names[N_PROGRAMS] = {"rnucleus", "rcsfgenerate", "rangular", "rwfnestimate", "rmcdhf"};

static afb_status check(void)
{
  char path[PATH_LENGTH];
  for (int i = 0; i < N_PROGRAMS; i++)
    if (afb_process_find(names[i], path, sizeof path) != AFB_OK)
      return AFB_FAIL(AFB_E_INPUT, "engine grasp: %s is not on PATH. It runs GRASP2018's programs: get them from "
                      "https://github.com/compas/grasp (a Fortran compiler, LAPACK and make or CMake build them), then put its folder bin "
                      "on PATH; or use engine: mcdhf, which needs no other program", names[i]);
  return AFB_OK;
}

/* One run on rank 0. */
typedef struct {
  const afb_mcdhf_request *request;
  afb_mcdhf_result *result;
  char directory[PATH_LENGTH];
  double deadline;
  MPI_Comm comm;
} run;

/* ---- ranks that wait ---- */

/* One round in which every rank serves its messages; whether one of them asks the run to end, or rank 0 says that it is over. */
static int round_of_all(MPI_Comm comm, const afb_mcdhf_request *request, int over, int *stop)
{
  int mine[2] = {over, request->poll ? request->poll(request->poll_context) != 0 : 0}, all[2];
  MPI_Allreduce(mine, all, 2, MPI_INT, MPI_MAX, comm);
  *stop = all[1];
  return all[0];
}

static int poll_all(void *context)
{
  const run *r = context;
  int stop;
  round_of_all(r->comm, r->request, 0, &stop);
  return stop;
}

/* ---- the directory ---- */

static const char *in_directory(const run *r, const char *name, char path[PATH_LENGTH + 32])
{
  snprintf(path, PATH_LENGTH + 32, "%s/%s", r->directory, name);
  return path;
}

/* What the runs of this node share between begin and end (engine/scratch.h); empty: each makes its own. */
static char node_folder[AFB_SCRATCH_PATH];

static afb_status begin(MPI_Comm comm)
{
  AFB_TRY(afb_agree(comm, check()));
  return afb_scratch_open(comm, N_PROGRAMS, names, node_folder);
}

static void finish(MPI_Comm comm) { afb_scratch_close(comm, node_folder); }

static afb_status make_directory(run *r)
{
  char name[PATH_LENGTH], base[AFB_SCRATCH_PATH];
  strcpy(base, node_folder);
  if (!base[0])
    AFB_TRY(afb_scratch_choose(base));
  if (snprintf(name, sizeof name, "%.900s/aufbau-grasp-XXXXXX", base) >= (int)sizeof name || !mkdtemp(name))
    return AFB_FAIL(AFB_E_IO, "%.200s: no directory can be made there for GRASP (AUFBAU_SCRATCH says where): %s", base, strerror(errno));
  strcpy(r->directory, name);
  return AFB_OK;
}

static void remove_directory(const run *r)
{
  if (r->directory[0])
    afb_scratch_remove(r->directory);
}

/* The copy on this node, or what is on PATH. */
static afb_status find_program(int program, char path[PATH_LENGTH])
{
  if (node_folder[0] && snprintf(path, PATH_LENGTH, "%s/bin/%s", node_folder, names[program]) < PATH_LENGTH && access(path, X_OK) == 0)
    return AFB_OK;
  return afb_process_find(names[program], path, PATH_LENGTH);
}

static int exists(const run *r, const char *name)
{
  char path[PATH_LENGTH + 32];
  return access(in_directory(r, name, path), R_OK) == 0;
}

/* ---- answers to the programs' questions ---- */

static afb_status write_answers(const run *r, int program, const char *text)
{
  char path[PATH_LENGTH + 32], name[32];
  snprintf(name, sizeof name, "%s.stdin", names[program]);
  FILE *stream = fopen(in_directory(r, name, path), "w");
  if (!stream)
    return AFB_FAIL(AFB_E_IO, "%s: cannot be written: %s", path, strerror(errno));
  int failed = fputs(text, stream) < 0;
  failed |= fclose(stream) != 0;
  return failed ? AFB_FAIL(AFB_E_IO, "%s: cannot be written", path) : AFB_OK;
}

/* A text that grows; what does not fit makes it too long, which the caller asks about at the end. */
typedef struct {
  char text[32768];
  size_t length;
  int too_long;
} answers;

static void __attribute__((format(printf, 2, 3))) add(answers *a, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  int n = vsnprintf(a->text + a->length, sizeof a->text - a->length, format, arguments);
  va_end(arguments);
  a->too_long |= n < 0 || (size_t)n >= sizeof a->text - a->length;
  a->length = a->too_long ? a->length : a->length + (size_t)n;
}

static int mass_number(const afb_mcdhf_request *q) { return q->mass_number ? q->mass_number : afb_element_mass_number(q->z); }

/* What rnucleus cannot do: given parameters; and H and He with the thinner skin that they need. */
static int nucleus_is_ours(const afb_mcdhf_request *q)
{
  return q->nucleus == AFB_NUCLEUS_GIVEN || (q->nucleus == AFB_NUCLEUS_FERMI && q->z <= 2);
}

static void answer_rnucleus(const afb_mcdhf_request *q, answers *a)
{
  if (q->nucleus == AFB_NUCLEUS_POINT)
    add(a, "%d\n0\n0.0\n0\n0\n0\n", q->z);
  else
    add(a, "%d\n%d\nn\n0.0\n0\n0\n0\n", q->z, mass_number(q));
}

static const afb_shell core_shells[] = {{1, 0, 2}, {2, 0, 2}, {2, 1, 6}, {3, 0, 2}, {3, 1, 6}, {3, 2, 10}, {4, 0, 2}, {4, 1, 6},
                                        {4, 2, 10}, {5, 0, 2}, {5, 1, 6}, {4, 3, 14}, {5, 2, 10}, {6, 0, 2}, {6, 1, 6}};
static const int shells_of_core[] = {0, 1, 3, 5, 8, 11, 15};      /* none, He, Ne, Ar, Kr, Xe, Rn */
enum { N_CORES = sizeof shells_of_core / sizeof shells_of_core[0] };

static int is_in_core(int core, int n, int l)
{
  for (int i = 0; i < shells_of_core[core]; i++)
    if (core_shells[i].n == n && core_shells[i].l == l)
      return 1;
  return 0;
}

/* The largest core that is closed in every configuration and leaves an electron outside. */
static int choose_core(const afb_mcdhf_request *q)
{
  for (int core = N_CORES - 1; core > 0; core--) {
    int closed = 1, electrons = 0;
    for (int i = 0; i < shells_of_core[core]; i++) {
      const afb_shell *s = core_shells + i;
      electrons += s->q;
      for (int c = 0; c < q->n_configurations; c++)
        closed &= afb_configuration_occupation(q->configuration + c, s->n, s->l) == s->q;
    }
    if (closed && electrons < q->z - q->charge)
      return core;
  }
  return 0;
}

/* "4d(1,i)5s(2,i)" for each configuration; the highest n of each l; the range of 2J. */
static void answer_rcsfgenerate(const afb_mcdhf_request *q, const afb_csf_list *list, answers *a)
{
  static const char letter[] = "spdfghik";
  int core = choose_core(q), highest[AFB_MAX_L + 1] = {0}, first = 1, low = list->block[0].two_j, high = low;
  add(a, "*\n%d\n", core);
  for (int c = 0; c < q->n_configurations; c++) {
    for (int i = 0; i < q->configuration[c].n_shells; i++) {
      const afb_shell *s = q->configuration[c].shell + i;
      if (s->q == 0 || is_in_core(core, s->n, s->l))
        continue;
      add(a, "%d%c(%d,i)", s->n, letter[s->l], s->q);
      highest[s->l] = s->n > highest[s->l] ? s->n : highest[s->l];
    }
    add(a, "\n");
  }
  add(a, "*\n");
  for (int l = 0; l <= AFB_MAX_L; l++)
    if (highest[l]) {
      add(a, "%s%d%c", first ? "" : ",", highest[l], letter[l]);
      first = 0;
    }
  for (int b = 0; b < list->n_blocks; b++) {
    low = list->block[b].two_j < low ? list->block[b].two_j : low;
    high = list->block[b].two_j > high ? list->block[b].two_j : high;
  }
  add(a, "\n%d,%d\n0\nn\n", low, high);
}

/* "4d*" takes 4d- and 4d; with `occupied` only shells of the first configuration. */
static void add_shells(const afb_mcdhf_request *q, int occupied, answers *a)
{
  static const char letter[] = "spdfghik";
  int n = 0;
  for (int i = 0; i < q->n_vary; i++) {
    const afb_shell *s = q->vary + i;
    if (!occupied || afb_configuration_occupation(q->configuration, s->n, s->l) > 0)
      add(a, "%s%d%c%s", n++ ? "," : "", s->n, letter[s->l], s->l > 0 ? "*" : "");
  }
  add(a, n ? "\n" : " \n");
}

static void answer_rmcdhf(const afb_mcdhf_request *q, const afb_csf_list *list, answers *a)
{
  int n_levels = 0;
  add(a, "y\n");
  for (int b = 0; b < list->n_blocks; b++) {
    int n = afb_grasp_levels(q, list->block[b].n_csf);
    n_levels += n;
    if (n > 1)
      add(a, "1-%d\n", n);
    else
      add(a, "1\n");
  }
  if (n_levels > 1)
    add(a, "5\n");
  if (q->n_vary < 0) {
    add(a, "*\n*\n");
  } else {
    add_shells(q, 0, a);
    add_shells(q, 1, a);
  }
  add(a, "%d\n", q->max_iterations > 0 ? q->max_iterations : 300);
}

/* ---- one program after the other ---- */

static void conclude(const run *r, afb_outcome outcome, const char *format, const char *name)
{
  r->result->outcome = outcome;
  snprintf(r->result->reason, sizeof r->result->reason, format, name);
}

static afb_status run_program(run *r, int program, const answers *a, afb_process_end *end, int *number)
{
  char path[PATH_LENGTH], input[32], screen[32];
  if (a->too_long)
    return AFB_FAIL(AFB_E_LIMIT, "the answers to %s are longer than %zu characters", names[program], sizeof a->text);
  snprintf(input, sizeof input, "%s.stdin", names[program]);
  snprintf(screen, sizeof screen, "%s.screen", names[program]);
  AFB_TRY(write_answers(r, program, a->text));
  AFB_TRY(find_program(program, path));
  afb_process process = {.directory = r->directory, .program = path, .input = input, .screen = screen,
                         .max_seconds = fmax(r->deadline - afb_wall_seconds(), 0.0), .poll = poll_all, .poll_context = r};
  return afb_process_run(&process, end, number);
}

/* The nucleus that rnucleus made for an earlier run on this node. */
static void name_of_nucleus(const afb_mcdhf_request *q, char path[PATH_LENGTH + 32])
{
  snprintf(path, PATH_LENGTH + 32, "%s/isodata-%d-%d-%d", node_folder, q->z, mass_number(q), (int)q->nucleus);
}

/* One of the programs before rmcdhf, which has to leave the file `product`. *done: 0 when the outcome is known. */
static afb_status prepare(run *r, int program, const answers *a, const char *product, int *done)
{
  afb_process_end end;
  int number;
  AFB_TRY(run_program(r, program, a, &end, &number));
  *done = 0;
  if (end == AFB_PROCESS_STOPPED)
    conclude(r, AFB_OUTCOME_RESOURCE_LIMIT, "stopped in %s", names[program]);
  else if (end == AFB_PROCESS_TIMED_OUT)
    conclude(r, AFB_OUTCOME_RESOURCE_LIMIT, "%s reached the time limit", names[program]);
  else if (end == AFB_PROCESS_SIGNALLED)
    conclude(r, AFB_OUTCOME_RESOURCE_LIMIT, "%s was killed", names[program]);
  else if (number != 0 || !exists(r, product))
    conclude(r, AFB_OUTCOME_ENGINE_FAILED, "%s ended without its result", names[program]);
  else
    *done = 1;
  return AFB_OK;
}

static afb_status prepare_nucleus(run *r, answers *a, int *done)
{
  const afb_mcdhf_request *q = r->request;
  char path[PATH_LENGTH + 32], kept[PATH_LENGTH + 32];
  afb_nucleus nucleus;
  afb_grasp_isodata found;
  AFB_TRY(afb_nucleus_create(q->z, q->mass_number, q->nucleus, q->nucleus_c_fm, q->nucleus_a_fm, &nucleus));
  afb_grasp_isodata wanted = afb_grasp_isodata_of(&nucleus, mass_number(q));
  *done = 1;
  if (nucleus_is_ours(q))
    return afb_grasp_write_isodata(in_directory(r, "isodata", path), &wanted);
  name_of_nucleus(q, kept);
  if (node_folder[0] && link(kept, in_directory(r, "isodata", path)) == 0)
    return AFB_OK;
  answer_rnucleus(q, a);
  AFB_TRY(prepare(r, RNUCLEUS, a, "isodata", done));
  if (!*done)
    return AFB_OK;
  afb_status status = afb_grasp_read_isodata(in_directory(r, "isodata", path), &found);
  if (status == AFB_E_MEMORY)
    return status;
  *done = status == AFB_OK && found.z == q->z && fabs(found.c_fm - wanted.c_fm) < 1e-6 && fabs(found.a_fm - wanted.a_fm) < 1e-6;
  if (!*done)
    conclude(r, AFB_OUTCOME_ENGINE_FAILED, "%s made another nucleus", names[RNUCLEUS]);
  else if (node_folder[0] && link(path, kept) != 0 && errno != EEXIST)
    return AFB_FAIL(AFB_E_IO, "cannot make %s: %s", kept, strerror(errno));
  return AFB_OK;
}

/* Whether both lists have the same blocks. */
static int same_blocks(const afb_csf_list *a, const afb_csf_list *b)
{
  int same = a->n_blocks == b->n_blocks;
  for (int i = 0; same && i < a->n_blocks; i++)
    same = a->block[i].two_j == b->block[i].two_j && a->block[i].parity == b->block[i].parity && a->block[i].n_csf == b->block[i].n_csf;
  return same;
}

/* The list that rcsfgenerate made, with the numbers of the request's configurations. */
static afb_status take_list(run *r, const afb_csf_list *wanted, int *done)
{
  const afb_mcdhf_request *q = r->request;
  char path[PATH_LENGTH + 32];
  int n;
  afb_configuration *found;
  afb_csf_list list;
  afb_status status = afb_grasp_read_csfs(in_directory(r, "rcsf.out", path), &list, &n, &found);
  if (status == AFB_E_MEMORY)
    return status;
  *done = status == AFB_OK && same_blocks(&list, wanted);
  for (int i = 0; *done && i < list.n_csf; i++) {
    int k = 0;
    while (k < q->n_configurations && afb_configuration_compare(q->configuration + k, found + list.configuration[i]) != 0)
      k++;
    list.configuration[i] = k;
    *done = k < q->n_configurations;
  }
  free(found);
  char input[PATH_LENGTH + 32];
  if (*done && rename(path, in_directory(r, "rcsf.inp", input)) != 0)
    *done = 0;
  if (*done) {
    afb_csf_list_clear(&r->result->csfs);
    r->result->csfs = list;
    return AFB_OK;
  }
  afb_csf_list_clear(&list);
  conclude(r, AFB_OUTCOME_ENGINE_FAILED, "%s made another list of CSFs", names[RCSFGENERATE]);
  return AFB_OK;
}

/* A list given with the request, or of more configurations than rcsfgenerate takes, is written; otherwise rcsfgenerate makes it. */
enum { MOST_CONFIGURATIONS = 100 };
static afb_status prepare_list(run *r, answers *a, int *done)
{
  char path[PATH_LENGTH + 32];
  *done = 1;
  if (r->request->csfs || r->request->n_configurations > MOST_CONFIGURATIONS)
    return afb_grasp_write_csfs(in_directory(r, "rcsf.inp", path), &r->result->csfs);
  answer_rcsfgenerate(r->request, &r->result->csfs, a);
  AFB_TRY(prepare(r, RCSFGENERATE, a, "rcsf.out", done));
  return *done ? take_list(r, &r->result->csfs, done) : AFB_OK;
}

/* rwfnestimate ends with exit status 0 and a file that holds nothing when an orbital cannot be estimated. */
static afb_status prepare_orbitals(run *r, answers *a, int *done)
{
  const afb_mcdhf_request *q = r->request;
  char path[PATH_LENGTH + 32];
  afb_grasp_orbitals orbitals;
  if (q->start) {
    afb_nucleus nucleus;
    AFB_TRY(afb_nucleus_create(q->z, q->mass_number, q->nucleus, q->nucleus_c_fm, q->nucleus_a_fm, &nucleus));
    AFB_TRY(afb_grasp_from_splines(q->start, &nucleus, &orbitals));
    afb_status status = afb_grasp_write_orbitals(in_directory(r, "start.w", path), &orbitals);
    afb_grasp_orbitals_clear(&orbitals);
    AFB_TRY(status);
  }
  add(a, q->start ? "y\n1\nstart.w\n*\n2\n*\n" : "y\n2\n*\n");
  AFB_TRY(prepare(r, RWFNESTIMATE, a, "rwfn.inp", done));
  if (!*done)
    return AFB_OK;
  afb_status status = afb_grasp_read_orbitals(in_directory(r, "rwfn.inp", path), &orbitals);
  if (status == AFB_E_MEMORY)
    return status;
  if (status == AFB_OK)
    afb_grasp_orbitals_clear(&orbitals);
  *done = status == AFB_OK;
  if (!*done)
    conclude(r, AFB_OUTCOME_ORBITAL_COLLAPSE, "%s could not estimate the orbitals", names[RWFNESTIMATE]);
  return AFB_OK;
}

static afb_status calculate(run *r)
{
  int done = 0, number = 0;
  afb_process_end end;
  answers *a = calloc(N_PROGRAMS, sizeof *a);
  if (!a)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for GRASP's answers");
  afb_status status = make_directory(r);
  if (status == AFB_OK)
    status = prepare_nucleus(r, a + RNUCLEUS, &done);
  if (status == AFB_OK && done)
    status = prepare_list(r, a + RCSFGENERATE, &done);
  add(a + RANGULAR, "y\n");
  if (status == AFB_OK && done)
    status = prepare(r, RANGULAR, a + RANGULAR, "mcp.30", &done);
  if (status == AFB_OK && done)
    status = prepare_orbitals(r, a + RWFNESTIMATE, &done);
  if (status == AFB_OK && done) {
    answer_rmcdhf(r->request, &r->result->csfs, a + RMCDHF);
    status = run_program(r, RMCDHF, a + RMCDHF, &end, &number);
    if (status == AFB_OK)
      status = afb_grasp_read_run(r->directory, r->request, end, number, r->result);
  }
  free(a);
  remove_directory(r);
  return status;
}

/* ---- all ranks ---- */

static afb_status share_array(MPI_Comm comm, int rank, size_t count, size_t size, void **array)
{
  if (rank != 0)
    *array = malloc(count * size + 1);
  AFB_TRY(afb_agree(comm, *array || count == 0 ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for GRASP's results")));
  /* in pieces that an int can count */
  for (size_t at = 0, total = count * size; at < total; at += 1 << 30)
    MPI_Bcast((char *)*array + at, (int)(total - at < (1 << 30) ? total - at : 1 << 30), MPI_BYTE, 0, comm);
  return AFB_OK;
}

/* Rank 0's result for everyone. */
static afb_status share(MPI_Comm comm, afb_mcdhf_result *result)
{
  int rank, size;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &size);
  if (size == 1)
    return AFB_OK;
  if (rank != 0)
    afb_csf_list_clear(&result->csfs);
  MPI_Bcast(result, (int)sizeof *result, MPI_BYTE, 0, comm);
  afb_csf_list *list = &result->csfs;
  afb_orbitals *o = &result->orbitals;
  int has_mixing = result->mixing != NULL;
  size_t table = (size_t)list->n_csf * (size_t)list->n_orbitals, mixing = 0;
  if (rank != 0) {
    list->block = NULL;
    list->occupation = list->term = list->two_x = NULL;
    list->configuration = NULL;
    result->level = NULL;
    result->mixing = NULL;
    result->trace = NULL;
    o->breakpoint = o->coefficient = NULL;
  }
#define SHARE(count, member)                                                            \
  do {                                                                                  \
    void *array = (member);                                                             \
    afb_status shared = share_array(comm, rank, (size_t)(count), sizeof *(member), &array); \
    (member) = array;                                                                   \
    AFB_TRY(shared);                                                                    \
  } while (0)
  SHARE(list->n_blocks, list->block);
  SHARE(table, list->occupation);
  SHARE(table, list->term);
  SHARE(table, list->two_x);
  SHARE(list->n_csf, list->configuration);
  SHARE(result->n_levels, result->level);
  SHARE(result->n_trace, result->trace);
  SHARE(o->n_orbitals ? o->n_breakpoints : 0, o->breakpoint);
  SHARE((size_t)o->n_orbitals * (size_t)(o->n_p + o->n_q), o->coefficient);
  for (int i = 0; i < result->n_levels && has_mixing; i++)
    for (int b = 0; b < list->n_blocks; b++)
      mixing += result->level[i].two_j == list->block[b].two_j && result->level[i].parity == list->block[b].parity
                  ? (size_t)list->block[b].n_csf : 0;
  if (has_mixing)
    SHARE(mixing, result->mixing);
#undef SHARE
  return AFB_OK;
}

static afb_status check_request(const afb_mcdhf_request *q)
{
  if (q->speed_of_light > 0)
    return AFB_FAIL(AFB_E_INPUT, "engine grasp computes with the physical speed of light alone");
  for (int i = 0; i < q->n_configurations; i++)
    if (afb_configuration_electrons(q->configuration + i) != q->z - q->charge)
      return AFB_FAIL(AFB_E_INPUT, "configuration %d has %d electrons, Z = %d with charge %d has %d", i + 1,
                      afb_configuration_electrons(q->configuration + i), q->z, q->charge, q->z - q->charge);
  return check();
}

static double children_seconds(void)
{
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + 1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static afb_status run_grasp(MPI_Comm comm, const afb_mcdhf_request *request, afb_mcdhf_result *result)
{
  int rank, stop;
  double limit = request->max_seconds > 0 ? request->max_seconds : 1e8, before = children_seconds();
  run r = {.request = request, .result = result, .deadline = afb_wall_seconds() + limit, .comm = comm};
  *result = (afb_mcdhf_result){.energy = NAN, .gradient = NAN};
  MPI_Comm_rank(comm, &rank);
  AFB_TRY(afb_agree(comm, check_request(request)));
  afb_status status = afb_agree(comm, afb_mcdhf_csfs(request, &result->csfs));
  if (status == AFB_E_LIMIT) {
    afb_csf_list_clear(&result->csfs);
    result->outcome = AFB_OUTCOME_INFEASIBLE;
    snprintf(result->reason, sizeof result->reason, "%.150s", afb_error_text());
    return AFB_OK;
  }
  AFB_TRY(status);
  if (rank == 0) {
    status = calculate(&r);
    result->cpu_seconds = children_seconds() - before;
    round_of_all(comm, request, 1, &stop);
  } else {
    while (!round_of_all(comm, request, 0, &stop))
      ;
  }
  status = afb_agree(comm, status);
  if (status == AFB_OK)
    status = share(comm, result);
  if (status != AFB_OK)
    afb_mcdhf_result_clear(result);
  return status;
}

/* Core-seconds. Least squares of ln t on ln(orbitals) and ln(CSFs) over 1,036 runs of GRASP2018 from Li to Zr (up to a few hundred CSFs;
 * scatter of ln t 0.65); beyond, its dense eigensolver: 9 s an iteration at 6,000 CSFs. The campaign corrects it as it goes. */
static void cost(const afb_mcdhf_request *request, afb_engine_cost *out)
{
  afb_work work;
  afb_work_count(request, &work);
  double csf = work.n_csf;
  *out = (afb_engine_cost){.core_seconds = 8.1e-3 * pow(work.n_orbitals, 0.58) * pow(csf, 0.39) + 1e-9 * csf * csf * csf,
                           .bytes = NAN, .spread_bytes = NAN};
}

const afb_engine afb_engine_grasp = {
  .name = "grasp",
  .description = "GRASP2018's rnucleus, rcsfgenerate, rangular, rwfnestimate and rmcdhf, which have to be on PATH",
  .reference = "Froese Fischer, Gaigalas, Jonsson and Bieron, Comput. Phys. Commun. 237, 184 (2019)",
  .run = run_grasp,
  .check = check,
  .begin = begin,
  .end = finish,
  .cost = cost,
};
