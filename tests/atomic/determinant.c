#include "tests/atomic/determinant.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "numeric/lapack.h"

double test_radial_one(int a, int b)
{
  int low = a < b ? a : b, high = a < b ? b : a;
  double x = afb_random_uniform(7, 1, (uint64_t)(low * 64 + high));
  return low == high ? -2 - 3 * x : x - 0.5;
}

double test_radial_two(int k, int a, int b, int c, int d)
{
  uint64_t ac = (uint64_t)(a < c ? a * 64 + c : c * 64 + a), bd = (uint64_t)(b < d ? b * 64 + d : d * 64 + b);
  uint64_t low = ac < bd ? ac : bd, high = ac < bd ? bd : ac;
  return (0.2 + afb_random_uniform(7, 2, ((uint64_t)k << 24) + (low << 12) + high)) / (k + 1);
}

/* ---- spin-orbitals and <kappa m|C^k_q|kappa' m'> ---- */

enum { MAX_SPIN = 64, MAX_K = 16, NODES = 40 };

typedef struct {
  int n;
  int orbital[MAX_SPIN], two_m[MAX_SPIN];
  const afb_csf_list *list;
  double (*c)[MAX_SPIN][MAX_SPIN];      /* [k][alpha][gamma] */
  int n_det;
  uint64_t *det;
} space;

static void gauss_legendre(double *x, double *w)
{
  for (int i = 0; i < NODES; i++) {
    double t = cos(acos(-1.0) * (i + 0.75) / (NODES + 0.5)), slope = 1;
    for (int pass = 0; pass < 100; pass++) {
      double p0 = 1, p1 = t;
      for (int n = 2; n <= NODES; n++) {
        double p2 = ((2 * n - 1) * t * p1 - (n - 1) * p0) / n;
        p0 = p1;
        p1 = p2;
      }
      slope = NODES * (t * p1 - p0) / (t * t - 1);
      double step = p1 / slope;
      t -= step;
      if (fabs(step) < 1e-16)
        break;
    }
    x[i] = t;
    w[i] = 2 / ((1 - t * t) * slope * slope);
  }
}

/* Theta part of Y_lm: int_-1^1 theta^2 dx = 1; Condon-Shortley phase. */
static double theta(int l, int m, double x)
{
  int positive = m < 0 ? -m : m;
  if (positive > l)
    return 0;
  double p = sqrt(0.5), before = 0;
  for (int i = 1; i <= positive; i++)
    p *= -sqrt((2 * i + 1.0) / (2.0 * i) * (1 - x * x));
  for (int i = positive + 1; i <= l; i++) {
    double a = sqrt((4.0 * i * i - 1) / ((double)i * i - positive * positive));
    double b = sqrt((((i - 1.0) * (i - 1) - positive * positive)) / (4.0 * (i - 1) * (i - 1) - 1));
    double next = a * (x * p - b * before);
    before = p;
    p = next;
  }
  return m < 0 && positive & 1 ? -p : p;
}

/* Spinor components: coefficient of Y_(l, m-1/2) up and Y_(l, m+1/2) down. */
static double spinor(int kappa, int two_m, int down)
{
  int l = afb_kappa_l(kappa);
  double plus = sqrt((l + 0.5 * two_m + 0.5) / (2 * l + 1)), minus = sqrt((l - 0.5 * two_m + 0.5) / (2 * l + 1));
  if (kappa < 0)
    return down ? minus : plus;
  return down ? plus : -minus;
}

/* Nodes, weights and theta at the nodes, once. */
static struct {
  int ready;
  double x[NODES], w[NODES], theta[MAX_K][2 * MAX_K + 1][NODES];
} quadrature;

static void prepare_quadrature(void)
{
  if (quadrature.ready)
    return;
  gauss_legendre(quadrature.x, quadrature.w);
  for (int l = 0; l < MAX_K; l++)
    for (int m = -l; m <= l; m++)
      for (int i = 0; i < NODES; i++)
        quadrature.theta[l][m + MAX_K][i] = theta(l, m, quadrature.x[i]);
  quadrature.ready = 1;
}

