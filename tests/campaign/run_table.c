#include "tests/check.h"

#include <string.h>
#include <unistd.h>

#include "campaign/csv.h"
#include "campaign/graph.h"
#include "campaign/run_table.h"

/* A file of this rank with the text; name in path[64]. */
static void write_file(char path[64], const char *text)
{
  snprintf(path, 64, "run_table-%ld.csv", (long)getpid());
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static const char *source_file(const char *name, char path[1024])
{
  const char *source = getenv("AUFBAU_SOURCE");
  snprintf(path, 1024, "%s/tests/campaign/data/%s", source ? source : ".", name);
  return path;
}

static char *members(const afb_run_table *t, int64_t first, int n, char *buffer)
{
  afb_configuration set[AFB_MAX_SET];
  for (int i = 0; i < n; i++)
    set[i] = t->configuration[t->member[first + i]];
  return afb_set_format(n, set, buffer, AFB_SET_LENGTH);
}

static void quoting_follows_rfc_4180(void **state)
{
  (void)state;
  char path[64];
  afb_csv csv;
  int more;
  write_file(path, "\xef\xbb\xbf" "a,b\r\n\"x,\"\"y\"\"\n z\",\r\n\r\n,last");
  check_ok(afb_csv_open(path, &csv));
  check_ok(afb_csv_next(&csv, &more));
  check_true(more && csv.n_fields == 2 && strcmp(csv.field[1].text, "b") == 0);
  check_ok(afb_csv_next(&csv, &more));
  check_true(more && csv.n_fields == 2 && strcmp(csv.field[0].text, "x,\"y\"\n z") == 0);
  check_true(csv.field[0].line == 2 && csv.field[0].column == 1 && csv.field[1].line == 3 && csv.field[1].column == 5);
  check_true(csv.field[1].text[0] == '\0');
  check_ok(afb_csv_next(&csv, &more));
  check_true(more && csv.n_fields == 2 && strcmp(csv.field[1].text, "last") == 0 && csv.field[1].line == 5);
  check_ok(afb_csv_next(&csv, &more));
  check_true(!more);
  afb_csv_clear(&csv);
  FILE *file = fopen(path, "wb");
  afb_csv_write(file, "x,\"y\"\n z", 1);
  afb_csv_write(file, "plain", 0);
  fputc('\n', file);
  fclose(file);
  check_ok(afb_csv_open(path, &csv));
  check_ok(afb_csv_next(&csv, &more));
  check_true(more && csv.n_fields == 2 && strcmp(csv.field[0].text, "x,\"y\"\n z") == 0);
  afb_csv_clear(&csv);
  remove(path);
}

static const char own[] =
  "ion,configurations,parent,added,outcome,iterations,n_csf,core_seconds,energy_hartree,round,strategy,predicted_probability\n"
  "Be I,[He] 2s2,,,converged,7,1,0.125,-14.575892146371,0,model,\n"
  "Be I,[He] 2p2;1s2 2s2,[He] 2s2,[He] 2p2,max_iterations,300,4,1.5,-14.1,3,random,0.1\n"
  "Be I,[He] 2s2;[He] 2p2,1s2 2s2,[He] 2p2,converged,3,4,1.5,-14.1,3,random,0.25\n"
  "Be I,[He] 2s2;[He] 2p2,,[He] 2p2,not_finite,,,,,,,\n"
  "Be I,[He] 2s2;[He] 2s1 3s1,,,,,,,,,,\n";

static void own_columns_are_read(void **state)
{
  (void)state;
  char path[64];
  static char text[AFB_SET_LENGTH];
  afb_run_table t;
  write_file(path, own);
  check_ok(afb_run_table_read(path, AFB_RUNS_WITH_OUTCOME, &t));
  check_true(t.n_rows == 3 && t.n_duplicates == 1 && t.n_unlabelled == 1 && t.n_other_settings == 0);
  check_true(t.n_configurations == 2);
  const afb_run_row *r = t.row;
  check_true(r[0].ion.z == 4 && r[0].ion.charge == 0 && r[0].n_set == 1 && r[0].n_parent == 0 && r[0].added == -1);
  check_true(r[0].outcome == AFB_OUTCOME_CONVERGED && r[0].iterations == 7 && r[0].n_csf == 1 && r[0].round == 0);
  check_true(r[0].core_seconds == 0.125 && r[0].energy == -14.575892146371 && isnan(r[0].probability));
  assert_string_equal(r[0].strategy, "model");
  assert_string_equal(members(&t, r[1].set, r[1].n_set, text), "[He] 2s2;[He] 2p2");
  assert_string_equal(members(&t, r[1].parent, r[1].n_parent, text), "[He] 2s2");
  check_true(r[1].added >= 0 && afb_configuration_occupation(&t.configuration[r[1].added], 2, 1) == 2);
  check_true(r[1].outcome == AFB_OUTCOME_MAX_ITERATIONS && r[1].probability == 0.1 && r[1].line == 3);
  check_true(r[2].outcome == AFB_OUTCOME_NOT_FINITE && r[2].n_parent == 0 && r[2].iterations == -1 && r[2].n_csf == -1);
  check_true(isnan(r[2].energy) && isnan(r[2].core_seconds) && r[2].round == -1);
  afb_run_table_clear(&t);
  /* A table of runs serves as a list of sets as well: the set of the last line, which has no outcome, included. */
  check_ok(afb_run_table_read(path, AFB_RUNS_SETS_ONLY, &t));
  check_true(t.n_rows == 3 && t.n_duplicates == 2 && t.row[0].outcome == AFB_OUTCOME_NONE);
  afb_run_table_clear(&t);
  write_file(path, "configurations,ion\n[Kr] 4d1 5s2;[Kr] 4d2 5s1,Y I\n");
  check_ok(afb_run_table_read(path, AFB_RUNS_SETS_ONLY, &t));
  check_true(t.n_rows == 1 && t.row[0].n_set == 2 && t.row[0].ion.z == 39);
  afb_run_table_clear(&t);
  remove(path);
}

static void what_is_written_is_read_back(void **state)
{
  (void)state;
  char path[64], name[1024];
  afb_run_table t, u;
  check_ok(afb_run_table_read(source_file("grasp_dataset.csv", name), AFB_RUNS_WITH_OUTCOME, &t));
  t.row[1].probability = 1.0 / 3;
  write_file(path, "");
  FILE *file = fopen(path, "wb");
  check_ok(afb_run_table_write(file, &t));
  fclose(file);
  check_ok(afb_run_table_read(path, AFB_RUNS_WITH_OUTCOME, &u));
  check_true(t.n_rows == u.n_rows && t.n_configurations == u.n_configurations && u.n_duplicates == 0);
  for (int64_t i = 0; i < t.n_rows; i++) {
    const afb_run_row *a = &t.row[i], *b = &u.row[i];
    static char p[AFB_SET_LENGTH], q[AFB_SET_LENGTH];
    assert_string_equal(members(&t, a->set, a->n_set, p), members(&u, b->set, b->n_set, q));
    assert_string_equal(members(&t, a->parent, a->n_parent, p), members(&u, b->parent, b->n_parent, q));
    check_true(a->ion.z == b->ion.z && a->ion.charge == b->ion.charge && a->outcome == b->outcome);
    check_true(a->iterations == b->iterations && a->n_csf == b->n_csf && a->round == b->round);
    check_true(a->energy == b->energy && a->core_seconds == b->core_seconds);
    check_true((a->added < 0) == (b->added < 0));
    check_true(i == 1 ? b->probability == 1.0 / 3 : isnan(b->probability));
  }
  afb_run_table_clear(&t);
  afb_run_table_clear(&u);
  remove(path);
}

static void grasp_data_are_converted(void **state)
{
  (void)state;
  char name[1024];
  static char text[AFB_SET_LENGTH];
  afb_run_table t;
  check_ok(afb_run_table_read(source_file("grasp_dataset.csv", name), AFB_RUNS_WITH_OUTCOME, &t));
  check_true(t.n_rows == 18 && t.n_unlabelled == 3 && t.n_duplicates == 0);
  const afb_run_row *r = t.row;
  check_true(r[0].ion.z == 16 && r[0].ion.charge == 2 && r[0].outcome == AFB_OUTCOME_CONVERGED && r[0].added == -1);
  check_true(r[0].iterations == 6 && r[0].n_csf == 5 && r[0].core_seconds == 0.0278 && r[0].energy == -397.42174202);
  check_true(r[1].outcome == AFB_OUTCOME_ORBITAL_COLLAPSE && r[1].n_parent == 0);
  assert_string_equal(members(&t, r[1].set, r[1].n_set, text), "[Ne] 3s2 3p2;[Ne] 3s2 3d1 4d1");
  assert_string_equal(afb_configuration_format(&t.configuration[r[1].added], 1, text, sizeof text), "[Ne] 3s2 3d1 4d1");
  assert_string_equal(members(&t, r[2].parent, r[2].n_parent, text), "[Ne] 3s2 3p2");
  check_true(r[14].outcome == AFB_OUTCOME_MAX_ITERATIONS);
  /* Started from the orbitals of the set two steps before. */
  assert_string_equal(members(&t, r[16].parent, r[16].n_parent, text), "[Kr] 4d4 5s1;[Kr] 4d4 6p1");
  afb_run_table_clear(&t);
  check_ok(afb_run_table_read(source_file("grasp_campaign.csv", name), AFB_RUNS_WITH_OUTCOME, &t));
  check_true(t.n_rows == 6 && t.n_other_settings == 0 && t.row[5].n_parent == 2 && t.row[3].n_parent == 0);
  afb_run_table_clear(&t);
}

static void wrong_files_are_explained(void **state)
{
  (void)state;
#define HEAD "ion,configurations,outcome,energy_hartree,predicted_probability,added,parent\n"
  static const char *const cases[][2] = {
    {"", ":1:1: the file is empty"},
    {"Be I,[He] 2s2,converged\n", "unknown column"},
    {"ion,configurations\nBe I,[He] 2s2\n", "the column \"outcome\" is missing"},
    {"ion,configurations,outcom\nBe I,[He] 2s2,converged\n", ":1:20: unknown column"},
    {"ion,ion,configurations,outcome\n", ":1:5: the column occurs twice"},
    {HEAD "Be I,[He] 2s2,converged\n", ":2:1: 3 fields where the first line names 7 columns"},
    {HEAD "Be I,[He] 2s2,converged,,,,\nBx I,[He] 2s2,converged,,,,\n", ":3:1: unknown element \"Bx\": did you mean"},
    {HEAD "Be I,[He] 2s2;[He] 2x2,converged,,,,\n", ":2:6: configuration \"[He] 2x2\": shell \"2x2\": unknown orbital"},
    {HEAD "Be I,[He] 2s2 2p1,converged,,,,\n", ":2:6: [He] 2s2 2p1 has 5 electrons, the ion Be I has 4"},
    {HEAD "Be I,[He] 2s2;[He] 2s2,converged,,,,\n", ":2:6: [He] 2s2 occurs twice"},
    {HEAD "Be I,[He] 2s2,konverged,,,,\n", ":2:15: unknown outcome"},
    {HEAD "Be I,[He] 2s2,converged,-14x,,,\n", ":2:25: a number is wanted (found \"-14x\")"},
    {HEAD "Be I,[He] 2s2,converged,-14,1.5,,\n", "a probability lies between 0 and 1"},
    {HEAD "Be I,[He] 2s2,converged,-14,0.5,[He] 2p2,\n", ":2:33: [He] 2p2 was added but is not in the set"},
    {HEAD "Be I,[He] 2s2,converged,-14,0.5,,[He] 2p1\n", "has 3 electrons"},
    {HEAD "Be I,\"[He] 2s2,converged,,,,\n", ":2:6: the quote that begins here does not end"},
    {HEAD "Be I,\"[He] 2s2\"x,converged,,,,\n", ":2:16: a comma or the end of the line"},
    {"sym,charge,core,configs,converged,reason\nBe,0,1,\"2s(2,i)\",0,boredom\n", ":2:20: unknown reason of a failure"},
    {"sym,charge,core,configs,converged,reason\nBe,9,1,\"2s(2,i)\",0,maxiter\n", ":2:4: the number is out of range"},
    {"sym,charge,core,configs,converged,reason\nBe,0,9,\"2s(2,i)\",0,maxiter\n", ":2:6: the number is out of range"},
    {"sym,charge,core,configs,converged,reason\nBe,0,1,\"2s(2,i)\",2,maxiter\n", "1, 0 or nothing is wanted"},
    {"sym,charge,core,configs,converged\nBe,0,1,\"2s(2,i)\",0\n", "must say why runs failed"},
    {"sym,charge,core,configs\nBe,0,1,\"2s(2,i)\"\n", "the column \"converged\" is missing"},
  };
  char path[64];
  afb_run_table t;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    write_file(path, cases[i][0]);
    check_true(afb_run_table_read(path, AFB_RUNS_WITH_OUTCOME, &t) == AFB_E_INPUT);
    int named = strncmp(afb_error_text(), path, strlen(path)) == 0 && strstr(afb_error_text(), cases[i][1]);
    if (!named)
      fprintf(stderr, "# case %zu: %s\n", i, afb_error_text());
    check_true(named);
    afb_run_table_clear(&t);
  }
  remove(path);
  check_true(afb_run_table_read("no-such-file.csv", AFB_RUNS_WITH_OUTCOME, &t) == AFB_E_NOT_FOUND);
  afb_run_table_clear(&t);
  FILE *file = fopen(path, "wb");
  fwrite("ion\0,", 1, 5, file);
  fclose(file);
  check_true(afb_run_table_read(path, AFB_RUNS_WITH_OUTCOME, &t) == AFB_E_FOREIGN);
  afb_run_table_clear(&t);
  remove(path);
}

