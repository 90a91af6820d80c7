/* What each idea of the fast bispectrum brings: the same components by a chain of ways to compute them, from sums over Wigner D functions as they
 * stand in the books to the vector kernels. All must agree; with AUFBAU_TABLE=FILE they are timed and the table of FILE (docs/bispectrum.md) is
 * written. Displaced bcc tungsten, 2J = 8, as in the measurements of other programs that the documentation compares with. */
#include "tests/check.h"

#include <complex.h>
#include <string.h>
#include <time.h>

#include "core/random.h"
#include "descriptor/bispectrum.h"
#include "tests/descriptor/marks.h"
#include "tests/descriptor/snap_files.h"

enum { TOP = 8, EDGE = 4, ATOMS = 2 * EDGE * EDGE * EDGE, N_U = (TOP + 1) * (TOP + 2) * (2 * TOP + 3) / 6, MAX_TRIPLES = 64 };
typedef enum { SUMS, TABLES, RECURSION, FACTORED, HALF, ROOTLESS, ORBITS, EQUAL, VECTOR_2, VECTOR_4, VECTOR_8, N_STEPS } step;

static const char *const step_text[N_STEPS] = {
  "explicit sums: rotation matrices from Wigner D, coupling coefficients where they stand, all projections",
  "coupling coefficients and factorials from tables",
  "rotation matrices by recursion in Cayley–Klein parameters",
  "coupling coefficients taken out of the inner sums",
  "half of the rows, by symmetry, of rotation matrices and sums",
  "square roots and the symmetry of rotation matrices once for each atom, not for each neighbour",
  "cheapest of the equivalent orders of (j1, j2, j)",
  "pairs of rows once where j1 = j2",
  "vectors of 2 doubles, one atom in each lane (the kernel of `src/descriptor`)",
  "vectors of 4",
  "vectors of 8"};

static const double pi = 3.14159265358979323846, cutoff = 4.9, rfac0 = 0.99363;

typedef struct {
  int j1, j2, j;               /* as summed */
  double factor;               /* to the component that is asked for */
  double cg[(TOP + 1) * (TOP + 1)];
} triple;

static triple plain[MAX_TRIPLES], cheapest[MAX_TRIPLES];
static int n_triples;
static double factorials[2 * TOP + 4], scale_of_u[N_U];

static double factorial(int n)
{
  double f = 1;
  for (int i = 2; i <= n; i++)
    f *= i;
  return f;
}

static double from_table(int n) { return factorials[n]; }

/* <j1 m1 j2 m2 | j m1+m2>, Racah */
static double coupling(int j1, int m1, int j2, int m2, int j, double (*f)(int))
{
  int m = m1 + m2;
  double sum = 0;
  if (abs(m) > j)
    return 0;
  for (int z = 0; z <= (j1 + j2 - j) / 2; z++) {
    int a = (j1 - m1) / 2 - z, b = (j2 + m2) / 2 - z, c = (j - j2 + m1) / 2 + z, d = (j - j1 - m2) / 2 + z;
    if (a >= 0 && b >= 0 && c >= 0 && d >= 0)
      sum += (z & 1 ? -1 : 1) / (f(z) * f((j1 + j2 - j) / 2 - z) * f(a) * f(b) * f(c) * f(d));
  }
  return sum * sqrt((j + 1) * f((j1 + j2 - j) / 2) * f((j1 - j2 + j) / 2) * f((j2 - j1 + j) / 2) / f((j1 + j2 + j) / 2 + 1)) *
         sqrt(f((j1 + m1) / 2) * f((j1 - m1) / 2) * f((j2 + m2) / 2) * f((j2 - m2) / 2) * f((j + m) / 2) * f((j - m) / 2));
}

/* d^j_{m n}(beta), Wigner's sum */
static double small_d(int j, int m, int n, double beta, double (*f)(int))
{
  double c = cos(beta / 2), s = sin(beta / 2), sum = 0;
  for (int k = 0; k <= j; k++) {
    int a = (j + m) / 2 - k, b = (j - n) / 2 - k, d = (n - m) / 2 + k;
    if (a >= 0 && b >= 0 && d >= 0)
      sum += (k & 1 ? -1 : 1) * pow(c, a + b) * pow(s, k + d) / (f(k) * f(a) * f(b) * f(d));
  }
  return sum * sqrt(f((j + m) / 2) * f((j - m) / 2) * f((j + n) / 2) * f((j - n) / 2));
}

