#include "tests/check.h"

#include <string.h>

#include "atomic/element.h"
#include "atomic/nucleus.h"
#include "core/units.h"

/* Half-density radii c (fm) of the reference calculations (GRASP2018, computed for this project); most abundant
 * isotopes, t = 2.30 fm but for H (0.9) and He (1.8). */
static const struct {
  int z, a;
  double c_fm;
} reference[] = {
  {1, 1, 0.5684204414544}, {2, 4, 0.9162851206045}, {3, 7, 1.911786586943}, {4, 9, 2.067117402628},
  {5, 11, 1.830119228043}, {6, 12, 1.966875305789}, {7, 14, 2.145640273925}, {8, 16, 2.415819895356},
  {9, 19, 2.772415564753}, {10, 20, 2.957608165823}, {11, 23, 2.937430826378}, {12, 24, 3.044283846633},
  {13, 27, 3.050974043204}, {14, 28, 3.152946672646}, {15, 31, 3.261971446305}, {16, 32, 3.378832649927},
  {17, 35, 3.545181719285}, {18, 40, 3.642827321411}, {19, 39, 3.65458123531}, {20, 40, 3.721273805624},
  {21, 45, 3.827186121046}, {22, 48, 3.898327655044}, {23, 51, 3.9107610461}, {24, 52, 3.979628461195},
  {25, 55, 4.071687631379}, {26, 56, 4.120147393916}, {27, 59, 4.195258583039}, {28, 58, 4.177494028201},
  {29, 63, 4.337281061505}, {30, 64, 4.405770488385}, {31, 69, 4.508020632725}, {32, 74, 4.621335719091},
  {33, 75, 4.654515264916}, {34, 80, 4.717791776339}, {35, 79, 4.751258077009}, {36, 84, 4.788463180054},
  {37, 85, 4.810610988612}, {38, 88, 4.840301243549}, {39, 89, 4.867919232948}, {40, 90, 4.906239229665},
  {41, 93, 4.98529610605}, {42, 98, 5.108015448575}, {43, 98, 5.129909018646}, {44, 102, 5.211108623883},
  {45, 103, 5.230592741283}, {46, 106, 5.283959608605}, {47, 107, 5.30339363497}, {48, 114, 5.393675491402},
  {49, 115, 5.403500664205}, {50, 120, 5.455135023543}, {51, 121, 5.495331314458}, {52, 130, 5.583358603858},
  {53, 127, 5.594256925012}, {54, 132, 5.645022298087}, {55, 133, 5.67072940586}, {56, 138, 5.718279893878},
  {57, 139, 5.742524268694}, {58, 140, 5.773651362037}, {59, 141, 5.79448183962}, {60, 142, 5.823174670446},
  {61, 145, 5.892985280754}, {62, 152, 6.060890188141}, {63, 153, 6.10223389429}, {64, 158, 6.165568617635},
  {65, 159, 6.030274256684}, {66, 164, 6.255946307809}, {67, 165, 6.228671480598}, {68, 166, 6.297383735101},
  {69, 169, 6.261232273819}, {70, 174, 6.379592747412}, {71, 175, 6.461659157584}, {72, 180, 6.42979198709},
  {73, 181, 6.434919596227}, {75, 187, 6.461382422462}, {76, 192, 6.52062929354}, {77, 193, 6.507623285609},
  {78, 195, 6.540547137862}, {79, 197, 6.554512478814}, {80, 202, 6.592794340675}, {81, 205, 6.608127229761},
  {82, 208, 6.643057553809}, {83, 209, 6.670516003664}, {84, 209, 6.728009561783}, {85, 210, 6.695366890994},
  {86, 222, 6.905082530236}, {87, 223, 6.910027321626}, {88, 226, 6.945731062445}, {90, 232, 7.033116437028},
  {91, 231, 6.916102304274}, {92, 238, 7.132150791579}, {93, 237, 6.976549852045}, {94, 244, 7.18373088401},
  {95, 243, 7.197405403072}, {96, 247, 7.07493987111}, {97, 247, 7.07493987111}, {98, 251, 7.113510054762},
  {99, 252, 7.12308488081}, {100, 257, 7.17056193286}, {101, 258, 7.179979183006}, {102, 259, 7.189370789199},
  {103, 262, 7.217393452633},
};
enum { N_REFERENCE = sizeof reference / sizeof reference[0] };

