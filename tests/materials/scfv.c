#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#include "materials/scfv.h"

static const char *shared_file(const char *name, char path[1024])
{
  const char *shared = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  snprintf(path, 1024, "%s%s/reference/olcao_si/formats/%s", shared ? shared : source ? source : ".", shared ? "" : "/../shared", name);
  return access(path, R_OK) == 0 ? path : NULL;
}

static const char *const samples[] = {"int9_2/scfV_default.dat", "int9_2/scfV_converged.dat", "c8_r1/scfV_default.dat",
                                      "c8_r1/scfV_converged.dat"};

/* What OLCAO's files hold is read, and is the same after it was written and read again. */
static void samples_of_olcao_go_round(void **state)
{
  (void)state;
  char path[1024];
  if (!shared_file(samples[0], path)) {
    print_message("# the samples of OLCAO's files are not there\n");
    skip();
  }
  for (int i = 0; i < 4; i++) {
    afb_scfv read, again;
    check_true(shared_file(samples[i], path) != NULL);
    check_ok(afb_scfv_read(path, &read));
    int64_t types = i < 2 ? 9 : 8, rows = 16 * types;
    check_true(read.n_types == types && read.first[types] == rows);
    check_close(read.alpha[0], 0.15, 1e-15);
    check_close(read.alpha[rows - 1], 1e6, 1e-9);
    if (i == 0) {
      check_close(read.up[0], -1.337080128, 1e-12);
      check_close(read.charge[0], 0.0170187, 1e-12);
      check_close(read.down[rows - 1], 23.20468663, 1e-9);
    }
    check_ok(afb_scfv_write("round.scfV", types, 16, read.alpha, read.up));
    check_ok(afb_scfv_read("round.scfV", &again));
    check_true(again.n_types == types && memcmp(again.up, read.up, (size_t)rows * sizeof(double)) == 0);
    check_true(memcmp(again.down, read.up, (size_t)rows * sizeof(double)) == 0);
    check_true(memcmp(again.alpha, read.alpha, (size_t)rows * sizeof(double)) == 0);
    remove("round.scfV");
    afb_scfv_clear(&read);
    afb_scfv_clear(&again);
  }
}

static void doubles_survive(void **state)
{
  (void)state;
  double alpha[3] = {0.15, 1.25, 1e6}, a[6] = {-1.0 / 3, 2e-300, 0, 1e17, -0.1, 123456.789012345678};
  afb_scfv s;
  check_ok(afb_scfv_write("own.scfV", 2, 3, alpha, a));
  check_ok(afb_scfv_read("own.scfV", &s));
  check_true(s.n_types == 2 && memcmp(s.up, a, sizeof a) == 0 && memcmp(s.down, a, sizeof a) == 0);
  check_close(s.alpha[4], 1.25, 1e-15);
  check_close(s.charge[5], 0, 0);
  remove("own.scfV");
  afb_scfv_clear(&s);
}

static void refused(const char *text, const char *place)
{
  afb_scfv s;
  FILE *f = fopen("bad.scfV", "wb");
  check_true(f && fputs(text, f) >= 0 && fclose(f) == 0);
  check_true(afb_scfv_read("bad.scfV", &s) == AFB_E_INPUT);
  if (!strstr(afb_error_text(), place))
    fprintf(stderr, "# %s\n", afb_error_text());
  check_true(strstr(afb_error_text(), place) != NULL);
  remove("bad.scfV");
}

static void mistakes_are_told_with_their_line(void **state)
{
  (void)state;
  refused("", "bad.scfV:0");
  refused("TYPES 1\n", "bad.scfV:1");
  refused("NUM_TYPES none\n", "bad.scfV:1");
  refused("NUM_TYPES 1\nSPIN_DN\n", "bad.scfV:2");
  refused("NUM_TYPES 1\nTOTAL__OR__SPIN_UP\n 0\n", "bad.scfV:3");
  refused("NUM_TYPES 1\nTOTAL__OR__SPIN_UP\n 2\n 1 2 0 0 0\n", "bad.scfV:4: the file ends");
  refused("NUM_TYPES 1\nTOTAL__OR__SPIN_UP\n 1\n 1 2 0 0\n", "bad.scfV:4: a row");
  refused("NUM_TYPES 1\nTOTAL__OR__SPIN_UP\n 1\n 1 -2 0 0 0\n", "bad.scfV:4: an exponent");
  refused("NUM_TYPES 1\nTOTAL__OR__SPIN_UP\n 1\n 1 2 0 0 0\nSPIN_DN\n 1\n 1 3 0 0 0\n", "bad.scfV:7: the exponent differs");
  refused("NUM_TYPES 1\nTOTAL__OR__SPIN_UP\n 1\n 1 2 0 0 0\nSPIN_DN\n 1\n 1 2 0 0 0\nNUM__PLUSUJ__TERMS\n3\n", "bad.scfV:9");
  afb_scfv s;
  check_true(afb_scfv_read("there is no such file", &s) == AFB_E_INPUT);
  double one = 1;
  check_true(afb_scfv_write("no/such/folder/x.scfV", 1, 1, &one, &one) == AFB_E_IO);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(samples_of_olcao_go_round),
  cmocka_unit_test(doubles_survive),
  cmocka_unit_test(mistakes_are_told_with_their_line),
};
CHECK_MAIN(tests)
