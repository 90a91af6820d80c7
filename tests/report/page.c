#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign/record.h"
#include "report/html.h"
#include "report/page.h"
#include "tests/check.h"
#include "tests/report/markup.h"

static const char nasty[] = "<script src=\"x\">alert('&')</script> \x01\xff";

static afb_status add_run(afb_store *store, int n_set, const char *const *set, afb_store_run run, const char *label)
{
  int64_t member[4], id;
  afb_store_level level[2] = {{.two_j = 1, .parity = -1, .index = 1, .n_leading = 1, .energy = -24.5, .weight = 0.5, .leading = "2p-(1)", .label_weight = 0.875,
                               .second_weight = NAN},
                              {.two_j = 3, .parity = 1, .index = 1, .n_leading = 1, .energy = -24.4, .weight = 0.5, .leading = "2p(1)", .label_weight = NAN,
                               .second_weight = NAN}};
  afb_store_run_data data = {.n_levels = afb_outcome_ok((afb_outcome)run.outcome) ? 2 : 0, .levels = level};
  snprintf(level[0].label, sizeof level[0].label, "%s", label);
  AFB_TRY(afb_store_intern_ion(store, 5, 0, "B I", &run.ion));
  run.added = -1;
  for (int i = 0; i < n_set; i++) {
    AFB_TRY(afb_store_intern_configuration(store, set[i], &member[i]));
    run.added = i > 0 ? member[i] : run.added;
  }
  AFB_TRY(afb_store_intern_set(store, run.ion, n_set, member, &run.set));
  return afb_store_add_run(store, &run, &data, &id);
}

/* Four runs of two ranks: two that converged, of which one above the cheapest rung, and two failures of one kind. */
static afb_status make_campaign(const char *path, const char *input)
{
  static const char *const set[] = {"[He] 2s2 2p1", "[He] 2s2 3p1", "[He] 2s2 4p1"}, *const other[] = {"[He] 2s2 2p1", "[He] 2s1 2p2"};
  afb_store *store;
  afb_store_writer writer = {.input = input, .identity = "", .revision = nasty};
  afb_store_run run = {.parent = -1, .outcome = AFB_OUTCOME_CONVERGED, .rung = AFB_RUNG_DIIS, .strategy = AFB_BY_MODEL, .round = -1, .ranks = 1,
    .first_rank = 0, .n_csf = 2, .energy = -24.45, .core_seconds = 1.0, .cpu_seconds = 1.0, .start = 0.0, .finish = 1.0, .probability = 0.95,
    .probability_cheapest = 0.95, .predicted_cost = 1.4, .estimated_cost = 8.0, .predicted_bytes = NAN, .peak_bytes = NAN};
  const afb_store_usage usage[2] = {{.rank = 0, .wall = 5.0, .startup = 0.5, .run = 4.0, .failed = 1.0, .idle = 0.5, .useful = 4.0, .energy_joule = NAN},
                                    {.rank = 1, .wall = 5.0, .startup = 0.5, .run = 2.0, .failed = 1.0, .idle = 2.5, .useful = 2.0, .energy_joule = NAN}};
  afb_record_legend(&writer.legend);
  unlink(path);
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_CREATE, &writer, &store));
  afb_status status = add_run(store, 1, set, run, "2s2.2p 2P");
  run.rung = AFB_RUNG_NEWTON;
  run.core_seconds = 3.0;
  run.finish = 4.0;
  if (status == AFB_OK)
    status = add_run(store, 2, set, run, nasty);
  run.outcome = AFB_OUTCOME_ORBITAL_COLLAPSE;
  run.rung = AFB_RUNG_DIIS;
  run.core_seconds = 1.0;
  run.first_rank = 1;
  run.blamed_n = 4;
  run.blamed_l = 1;
  for (int i = 0; i < 2 && status == AFB_OK; i++) {
    run.finish = 1.0 + i;
    snprintf(run.reason, sizeof run.reason, "%s 4p has %d nodes", nasty, 3 + i);
    status = add_run(store, i ? 2 : 3, i ? other : set, run, "");
  }
  const afb_store_metric trained[] = {{"auc/converged/calibration", 0.8125}}, tested[] = {{"auc/ions/converged/model", 0.7125}, {"acc/size/cheapest/majority", 0.3375}};
  const afb_store_loss loss = {.step = 9, .training = 0.5, .validation = 0.25};
  afb_store_round round = {.start = 1.0, .finish = 1.5, .n_runs = 2, .n_training = 2, .model = -1};
  if (status == AFB_OK)
    status = afb_store_add_round(store, &round, 1, trained, 1, &loss, NULL);
  round = (afb_store_round){.round = 1, .start = 4.0, .finish = 4.5, .n_runs = 4, .model = -1};
  if (status == AFB_OK)
    status = afb_store_add_round(store, &round, 2, tested, 0, NULL, NULL);
  if (status == AFB_OK)
    status = afb_store_add_usage(store, 2, usage);
  if (status == AFB_OK)
    status = afb_store_commit(store);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