static double angular_integral(int kappa_a, int two_ma, int k, int kappa_c, int two_mc)
{
  int q = (two_ma - two_mc) / 2, la = afb_kappa_l(kappa_a), lc = afb_kappa_l(kappa_c);
  double sum = 0;
  if (abs(q) > k || k > la + lc || (la + lc + k) & 1)
    return 0;
  for (int down = 0; down < 2; down++) {
    int ma = (two_ma + (down ? 1 : -1)) / 2, mc = (two_mc + (down ? 1 : -1)) / 2;
    double part = 0;
    if (abs(ma) > la || abs(mc) > lc)
      continue;
    const double *bra = quadrature.theta[la][ma + MAX_K], *ket = quadrature.theta[lc][mc + MAX_K];
    const double *middle = quadrature.theta[k][q + MAX_K];
    for (int i = 0; i < NODES; i++)
      part += quadrature.w[i] * bra[i] * middle[i] * ket[i];
    sum += spinor(kappa_a, two_ma, down) * spinor(kappa_c, two_mc, down) * part;
  }
  return sum * sqrt(2.0 / (2 * k + 1));
}

static int make_spin_orbitals(const afb_csf_list *list, space *s)
{
  s->list = list;
  for (int p = 0; p < list->n_orbitals; p++) {
    int two_j = afb_kappa_two_j(list->orbital[p].kappa);
    for (int m = -two_j; m <= two_j && !list->closed[p]; m += 2) {
      if (s->n == MAX_SPIN)
        return -1;
      s->orbital[s->n] = p;
      s->two_m[s->n++] = m;
    }
  }
  s->c = calloc(MAX_K, sizeof *s->c);
  if (!s->c)
    return -1;
  prepare_quadrature();
  for (int k = 0; k < MAX_K; k++)
    for (int a = 0; a < s->n; a++)
      for (int c = 0; c < s->n; c++)
        s->c[k][a][c] = angular_integral(list->orbital[s->orbital[a]].kappa, s->two_m[a], k,
                                         list->orbital[s->orbital[c]].kappa, s->two_m[c]);
  return 0;
}

/* ---- determinants ---- */

static int bits(uint64_t x)
{
  int n = 0;
  for (; x; x &= x - 1)
    n++;
  return n;
}

/* Spin-orbitals of the shell n l, -1 closed. */
static uint64_t shell_mask(const space *s, int n, int l)
{
  uint64_t mask = 0;
  for (int i = 0; i < s->n; i++) {
    afb_orbital o = s->list->orbital[s->orbital[i]];
    if (o.n == n && afb_kappa_l(o.kappa) == l)
      mask |= UINT64_C(1) << i;
  }
  return mask;
}

/* The next larger number with as many bits; beyond every mask after 0. */
static uint64_t next_of_same_count(uint64_t x)
{
  if (x == 0)
    return UINT64_MAX;
  uint64_t low = x & (~x + 1), ripple = x + low;
  return ripple | (((x ^ ripple) >> 2) / low);
}

static int add_determinants(space *s, const afb_configuration *c, int shell, uint64_t det, int two_m, int *room)
{
  if (shell == c->n_shells) {
    if (two_m != 0)
      return 0;
    if (s->n_det == *room) {
      *room = 2 * *room + 256;
      uint64_t *grown = realloc(s->det, (size_t)*room * sizeof *grown);
      if (!grown)
        return -1;
      s->det = grown;
    }
    s->det[s->n_det++] = det;
    return 0;
  }
  uint64_t mask = shell_mask(s, c->shell[shell].n, c->shell[shell].l);
  int size = bits(mask), q = c->shell[shell].q;
  if (size == 0)
    return add_determinants(s, c, shell + 1, det, two_m, room);
  int first = 0;
  while (!(mask >> first & 1))
    first++;
  /* l- and l+ follow each other in the order of orbitals, so that the shell's spin-orbitals are consecutive. */
  for (uint64_t choice = (UINT64_C(1) << q) - 1; choice < UINT64_C(1) << size; choice = next_of_same_count(choice)) {
    int rest = two_m;
    for (int i = 0; i < size; i++)
      if (choice >> i & 1)
        rest -= s->two_m[first + i];
    if (add_determinants(s, c, shell + 1, det | choice << first, rest, room) != 0)
      return -1;
  }
  return 0;
}

