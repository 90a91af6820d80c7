/* Optimisers and schedules on 1, 2 and 3 ranks, against plain loops in double precision. The loss of a row r is that of a line,
 * (w . x_r - y_r)^2 / 2, plus weights that no row touches. */
#include "tests/check.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "learn/descent.h"

enum { ROWS = 50, WIDTH = 37, IDLE = 3, SIZE = WIDTH + IDLE, MEMBERS = 2, STEPS = 24, BATCH = 20, DEAR = 6 };
static const afb_extent MATRIX[2] = {{2, 17}, {21, 11}};   /* the others count as constants */

static double input(int64_t row, int j) { return afb_random_normal(3, 1, (uint64_t)(row * WIDTH + j)); }
static double wanted(int64_t row) { return afb_random_normal(3, 2, (uint64_t)row); }

/* Of rows begin ... end - 1; adds to gradient. */
static double plain_gradient(const afb_descent_batch *b, int64_t begin, int64_t end, const float *weight, double *gradient)
{
  double loss = 0;
  for (int64_t i = begin; i < end; i++) {
    double e = -wanted(b->row[i]);
    for (int j = 0; j < WIDTH; j++)
      e += (double)weight[j] * input(b->row[i], j);
    for (int j = 0; j < WIDTH; j++)
      gradient[j] += e * input(b->row[i], j) / (double)b->n;
    loss += 0.5 * e * e / (double)b->n;
  }
  return loss;
}

typedef struct {
  afb_descent descent;
  float *at, weight[MEMBERS * SIZE], moment1[MEMBERS * SIZE], moment2[MEMBERS * SIZE];
  double whole[MEMBERS][SIZE];         /* gradient of all rows of the last batch */
  int64_t step;
  int fair;                            /* batches were divided by cost */
} problem;

static int64_t cost(void *owner, int64_t row)
{
  (void)owner;
  return row % 10 == 0 ? DEAR : 1 + row % 3;
}

/* No rank has more than its share and half a row at either end. */
static int is_fair(const problem *p, const afb_descent_batch *b)
{
  int64_t all = 0, mine = 0;
  for (int64_t i = 0; i < b->n; i++) {
    all += cost(NULL, b->row[i]);
    mine += i >= b->begin && i < b->end ? cost(NULL, b->row[i]) : 0;
  }
  return fabs((double)mine - (double)all / p->descent.n_ranks) <= DEAR;
}

static afb_status gradient(void *owner, const afb_descent_batch *b, float *to, double *loss, const afb_gradient_sink *sink)
{
  problem *p = owner;
  double mine[SIZE] = {0};
  p->fair &= is_fair(p, b);
  memset(p->whole[b->member], 0, sizeof p->whole[b->member]);
  plain_gradient(b, 0, b->n, p->at + b->member * SIZE, p->whole[b->member]);
  *loss = plain_gradient(b, b->begin, b->end, p->at + b->member * SIZE, mine);
  for (int j = 0; j < SIZE; j++)
    to[j] += (float)mine[j];
  sink->ready(sink->owner, 20, SIZE - 20);
  sink->ready(sink->owner, 0, 20);
  return AFB_OK;
}

static afb_status judge(void *owner, int member, const afb_descent_part *part, double *loss)
{
  (void)owner;
  (void)part;
  *loss = -member;
  return AFB_OK;
}

static afb_status begin(problem *p, const char *optimiser, const char *schedule)
{
  memset(p, 0, sizeof *p);
  p->at = p->weight;
  p->fair = 1;
  afb_descent *d = &p->descent;
  *d = (afb_descent){.task = {.gradient = gradient, .judge = judge, .cost = cost, .owner = p}, .members = MEMBERS, .size = SIZE, .weight = &p->at,
                     .moment1 = p->moment1, .moment2 = p->moment2, .step = &p->step, .n_matrices = 2};
  d->options = (afb_descent_options){.batch = BATCH, .steps = STEPS, .warmup = 4, .rate = 0.02, .weight_decay = 0.1, .clip = 3,
                                     .optimiser = optimiser, .schedule = schedule, .constants = 1.5, .evaluate_every = 1000, .seed = 1};
  AFB_TRY(afb_descent_init(MPI_COMM_WORLD, ROWS, 0, d));
  memcpy(d->matrix, MATRIX, sizeof MATRIX);
  for (int k = 0; k < MEMBERS; k++) {
    d->part[k].n_fit = ROWS;
    for (int64_t i = 0; i < ROWS; i++)
      d->part[k].fit[i] = i;
  }
  for (int i = 0; i < MEMBERS * SIZE; i++)
    p->weight[i] = (float)afb_random_normal(3, 4, (uint64_t)i);
  return AFB_OK;
}