static double complex big_d(int j, int m, int n, double alpha, double beta, double gamma, double (*f)(int))
{
  return cexp(-0.5 * m * alpha * I) * small_d(j, m, n, beta, f) * cexp(-0.5 * n * gamma * I);
}

static int u_index(int j, int mb, int ma) { return j * (j + 1) * (2 * j + 1) / 6 + (j + 1) * mb + ma; }

/* Adds weight U^j of the rotation by omega about the axis (theta, phi): sum over n of D(phi, theta, -phi) exp(-i n omega) D(phi, -theta, -phi). */
static void add_by_sums(double omega, double theta, double phi, double weight, double (*f)(int), double complex *U)
{
  for (int j = 0; j <= TOP; j++)
    for (int mb = 0; mb <= j; mb++)
      for (int ma = 0; ma <= j; ma++) {
        double complex sum = 0;
        for (int n = -j; n <= j; n += 2)
          sum += big_d(j, 2 * mb - j, n, phi, theta, -phi, f) * cexp(-0.5 * n * omega * I) *
                 big_d(j, n, 2 * ma - j, phi, -theta, -phi, f);
        U[u_index(j, mb, ma)] += weight * sum;
      }
}

/* The same by recursion, rows 2 mb <= j or all. */
static void add_by_recursion(double complex a, double complex b, double weight, int half, double complex *U)
{
  static double root[TOP + 1][TOP + 1];
  double complex u[N_U], ac = conj(a), bc = conj(b);
  if (root[1][1] == 0)
    for (int p = 0; p <= TOP; p++)
      for (int q = 1; q <= TOP; q++)
        root[p][q] = sqrt((double)p / q);
  u[0] = 1;
  U[0] += weight;
  for (int j = 1; j <= TOP; j++) {
    for (int mb = 0; 2 * mb <= j; mb++)
      for (int ma = 0; ma <= j; ma++) {
        double complex same = ma < j ? root[j - ma][j - mb] * ac * u[u_index(j - 1, mb, ma)] : 0;
        double complex lower = ma > 0 ? root[ma][j - mb] * bc * u[u_index(j - 1, mb, ma - 1)] : 0;
        u[u_index(j, mb, ma)] = same - lower;
      }
    for (int mb = j / 2 + 1; mb <= (half ? (j + 1) / 2 : j); mb++)
      for (int ma = 0; ma <= j; ma++)
        u[u_index(j, mb, ma)] = ((ma - mb) & 1 ? -1 : 1) * conj(u[u_index(j, j - mb, j - ma)]);
    for (int i = u_index(j, 0, 0); i < u_index(j, half ? j / 2 + 1 : j + 1, 0); i++)
      U[i] += weight * u[i];
  }
}

/* Rows 2 mb <= j of v, u^j[mb][ma] = root_scale v^j[mb][ma], for which the recursion has no roots; the weight is v^0. */
static double root_scale(int j, int mb, int ma)
{
  return sqrt(factorials[ma] * factorials[j - ma] / (factorials[mb] * factorials[j - mb]));
}

static void add_without_roots(double complex a, double complex b, double weight, double complex *U)
{
  static double mirror[TOP + 1][TOP + 1];
  const double ar = creal(a), ai = cimag(a), br = creal(b), bi = cimag(b);
  double re[2][(TOP + 2) * (TOP + 1)], im[2][(TOP + 2) * (TOP + 1)], *parts = (double *)U;
  if (mirror[1][0] == 0)
    for (int j = 1; j <= TOP; j += 2)
      for (int ma = 0, mb = (j + 1) / 2; ma <= j; ma++)
        mirror[j][ma] = ((ma - mb) & 1 ? -1 : 1) * root_scale(j, j - mb, j - ma) / root_scale(j, mb, ma);
  re[0][0] = weight;
  im[0][0] = 0;
  parts[0] += weight;
  for (int j = 1; j <= TOP; j++) {
    double *r = re[j & 1], *i = im[j & 1], *out = parts + 2 * u_index(j, 0, 0);
    const double *pr = re[(j & 1) ^ 1], *pim = im[(j & 1) ^ 1];
    for (int mb = 0; 2 * mb <= j; mb++, r += j + 1, i += j + 1, pr += j, pim += j, out += 2 * (j + 1)) {
      double lower_r = 0, lower_i = 0;
      for (int ma = 0; ma < j; ma++) {
        r[ma] = ar * pr[ma] + ai * pim[ma] + lower_r;
        i[ma] = ar * pim[ma] - ai * pr[ma] + lower_i;
        lower_r = -(br * pr[ma] + bi * pim[ma]);
        lower_i = -(br * pim[ma] - bi * pr[ma]);
      }
      r[j] = lower_r;
      i[j] = lower_i;
      for (int ma = 0; ma <= j; ma++) {
        out[2 * ma] += r[ma];
        out[2 * ma + 1] += i[ma];
      }
    }
    for (int ma = 0; (j & 1) && ma <= j; ma++) {
      r[ma] = mirror[j][ma] * r[-1 - ma];
      i[ma] = -mirror[j][ma] * i[-1 - ma];
    }
  }
}

