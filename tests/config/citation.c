/* CITATION.cff (Citation File Format 1.2.0) and codemeta.json (CodeMeta 2.0) can be read, have what they must have and nothing that these
 * formats do not know, and agree with each other, with the program's version and with LICENSE. */
#include "config.h"

#include "tests/check.h"
#include "tests/json.h"

static struct fy_document *load(const char *name, int json)
{
  char path[4096];
  const char *source = getenv("AUFBAU_SOURCE");
  struct fy_parse_cfg how = {.flags = json ? FYPCF_JSON_FORCE : 0};
  snprintf(path, sizeof path, "%s/%s", source ? source : ".", name);
  struct fy_document *document = fy_document_build_from_file(&how, path);
  assert_non_null(document);
  return document;
}

static void check_keys(struct fy_node *root, const char *known)
{
  void *at = NULL;
  char key[JSON_TEXT], between[JSON_TEXT + 3];
  for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(root, &at));) {
    snprintf(between, sizeof between, " %s ", json_text(fy_node_pair_key(pair), key));
    if (!strstr(known, between))
      fprintf(stderr, "# unknown key \"%s\"\n", key);
    assert_non_null(strstr(known, between));
  }
}

static void test_consistent(void **state)
{
  (void)state;
  char a[JSON_TEXT], b[JSON_TEXT], address[JSON_TEXT + 32];
  struct fy_document *citation = load("CITATION.cff", 0), *codemeta = load("codemeta.json", 1);
  struct fy_node *cff = fy_document_root(citation), *meta = fy_document_root(codemeta);
  check_keys(cff, " abstract authors cff-version commit contact date-released doi identifiers keywords license license-url message "
                  "preferred-citation references repository repository-artifact repository-code title type url version ");
  check_keys(meta, " @context @type name description version license author keywords programmingLanguage operatingSystem softwareRequirements "
                   "buildInstructions readme codeRepository identifier dateModified datePublished ");
  assert_string_equal(json_text(json_member(cff, "cff-version"), a), "1.2.0");
  assert_true(json_text(json_member(cff, "message"), a)[0]);
  assert_string_equal(json_text(json_member(meta, "@context"), a), "https://doi.org/10.5063/schema/codemeta-2.0");
  assert_string_equal(json_text(json_member(meta, "@type"), a), "SoftwareSourceCode");
  assert_string_equal(json_text(json_member(cff, "version"), a), PACKAGE_VERSION);
  assert_string_equal(json_text(json_member(meta, "version"), a), PACKAGE_VERSION);
  assert_string_equal(json_text(json_member(cff, "title"), a), json_text(json_member(meta, "name"), b));
  assert_string_equal(json_text(json_member(cff, "abstract"), a), json_text(json_member(meta, "description"), b));
  snprintf(address, sizeof address, "https://spdx.org/licenses/%s", json_text(json_member(cff, "license"), a));
  assert_string_equal(json_text(json_member(meta, "license"), b), address);
  struct fy_node *authors[2] = {json_member(cff, "authors"), json_member(meta, "author")}, *words[2] = {json_member(cff, "keywords"), json_member(meta, "keywords")};
  assert_int_equal(fy_node_sequence_item_count(authors[0]), fy_node_sequence_item_count(authors[1]));
  for (int i = 0; i < fy_node_sequence_item_count(authors[0]); i++)
    assert_string_equal(json_text(json_member(fy_node_sequence_get_by_index(authors[0], i), "name"), a),
                        json_text(json_member(fy_node_sequence_get_by_index(authors[1], i), "name"), b));
  assert_int_equal(fy_node_sequence_item_count(words[0]), fy_node_sequence_item_count(words[1]));
  for (int i = 0; i < fy_node_sequence_item_count(words[0]); i++)
    assert_string_equal(json_text(fy_node_sequence_get_by_index(words[0], i), a), json_text(fy_node_sequence_get_by_index(words[1], i), b));
  fy_document_destroy(citation);
  fy_document_destroy(codemeta);
}

static void test_licence(void **state)
{
  (void)state;
  char path[4096], line[256] = "";
  const char *source = getenv("AUFBAU_SOURCE");
  snprintf(path, sizeof path, "%s/LICENSE", source ? source : ".");
  FILE *file = fopen(path, "r");
  assert_true(file && fgets(line, sizeof line, file));
  fclose(file);
  assert_string_equal(line, "BSD 3-Clause License\n");
}

static const struct CMUnitTest tests[] = {cmocka_unit_test(test_consistent), cmocka_unit_test(test_licence)};
CHECK_MAIN(tests)
