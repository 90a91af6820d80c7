#include "atomic/nucleus.h"

#include <math.h>

#include "atomic/element.h"
#include "core/units.h"

static const double pi = 3.14159265358979323846;

/* Li_k(-e^y) = sum_{n>=1} (-1)^n e^(ny) / n^k for y <= 0. The terms are moments of a positive measure, so the
 * alternating sum is accelerated for all y <= 0 alike: algorithm 1 of Cohen, Rodriguez Villegas, Zagier, Exp. Math. 9, 3
 * (2000); N terms leave a relative error below 5.8^-N. */
static double alternating_sum(int k, double y)
{
  enum { N = 24 };
  double q = exp(y), power = q, d = pow(3 + sqrt(8.0), N);
  d = (d + 1 / d) / 2;
  double b = -1, c = -d, sum = 0;
  for (int n = 0; n < N; n++) {
    double m = n + 1, term = power;
    for (int i = 0; i < k; i++)
      term /= m;
    c = b - c;
    sum += c * term;
    power *= q;
    b *= (double)(n + N) * (double)(n - N) / ((n + 0.5) * (n + 1.0));
  }
  return -sum / d;
}

/* <r^2> / a^2 = F_4(x) / F_2(x), x = c/a, with F_k(x) = int_0^inf t^k / (1 + e^(t-x)) dt = -k! Li_(k+1)(-e^x), and
 * the polylogarithms at x > 0 from those at -x (Jonquiere's inversion). */
static double mean_square(double x)
{
  double x2 = x * x, p2 = pi * pi;
  double li3 = x * (x2 + p2) / 6 - alternating_sum(3, -x);
  double li5 = x * (x2 * x2 / 120 + p2 * x2 / 36 + 7 * p2 * p2 / 360) - alternating_sum(5, -x);
  return 12 * li5 / li3;
}

/* c/a with the given rms/a, which must exceed the value at c = 0, 3.6. */
static double half_density_radius(double rms)
{
  double low = 0, high = 2 * rms;
  for (int i = 0; i < 200 && high > low; i++) {
    double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high)
      break;
    if (mean_square(middle) < rms * rms)
      low = middle;
    else
      high = middle;
  }
  return (low + high) / 2;
}

static double skin_thickness_fm(int z) { return z == 1 ? 0.9 : z == 2 ? 1.8 : 2.30; }

afb_status afb_nucleus_create(int z, int mass_number, afb_nucleus_model model, double c_fm, double a_fm,
                              afb_nucleus *out)
{
  if (z < 1 || z > AFB_N_ELEMENTS)
    return AFB_FAIL(AFB_E_INPUT, "there is no element of nuclear charge %d (1 to %d)", z, AFB_N_ELEMENTS);
  if (mass_number == 0)
    mass_number = afb_element_mass_number(z);
  if (mass_number < z || mass_number > 4 * z)
    return AFB_FAIL(AFB_E_INPUT, "there is no isotope of %s with mass number %d (most abundant: %d)",
                    afb_element_symbol(z), mass_number, afb_element_mass_number(z));
  if (model == AFB_NUCLEUS_POINT) {
    *out = (afb_nucleus){.z = z};
    return AFB_OK;
  }
  if (model == AFB_NUCLEUS_FERMI) {
    /* Single precision as in GRASP2018: see afb_element_rms_radius. */
    double rms = afb_element_rms_radius(z, mass_number);
    if (rms <= 0)
      rms = (double)0.836f * cbrt((double)mass_number) + (double)0.570f;
    a_fm = skin_thickness_fm(z) / (4 * log(3.0));
    c_fm = a_fm * half_density_radius(rms / a_fm);
  } else if (!(c_fm > 0 && c_fm < 20 && a_fm > 0 && a_fm < 5)) {
    return AFB_FAIL(AFB_E_INPUT,
                    "nucleus with c = %g fm and a = %g fm: 0 < c < 20 fm and 0 < a < 5 fm (uranium: 7.13 and 0.523)",
                    c_fm, a_fm);
  }
  *out = (afb_nucleus){.z = z, .c = c_fm * AFB_FM_IN_BOHR, .a = a_fm * AFB_FM_IN_BOHR};
  return AFB_OK;
}

/* With u = r/a, x = c/a, y = x - u and f(t) = 1/(1 + e^(t-x)):
 *   r V = -(Z / F_2(x)) [int_0^u t^2 f dt + u int_u^inf t f dt] = -Z [1 - (F_2(y) + u F_1(y)) / F_2(x)].
 * Inside (y > 0) the polynomials are subtracted by hand, so that r V loses no digits as r -> 0. */
double afb_nucleus_rv(const afb_nucleus *nucleus, double r)
{
  double z = nucleus->z;
  if (nucleus->a <= 0)
    return -z;
  double u = r / nucleus->a, x = nucleus->c / nucleus->a, y = x - u, p2 = pi * pi;
  double at_x = alternating_sum(3, -x), norm = x * (x * x + p2) / 3 - 2 * at_x;
  if (y <= 0) {
    if (y < -60)
      return -z;
    return -z * (1 + (2 * alternating_sum(3, y) + u * alternating_sum(2, y)) / norm);
  }
  double inside = u * (x * x / 2 - u * u / 6 + p2 / 6) + 2 * (alternating_sum(3, -y) - at_x) -
                  u * alternating_sum(2, -y);
  return -z * inside / norm;
}
