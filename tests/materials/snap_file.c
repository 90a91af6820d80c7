/* Potentials written and read back, files as other programs write them, and every mistake named with its line. */
#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#include "core/random.h"
#include "materials/snap_file.h"

static char coefficients[64], parameters[64];

static int rank_here(void)
{
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

static int begin(void **state)
{
  int number = (int)getpid();
  (void)state;
  MPI_Bcast(&number, 1, MPI_INT, 0, MPI_COMM_WORLD);
  snprintf(coefficients, sizeof coefficients, "snap_file.%d.snapcoeff", number);
  snprintf(parameters, sizeof parameters, "snap_file.%d.snapparam", number);
  return 0;
}

static int end(void **state)
{
  (void)state;
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank_here() == 0) {
    remove(coefficients);
    remove(parameters);
  }
  return 0;
}

static void put(const char *path, const char *text)
{
  if (rank_here() == 0) {
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

static void round_trip(void **state)
{
  (void)state;
  for (int v = 0; v < 8; v++) {
    afb_bispectrum_settings s;
    afb_snap_elements elements = {.n = 3, .name = {"Ta", "longest-name-15", "O"}}, back_elements;
    afb_potential potential = {.n_elements = 3}, back;
    afb_bispectrum_settings_default(&s);
    s.n_elements = 3;
    s.two_jmax = v % 4 + 1;
    s.rcutfac = 4.0 + 1.0 / 3;
    s.rfac0 = 0.9 + 1e-17 * v;
    s.rmin0 = 0.1 * (v % 2);
    s.switching = v != 2;
    s.bzero = v % 3 == 0;
    s.quadratic = v & 1;
    s.chem = v >= 4;
    s.bnorm = v & 2 ? 1 : 0;
    s.self_all = v & 4 ? 1 : 0;
    s.inner_switching = v == 6;
    for (int e = 0; e < 3; e++) {
      s.radius[e] = 0.5 + e / 7.0;
      s.weight[e] = 1 - e * 0.8;
      s.inner_s[e] = s.inner_switching ? 1 + 0.1 * e : 0;
      s.inner_d[e] = s.inner_switching ? 0.3 : 0;
    }
    check_ok(afb_bispectrum_create(&s, &potential.bispectrum));
    int n = afb_bispectrum_n_columns(potential.bispectrum);
    potential.constant = malloc(3 * sizeof(double));
    potential.beta = malloc((size_t)(3 * n) * sizeof(double));
    for (int k = 0; k < 3 * n; k++)
      potential.beta[k] = (afb_random_uniform(1, (uint64_t)v, (uint64_t)k) - 0.5) * pow(10, k % 20 - 10);
    for (int e = 0; e < 3; e++)
      potential.constant[e] = -1.0 / (e + 3);
    afb_status written = AFB_OK;
    if (rank_here() == 0)
      written = afb_snap_write(coefficients, parameters, "made by a test", &elements, &potential);
    check_ok(written);
    MPI_Barrier(MPI_COMM_WORLD);
    check_ok(afb_snap_read(MPI_COMM_WORLD, coefficients, parameters, &back_elements, &back));
    const afb_bispectrum_settings *b = afb_bispectrum_get(back.bispectrum);
    check_true(memcmp(&elements, &back_elements, sizeof elements) == 0);
    check_true(b->two_jmax == s.two_jmax && b->switching == s.switching && b->bzero == s.bzero);
    check_true(b->quadratic == s.quadratic && b->chem == s.chem && b->bnorm == s.bnorm && b->self_all == s.self_all);
    check_true(b->inner_switching == s.inner_switching);
    double exact[] = {b->rcutfac - s.rcutfac, b->rfac0 - s.rfac0, b->rmin0 - s.rmin0};
    for (int k = 0; k < 3; k++)
      check_close(exact[k], 0, 0);
    check_true(memcmp(b->radius, s.radius, 3 * sizeof(double)) == 0 && memcmp(b->weight, s.weight, 3 * sizeof(double)) == 0);
    check_true(memcmp(b->inner_s, s.inner_s, 3 * sizeof(double)) == 0 && memcmp(b->inner_d, s.inner_d, 3 * sizeof(double)) == 0);
    check_true(memcmp(back.constant, potential.constant, 3 * sizeof(double)) == 0);
    check_true(memcmp(back.beta, potential.beta, (size_t)(3 * n) * sizeof(double)) == 0);
    check_true(back.zbl.n_elements == 0 && back.n_elements == 3);
    afb_potential_clear(&back);
    afb_potential_clear(&potential);
  }
}

#define FIVE "1\n2\n3\n4\n5\n"
#define GOOD_P "rcutfac 4\ntwojmax 2\n"

/* Comments behind values, tabs, carriage returns, no line end at the end, keywords for other machines. */
static void as_others_write(void **state)
{
  (void)state;
  afb_snap_elements elements;
  afb_potential potential;
  put(coefficients, "# DATE: 2014\r\n\n  # more\n1 6 # one element\r\n\tTa 0.5\t1. # r, w\n-2.5 # B[0]\n" FIVE "# End of potential");
  put(parameters, "# required\nrcutfac 4.67637\r\ntwojmax\t2\n\n# optional\nrfac0 0.99\nbzeroflag 0\nswitchflag 1\nchunksize 1000\nparallelthresh 8");
  check_ok(afb_snap_read(MPI_COMM_WORLD, coefficients, parameters, &elements, &potential));
  const afb_bispectrum_settings *s = afb_bispectrum_get(potential.bispectrum);
  check_true(elements.n == 1 && strcmp(elements.name[0], "Ta") == 0 && s->bzero == 0 && s->two_jmax == 2);
  check_close(s->rcutfac, 4.67637, 0);
  check_close(potential.constant[0], -2.5, 0);
  for (int k = 0; k < 5; k++)
    check_close(potential.beta[k], k + 1, 0);
  afb_potential_clear(&potential);
}

static const struct {
  const char *coefficients, *parameters, *at, *say;   /* `at`: what follows the file's name */
} mistakes[] = {
  {"", GOOD_P, "snapcoeff:0:", "empty"},
  {"# nothing\n\n", GOOD_P, "snapcoeff:2:", "empty"},
  {"1\n", GOOD_P, "snapcoeff:1:", "number of elements"},
  {"#\n1 x\n", GOOD_P, "snapcoeff:2:", "found \"x\""},
  {"0 6\n", GOOD_P, "snapcoeff:1:", "from 1 to 128"},
  {"1 6\nTa 0.5\n", GOOD_P, "snapcoeff:2:", "name, radius and weight"},
  {"1 6\nTa 0.5 w\n", GOOD_P, "snapcoeff:2:", "found \"w\""},
  {"1 6\nan-element-16-long 0.5 1\n", GOOD_P, "snapcoeff:2:", "too long"},
  {"1 6\nTa 0.5 1\n0\n1\n2\n", GOOD_P, "snapcoeff:5:", "ends after 3 of 6 coefficients of Ta"},
  {"1 6\nTa 0.5 1\n0\n1\n2 2\n", GOOD_P, "snapcoeff:5:", "alone on its line"},
  {"1 6\nTa 0.5 1\n0\n1\nnan\n", GOOD_P, "snapcoeff:5:", "found \"nan\""},
  {"1 6\nTa 0.5 1\n0\n1e999\n", GOOD_P, "snapcoeff:4:", "found \"1e999\""},
  {"1 6\nTa 0.5 1\n0\n" FIVE "6\n", GOOD_P, "snapcoeff:9:", "should end"},
  {"2 6\nTa 0.5 1\n0\n" FIVE, GOOD_P, "snapcoeff:8:", "before element 2 of 2"},
  {"2 6\nTa 0.5 1\n0\n" FIVE "Ta 0.5 1\n0\n" FIVE, GOOD_P, "snapcoeff:9:", "twice"},
  {"\n1 5\nTa 0.5 1\n" FIVE, GOOD_P, "snapcoeff:2:", "twojmax 2) asks for 6"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "quadraticflag 1\n", "snapcoeff:1:", "twojmax 2, quadratic) asks for 21"},
  {"1 6\nTa -0.5 1\n0\n" FIVE, GOOD_P, "snapcoeff with", "radius"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, "twojmax 2\n", "snapparam:1:", "rcutfac is missing"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, "", "snapparam:0:", "rcutfac is missing"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, "rcutfac 4\n", "snapparam:1:", "twojmax is missing"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, "# x\nrcutfac 4\ntwojmax\n", "snapparam:3:", "twojmax has 1 value, found 0"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "rfac0 1 2\n", "snapparam:3:", "rfac0 has 1 value, found 2"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "rfac 1\n", "snapparam:3:", "unknown keyword \"rfac\""},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "\ntwojmax 4\n", "snapparam:4:", "twice, first in line 2"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "bzeroflag 2\n", "snapparam:3:", "from 0 to 1"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, "rcutfac 4\ntwojmax 2.5\n", "snapparam:2:", "found \"2.5\""},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "switchinnerflag 1\nsinner 1\n", "snapparam:3:", "needs dinner"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "sinner 1\n", "snapparam:3:", "no meaning"},
  {"1 6\nTa 0.5 1\n0\n" FIVE, GOOD_P "switchinnerflag 1\nsinner 1 2\n", "snapparam:4:", "sinner has 1 value, found 2"},
};

