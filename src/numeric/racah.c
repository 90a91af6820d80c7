#include "numeric/racah.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Unsigned integers of 512 bits: enough for the largest term that the limit on factorials admits. */
enum { LIMBS = 16, MAX_FACTORIAL = 170 };
typedef struct {
  int used;
  uint32_t limb[LIMBS];
} wide;

static void wide_multiply(wide *a, uint32_t factor)
{
  uint64_t carry = 0;
  for (int i = 0; i < a->used; i++) {
    carry += (uint64_t)a->limb[i] * factor;
    a->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  if (carry && a->used < LIMBS)
    a->limb[a->used++] = (uint32_t)carry;
}

static void wide_divide(wide *a, uint32_t divisor)
{
  uint64_t rest = 0;
  for (int i = a->used - 1; i >= 0; i--) {
    rest = rest << 32 | a->limb[i];
    a->limb[i] = (uint32_t)(rest / divisor);
    rest %= divisor;
  }
  while (a->used > 1 && a->limb[a->used - 1] == 0)
    a->used--;
}

static void wide_add(wide *a, const wide *b)
{
  uint64_t carry = 0;
  int n = a->used > b->used ? a->used : b->used;
  for (int i = 0; i < n; i++) {
    carry += (uint64_t)(i < a->used ? a->limb[i] : 0) + (i < b->used ? b->limb[i] : 0);
    a->limb[i] = (uint32_t)carry;
    carry >>= 32;
  }
  a->used = n;
  if (carry && a->used < LIMBS)
    a->limb[a->used++] = (uint32_t)carry;
}

/* a - b as a double, exact up to the final rounding. */
static double wide_difference(const wide *a, const wide *b)
{
  int n = a->used > b->used ? a->used : b->used, sign = 1;
  for (int i = n - 1; i >= 0; i--) {
    uint32_t x = i < a->used ? a->limb[i] : 0, y = i < b->used ? b->limb[i] : 0;
    if (x != y) {
      sign = x > y ? 1 : -1;
      break;
    }
  }
  const wide *large = sign > 0 ? a : b, *small = sign > 0 ? b : a;
  uint32_t difference[LIMBS];
  int64_t borrow = 0;
  for (int i = 0; i < n; i++) {
    borrow += (int64_t)(i < large->used ? large->limb[i] : 0) - (i < small->used ? small->limb[i] : 0);
    difference[i] = (uint32_t)borrow;
    borrow >>= 32;
  }
  double value = 0;
  for (int i = n - 1; i >= 0; i--)
    value = value * 4294967296.0 + difference[i];
  return sign * value;
}

/* a *= binomial(n, k) */
static void wide_binomial(wide *a, int n, int k)
{
  for (int i = 1; i <= k; i++) {
    wide_multiply(a, (uint32_t)(n - k + i));
    wide_divide(a, (uint32_t)i);
  }
}

static double factorial(int n)
{
  static double table[MAX_FACTORIAL + 1];
  if (table[0] == 0) {
    long double product = 1;
    for (int i = 1; i <= MAX_FACTORIAL; i++) {
      product *= i;
      table[i] = (double)product;
    }
    table[0] = 1;
  }
  return table[n];
}

/* Delta(abc)^2 = (a+b-c)! (a-b+c)! (-a+b+c)! / (a+b+c+1)! */
static double triangle_squared(int two_a, int two_b, int two_c)
{
  return factorial((two_a + two_b - two_c) / 2) * factorial((two_a - two_b + two_c) / 2) /
         factorial((two_a + two_b + two_c) / 2 + 1) * factorial((-two_a + two_b + two_c) / 2);
}

static int max2(int a, int b) { return a > b ? a : b; }
static int min2(int a, int b) { return a < b ? a : b; }

double afb_wigner_3j(int two_j1, int two_j2, int two_j3, int two_m1, int two_m2, int two_m3)
{
  if (!afb_triangle(two_j1, two_j2, two_j3) || two_m1 + two_m2 + two_m3 != 0)
    return 0;
  if ((two_j1 + two_m1) & 1 || (two_j2 + two_m2) & 1 || (two_j3 + two_m3) & 1)
    return 0;
  if (two_m1 > two_j1 || two_m1 < -two_j1 || two_m2 > two_j2 || two_m2 < -two_j2 || two_m3 > two_j3 || two_m3 < -two_j3)
    return 0;
  if ((two_j1 + two_j2 + two_j3) / 2 + 1 > MAX_FACTORIAL)
    return NAN;
  int u = (two_j1 + two_j2 - two_j3) / 2, v = (two_j1 - two_j2 + two_j3) / 2, w = (-two_j1 + two_j2 + two_j3) / 2;
  int p = (two_j1 - two_m1) / 2, q = (two_j2 + two_m2) / 2;
  /* sum_z (-1)^z C(u, z) C(v, p - z) C(w, q - z) */
  int first = max2(0, max2(p - v, q - w)), last = min2(u, min2(p, q));
  if (first > last)
    return 0;
  wide term = {.used = 1, .limb = {1}}, even = {.used = 1}, odd = {.used = 1};
  wide_binomial(&term, u, first);
  wide_binomial(&term, v, p - first);
  wide_binomial(&term, w, q - first);
  for (int z = first; z <= last; z++) {
    wide_add(z & 1 ? &odd : &even, &term);
    if (z == last)
      break;
    wide_multiply(&term, (uint32_t)(u - z));
    wide_divide(&term, (uint32_t)(z + 1));
    wide_multiply(&term, (uint32_t)(p - z));
    wide_divide(&term, (uint32_t)(v - p + z + 1));
    wide_multiply(&term, (uint32_t)(q - z));
    wide_divide(&term, (uint32_t)(w - q + z + 1));
  }
  double scale = sqrt(factorial(p) / factorial(u) * factorial((two_j1 + two_m1) / 2) / factorial(v)) *
                 sqrt(factorial(q) / factorial(w) * factorial((two_j2 - two_m2) / 2)) *
                 sqrt(factorial((two_j3 - two_m3) / 2) / factorial((two_j1 + two_j2 + two_j3) / 2 + 1) *
                      factorial((two_j3 + two_m3) / 2));
  double value = scale * wide_difference(&even, &odd);
  return ((two_j1 - two_j2 - two_m3) / 2) & 1 ? -value : value;
}

double afb_wigner_6j(int two_j1, int two_j2, int two_j3, int two_j4, int two_j5, int two_j6)
{
  if (!afb_triangle(two_j1, two_j2, two_j3) || !afb_triangle(two_j1, two_j5, two_j6) ||
      !afb_triangle(two_j4, two_j2, two_j6) || !afb_triangle(two_j4, two_j5, two_j3))
    return 0;
  int a1 = (two_j1 + two_j2 + two_j3) / 2, a2 = (two_j1 + two_j5 + two_j6) / 2;
  int a3 = (two_j4 + two_j2 + two_j6) / 2, a4 = (two_j4 + two_j5 + two_j3) / 2;
  int b1 = (two_j1 + two_j2 + two_j4 + two_j5) / 2, b2 = (two_j2 + two_j3 + two_j5 + two_j6) / 2;
  int b3 = (two_j3 + two_j1 + two_j6 + two_j4) / 2;
  if (max2(max2(a1, a2), max2(a3, a4)) + 1 > MAX_FACTORIAL)
    return NAN;
  /* sum_z (-1)^z C(z+1, a1+1) C(b1-a4, z-a4) C(b2-a2, z-a2) C(b3-a3, z-a3) */
  int first = max2(max2(a1, a2), max2(a3, a4)), last = min2(b1, min2(b2, b3));
  wide term = {.used = 1, .limb = {1}}, even = {.used = 1}, odd = {.used = 1};
  wide_binomial(&term, first + 1, first - a1);
  wide_binomial(&term, b1 - a4, first - a4);
  wide_binomial(&term, b2 - a2, first - a2);
  wide_binomial(&term, b3 - a3, first - a3);
  for (int z = first; z <= last; z++) {
    wide_add(z & 1 ? &odd : &even, &term);
    if (z == last)
      break;
    wide_multiply(&term, (uint32_t)(z + 2));
    wide_divide(&term, (uint32_t)(z + 1 - a1));
    wide_multiply(&term, (uint32_t)(b1 - z));
    wide_divide(&term, (uint32_t)(z + 1 - a4));
    wide_multiply(&term, (uint32_t)(b2 - z));
    wide_divide(&term, (uint32_t)(z + 1 - a2));
    wide_multiply(&term, (uint32_t)(b3 - z));
    wide_divide(&term, (uint32_t)(z + 1 - a3));
  }
  double scale = sqrt(triangle_squared(two_j1, two_j5, two_j6)) * sqrt(triangle_squared(two_j4, two_j2, two_j6)) *
                 (sqrt(triangle_squared(two_j4, two_j5, two_j3)) / sqrt(triangle_squared(two_j1, two_j2, two_j3)));
  return scale * wide_difference(&even, &odd);
}

double afb_wigner_9j(int two_a, int two_b, int two_c, int two_d, int two_e, int two_f, int two_g, int two_h, int two_i)
{
  if (!afb_triangle(two_a, two_b, two_c) || !afb_triangle(two_d, two_e, two_f) || !afb_triangle(two_g, two_h, two_i) ||
      !afb_triangle(two_a, two_d, two_g) || !afb_triangle(two_b, two_e, two_h) || !afb_triangle(two_c, two_f, two_i))
    return 0;
  /* sum_x (-1)^2x (2x+1) {a b c; f i x} {d e f; b x h} {g h i; x a d} */
  int first = max2(two_a > two_i ? two_a - two_i : two_i - two_a,
                   max2(two_f > two_b ? two_f - two_b : two_b - two_f, two_d > two_h ? two_d - two_h : two_h - two_d));
  int last = min2(two_a + two_i, min2(two_f + two_b, two_d + two_h));
  double sum = 0;
  for (int x = first; x <= last; x += 2)
    sum += (x + 1) * afb_wigner_6j(two_a, two_b, two_c, two_f, two_i, x) *
           afb_wigner_6j(two_d, two_e, two_f, two_b, x, two_h) * afb_wigner_6j(two_g, two_h, two_i, x, two_a, two_d);
  return first & 1 ? -sum : sum;
}
