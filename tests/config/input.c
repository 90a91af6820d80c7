#include "config/input.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/inputs.h"
#include "config/reference.h"
#include "tests/check.h"

typedef struct {
  afb_atom_input atom;
  afb_config *config;
} read_atom;

static read_atom parse_atom(const char *text, int n_set, const char *const *set)
{
  read_atom r = {.config = NULL};
  if (afb_config_parse(&afb_atom_schema, "in.yaml", text, strlen(text), n_set, set, &r.atom, &r.config) != AFB_OK)
    fprintf(stderr, "# %s\n", afb_error_text());
  return r;
}

/* Whether the text has exactly these mistakes, one expected message after another, in order. */
static int mistakes_are(const char *text, int n, const char *const *expected)
{
  read_atom r = parse_atom(text, 0, NULL);
  afb_status status = r.config ? afb_config_verdict(r.config) : AFB_E_INTERNAL;
  const char *rest = afb_error_text();
  int found = 0;
  if (status == AFB_OK)
    rest = "";
  for (; found < n; found++) {
    const char *here = strstr(rest, expected[found]);
    if (!here)
      break;
    rest = here + strlen(expected[found]);
  }
  int right = status == (n ? AFB_E_INPUT : AFB_OK) && found == n && strstr(rest, "in.yaml:") == NULL;
  if (!right)
    fprintf(stderr, "# expected %d mistakes, found:\n%s\n", n, status == AFB_OK ? "(none)" : afb_error_text());
  afb_config_destroy(&r.config);
  return right;
}

static const char everything[] =
  "atom: {element: Y, charge: 1, mass_number: 89, nucleus: {c_fm: 5.0, a_fm: 5.2e-6 Å}}\n"
  "configurations: [\"[Kr] 4d1 5s1\", '[Kr] 5s2']\n"
  "expand: {electrons: 2, from: [4d, 5s], active_set: [5p]}\n"
  "J: {min: 1, max: 9/2}\n"
  "optimise: average\n"
  "vary: [4d, 5s]\n"
  "start: previous.h5\n"
  "limits: {iterations: 50, cpu_time: 3 min, csf: 1000}\n";

static void every_type_arrives(void **state)
{
  (void)state;
  read_atom r = parse_atom(everything, 0, NULL);
  check_true(r.config != NULL);
  check_ok(afb_config_verdict(r.config));
  const afb_atom_input *in = &r.atom;
  check_true(strcmp(in->element, "Y") == 0 && in->charge == 1 && in->mass_number == 89);
  check_true(in->nucleus == AFB_INPUT_NUCLEUS_GIVEN);
  check_close(in->nucleus_c_fm, 5.0, 0.0);
  check_close(in->nucleus_a_fm, 0.52, 1e-15);
  check_true(in->configurations.n == 2 && in->configurations.word == -1);
  check_true(strcmp(in->configurations.item[1], "[Kr] 5s2") == 0);
  check_true(in->expand == 1 && in->expand_electrons == 2 && in->expand_from.n == 2 && in->expand_active_set.n == 1);
  check_true(in->two_j_min == 2 && in->two_j_max == 9);
  check_true(in->optimise == AFB_INPUT_OPTIMISE_AVERAGE);
  check_true(in->vary.word == -1 && in->vary.n == 2 && strcmp(in->vary.item[0], "4d") == 0);
  check_true(strcmp(in->start, "previous.h5") == 0);
  check_true(in->limits.iterations == 50 && in->limits.csf == 1000);
  check_close(in->limits.cpu_seconds, 180.0, 0.0);
  afb_config_destroy(&r.config);
  check_true(r.config == NULL);
}

static void absent_keys_have_defaults(void **state)
{
  (void)state;
  read_atom r = parse_atom("atom: {element: H}\nconfigurations: 1s1\n", 0, NULL);
  check_true(r.config != NULL);
  check_ok(afb_config_verdict(r.config));
  const afb_atom_input *in = &r.atom;
  check_true(in->charge == 0 && in->mass_number == 0 && in->nucleus == AFB_INPUT_NUCLEUS_FERMI);
  check_true(isnan(in->nucleus_c_fm) && in->expand == -1 && in->two_j_min == -1 && in->two_j_max == -1);
  check_true(in->configurations.n == 1 && in->vary.word == 0 && in->vary.n == 0 && in->start == NULL);
  check_true(in->optimise == AFB_INPUT_OPTIMISE_LEVELS && in->levels == 3);
  check_true(afb_config_given(r.config, "atom.element") && !afb_config_given(r.config, "atom.charge"));
  afb_config_destroy(&r.config);
}