static void every_mistake(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof mistakes / sizeof mistakes[0]; k++) {
    afb_snap_elements elements;
    afb_potential potential;
    put(coefficients, mistakes[k].coefficients);
    put(parameters, mistakes[k].parameters);
    afb_status status = afb_snap_read(MPI_COMM_WORLD, coefficients, parameters, &elements, &potential);
    int found = status == AFB_E_INPUT && strstr(afb_error_text(), mistakes[k].at) && strstr(afb_error_text(), mistakes[k].say);
    if (!found)
      fprintf(stderr, "# mistake %zu, wanted %s ... %s: %s\n", k, mistakes[k].at, mistakes[k].say, status == AFB_OK ? "none" : afb_error_text());
    check_true(found);
    afb_potential_clear(&potential);
  }
}

static void no_file(void **state)
{
  (void)state;
  afb_snap_elements elements;
  afb_potential potential;
  put(coefficients, "1 6\nTa 0.5 1\n0\n" FIVE);
  check_true(afb_snap_read(MPI_COMM_WORLD, coefficients, "absent.snapparam", &elements, &potential) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "absent.snapparam cannot be opened") != NULL);
  afb_potential_clear(&potential);
  check_true(afb_snap_read(MPI_COMM_WORLD, "absent.snapcoeff", coefficients, &elements, &potential) == AFB_E_INPUT);
  afb_potential_clear(&potential);
}