static void levels_are_written(void **state)
{
  (void)state;
  char path[64], text[512] = "";
  write_file(path, "");
  FILE *file = fopen(path, "w+b");
  const afb_level_record level = {"Sr II", "[Kr] 5s1;[Kr] 4d1", 3, 1, 1, -3177.5, -3177.75, "0.98 4d-; 0.02 5d-", "4d 2D", NULL, 0.98, NAN};
  check_ok(afb_levels_write_header(file));
  check_ok(afb_levels_write(file, &level));
  rewind(file);
  check_true(fread(text, 1, sizeof text - 1, file) > 0);
  fclose(file);
  remove(path);
  assert_string_equal(text, "ion,configurations,two_j,parity,index,energy_hartree,energy_cm-1,leading,label,label_weight,second_label,second_weight\n"
                            "Sr II,[Kr] 5s1;[Kr] 4d1,3,+1,1,-3177.5,54868.6578,0.98 4d-; 0.02 5d-,4d 2D,0.980000,,\n");
}

/* The whole reference data set: every labelled row is read, and every added configuration is what the graph's rule
 * gives for its notation. */
static void the_reference_data_set_agrees_with_the_rule(void **state)
{
  (void)state;
  const char *shared = getenv("AUFBAU_SHARED"), *source = getenv("AUFBAU_SOURCE");
  char path[1024];
  if (shared)
    snprintf(path, sizeof path, "%s/reference/grasp/dataset.csv", shared);
  else
    snprintf(path, sizeof path, "%s/../shared/reference/grasp/dataset.csv", source ? source : ".");
  if (access(path, R_OK) != 0) {
    print_message("# skipped: no reference data (%s)\n", path);
    skip();
  }
  afb_run_table t;
  check_ok(afb_run_table_read(path, AFB_RUNS_WITH_OUTCOME, &t));
  check_true(t.n_rows == 12269 && t.n_unlabelled == 347 && t.n_duplicates == 0);
  afb_csv csv;
  int more, column[4] = {-1, -1, -1, -1}, n_added = 0, in_quickstart = 0, enumerated = 0;
  static const char *const names[4] = {"sym", "charge", "added_notation", "added_config"};
  check_ok(afb_csv_open(path, &csv));
  check_ok(afb_csv_next(&csv, &more));
  for (int c = 0; c < 4; c++)
    for (int i = 0; i < csv.n_fields; i++)
      if (strcmp(csv.field[i].text, names[c]) == 0)
        column[c] = i;
  check_true(column[0] >= 0 && column[1] >= 0 && column[2] >= 0 && column[3] >= 0);
  int64_t row = -1;
  afb_candidates candidates = {.n = 0}, quick = {.n = 0};
  for (;;) {
    assert_true(afb_csv_next(&csv, &more) == AFB_OK);
    if (!more)
      break;
    row += row + 1 < t.n_rows && t.row[row + 1].line == csv.field[0].line;
    if (row < 0 || t.row[row].line != csv.field[0].line || t.row[row].added < 0)
      continue;
    const afb_run_row *r = &t.row[row];
    if (candidates.ion.z != r->ion.z || candidates.ion.charge != r->ion.charge) {
      afb_candidates_clear(&candidates);
      afb_candidates_clear(&quick);
      assert_true(afb_candidates_create(r->ion, 6, 4, 3, 8, &candidates) == AFB_OK);
      assert_true(afb_candidates_create(r->ion, 5, 3, 2, 6, &quick) == AFB_OK);
    }
    int shift[AFB_MAX_MOVED] = {0}, n = 0;
    for (const char *at = csv.field[column[2]].text; *at && *at != ']' && n < AFB_MAX_MOVED; n++) {
      char *end;
      shift[n] = (int)strtol(at + 1, &end, 10);
      at = end;
    }
    afb_configuration added;
    assert_true(afb_candidates_excite(&candidates, n, shift, &added) == AFB_OK);
    assert_true(afb_configuration_compare(&added, &t.configuration[r->added]) == 0);
    n_added++;
    enumerated += afb_candidates_find(&candidates, &added) > 0;
    in_quickstart += afb_candidates_find(&quick, &added) > 0;
  }
  print_message("# %d added configurations, all as their notation says; %d enumerated, %d within n <= 5, l <= f, [k1,k2] <= 6\n",
                n_added, enumerated, in_quickstart);
  check_true(n_added > 10000 && enumerated == n_added);
  afb_candidates_clear(&candidates);
  afb_candidates_clear(&quick);
  afb_csv_clear(&csv);
  afb_run_table_clear(&t);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(quoting_follows_rfc_4180),
  cmocka_unit_test(own_columns_are_read),
  cmocka_unit_test(what_is_written_is_read_back),
  cmocka_unit_test(grasp_data_are_converted),
  cmocka_unit_test(wrong_files_are_explained),
  cmocka_unit_test(levels_are_written),
  cmocka_unit_test(the_reference_data_set_agrees_with_the_rule),
};
CHECK_MAIN(tests)