/* Page and text of a file, malloc'ed. */
static afb_status report(const char *path, char **html, char **text)
{
  afb_store *store;
  afb_page page;
  size_t size;
  *html = *text = NULL;
  AFB_TRY(afb_store_open(MPI_COMM_SELF, path, AFB_STORE_READ, NULL, &store));
  afb_status status = afb_page_read(store, path, &page);
  FILE *out = open_memstream(html, &size);
  if (status == AFB_OK)
    status = afb_page_html(out, &page);
  fclose(out);
  out = open_memstream(text, &size);
  if (status == AFB_OK)
    assert_int_equal(afb_page_text(out, &page), AFB_OK);
  fclose(out);
  afb_page_clear(&page);
  afb_status closed = afb_store_close(&store);
  return status == AFB_OK ? closed : status;
}

static int count(const char *text, const char *what)
{
  int n = 0;
  for (const char *at = text; (at = strstr(at, what)); at++)
    n++;
  return n;
}

static void a_campaign_is_shown_as_it_was(void **state)
{
  char *html, *text;
  (void)state;
  check_ok(make_campaign("page.h5", "campaign:\n  batch: 2\n"));
  check_ok(report("page.h5", &html, &text));
  check_true(strncmp(html, AFB_HTML_BEGINNING, strlen(AFB_HTML_BEGINNING)) == 0);
  check_true(markup_mistake(html) == NULL);
  check_true(strstr(html, "<b>4</b><span>runs</span>") != NULL);
  check_true(strstr(html, "<b>50.0\xe2\x80\xaf%</b><span>converged</span>") != NULL);
  check_true(strstr(html, "<b>6</b><span>core-seconds in runs</span>") != NULL);
  check_true(strstr(html, "<b>60.0\xe2\x80\xaf%</b><span>of all ranks") != NULL);            /* 6 s of 2 x 5 s */
  check_true(strstr(html, "calculations 4.0\xe2\x80\xafs, 40.0\xe2\x80\xaf%") != NULL && strstr(html, "failed calculations 2.0\xe2\x80\xafs, 20.0") != NULL);
  check_true(strstr(html, "<td>0.75</td><td>0.8</td><td>0.6</td>") != NULL);                 /* load balance, communication, parallel */
  check_true(count(html, "<title>run ") == 4 && count(html, "<path class=\"k o2 bold\"") == 2);   /* nodes, of which two are crosses */
  check_true(count(html, "(diis), 2 levels") == 1 && count(html, "(newton), 2 levels") == 1);
  check_true(strstr(html, "4p\xe2\x80\xaf\xc3\x97\xe2\x80\xaf" "2") != NULL);                /* both failures are one kind, and blame 4p */
  check_true(strstr(html, "4 runs: 75.0\xe2\x80\xaf% within a factor of two") != NULL);      /* 1.4 s for 1, 3, 1 and 1 s */
  check_true(strstr(html, "4 runs: 0.0\xe2\x80\xaf% within a factor of two") != NULL);       /* 8 s from the input alone */
  check_true(strstr(html, "Expected calibration error 0.700") != NULL && strstr(html, "0.450 (converges)") != NULL);   /* 0.95 for 1/4 and 1/2 */
  check_true(strstr(html, "88\xe2\x80\xaf%") != NULL && strstr(html, "21947.5") != NULL);     /* weight of a label; 0.1 hartree */
  check_true(strstr(html, "does not say which rank") == NULL && strstr(html, "do not say where") == NULL);
  check_true(strstr(html, "Area under the ROC curve") != NULL && strstr(html, "Expected calibration error</text>") == NULL);   /* what there is */
  check_true(count(html, "<td>0.713</td>") + count(html, "<td>0.712</td>") == 1 && count(html, "<td>0.338</td>") + count(html, "<td>0.337</td>") == 1);
  check_true(strstr(text, "4 runs of 1 ion, 2 converged") != NULL && strstr(text, "allocation efficiency 0.600") != NULL);
  free(html);
  free(text);
}