static void mistakes_stand_at_their_place(void **state)
{
  (void)state;
  const char *expected[] = {
    "in.yaml:1:20: unknown key \"chrage\"; did you mean \"charge\"?\n  atom: {element: Y, chrage: 0, nucleus: fermy}\n"
    "                     ^\n",
    "in.yaml:1:40: atom.nucleus: unknown word \"fermy\"; did you mean \"fermi\"?",
    "in.yaml:2:27: configurations: found a list in a list",
    "in.yaml:3:10: J.min: \"0.5\" is no whole or half number",
    "in.yaml:4:20: limits.cpu_time: 5 has no unit",
    "in.yaml:4:28: limits.csf: 0 is out of range",
    "in.yaml:5:1: key \"J\" is given twice (first in line 3)",
    "in.yaml:6:1: unknown key \"charge\"; did you mean \"atom.charge\"?",
  };
  check_true(mistakes_are("atom: {element: Y, chrage: 0, nucleus: fermy}\n"
                          "configurations: [\"1s2 Å\", [a]]\n"
                          "J: {min: 0.5}\n"
                          "limits: {cpu_time: 5, csf: 0}\n"
                          "J: {max: 2}\n"
                          "charge: 1\n", 8, expected));
}

static void units_of_another_kind_are_refused(void **state)
{
  (void)state;
  const char *expected[] = {"limits.cpu_time: fm is a unit of something else"};
  check_true(mistakes_are("atom: {element: Y}\nconfigurations: a\nlimits: {cpu_time: 5 fm}\n", 1, expected));
  expected[0] = "unknown unit \"minutes\"; did you mean \"min\"?";
  check_true(mistakes_are("atom: {element: Y}\nconfigurations: a\nlimits: {cpu_time: 5 minutes}\n", 1, expected));
  expected[0] = "atom.nucleus.c_fm: \"0x5\" is no number";
  check_true(mistakes_are("atom: {element: Y, nucleus: {c_fm: 0x5, a_fm: 0.5}}\nconfigurations: a\n", 1, expected));
  expected[0] = "atom.nucleus.c_fm: \"nan\" is no number";
  check_true(mistakes_are("atom: {element: Y, nucleus: {c_fm: nan, a_fm: 0.5}}\nconfigurations: a\n", 1, expected));
}

static void members_of_a_union_are_required_with_it(void **state)
{
  (void)state;
  const char *expected[] = {"in.yaml:1:29: missing key \"atom.nucleus.a_fm\""};
  check_true(mistakes_are("atom: {element: Y, nucleus: {c_fm: 5}}\nconfigurations: a\n", 1, expected));
  check_true(mistakes_are("atom: {element: Y, nucleus: point}\nconfigurations: a\n", 0, NULL));
}

static void errors_of_syntax_are_one_mistake(void **state)
{
  (void)state;
  const char *expected[] = {"in.yaml:2:1: not YAML"};
  check_true(mistakes_are("atom:\n\telement: Y\n", 1, expected));
  expected[0] = "stands in quotes";
  check_true(mistakes_are("atom: {element: Y}\nconfigurations: [[Kr] 4d1 5s2]\n", 1, expected));
  expected[0] = "in.yaml:1:1: nothing in it";
  check_true(mistakes_are("", 1, expected));
  check_true(mistakes_are("# only a comment\n", 1, expected));
  expected[0] = "in.yaml:1:1: expected \"key: value\" lines";
  check_true(mistakes_are("Y", 1, expected));
  expected[0] = "aliases (*name) are not used here";
  check_true(mistakes_are("atom: {element: *Y}\nconfigurations: a\n", 1, expected));
}