static double plain_rate(const char *schedule, int64_t step)
{
  if (step < 4)
    return 0.02 * (double)(step + 1) / 5;
  double x = (double)(step - 4) / (STEPS - 4);
  return 0.02 * (strcmp(schedule, "cosine") == 0 ? 0.05 + 0.95 * 0.5 * (1 + cos(acos(-1) * x)) : strcmp(schedule, "linear") == 0 ? 1 - 0.95 * x : 1);
}

static int matrix_of(int j)
{
  for (int m = 0; m < 2; m++)
    if (j >= MATRIX[m].first && j < MATRIX[m].first + MATRIX[m].count)
      return m;
  return 2;
}

/* One step by the equations of learn/optimiser.h. */
static void plain_step(const char *optimiser, double rate, double step, const double *g, double *w, double *m1, double *m2)
{
  double norm = 0, u[SIZE], w_square[3] = {0}, u_square[3] = {0};
  int is_sgd = strcmp(optimiser, "sgd") == 0, is_lamb = strcmp(optimiser, "lamb") == 0;
  for (int j = 0; j < SIZE; j++)
    norm += g[j] * g[j];
  double shorten = sqrt(norm) > 3 ? 3 / sqrt(norm) : 1;
  for (int j = 0; j < SIZE; j++) {
    double e = shorten * g[j];
    m1[j] = is_sgd ? 0.9 * m1[j] + e : 0.9 * m1[j] + 0.1 * e;
    m2[j] = 0.999 * m2[j] + 0.001 * e * e;
    u[j] = 0.1 * w[j] + (is_sgd ? m1[j] : m1[j] / (1 - pow(0.9, step)) / (sqrt(m2[j] / (1 - pow(0.999, step))) + 1e-8));
    w_square[matrix_of(j)] += w[j] * w[j];
    u_square[matrix_of(j)] += u[j] * u[j];
  }
  for (int j = 0; j < SIZE; j++)
    w[j] -= rate * u[j] * (!is_lamb ? 1 : matrix_of(j) < 2 ? sqrt(w_square[matrix_of(j)] / u_square[matrix_of(j)]) : 1.5);
}

/* A whole descent; weights lie where the owner has them in the end, on every rank. */
static void descend(const char *optimiser, const char *schedule, int by_messages)
{
  problem p;
  double w[MEMBERS][SIZE], m1[MEMBERS][SIZE] = {{0}}, m2[MEMBERS][SIZE] = {{0}}, worst = 0, moved = 0;
  check_ok(begin(&p, optimiser, schedule));
  p.descent.by_messages = by_messages;
  for (int k = 0; k < MEMBERS; k++)
    for (int j = 0; j < SIZE; j++)
      w[k][j] = (double)p.weight[k * SIZE + j];
  for (int i = 0; i < STEPS; i++) {
    int finished;
    double loss;
    check_ok(afb_descent_advance(&p.descent, 1, &loss, &finished));
    check_true(finished == (i == STEPS - 1));
    for (int k = 0; k < MEMBERS; k++)
      plain_step(optimiser, plain_rate(schedule, i), i + 1, p.whole[k], w[k], m1[k], m2[k]);
  }
  check_true(p.fair);
  check_true((p.descent.exchange != NULL) == (p.descent.n_ranks > 1 && !by_messages));
  afb_descent_clear(&p.descent);
  check_true(p.at == p.weight);
  for (int k = 0; k < MEMBERS; k++)
    for (int j = 0; j < SIZE; j++) {
      worst = fmax(worst, fabs((double)p.weight[k * SIZE + j] - w[k][j]));
      worst = fmax(worst, fabs((double)p.moment1[k * SIZE + j] - m1[k][j]));
      moved = fmax(moved, fabs((double)p.weight[k * SIZE + j] - afb_random_normal(3, 4, (uint64_t)(k * SIZE + j))));
    }
  check_close(worst, 0, 3e-5);
  check_true(moved > 0.05);
}

static void steps_obey_their_equations(void **state)
{
  (void)state;
  for (const afb_optimiser *o = afb_optimisers; o->name; o++)
    for (const afb_rate_schedule *s = afb_rate_schedules; s->name; s++)
      if (o == afb_optimisers || s == afb_rate_schedules)
        descend(o->name, s->name, 0);
  descend("lamb", "cosine", 1);
}

static void unknown_names_are_refused_with_the_choices(void **state)
{
  (void)state;
  problem p;
  check_true(begin(&p, "adam", NULL) == AFB_E_INPUT && strstr(afb_error_text(), "adamw, lamb, sgd"));
  afb_descent_clear(&p.descent);
  check_true(begin(&p, NULL, "steps") == AFB_E_INPUT && strstr(afb_error_text(), "cosine, linear, constant"));
  afb_descent_clear(&p.descent);
  check_ok(begin(&p, NULL, NULL));
  check_true(p.descent.optimiser == &afb_optimisers[0] && p.descent.schedule == &afb_rate_schedules[0]);
  afb_descent_clear(&p.descent);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(steps_obey_their_equations),
  cmocka_unit_test(unknown_names_are_refused_with_the_choices),
};
CHECK_MAIN(tests)
