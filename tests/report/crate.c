/* The metadata of a result file by the rules of RO-Crate 1.1: JSON, one flat graph, descriptor and root with what they must have, every
 * reference resolved; sizes and hashes of the files as they are. */
#include "report/crate.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/sha256.h"
#include "store/arrays.h"
#include "tests/check.h"
#include "tests/json.h"
#include "tests/store/sample.h"

static const char path[] = "crate test.h5", page[] = "crate test.html", metadata[] = "crate-test.json";

/* The text of a scalar member; "" without it. */
static const char *text_of(struct fy_node *node, const char *key, char buffer[JSON_TEXT])
{
  return json_text(json_member(node, key), buffer);
}

static struct fy_node *entity(struct fy_node *graph, const char *id)
{
  char buffer[4096];
  void *at = NULL;
  for (struct fy_node *e; (e = fy_node_sequence_iterate(graph, &at));)
    if (strcmp(text_of(e, "@id", buffer), id) == 0)
      return e;
  return NULL;
}

/* Every {"@id": ...} below a property is an entity of the graph; only the profile is not. Returns how many there are. */
static int check_references(struct fy_node *graph, struct fy_node *node, int depth)
{
  char id[4096];
  int n = 0;
  void *at = NULL;
  if (fy_node_is_sequence(node)) {
    for (struct fy_node *item; (item = fy_node_sequence_iterate(node, &at));)
      n += check_references(graph, item, depth);
  } else if (fy_node_is_mapping(node)) {
    if (depth > 0 && json_member(node, "@id")) {
      assert_int_equal(fy_node_mapping_item_count(node), 1);
      text_of(node, "@id", id);
      assert_true(strcmp(id, "https://w3id.org/ro/crate/1.1") == 0 || entity(graph, id));
      return 1;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(node, &at));)
      n += check_references(graph, fy_node_pair_value(pair), depth + 1);
  }
  return n;
}

static void check_graph(struct fy_node *graph)
{
  char id[4096], other[4096], type[4096];
  void *at = NULL, *behind;
  for (struct fy_node *e; (e = fy_node_sequence_iterate(graph, &at));) {
    text_of(e, "@id", id);
    assert_true(id[0] && text_of(e, "@type", type)[0]);
    check_references(graph, e, 0);
    behind = at;
    for (struct fy_node *f; (f = fy_node_sequence_iterate(graph, &behind));)
      assert_string_not_equal(id, text_of(f, "@id", other));
  }
}

static void check_required(struct fy_node *graph)
{
  char text[4096];
  struct fy_node *descriptor = entity(graph, "ro-crate-metadata.json"), *root = entity(graph, "./");
  assert_true(descriptor && root);
  assert_string_equal(text_of(descriptor, "@type", text), "CreativeWork");
  assert_string_equal(text_of(json_member(descriptor, "about"), "@id", text), "./");
  assert_string_equal(text_of(json_member(descriptor, "conformsTo"), "@id", text), "https://w3id.org/ro/crate/1.1");
  assert_string_equal(text_of(root, "@type", text), "Dataset");
  assert_true(text_of(root, "name", text)[0] && text_of(root, "description", text)[0]);
  assert_int_equal(strlen(text_of(root, "datePublished", text)), sizeof "2025-01-31T12:00:00Z" - 1);
  assert_true(json_member(root, "license") && json_member(root, "hasPart") && json_member(root, "author"));
}

static void check_file(struct fy_node *graph, const char *id, const char *name)
{
  char text[4096], hex[AFB_SHA256_HEX], bytes[32];
  struct fy_node *e = entity(graph, id);
  struct stat info;
  afb_sha256 sha;
  afb_sha256_begin(&sha);
  FILE *file = fopen(name, "rb");
  assert_true(e && file && stat(name, &info) == 0);
  for (int c; (c = getc(file)) != EOF;)
    afb_sha256_add(&sha, &(unsigned char){(unsigned char)c}, 1);
  fclose(file);
  afb_sha256_end(&sha, hex);
  snprintf(bytes, sizeof bytes, "%lld", (long long)info.st_size);
  assert_string_equal(text_of(e, "@type", text), "File");
  assert_string_equal(text_of(e, "sha256", text), hex);
  assert_string_equal(text_of(e, "contentSize", text), bytes);
  assert_true(text_of(e, "encodingFormat", text)[0]);
}

/* Writes the metadata and reads them back. */
static struct fy_document *make(const afb_crate_owner *owner)
{
  char beginning[4096], found[4096] = "";
  FILE *out = fopen(metadata, "w");
  assert_non_null(out);
  assert_int_equal(afb_crate_write(out, path, owner), AFB_OK);
  assert_int_equal(fclose(out), 0);
  FILE *in = fopen(metadata, "r");
  afb_crate_beginning(path, beginning, sizeof beginning);
  assert_int_equal(fread(found, 1, strlen(beginning), in), strlen(beginning));
  fclose(in);
  assert_string_equal(found, beginning);
  struct fy_parse_cfg json = {.flags = FYPCF_JSON_FORCE | FYPCF_QUIET};
  struct fy_document *document = fy_document_build_from_file(&json, metadata);
  assert_non_null(document);
  return document;
}