static void callers_add_mistakes_in_order(void **state)
{
  (void)state;
  read_atom r = parse_atom("atom: {element: Y}\nconfigurations: [\"4d1 5s9\", '4d2']\nstrat: x\n", 0, NULL);
  check_true(r.config != NULL);
  afb_config_mistake(r.config, "configurations", 1, 0, "second");
  afb_config_mistake(r.config, "configurations", 0, 4, "first");
  afb_config_mistake(r.config, "atom.charge", -1, 0, "a default");
  check_true(afb_config_verdict(r.config) == AFB_E_INPUT);
  const char *text = afb_error_text();
  const char *a = strstr(text, "in.yaml:1:7: a default"), *b = strstr(text, "in.yaml:2:23: first"),
             *c = strstr(text, "in.yaml:2:30: second"), *d = strstr(text, "in.yaml:3:1: unknown key \"strat\"");
  if (!a || !b || !c || !d)
    fprintf(stderr, "# %s\n", text);
  check_true(a && b && c && d && a < b && b < c && c < d);
  afb_config_destroy(&r.config);
}

static void many_mistakes_are_counted(void **state)
{
  (void)state;
  char text[8192] = "atom: {element: Y}\nconfigurations: a\n";
  for (int i = 0; i < 300; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "unknown_%d: 1\n", i);
  read_atom r = parse_atom(text, 0, NULL);
  check_true(r.config != NULL);
  check_true(afb_config_verdict(r.config) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), " more mistakes") != NULL && strlen(afb_error_text()) < AFB_ERROR_LENGTH);
  afb_config_destroy(&r.config);
}

static void options_go_before_the_file(void **state)
{
  (void)state;
  const char *set[] = {"atom.charge=2", "J={min: 0, max: 3}", "atom.nucleus.c_fm=5", "atom.nucleus.a_fm=0.5",
                       "configurations=[\"[Ne] 3s1\", 1s1]"};
  read_atom r = parse_atom("atom: {element: Y, charge: 1}\nconfigurations: 1s2\nJ: {min: 1}\n", 5, set);
  check_true(r.config != NULL);
  check_ok(afb_config_verdict(r.config));
  check_true(r.atom.charge == 2 && r.atom.two_j_min == 0 && r.atom.two_j_max == 6);
  check_true(r.atom.nucleus == AFB_INPUT_NUCLEUS_GIVEN && r.atom.configurations.n == 2);
  afb_config_destroy(&r.config);
  const char *wrong[] = {"atom.chrage=2", "nonsense", "atom.charge="};
  r = parse_atom("atom: {element: Y}\nconfigurations: 1s2\n", 3, wrong);
  check_true(r.config != NULL);
  check_true(afb_config_verdict(r.config) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "--set:1:1: unknown key \"chrage\"; did you mean \"charge\"?\n  atom.chrage=2\n  ^"));
  check_true(strstr(afb_error_text(), "--set:1:1: expected section.key=value"));
  check_true(strstr(afb_error_text(), "--set:1:1: no value after the equal sign"));
  afb_config_destroy(&r.config);
}

static void resolved_input_reads_back_to_itself(void **state)
{
  (void)state;
  read_atom r = parse_atom(everything, 0, NULL);
  check_true(r.config != NULL);
  read_atom again = parse_atom(afb_config_resolved(r.config), 0, NULL);
  check_true(again.config != NULL);
  check_ok(afb_config_verdict(again.config));
  check_true(strcmp(afb_config_resolved(r.config), afb_config_resolved(again.config)) == 0);
  check_true(afb_config_identity(r.config) == afb_config_identity(again.config));
  check_true(again.atom.nucleus_a_fm == r.atom.nucleus_a_fm);
  afb_config_destroy(&again.config);
  afb_config_destroy(&r.config);
}

static uint64_t campaign_identity(const char *option, char *identity, size_t size)
{
  static const char text[] = "campaign:\n  ions: [B I]\n  budget: {runs: 3}\n";
  afb_campaign_input in;
  afb_config *config = NULL;
  uint64_t hash = 0;
  if (afb_config_parse(&afb_campaign_schema, "in.yaml", text, sizeof text - 1, 1, &option, &in, &config) == AFB_OK &&
      afb_config_verdict(config) == AFB_OK) {
    hash = afb_config_identity(config);
    snprintf(identity, size, "%s", afb_config_identity_text(config));
  }
  afb_config_destroy(&config);
  return hash;
}

