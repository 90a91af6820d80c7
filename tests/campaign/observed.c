/* Tables of observed levels, and calculated ones beside them. */
#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#include "atomic/mcdhf.h"
#include "campaign/level_files.h"
#include "campaign/observed.h"
#include "core/units.h"

static const char path[] = "observed.csv";

static afb_status read_text(const char *text, afb_observed *out)
{
  FILE *file = fopen(path, "w");
  if (file) {
    fputs(text, file);
    fclose(file);
  }
  afb_status status = afb_observed_read(path, out);
  remove(path);
  return status;
}

static int same(const char *configuration, const char *term, const char *other, const char *other_term)
{
  afb_level_key a, b;
  afb_level_key_make(configuration, term, &a);
  afb_level_key_make(other, other_term, &b);
  return strcmp(a.configuration, b.configuration) == 0 && strcmp(a.term, b.term) == 0;
}

static void notations_are_the_same(void **state)
{
  (void)state;
  check_true(same("3d6.(5D).4s2", "a 5D", "3d6.4s2", "5D"));
  check_true(same("3d6.4s2", "5D", "3d6(5D).4s2", "5D"));
  check_true(same("2s2.2p2", "3P", "1s2.2s2.2p2", "3P"));
  check_true(same("4f14.5d10.6s2.6p2", "3P", "6s2.6p2", "3P"));
  check_true(same("3d7.(4F).4s.(5F).4p", "z 5D*", "3d7(4F).4s_5F.4p", "5D"));
  check_true(same("3d3(2D2).4s", "3D", "3d3.(2D).4s", "b 3D"));
  check_true(same("3d3.4s2", "2D2", "3d3.4s2", "2D"));
  check_true(!same("3d7.(4F).4s", "5F", "3d7.(4P).4s", "5F"));
  check_true(!same("2s2.2p2", "3P", "2s.2p3", "3P"));
  check_true(!same("2s2.2p2", "3P", "2s2.2p2", "1D"));
  check_true(!same("2p.3s", "3P", "2p.4s", "3P"));
}

static void tables_are_read(void **state)
{
  (void)state;
  afb_observed o;
  check_ok(read_text("J,energy_cm-1,label,parity,ion,remark\n3/2,27.5,2s2.2p2 3P,+,C I,x\n1.5,0,,odd,,\n", &o));
  check_true(o.n == 2 && o.n_left_out == 0);
  check_true(o.level[0].energy == 0 && o.level[0].two_j == 3 && o.level[0].parity == -1 && o.level[0].ion.z == 0);
  check_true(o.level[1].ion.z == 6 && o.level[1].ion.charge == 0 && o.level[1].parity == 1);
  check_true(strcmp(o.level[1].key.term, "3P") == 0 && strcmp(o.level[1].key.configuration, "2p2") == 0);
  afb_observed_clear(&o);
  check_ok(read_text("Configuration,Term,J,Prefix,\"Level (cm-1)\"\n2s2.2p2,3P,\"=\"\"0\"\"\",,\"=\"\"0.00\"\"\"\n2s2.2p.3s,3P*,1,,[60352.63]?\n"
                     "2s2.2p.3d,3F*,\"2,3\",,78000\nC II,Limit,---,,90820\n", &o));
  check_true(o.n == 2 && o.n_left_out == 2);
  check_true(o.level[0].parity == 1 && o.level[1].parity == -1 && o.level[1].energy == 60352.63);
  check_true(strcmp(o.level[1].label, "2s2.2p.3s 3P*") == 0);
  afb_observed_clear(&o);
}

static int refused(const char *text, const char *words)
{
  afb_observed o;
  afb_status status = read_text(text, &o);
  afb_observed_clear(&o);
  if (status != AFB_E_INPUT || !strstr(afb_error_text(), words))
    fprintf(stderr, "# %d: %s\n", (int)status, afb_error_text());
  return status == AFB_E_INPUT && strstr(afb_error_text(), words);
}

static void mistakes_are_named(void **state)
{
  (void)state;
  check_true(refused("", "is empty"));
  check_true(refused("energy_cm-1,label\n0,x\n", "observed.csv:1:1: there is no column J"));
  check_true(refused("J,label\n0,x\n", "there is no column energy_cm-1"));
  check_true(refused("J,energy_cm-1,parity\n0,0,up\n", "observed.csv:2:5: a parity is"));
  check_true(refused("J,energy_cm-1,ion\n0,0,Xx I\n", "observed.csv:2:5: an ion is written"));
  check_true(refused("J,energy_cm-1\n---,0\n", "no row with a J and an energy"));
}