/* What the files have no word for is refused, and nothing is written. */
static void not_expressible(void **state)
{
  (void)state;
  put(coefficients, "as it was");
  for (int k = 0; k < 2; k++) {
    afb_bispectrum_settings s;
    afb_snap_elements elements = {.n = 1, .name = {"Si"}};
    afb_potential potential = {.n_elements = 1, .constant = calloc(1, sizeof(double)), .beta = calloc(64, sizeof(double))};
    afb_bispectrum_settings_default(&s);
    s.n_elements = 1;
    s.two_jmax = 4;
    s.radius[0] = 0.5;
    s.rcutfac = 5;
    if (k == 0) {
      s.n_pairs = 1;
      s.pair[0][0] = s.pair[0][1] = 2;
    } else
      s.self = 0;
    s.bzero = 0;
    check_ok(afb_bispectrum_create(&s, &potential.bispectrum));
    check_true(afb_snap_write(coefficients, parameters, "", &elements, &potential) == AFB_E_INPUT);
    check_true(strstr(afb_error_text(), k == 0 ? "pairs" : "centre") != NULL);
    afb_potential_clear(&potential);
  }
  char text[16] = "";
  FILE *file = fopen(coefficients, "r");
  check_true(fgets(text, sizeof text, file) && strcmp(text, "as it was") == 0);
  fclose(file);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test_setup_teardown(round_trip, begin, end),  cmocka_unit_test_setup_teardown(as_others_write, begin, end),
  cmocka_unit_test_setup_teardown(every_mistake, begin, end), cmocka_unit_test_setup_teardown(no_file, begin, end),
  cmocka_unit_test_setup_teardown(not_expressible, begin, end),
};
CHECK_MAIN(tests)