static void resources_are_not_part_of_the_identity(void **state)
{
  (void)state;
  char a[1024], b[1024], c[1024];
  uint64_t first = campaign_identity("campaign.seed=1", a, sizeof a);
  uint64_t more = campaign_identity("campaign.budget={runs: 9, wall_time: 2 h, core_hours: 0.2}", b, sizeof b);
  uint64_t other = campaign_identity("campaign.seed=2", c, sizeof c);
  check_true(first != 0 && first == more && first != other);
  check_true(strcmp(a, b) == 0 && strcmp(a, c) != 0 && strstr(a, "budget") == NULL && strstr(a, "seed: 1\n"));
}

/* A template must be an input that its schema accepts, as it is and with every key in use. */
static void templates_are_inputs(void **state)
{
  (void)state;
  for (int i = 0; afb_schemas[i]; i++) {
    char *text = NULL;
    size_t size = 0;
    void *input = malloc(afb_schemas[i]->size);
    afb_config *config = NULL;
    FILE *out = open_memstream(&text, &size);
    check_true(out && input);
    check_ok(afb_reference_template(out, afb_schemas[i]));
    check_true(fclose(out) == 0);
    check_ok(afb_config_parse(afb_schemas[i], "template", text, size, 0, NULL, input, &config));
    check_ok(afb_config_verdict(config));
    afb_config_destroy(&config);
    for (int k = 0; k < afb_schemas[i]->n_keys; k++) {
      char line[80];
      snprintf(line, sizeof line, "# %s:", afb_key_leaf(&afb_schemas[i]->key[k]));
      char *here = strstr(text, line);
      if (here)
        memmove(here, here + 2, strlen(here + 2) + 1);
    }
    check_ok(afb_config_parse(afb_schemas[i], "template", text, strlen(text), 0, NULL, input, &config));
    check_ok(afb_config_verdict(config));
    for (int k = 0; k < afb_schemas[i]->n_keys; k++)
      if (!strstr(afb_schemas[i]->key[k].path, "nucleus.") && !strstr(afb_schemas[i]->key[k].path, ".*."))
        check_true(afb_config_given(config, afb_schemas[i]->key[k].path));
    afb_config_destroy(&config);
    free(input);
    free(text);
  }
}

static const char describe[] =
  "structures: a.extxyz\n"
  "descriptor:\n"
  "  convention: olcao\n"
  "  pairs: [[4, 4], [3, 2]]\n"
  "  cutoff: 9.0 bohr\n"
  "  elements: {N: {radius: 0.4}, Y: {weight: 0.5}, Si:}\n"
  "  grid: [2, 3, 4]\n";

static void sections_of_names_become_arrays(void **state)
{
  (void)state;
  afb_describe_input in;
  afb_config *config = NULL, *again = NULL;
  check_ok(afb_config_parse(&afb_describe_schema, "in.yaml", describe, sizeof describe - 1, 0, NULL, &in, &config));
  check_ok(afb_config_verdict(config));
  const afb_input_element *element = in.descriptor.elements.row;
  check_true(in.descriptor.elements.n == 3);
  check_true(strcmp(in.descriptor.elements.name[0], "N") == 0 && strcmp(in.descriptor.elements.name[2], "Si") == 0);
  check_true(element[0].radius == 0.4 && element[0].weight == 1.0);
  check_true(element[1].radius != element[1].radius && element[1].weight == 0.5);
  check_true(element[2].weight == 1.0);
  check_true(in.descriptor.pairs.n == 4 && in.descriptor.pairs.item[2] == 3 && in.descriptor.grid.item[2] == 4);
  check_close(in.descriptor.cutoff, 9.0 * 0.52917721067, 1e-9);
  check_true(in.structures.file.n == 1 && in.descriptor.inner_switch.n == 0);
  check_true(afb_config_given(config, "descriptor.elements.N.radius"));
  check_true(!afb_config_given(config, "descriptor.elements.N.weight"));
  const char *text = afb_config_resolved(config);
  check_ok(afb_config_parse(&afb_describe_schema, "again", text, strlen(text), 0, NULL, &in, &again));
  check_ok(afb_config_verdict(again));
  check_true(strcmp(text, afb_config_resolved(again)) == 0);
  afb_config_destroy(&again);
  afb_config_destroy(&config);
}