static void total_u(const afb_neighbours *list, int64_t c, step how, double complex *U)
{
  memset(U, 0, N_U * sizeof *U);
  for (int64_t p = list->first[c]; p < list->first[c + 1]; p++) {
    double x = list->x[p], y = list->y[p], z = list->z[p], r = sqrt(x * x + y * y + z * z), angle = rfac0 * pi * r / cutoff;
    double weight = (cos(pi * r / cutoff) + 1) / 2, q = sin(angle) / r;
    if (how < RECURSION)
      add_by_sums(2 * angle, acos(z / r), atan2(y, x), weight, how == SUMS ? factorial : from_table, U);
    else if (how < ROOTLESS)
      add_by_recursion(cos(angle) - I * q * z, q * (y - I * x), weight, how >= HALF, U);
    else
      add_without_roots(cos(angle) - I * q * z, q * (y - I * x), weight, U);
  }
  for (int i = 0; how >= ROOTLESS && i < N_U; i++)
    U[i] *= scale_of_u[i];
  for (int j = 0; j <= TOP; j++) {
    for (int mb = j / 2 + 1; how >= HALF && mb <= j; mb++)
      for (int ma = 0; ma <= j; ma++)
        U[u_index(j, mb, ma)] = ((ma - mb) & 1 ? -1 : 1) * conj(U[u_index(j, j - mb, j - ma)]);
    for (int m = 0; m <= j; m++)
      U[u_index(j, m, m)] += 1;
  }
}

/* Over all projections; coefficients where they stand, or from the table. */
static double direct_sum(const triple *t, int tables, const double complex *U)
{
  int shift = (t->j1 + t->j2 - t->j) / 2;
  double sum = 0;
  for (int b1 = 0; b1 <= t->j1; b1++)
    for (int b2 = 0; b2 <= t->j2; b2++)
      for (int a1 = 0; a1 <= t->j1; a1++)
        for (int a2 = 0; a2 <= t->j2; a2++) {
          int b = b1 + b2 - shift, a = a1 + a2 - shift;
          if (a < 0 || a > t->j || b < 0 || b > t->j)
            continue;
          double c = tables ? t->cg[b1 * (t->j2 + 1) + b2] * t->cg[a1 * (t->j2 + 1) + a2]
                            : coupling(t->j1, 2 * b1 - t->j1, t->j2, 2 * b2 - t->j2, t->j, factorial) *
                                coupling(t->j1, 2 * a1 - t->j1, t->j2, 2 * a2 - t->j2, t->j, factorial);
          sum += c * creal(U[u_index(t->j1, b1, a1)] * U[u_index(t->j2, b2, a2)] * conj(U[u_index(t->j, b, a)]));
        }
  return sum;
}

static int low(int shift, int m, int j2) { return m + shift > j2 ? m + shift - j2 : 0; }
static int high(int shift, int m, int j1) { return m + shift < j1 ? m + shift : j1; }

/* Z^{j1 j2 j}[b][a] row by row, contracted with U^j; with `half` the rows 2 b <= j, the middle one to its middle; with `equal` rows b1 <= b2 of the
 * same layer only. */
static double factored_sum(const triple *t, int half, int equal, const double complex *U)
{
  int j1 = t->j1, j2 = t->j2, j = t->j, shift = (j1 + j2 - j) / 2;
  double sum = 0;
  for (int b = 0; b <= (half ? j / 2 : j); b++) {
    int last = half && 2 * b == j ? b : j;
    for (int a = 0; a <= last; a++) {
      double re = 0, im = 0;
      int a_low = low(shift, a, j2), a_high = high(shift, a, j1);
      int b1_high = equal && j1 == j2 ? (b + shift) / 2 : high(shift, b, j1);
      for (int b1 = low(shift, b, j2); b1 <= b1_high; b1++) {
        const double complex *u1 = U + u_index(j1, b1, 0), *u2 = U + u_index(j2, b + shift - b1, a + shift);
        double row_re = 0, row_im = 0;
        for (int a1 = a_low; a1 <= a_high; a1++) {
          double c = t->cg[a1 * (j2 + 1) + a + shift - a1], r1 = c * creal(u1[a1]), i1 = c * cimag(u1[a1]);
          double r2 = creal(u2[-a1]), i2 = cimag(u2[-a1]);
          row_re += r1 * r2 - i1 * i2;
          row_im += r1 * i2 + i1 * r2;
        }
        double c = t->cg[b1 * (j2 + 1) + b + shift - b1] * (equal && j1 == j2 && 2 * b1 < b + shift ? 2 : 1);
        re += c * row_re;
        im += c * row_im;
      }
      const double complex u = U[u_index(j, b, a)];
      sum += (half && 2 * b == j && a == b ? 0.5 : 1) * (creal(u) * re + cimag(u) * im);
    }
  }
  return half ? 2 * sum : sum;
}