static void reference_radii_are_reproduced(void **state)
{
  (void)state;
  double worst = 0;
  for (int i = 0; i < N_REFERENCE; i++) {
    afb_nucleus nucleus;
    check_true(afb_element_mass_number(reference[i].z) == reference[i].a);
    check_ok(afb_nucleus_create(reference[i].z, 0, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
    double t = reference[i].z == 1 ? 0.9 : reference[i].z == 2 ? 1.8 : 2.30;
    check_close(nucleus.a / AFB_FM_IN_BOHR, t / (4 * log(3.0)), 1e-14);
    double error = fabs(nucleus.c / AFB_FM_IN_BOHR / reference[i].c_fm - 1);
    worst = error > worst ? error : worst;
    check_true(error < 1e-11);
  }
  print_message("# %d nuclei, largest relative difference of c %.1e\n", (int)N_REFERENCE, worst);
  afb_nucleus uranium;
  check_ok(afb_nucleus_create(92, 238, AFB_NUCLEUS_FERMI, 0, 0, &uranium));
  check_close(uranium.c, 0.0001347781168155, 1e-15);
  check_close(uranium.a, 9.890591370096e-06, 1e-17);
}

/* Nodes and weights of 20-point Gauss-Legendre quadrature on [-1, 1], by Newton's method. */
enum { N_GAUSS = 20 };
static void gauss(double *node, double *weight)
{
  for (int i = 0; i < N_GAUSS; i++) {
    double x = cos(3.14159265358979323846 * (i + 0.75) / (N_GAUSS + 0.5)), slope = 1;
    for (int step = 0; step < 100; step++) {
      double p0 = 1, p1 = x;
      for (int k = 2; k <= N_GAUSS; k++) {
        double p2 = ((2 * k - 1) * x * p1 - (k - 1) * p0) / k;
        p0 = p1;
        p1 = p2;
      }
      slope = N_GAUSS * (x * p1 - p0) / (x * x - 1);
      double move = p1 / slope;
      x -= move;
      if (fabs(move) < 1e-15)
        break;
    }
    node[i] = x;
    weight[i] = 2 / ((1 - x * x) * slope * slope);
  }
}

/* int r^power rho(r) dr from `low` to `high`, rho = 1/(1 + exp((r-c)/a)), in pieces of half a skin parameter. */
static double moment(const afb_nucleus *nucleus, int power, double low, double high)
{
  double node[N_GAUSS], weight[N_GAUSS], sum = 0;
  gauss(node, weight);
  int pieces = 1 + (int)((high - low) / (0.5 * nucleus->a));
  double h = (high - low) / pieces;
  for (int p = 0; p < pieces; p++)
    for (int i = 0; i < N_GAUSS; i++) {
      double r = low + h * (p + 0.5 * (1 + node[i]));
      sum += 0.5 * h * weight[i] * pow(r, power) / (1 + exp((r - nucleus->c) / nucleus->a));
    }
  return sum;
}

static void potential_equals_quadrature(void **state)
{
  (void)state;
  static const int charges[] = {1, 2, 3, 8, 26, 54, 92, 103};
  static const double at[] = {1e-4, 0.01, 0.1, 0.5, 0.9, 0.999, 1, 1.001, 1.1, 1.5, 2, 3, 5, 20};
  for (size_t i = 0; i < sizeof charges / sizeof charges[0]; i++) {
    afb_nucleus nucleus;
    check_ok(afb_nucleus_create(charges[i], 0, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
    double far = nucleus.c + 80 * nucleus.a, norm = moment(&nucleus, 2, 0, far);
    for (size_t k = 0; k < sizeof at / sizeof at[0]; k++) {
      double r = at[k] * nucleus.c, upper = r > far ? r : far;
      double expected = -charges[i] * (moment(&nucleus, 2, 0, r) + r * moment(&nucleus, 1, r, upper)) / norm;
      check_close(afb_nucleus_rv(&nucleus, r) / expected, 1, 1e-13);
    }
    check_true(afb_nucleus_rv(&nucleus, 0) == 0);
    check_true(afb_nucleus_rv(&nucleus, 1) == -charges[i]);
  }
}

static void rms_radius_is_the_tabulated_one(void **state)
{
  (void)state;
  static const struct { int z, a; double rms; } cases[] = {
    {1, 1, 0.8783}, {1, 2, 2.1421}, {2, 3, 1.9661}, {2, 4, 1.6755}, {20, 48, 3.4771}, {82, 206, 5.4902},
    {92, 235, 5.8337}, {43, 99, 0}, {118, 294, 0}, {26, 60, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    afb_nucleus nucleus;
    check_close(afb_element_rms_radius(cases[i].z, cases[i].a), cases[i].rms, 3e-7);
    check_ok(afb_nucleus_create(cases[i].z, cases[i].a, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
    double far = nucleus.c + 100 * nucleus.a;
    double rms = sqrt(moment(&nucleus, 4, 0, far) / moment(&nucleus, 2, 0, far)) / AFB_FM_IN_BOHR;
    double expected = cases[i].rms > 0 ? cases[i].rms : 0.836 * cbrt(cases[i].a) + 0.570;
    check_close(rms / expected, 1, 1e-7);
  }
}

static void other_models_and_errors(void **state)
{
  (void)state;
  afb_nucleus nucleus, given;
  check_ok(afb_nucleus_create(80, 0, AFB_NUCLEUS_POINT, 0, 0, &nucleus));
  check_true(afb_nucleus_rv(&nucleus, 1e-9) == -80 && afb_nucleus_rv(&nucleus, 0) == -80);
  check_ok(afb_nucleus_create(26, 56, AFB_NUCLEUS_FERMI, 0, 0, &nucleus));
  check_ok(afb_nucleus_create(26, 0, AFB_NUCLEUS_GIVEN, 4.120147393916209, 0.5233875553104315, &given));
  check_close(given.c / nucleus.c, 1, 1e-11);
  check_close(afb_nucleus_rv(&given, nucleus.c) / afb_nucleus_rv(&nucleus, nucleus.c), 1, 1e-10);
  given.z = -5;
  check_true(afb_nucleus_create(0, 0, AFB_NUCLEUS_FERMI, 0, 0, &given) == AFB_E_INPUT);
  check_true(afb_nucleus_create(119, 0, AFB_NUCLEUS_FERMI, 0, 0, &given) == AFB_E_INPUT);
  check_true(afb_nucleus_create(26, 20, AFB_NUCLEUS_FERMI, 0, 0, &given) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "no isotope of Fe with mass number 20 (most abundant: 56)") != NULL);
  check_true(afb_nucleus_create(26, 560, AFB_NUCLEUS_FERMI, 0, 0, &given) == AFB_E_INPUT);
  check_true(afb_nucleus_create(26, 0, AFB_NUCLEUS_GIVEN, 0, 0.5, &given) == AFB_E_INPUT);
  check_true(afb_nucleus_create(26, 0, AFB_NUCLEUS_GIVEN, 4, NAN, &given) == AFB_E_INPUT);
  check_true(given.z == -5);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(reference_radii_are_reproduced),
  cmocka_unit_test(potential_equals_quadrature),
  cmocka_unit_test(rms_radius_is_the_tabulated_one),
  cmocka_unit_test(other_models_and_errors),
};
CHECK_MAIN(tests)