static afb_store_level level(int two_j, int parity, double cm, const char *label)
{
  afb_store_level l = {.two_j = two_j, .parity = parity, .energy = -100 + cm / AFB_HARTREE_IN_INVERSE_CM};
  snprintf(l.label, sizeof l.label, "%s", label);
  return l;
}

/* By hand: labels first, then terms, then order; two levels of one label in the order of their energies; J and parity always. */
static void levels_are_paired(void **state)
{
  (void)state;
  enum { N = 7 };
  afb_observed o;
  afb_deviation d;
  int partner[N];
  afb_match by[N];
  const afb_store_level calculated[] = {
    level(4, 1, 500, "3d2.4s2 3F"), level(4, 1, 9000, "3d2.4s2 1D"), level(4, 1, 11000, "3d2.4s2 3P"), level(4, 1, 8000, "3d3(2D1).4s 3D"),
    level(4, 1, 20000, "3d3(2D2).4s 3D"), level(4, -1, 700, "3d2(3F).4s_4F.4p 5G"), level(6, 1, 900, "3d2.4s2 3F")};
  check_ok(read_text("J,energy_cm-1,label,parity\n2,0,3d2.4s2 a 3F,+\n3,170,3d2.4s2 a 3F,+\n2,7255,3d2.4s2 1D,+\n2,8500,3d4 3P,+\n"
                     "2,17000,3d3(2D).4s 3D,+\n2,21000,3d3(2D).4s 3D,+\n2,25000,,-\n", &o));
  check_ok(afb_observed_match(&o, (afb_ion){22, 0}, 7, calculated, partner, by, &d));
  static const int expected[N] = {0, 6, 1, 2, 3, 4, 5};
  static const afb_match how[N] = {AFB_MATCH_LABEL, AFB_MATCH_LABEL, AFB_MATCH_LABEL, AFB_MATCH_TERM, AFB_MATCH_LABEL, AFB_MATCH_LABEL,
                                   AFB_MATCH_ORDER};
  for (int i = 0; i < N; i++)
    check_true(partner[i] == expected[i] && by[i] == how[i]);
  /* above 500: 0, 400, 8500, 10500, 7500, 19500, 200 */
  check_true(d.n == 7 && d.n_by[AFB_MATCH_LABEL] == 5 && d.n_by[AFB_MATCH_TERM] == 1 && d.n_by[AFB_MATCH_ORDER] == 1);
  check_true(d.reference == 0 && d.worst == 6);
  check_close(d.largest, 200 - 25000.0, 1e-5);
  check_close(d.mean, (230 + 1245 + 2000 - 9500 - 1500 - 24800) / 6.0, 1e-5);
  check_close(d.mean_absolute, (230 + 1245 + 2000 + 9500 + 1500 + 24800) / 6.0, 1e-5);
  afb_observed_clear(&o);
}

/* Rows of another ion, J or parity have no partner; one pair alone has no deviation. */
static void strangers_have_no_partner(void **state)
{
  (void)state;
  afb_observed o;
  afb_deviation d;
  int partner[4];
  afb_match by[4];
  const afb_store_level calculated[] = {level(0, 1, 0, "2s2.2p2 3P"), level(2, 1, 16, "2s2.2p2 3P")};
  check_ok(read_text("J,energy_cm-1,label,parity,ion\n0,0,2s2.2p2 3P,+,C I\n1,16,2s2.2p2 3P,-,C I\n1,48,2s2.2p2 3P,+,N II\n2,43,2s2.2p2 3P,+,C I\n", &o));
  check_ok(afb_observed_match(&o, (afb_ion){6, 0}, 2, calculated, partner, by, &d));
  check_true(partner[0] == 0 && partner[1] == -1 && partner[2] == -1 && partner[3] == -1);
  check_true(d.n == 1 && d.worst == -1 && isnan(d.mean) && isnan(d.largest));
  check_ok(afb_observed_match(&o, (afb_ion){7, 1}, 2, calculated, partner, by, &d));
  check_true(d.n == 1 && partner[0] == -1 && partner[3] == 1);
  afb_observed_clear(&o);
}