static void components(const afb_neighbours *list, int64_t c, step how, double *B)
{
  double complex U[N_U];
  total_u(list, c, how, U);
  for (int t = 0; t < n_triples; t++)
    if (how < FACTORED)
      B[t] = direct_sum(&plain[t], how > SUMS, U);
    else
      B[t] = how < ORBITS ? factored_sum(&plain[t], how >= HALF, 0, U)
                          : cheapest[t].factor * factored_sum(&cheapest[t], 1, how >= EQUAL, U);
}

/* About the operations of a sum: four for each product, six for each element of the third layer. */
static int64_t operations(int j1, int j2, int j)
{
  int shift = (j1 + j2 - j) / 2;
  int64_t n = 0;
  for (int b = 0; 2 * b <= j; b++)
    for (int a = 0; a <= (2 * b == j ? b : j); a++)
      n += 6 + 4 * (int64_t)(high(shift, a, j1) - low(shift, a, j2) + 1) * (high(shift, b, j1) - low(shift, b, j2) + 1);
  return n;
}

static triple make_triple(int j1, int j2, int j, double factor)
{
  triple t = {.j1 = j1, .j2 = j2, .j = j, .factor = factor};
  for (int a = 0; a <= j1; a++)
    for (int b = 0; b <= j2; b++)
      t.cg[a * (j2 + 1) + b] = coupling(j1, 2 * a - j1, j2, 2 * b - j2, j, factorial);
  return t;
}

/* B_{j1 j2 j} / (j + 1) does not change when j1, j2, j are exchanged. */
static void make_triples(void)
{
  for (int n = 0; n < 2 * TOP + 4; n++)
    factorials[n] = factorial(n);
  for (int j = 0; j <= TOP; j++)
    for (int mb = 0; mb <= j; mb++)
      for (int ma = 0; ma <= j; ma++)
        scale_of_u[u_index(j, mb, ma)] = root_scale(j, mb, ma);
  n_triples = 0;
  for (int j1 = 0; j1 <= TOP; j1++)
    for (int j2 = 0; j2 <= j1; j2++)
      for (int j = j1; j <= TOP && j <= j1 + j2; j++) {
        if ((j1 + j2 + j) & 1)
          continue;
        int order[3][3] = {{j1, j2, j}, {j, j2, j1}, {j, j1, j2}}, best = 0;
        for (int k = 1; k < 3; k++)
          if (operations(order[k][0], order[k][1], order[k][2]) < operations(order[best][0], order[best][1], order[best][2]))
            best = k;
        plain[n_triples] = make_triple(j1, j2, j, 1);
        cheapest[n_triples++] = make_triple(order[best][0], order[best][1], order[best][2], (j + 1.0) / (order[best][2] + 1));
      }
}

/* Atoms of bcc tungsten, displaced by 0.1 angstrom in each direction. */
static void make_list(afb_bispectrum *plan, afb_neighbours *list)
{
  const double a = 3.1803;
  static double position[3 * ATOMS];
  static int32_t element[ATOMS];
  for (int i = 0; i < ATOMS; i++) {
    int cell = i / 2, at[3] = {cell % EDGE, cell / EDGE % EDGE, cell / EDGE / EDGE};
    for (int k = 0; k < 3; k++)
      position[3 * i + k] = (at[k] + 0.5 * (i % 2)) * a + 0.1 * afb_random_normal(9, 0, (uint64_t)(3 * i + k));
  }
  afb_structure s = {.cell = {{EDGE * a, 0, 0}, {0, EDGE * a, 0}, {0, 0, EDGE * a}}, .periodic = {1, 1, 1}, .n_atoms = ATOMS,
                     .position = position, .element = element};
  neighbours_make(&s, plan, (int[3]){0}, list);
}

