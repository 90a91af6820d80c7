/* Wigner 3j, 6j and 9j symbols. Not collective.
 *
 * Every argument is twice an angular momentum or a projection. A symbol whose triangles, projections or
 * integrality conditions fail is 0. The alternating sums are exact integers, so that the result is accurate to a few units of
 * rounding; j1 + j2 + j3 + 1 <= 170 in every triangle, NaN beyond.
 * Source: Edmonds, Angular Momentum in Quantum Mechanics (1960), eqs. 3.6.11, 6.3.7, 6.4.3, written with binomials.
 * Cost: about a microsecond for 3j and 6j, a dozen 6j for a 9j; callers keep what they use often. */
#ifndef AFB_NUMERIC_RACAH_H
#define AFB_NUMERIC_RACAH_H

/* 1 when two_a, two_b, two_c are non-negative, obey the triangle inequality and have an integer sum a + b + c. */
static inline int afb_triangle(int two_a, int two_b, int two_c)
{
  int difference = two_a > two_b ? two_a - two_b : two_b - two_a;
  return two_a >= 0 && two_b >= 0 && two_c >= difference && two_c <= two_a + two_b &&
         ((two_a + two_b + two_c) & 1) == 0;
}

/* (j1 j2 j3; m1 m2 m3) */
double afb_wigner_3j(int two_j1, int two_j2, int two_j3, int two_m1, int two_m2, int two_m3);

/* {j1 j2 j3; j4 j5 j6} */
double afb_wigner_6j(int two_j1, int two_j2, int two_j3, int two_j4, int two_j5, int two_j6);

/* {a b c; d e f; g h i}, row by row */
double afb_wigner_9j(int two_a, int two_b, int two_c, int two_d, int two_e, int two_f, int two_g, int two_h, int two_i);

#endif