static int describe_mistake_is(const char *text, const char *expected)
{
  afb_describe_input in;
  afb_config *config = NULL;
  check_ok(afb_config_parse(&afb_describe_schema, "in.yaml", text, strlen(text), 0, NULL, &in, &config));
  afb_status status = afb_config_verdict(config);
  int right = status == AFB_E_INPUT && strstr(afb_error_text(), expected) != NULL;
  if (!right)
    fprintf(stderr, "# expected %s, found:\n%s\n", expected, status == AFB_OK ? "(none)" : afb_error_text());
  afb_config_destroy(&config);
  return right;
}

static void mistakes_in_sections_of_names_are_found(void **state)
{
  (void)state;
#define BEGIN "structures: [a]\ndescriptor:\n  "
  check_true(describe_mistake_is(BEGIN "elements: {Ta: {radios: 1}}\n", "in.yaml:3:19: unknown key \"radios\"; did you mean"));
  check_true(describe_mistake_is(BEGIN "elements: {Ta: {radius: x}}\n", "in.yaml:3:27: descriptor.elements.Ta.radius: \"x\""));
  check_true(describe_mistake_is(BEGIN "elements: {Ta: 1}\n", "descriptor.elements.Ta: expected a section"));
  check_true(describe_mistake_is(BEGIN "elements: {T.a: {}}\n", "a name has no point"));
  check_true(describe_mistake_is(BEGIN "elements: [Ta]\n", "found a list"));
  check_true(describe_mistake_is(BEGIN "elements: {Ta: {radius: 1}}\n  inner_switch: {Ta: {s: 1}}\n",
                                 "missing key \"descriptor.inner_switch.Ta.d\""));
  check_true(describe_mistake_is(BEGIN "elements: {Ta: {radius: 1}}\n  pairs: [[4, x]]\n", "descriptor.pairs: \"x\""));
  check_true(describe_mistake_is(BEGIN "elements: {Ta: {radius: 1}}\n  grid: [2, 0, 1]\n", "descriptor.grid: 0 is out"));
}

static void files_are_read_on_one_rank(void **state)
{
  (void)state;
  char name[] = "afb_input_XXXXXX";
  int rank, made = 1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    int file = mkstemp(name);
    made = file >= 0 && write(file, everything, sizeof everything - 1) == (ssize_t)sizeof everything - 1;
    close(file);
  } else {
    strcpy(name, "not on this rank");
  }
  check_true(made);
  afb_atom_input in;
  afb_config *config = NULL;
  const afb_schema *found = NULL;
  check_ok(afb_config_guess(MPI_COMM_WORLD, name, afb_schemas, &found));
  check_true(found == &afb_atom_schema);
  check_ok(afb_config_read(MPI_COMM_WORLD, &afb_atom_schema, name, 0, NULL, &in, &config));
  check_ok(afb_config_verdict(config));
  check_true(in.charge == 1 && in.configurations.n == 2);
  afb_config_destroy(&config);
  if (rank == 0)
    remove(name);
  check_true(afb_config_read(MPI_COMM_WORLD, &afb_atom_schema, name, 0, NULL, &in, &config) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "No such file") != NULL && config == NULL);
  check_true(afb_config_read(MPI_COMM_WORLD, &afb_atom_schema, ".", 0, NULL, &in, &config) == AFB_E_INPUT);
  check_true(strstr(afb_error_text(), "is a directory") != NULL);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(every_type_arrives),
  cmocka_unit_test(absent_keys_have_defaults),
  cmocka_unit_test(mistakes_stand_at_their_place),
  cmocka_unit_test(units_of_another_kind_are_refused),
  cmocka_unit_test(members_of_a_union_are_required_with_it),
  cmocka_unit_test(errors_of_syntax_are_one_mistake),
  cmocka_unit_test(callers_add_mistakes_in_order),
  cmocka_unit_test(many_mistakes_are_counted),
  cmocka_unit_test(options_go_before_the_file),
  cmocka_unit_test(resolved_input_reads_back_to_itself),
  cmocka_unit_test(resources_are_not_part_of_the_identity),
  cmocka_unit_test(templates_are_inputs),
  cmocka_unit_test(sections_of_names_become_arrays),
  cmocka_unit_test(mistakes_in_sections_of_names_are_found),
  cmocka_unit_test(files_are_read_on_one_rank),
};
CHECK_MAIN(tests)