static void names_from_outside_do_no_harm(void **state)
{
  char *html, *text;
  (void)state;
  check_ok(make_campaign("page.h5", nasty));
  check_ok(report("page.h5", &html, &text));
  check_true(markup_mistake(html) == NULL);
  check_true(count(html, "<script") == 0 && count(html, "http") == 0 && count(html, "src=\"") == 0 && count(html, "@import") == 0 && count(html, "url(") == 0);
  check_true(strstr(html, "&lt;script src=&quot;x&quot;&gt;alert(&#39;&amp;&#39;)&lt;/script&gt; \xef\xbf\xbd") != NULL);
  free(html);
  free(text);
}

static void whatever_bytes_are_text(void **state)
{
  (void)state;
  int mistakes = 0;
  for (unsigned a = 1; a < 256; a++)
    for (unsigned b = 1; b < 256; b++) {
      const char text[] = {'x', (char)a, (char)b, 'y', '\0'};
      char *out = NULL;
      size_t size;
      FILE *stream = open_memstream(&out, &size);
      fputs("<p>", stream);
      afb_html_text(stream, text);
      fputs("</p>", stream);
      fclose(stream);
      mistakes += markup_mistake(out) != NULL || strchr(out + 3, 'y') == NULL;
      free(out);
    }
  check_true(mistakes == 0);
  char number[AFB_HTML_NUMBER];
  check_true(strcmp(afb_html_count(20000, number), "20\xe2\x80\xaf" "000") == 0);
  check_true(strcmp(afb_html_count(1000, number), "1000") == 0 && strcmp(afb_html_count(-1234567, number), "-1\xe2\x80\xaf" "234\xe2\x80\xaf" "567") == 0);
}

static void pages_that_are_wrong_are_found(void **state)
{
  (void)state;
  check_true(markup_mistake("<p><b>x</p></b>") != NULL && markup_mistake("<p>a & b</p>") != NULL && markup_mistake("<p class=x>a</p>") != NULL);
  check_true(markup_mistake("<p>") != NULL && markup_mistake("<p>a<b</p>") != NULL && markup_mistake("<p title=\"a<b\"/>") != NULL);
  check_true(markup_mistake("<!DOCTYPE html>\n<p title=\"a &amp; b\">x<br/></p>\n") == NULL);
}

static void a_file_without_runs_has_a_page(void **state)
{
  char *html, *text;
  afb_store *store;
  (void)state;
  afb_store_writer writer = {.input = "campaign:\n", .identity = ""};
  afb_record_legend(&writer.legend);
  unlink("empty.h5");
  check_ok(afb_store_open(MPI_COMM_SELF, "empty.h5", AFB_STORE_CREATE, &writer, &store));
  check_ok(afb_store_close(&store));
  check_ok(report("empty.h5", &html, &text));
  check_true(markup_mistake(html) == NULL);
  free(html);
  free(text);
}

static int leave(void **state)
{
  (void)state;
  unlink("page.h5");
  unlink("empty.h5");
  return 0;
}

static const struct CMUnitTest tests[] = {
  cmocka_unit_test_teardown(a_campaign_is_shown_as_it_was, leave),
  cmocka_unit_test_teardown(names_from_outside_do_no_harm, leave),
  cmocka_unit_test(whatever_bytes_are_text),
  cmocka_unit_test(pages_that_are_wrong_are_found),
  cmocka_unit_test_teardown(a_file_without_runs_has_a_page, leave),
};

CHECK_MAIN(tests)
