/* What the vector kernels of the bispectrum do, as tables: made once, the same for every width. For src/descriptor/bispectrum*.c
 * only; not collective.
 *
 * U. With |a|^2 + |b|^2 = 1, x = |a|^2 - |b|^2 and the Jacobi polynomials P (Varshalovich et al. 4.3.4 in these variables),
 *   u^j[n][n+q] = N a*^p (-b*)^q P_n^(q,p)(x),   u^j[n+q][n] = N a*^p b^q P_n^(q,p)(x),   j = 2n + p + q,
 *   N = sqrt(n! (n+p+q)! / ((n+p)! (n+q)!)),
 * are all elements with mb + ma <= j; the others are u^j[j-mb][j-ma] = (-1)^(ma-mb) conj(u^j[mb][ma]). For given p and q, n goes by the
 * recursion of the monic polynomials, P_{n+1} = (x - beta_n) P_n - gamma_n P_{n-1}: real numbers, which serve both elements. N, the
 * factor of monic polynomials and (-1)^q are multiplied with the sums over neighbours.
 *
 * B. B_{j1 j2 j} = sum c c Re(conj(u^j) u^j1 u^j2) over all projections may be summed with any of the three layers in the place of j,
 * because u[mb][ma] = (-1)^(ma-mb) conj(u[j-mb][j-ma]) turns a factor over; the cheapest is taken. Half of the elements of that layer
 * suffice, twice. Where the two others are the same, their order is summed once, twice. */
#ifndef AFB_DESCRIPTOR_BISPECTRUM_PROGRAM_H
#define AFB_DESCRIPTOR_BISPECTRUM_PROGRAM_H

#include "descriptor/bispectrum_plan.h"

/* Where a sum over neighbours goes: U[index] = scale sum, U[mirror] = mirror_scale conj(sum). */
typedef struct {
  int32_t index, mirror;
  double scale, mirror_scale;
} afb_place;

/* The products of u1's row mb1 with the rows mb2 = first ... first + n - 1 of u2, which go to successive rows of u3. Offsets are
 * those of the rows in their layers, in elements. */
typedef struct {
  int32_t u1, u2, u3, n;
} afb_rows;

/* One column ma of the third layer and at most AFB_LONGEST of its ma1: with q_k = inner_k u1[mb1][lo + k],
 *   sum over rows mb1, mb2 of outer Re(conj(u3[mb][ma]) sum_k q_k u2[mb2][ma2 - k]). */
typedef struct {
  int32_t length;              /* of k */
  int32_t u1, u2, u3;          /* elements of U: u^j1[0][lo], u^j2[0][ma2], u^j[0][ma] */
  int32_t rows, n_rows;        /* program->rows */
  int32_t inner, outer;        /* program->coefficient: [length]; one for each product of rows, in their order */
} afb_step;

/* One component: the sum of its steps. */
typedef struct {
  int32_t step, n_steps;
  int32_t stride2, stride3;    /* elements of a row of the second and third layer */
  int factor[3];               /* which of the component's three factors the layers are: its channel */
} afb_product;

enum { AFB_LONGEST = 12 };

typedef struct {
  int j_top;
  /* In the order p = 0 ... j_top, q = 0 ... j_top - p, n = 0 ... (j_top - p - q)/2; where p > 0 and q > 0 the element with b follows. */
  int n_places;
  afb_place *place;            /* [n_places] */
  double (*recursion)[2];      /* of every p, q, n with n > 0: beta_{n-1}, gamma_{n-1} */
  /* Of every triple: with the first two layers in any channels, and with both in the same one. */
  struct { afb_product any, same; } *component;
  afb_step *step;
  afb_rows *rows;
  double *coefficient;
  int n_steps, n_rows, n_coefficients, step_capacity, rows_capacity, coefficient_capacity;
} afb_program;

/* At most `longest` of ma1 in a step, for the registers of a width. AFB_E_MEMORY. */
afb_status afb_program_create(const struct afb_bispectrum *plan, int longest, afb_program *program);
void afb_program_clear(afb_program *program);

#endif