static afb_status add_run(afb_store *store, int z, const char *ion, const char *configuration, afb_outcome outcome, int n,
                          const afb_store_level *levels)
{
  int64_t member;
  afb_store_run run = {.parent = -1, .added = -1, .outcome = outcome, .round = -1, .content_hash = (uint64_t)afb_store_count(store, AFB_TABLE_RUNS)};
  afb_store_run_data data = {.n_levels = n, .levels = levels};
  AFB_TRY(afb_store_intern_ion(store, z, 0, ion, &run.ion));
  AFB_TRY(afb_store_intern_configuration(store, configuration, &member));
  AFB_TRY(afb_store_intern_set(store, run.ion, 1, &member, &run.set));
  AFB_TRY(afb_store_add_run(store, &run, &data, NULL));
  return afb_store_commit(store);
}

static int printed(afb_store *store, const afb_observed *o, char *text, size_t size, afb_status *status)
{
  int64_t n;
  FILE *out = tmpfile();
  *status = afb_compare_levels(store, o, out, &n);
  rewind(out);
  text[fread(text, 1, size - 1, out)] = '\0';
  fclose(out);
  return (int)n;
}

/* Three runs of C I that converged, one that did not, one of Si I. */
static void the_best_run_of_a_file_is_shown(void **state)
{
  (void)state;
  static const char file[] = "observed.h5";
  const afb_store_writer writer = {.input = "x\n", .identity = "x\n", .legend = {"0", "0", "0", "0"}};
  const afb_store_level poor[] = {level(0, 1, 0, "2s2.2p2 3P"), level(4, 1, 12000, "2s2.2p2 1D")};
  const afb_store_level good[] = {level(0, 1, -5, "2s2.2p2 3P"), level(4, 1, 10100, "2s2.2p2 1D")};
  const afb_store_level few[] = {level(0, 1, 0, "2s2.2p2 3P")};
  afb_store *store;
  afb_observed o;
  afb_status status;
  int64_t run;
  char text[4096];
  remove(file);
  check_ok(afb_store_open(MPI_COMM_WORLD, file, AFB_STORE_CREATE, &writer, &store));
  check_ok(add_run(store, 6, "C I", "[He] 2s2 2p2", AFB_OUTCOME_CONVERGED, 2, poor));
  check_ok(add_run(store, 6, "C I", "[He] 2p4", AFB_OUTCOME_MAX_ITERATIONS, 2, poor));
  check_ok(add_run(store, 6, "C I", "[He] 2s2 2p1 3p1", AFB_OUTCOME_CONVERGED_AT_FLOOR, 2, good));
  check_ok(add_run(store, 6, "C I", "[He] 2s2 3p2", AFB_OUTCOME_CONVERGED, 1, few));
  check_ok(read_text("J,energy_cm-1,label\n0,0,2s2.2p2 3P\n2,10193,2s2.2p2 1D\n", &o));
  check_true(printed(store, &o, text, sizeof text, &status) == 3 && status == AFB_OK);
  check_true(strstr(text, "run 0  C I  [He] 2s2 2p2\n  2 pairs of 2 observed and 2 calculated levels: 2 by label"));
  check_true(strstr(text, "largest +1807.0 cm-1 (2s2.2p2 1D, J = 2)") && !strstr(text, "run 1 "));
  check_true(strstr(text, "run 3  C I  [He] 2s2 3p2\n  1 pair of 2 observed and 1 calculated levels: 1 by label"));
  check_true(strstr(text, "run 2, level by level") && !strstr(text, "run 0, level by level") && strstr(text, "10105.00       -88.00  label"));
  check_ok(afb_levels_choose(store, (afb_ion){6, 0}, &run));
  check_true(run == 2);
  check_ok(afb_levels_choose(store, (afb_ion){6, 1}, &run));
  check_true(run == -1);
  check_ok(add_run(store, 14, "Si I", "[Ne] 3s2 3p2", AFB_OUTCOME_CONVERGED, 2, poor));
  printed(store, &o, text, sizeof text, &status);
  check_true(status == AFB_E_INPUT && strstr(afb_error_text(), "add a column ion"));
  afb_observed_clear(&o);
  check_ok(read_text("J,energy_cm-1,ion\n0,0,Si I\n2,6299,Si I\n", &o));
  check_true(printed(store, &o, text, sizeof text, &status) == 1 && status == AFB_OK && strstr(text, "run 4  Si I"));
  afb_observed_clear(&o);
  check_ok(afb_store_close(&store));
  remove(file);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(notations_are_the_same),
  cmocka_unit_test(tables_are_read),
  cmocka_unit_test(mistakes_are_named),
  cmocka_unit_test(levels_are_paired),
  cmocka_unit_test(strangers_have_no_partner),
  cmocka_unit_test(the_best_run_of_a_file_is_shown),
};
CHECK_MAIN(tests)