static struct fy_node *graph_of(struct fy_document *document)
{
  struct fy_node *graph = json_member(fy_document_root(document), "@graph");
  assert_true(graph && fy_node_is_sequence(graph) && json_member(fy_document_root(document), "@context"));
  return graph;
}

/* ---- Tests ---- */

static void add_session(int64_t first, int64_t n, const char *input)
{
  afb_store *store = NULL;
  afb_store_writer writer = sample_writer;
  writer.input = input;
  assert_int_equal(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_RESUME, &writer, &store), AFB_OK);
  for (int64_t i = first; i < first + n; i++)
    assert_int_equal(sample_add(store, i), AFB_OK);
  assert_int_equal(afb_store_commit(store), AFB_OK);
  assert_int_equal(afb_store_close(&store), AFB_OK);
}

static void test_tables(void **state)
{
  (void)state;
  char text[4096];
  sample_remove(path);
  remove(page);
  add_session(0, 7, "first: \"input\"\n\tnext: 1\n");
  add_session(7, 3, "second: input\n");
  FILE *html = fopen(page, "w");
  fputs("<!doctype html>\n", html);
  fclose(html);
  struct fy_document *document = make(&(afb_crate_owner){.author = "Jane Doe https://orcid.org/0000-0002-1825-0097", .licence = "CC-BY-4.0"});
  struct fy_node *graph = graph_of(document);
  check_graph(graph);
  check_required(graph);
  check_file(graph, "crate%20test.h5", path);
  check_file(graph, "crate%20test.html", page);
  struct fy_node *action = entity(graph, "#session-2");
  assert_string_equal(text_of(action, "@type", text), "CreateAction");
  assert_string_equal(text_of(json_member(action, "agent"), "@id", text), "https://orcid.org/0000-0002-1825-0097");
  assert_string_equal(text_of(json_member(action, "result"), "@id", text), "crate%20test.h5");
  assert_true(text_of(action, "startTime", text)[0] && text_of(action, "endTime", text)[0]);
  assert_string_equal(text_of(entity(graph, "#input-1"), "text", text), "first: \"input\"\n\tnext: 1\n");
  assert_string_equal(text_of(entity(graph, "#ranks-1"), "value", text), "1");
  assert_string_equal(text_of(entity(graph, "https://orcid.org/0000-0002-1825-0097"), "name", text), "Jane Doe");
  assert_non_null(entity(graph, "https://spdx.org/licenses/CC-BY-4.0"));
  assert_null(entity(graph, "#session-3"));
  fy_document_destroy(document);
  remove(page);

  /* Without an owner the entities are there and say what is missing. */
  document = make(&(afb_crate_owner){.licence = "BSD-3-Clause"});
  check_graph(graph_of(document));
  check_required(graph_of(document));
  assert_true(strncmp(text_of(entity(graph_of(document), "#author"), "name", text), "not given yet", 13) == 0);
  assert_null(entity(graph_of(document), "crate%20test.html"));
  fy_document_destroy(document);
  remove(metadata);
}

static void test_arrays(void **state)
{
  (void)state;
  char text[4096];
  afb_arrays *arrays = NULL;
  sample_remove(path);
  assert_int_equal(afb_arrays_create(MPI_COMM_SELF, path, "descriptors", &sample_writer, &arrays), AFB_OK);
  FILE *out = fopen(metadata, "w");
  assert_int_equal(afb_crate_write(out, path, &(afb_crate_owner){0}), AFB_E_INPUT);
  fclose(out);
  assert_int_equal(afb_arrays_close(&arrays, AFB_OK), AFB_OK);
  struct fy_document *document = make(&(afb_crate_owner){0});
  check_graph(graph_of(document));
  check_required(graph_of(document));
  check_file(graph_of(document), "crate%20test.h5", path);
  assert_string_equal(text_of(entity(graph_of(document), "#input-1"), "text", text), sample_writer.input);
  fy_document_destroy(document);
  remove(metadata);
  sample_remove(path);
}

/* Results in a journal alone are not in the file that is described. */
static void test_refused(void **state)
{
  (void)state;
  afb_store *store = NULL;
  sample_remove(path);
  FILE *out = tmpfile();
  assert_int_equal(afb_crate_write(out, path, &(afb_crate_owner){0}), AFB_E_NOT_FOUND);
  assert_int_equal(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_CREATE, &sample_writer, &store), AFB_OK);
  assert_int_equal(sample_add(store, 0), AFB_OK);
  assert_int_equal(afb_store_commit(store), AFB_OK);
  afb_store_abandon(&store);
  assert_int_equal(afb_crate_write(out, path, &(afb_crate_owner){0}), AFB_E_INPUT);
  fclose(out);
  sample_remove(path);
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test(test_tables),
  cmocka_unit_test(test_arrays),
  cmocka_unit_test(test_refused),
};
CHECK_MAIN(tests)