static int make_determinants(int n, const afb_configuration *configurations, int two_m, int parity, space *s)
{
  int room = 0;
  s->n_det = 0;
  for (int i = 0; i < n; i++)
    if (afb_configuration_parity(&configurations[i]) == parity &&
        add_determinants(s, &configurations[i], 0, 0, two_m, &room) != 0)
      return -1;
  return 0;
}

static void space_clear(space *s)
{
  free(s->c);
  free(s->det);
}

/* <alpha beta|1/r12|gamma delta> = sum_k R^k(ab;cd) sum_q (-1)^q <alpha|C^k_q|gamma> <beta|C^k_-q|delta> */
static double coulomb(const space *s, int alpha, int beta, int gamma, int delta)
{
  int two_q = s->two_m[alpha] - s->two_m[gamma];
  if (two_q != s->two_m[delta] - s->two_m[beta])
    return 0;
  double sum = 0;
  for (int k = 0; k < MAX_K; k++) {
    double c = s->c[k][alpha][gamma] * s->c[k][beta][delta];
    if (fabs(c) > 1e-15)
      sum += c * test_radial_two(k, s->orbital[alpha], s->orbital[beta], s->orbital[gamma], s->orbital[delta]);
  }
  return (two_q / 2) & 1 ? -sum : sum;
}

static double one_electron(const space *s, int alpha, int gamma)
{
  int a = s->orbital[alpha], c = s->orbital[gamma];
  if (s->two_m[alpha] != s->two_m[gamma] || s->list->orbital[a].kappa != s->list->orbital[c].kappa)
    return 0;
  return test_radial_one(a, c);
}

static double parity_below(uint64_t det, int i) { return bits(det & ((UINT64_C(1) << i) - 1)) & 1 ? -1.0 : 1.0; }

static double slater_condon(const space *s, uint64_t bra, uint64_t ket)
{
  uint64_t created = bra & ~ket, destroyed = ket & ~bra, common = bra & ket;
  int out[2], in[2], n = 0, occupied[MAX_SPIN], n_occupied = 0;
  if (bits(created) > 2)
    return 0;
  for (int i = 0, d = 0; i < s->n; i++) {
    if (created >> i & 1)
      in[n++] = i;
    if (destroyed >> i & 1)
      out[d++] = i;
    if (common >> i & 1)
      occupied[n_occupied++] = i;
  }
  double sum = 0;
  if (n == 0) {
    for (int i = 0; i < n_occupied; i++) {
      int a = occupied[i];
      sum += one_electron(s, a, a);
      for (int k = 0; k < i; k++)
        sum += coulomb(s, a, occupied[k], a, occupied[k]) - coulomb(s, a, occupied[k], occupied[k], a);
    }
    return sum;
  }
  if (n == 1) {
    sum = one_electron(s, in[0], out[0]);
    for (int i = 0; i < n_occupied; i++)
      sum += coulomb(s, in[0], occupied[i], out[0], occupied[i]) - coulomb(s, in[0], occupied[i], occupied[i], out[0]);
    return sum * parity_below(ket, out[0]) * parity_below(bra, in[0]);
  }
  sum = coulomb(s, in[0], in[1], out[0], out[1]) - coulomb(s, in[0], in[1], out[1], out[0]);
  return sum * parity_below(ket, out[0]) * parity_below(ket, out[1]) * parity_below(bra, in[0]) * parity_below(bra, in[1]);
}

/* ---- levels ---- */

static int find_determinant(const space *s, uint64_t det)
{
  for (int i = 0; i < s->n_det; i++)
    if (s->det[i] == det)
      return i;
  return -1;
}

/* Spin-orbital i raised (+1) or lowered (-1) in m: factor of J+-, 0 when the step leaves the subshell or is blocked. */
static double step(const space *s, uint64_t det, int i, int direction, uint64_t *out)
{
  int k = i + direction;
  if (!(det >> i & 1) || k < 0 || k >= s->n || det >> k & 1 || s->orbital[i] != s->orbital[k])
    return 0;
  int two_j = afb_kappa_two_j(s->list->orbital[s->orbital[i]].kappa), m = s->two_m[i] * direction;
  *out = (det & ~(UINT64_C(1) << i)) | UINT64_C(1) << k;
  return sqrt(0.25 * (two_j - m) * (two_j + m + 2));
}