/* NULL where this processor has no such vectors. */
static afb_bispectrum *make_plan(afb_kernel kernel)
{
  afb_bispectrum_settings s;
  afb_bispectrum_settings_default(&s);
  s.two_jmax = TOP;
  s.n_elements = 1;
  s.radius[0] = 0.5;
  s.rcutfac = cutoff;
  s.bzero = 0;
  s.kernel = kernel;
  afb_bispectrum *plan;
  return afb_bispectrum_create(&s, &plan) == AFB_OK ? plan : NULL;
}

static afb_bispectrum *plan_of(step how)
{
  return make_plan(how == VECTOR_2 ? AFB_KERNEL_2 : how == VECTOR_4 ? AFB_KERNEL_4 : AFB_KERNEL_8);
}

static double cpu_seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Microseconds of CPU time an atom: the best of five runs, each of at least a tenth of a second. */
static double measure(const afb_neighbours *list, step how, afb_bispectrum *plan)
{
  double best = INFINITY, *B = malloc((size_t)(ATOMS * n_triples) * sizeof *B);
  for (int run = 0; run < 5; run++) {
    int64_t atoms = 0;
    double begin = cpu_seconds(), spent = 0;
    while (spent < 0.1) {
      if (plan)
        check_ok(afb_bispectrum_values(plan, list, B));
      else
        components(list, atoms % ATOMS, how, B);
      atoms += plan ? ATOMS : 1;
      spent = cpu_seconds() - begin;
    }
    best = fmin(best, 1e6 * spent / (double)atoms);
  }
  free(B);
  return best;
}

static void write_table(const char *path, const afb_neighbours *list, const double *time_of)
{
  char text[4096], date[32];
  time_t now = time(NULL);
  double before = NAN;
  strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
  int used = snprintf(text, sizeof text, "Written by `make table-ablation` on %s (%s): 2J = 8, %.1f neighbours, microseconds of CPU time for B of an atom.\n\n"
                      "| step | µs/atom | times faster than the line before | than the first |\n|---|---|---|---|\n",
                      date, machine_class(), (double)list->first[list->n_centres] / (double)list->n_centres);
  for (int how = 0; how < N_STEPS; how++) {
    if (isnan(time_of[how]))
      continue;
    used += snprintf(text + used, sizeof text - (size_t)used, how ? "| %s | %.*f | %.2f | %.0f |\n" : "| %s | %.*f | | |\n", step_text[how],
                     time_of[how] < 100 ? 2 : 0, time_of[how],
                     before / time_of[how], time_of[0] / time_of[how]);
    before = time_of[how];
  }
  check_true(write_between_marks(path, "ablation", text) == 0);
}

static void all_ways_agree(void **state)
{
  (void)state;
  afb_neighbours list;
  afb_bispectrum *reference = make_plan(AFB_KERNEL_REFERENCE);
  make_triples();
  make_list(reference, &list);
  check_true(n_triples == afb_bispectrum_n_columns(reference));
  size_t size = (size_t)(ATOMS * n_triples);
  double *B = malloc(size * sizeof *B), *b = malloc(size * sizeof *b), scale = 0, time_of[N_STEPS];
  check_ok(afb_bispectrum_values(reference, &list, B));
  for (size_t i = 0; i < size; i++)
    scale = fmax(scale, fabs(B[i]));
  for (int how = 0; how < N_STEPS; how++) {
    afb_bispectrum *plan = how < VECTOR_2 ? NULL : plan_of((step)how);
    int atoms = how < RECURSION ? 1 : ATOMS, wrong = 0;
    time_of[how] = NAN;
    if (how >= VECTOR_2 && !plan)
      continue;
    if (plan)
      check_ok(afb_bispectrum_values(plan, &list, b));
    for (int c = 0; !plan && c < atoms; c++)
      components(&list, c, (step)how, b + c * n_triples);
    for (int i = 0; i < atoms * n_triples; i++)
      wrong += !(fabs(B[i] - b[i]) < 1e-13 * scale);
    if (wrong)
      fprintf(stderr, "# %d components differ: %s\n", wrong, step_text[how]);
    check_true(wrong == 0);
    if (getenv("AUFBAU_TABLE"))
      time_of[how] = measure(&list, (step)how, plan);
    afb_bispectrum_destroy(&plan);
  }
  if (getenv("AUFBAU_TABLE"))
    write_table(getenv("AUFBAU_TABLE"), &list, time_of);
  free(B);
  free(b);
  afb_neighbours_clear(&list);
  afb_bispectrum_destroy(&reference);
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(all_ways_agree)};
CHECK_MAIN(tests)