/* J- J+ = J^2 - M(M+1), by its action on determinants; neighbours in m are neighbours in a mask, so no signs arise. */
static void fill_ladder(const space *s, double *matrix)
{
  int d = s->n_det;
  memset(matrix, 0, sizeof *matrix * (size_t)d * (size_t)d);
  for (int ket = 0; ket < d; ket++)
    for (int i = 0; i < s->n; i++) {
      uint64_t raised, lowered;
      double up = step(s, s->det[ket], i, 1, &raised);
      for (int k = 0; up != 0 && k < s->n; k++) {
        double down = step(s, raised, k, -1, &lowered);
        int bra = down != 0 ? find_determinant(s, lowered) : -1;
        if (bra >= 0)
          matrix[bra * d + ket] += up * down;
      }
    }
}

int test_symmetric_eigen(int n, double *matrix, double *energy)
{
  int info = 0, size = 8 * n + 64, lda = n > 0 ? n : 1;
  double *work = malloc((size_t)size * sizeof *work);
  if (!work)
    return -1;
  dsyev_("V", "L", &n, matrix, &lda, energy, work, &size, &info);
  free(work);
  return info;
}

static int project_and_solve(const space *s, double **energy)
{
  int d = s->n_det, n = 0;
  size_t square = (size_t)d * (size_t)d;
  double *basis = malloc(square * sizeof *basis + 1), *h = malloc(square * sizeof *h + 1);
  double *product = malloc(square * sizeof *product + 1), *value = malloc((size_t)d * sizeof *value + 1);
  *energy = malloc((size_t)d * sizeof **energy + 1);
  if (basis && h && product && value && *energy) {
    fill_ladder(s, basis);
    for (int i = 0; i < d; i++)
      for (int k = 0; k < d; k++)
        h[i * d + k] = k <= i ? slater_condon(s, s->det[i], s->det[k]) : 0;
    for (int i = 0; i < d; i++)
      for (int k = i + 1; k < d; k++)
        h[i * d + k] = h[k * d + i];
    if (test_symmetric_eigen(d, basis, value) != 0)
      d = 0;
    while (n < d && fabs(value[n]) < 1e-8)
      n++;
    for (int i = 0; i < n; i++)
      for (int k = 0; k < d; k++) {
        double sum = 0;
        for (int l = 0; l < d; l++)
          sum += basis[i * d + l] * h[k * d + l];
        product[i * d + k] = sum;
      }
    for (int i = 0; i < n; i++)
      for (int k = 0; k < n; k++) {
        double sum = 0;
        for (int l = 0; l < d; l++)
          sum += product[i * d + l] * basis[k * d + l];
        h[i * n + k] = sum;
      }
    if (test_symmetric_eigen(n, h, *energy) != 0)
      n = -1;
  } else {
    n = -1;
  }
  free(basis);
  free(h);
  free(product);
  free(value);
  return n;
}

int test_determinant_levels(int n_configurations, const afb_configuration *configurations, const afb_csf_list *list,
                            int two_j, int parity, double **energy)
{
  space s = {0};
  int n = -1;
  *energy = NULL;
  if (make_spin_orbitals(list, &s) == 0 && make_determinants(n_configurations, configurations, two_j, parity, &s) == 0)
    n = project_and_solve(&s, energy);
  space_clear(&s);
  return n;
}

int test_determinant_count(int n_configurations, const afb_configuration *configurations, const afb_csf_list *list,
                           int two_m, int parity)
{
  space s = {0};
  int n = -1;
  if (make_spin_orbitals(list, &s) == 0 && make_determinants(n_configurations, configurations, two_m, parity, &s) == 0)
    n = s.n_det;
  space_clear(&s);
  return n;
}

double test_determinant_trace(int n_configurations, const afb_configuration *configurations, const afb_csf_list *list,
                              int two_m, int parity)
{
  space s = {0};
  double sum = NAN;
  if (make_spin_orbitals(list, &s) == 0 && make_determinants(n_configurations, configurations, two_m, parity, &s) == 0) {
    sum = 0;
    for (int i = 0; i < s.n_det; i++)
      sum += slater_condon(&s, s.det[i], s.det[i]);
  }
  space_clear(&s);
  return sum;
}
