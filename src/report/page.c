#include "report/page.h"

#include <math.h>
#include <string.h>

#include "report/page_parts.h"

void afb_page_key(FILE *out, const int64_t count[AFB_N_RUN_CLASSES])
{
  char text[AFB_HTML_NUMBER];
  fputs("<ul class=\"key\">", out);
  for (int c = 0; c < AFB_N_RUN_CLASSES; c++)
    if (count[c] > 0)
      fprintf(out, "<li><i class=\"b o%d\"></i>%s %s</li>", c, afb_run_class_name((afb_run_class)c), afb_html_count(count[c], text));
  fputs("</ul>\n", out);
}

void afb_page_strip(FILE *out, const int64_t count[AFB_N_RUN_CLASSES])
{
  int64_t all = 0;
  for (int c = 0; c < AFB_N_RUN_CLASSES; c++)
    all += count[c];
  fputs("<div class=\"strip\">", out);
  for (int c = 0; c < AFB_N_RUN_CLASSES; c++)
    if (count[c] > 0)
      fprintf(out, "<i class=\"b o%d\" style=\"width:%.4g%%\"></i>", c, 100.0 * (double)count[c] / (double)all);
  fputs("</div>", out);
}

char afb_page_letter(int l) { return l >= 0 && l < 10 ? "spdfghiklm"[l] : '?'; }

void afb_page_set(FILE *out, const afb_stored *stored, int64_t set, int most)
{
  const afb_store_set *s = &stored->set[set];
  for (int i = 0; i < s->count && i < most; i++) {
    fputs(i ? ", " : "", out);
    afb_html_text(out, stored->configuration[stored->member[s->first + i]].text);
  }
  if (s->count > most)
    fprintf(out, " and %d more", s->count - most);
}

int afb_page_session_ranks(const afb_page *page, int s)
{
  afb_usage_sum usage;
  afb_usage_sum_up(page->n_usage, page->usage, s, &usage);
  return usage.ranks > 0 ? usage.ranks : page->session[s].ranks;
}

double afb_page_session_seconds(const afb_page *page, int s)
{
  afb_usage_sum usage;
  afb_usage_sum_up(page->n_usage, page->usage, s, &usage);
  double last = usage.wall;
  for (int64_t r = 0; r < page->stored.n_runs; r++)
    if (page->stored.run[r].session == s && page->stored.run[r].strategy != AFB_BY_IMPORT)
      last = fmax(last, page->stored.run[r].finish);
  for (int64_t r = 0; r < page->n_rounds; r++)
    if (page->round[r].session == s)
      last = fmax(last, page->round[r].finish);
  return last;
}

afb_page_sums afb_page_sum(const afb_page *page)
{
  afb_page_sums sum = {0};
  for (int64_t r = 0; r < page->stored.n_runs; r++) {
    const afb_store_run *run = &page->stored.run[r];
    sum.imported += run->strategy == AFB_BY_IMPORT;
    sum.runs += run->strategy != AFB_BY_IMPORT;
    sum.core_seconds += run->strategy != AFB_BY_IMPORT ? run->core_seconds : 0;
    sum.cpu_seconds += run->strategy != AFB_BY_IMPORT ? run->cpu_seconds : 0;
  }
  for (int s = 0; s < page->n_sessions; s++) {
    double wall = afb_page_session_seconds(page, s);
    sum.wall += wall;
    sum.rank_seconds += wall * afb_page_session_ranks(page, s);
  }
  return sum;
}

void afb_page_end(FILE *out) { afb_html_end(out, "Written by aufbau report. Definitions of what is shown: docs/report.md of the program."); }

/* ---- The head ---- */

static const char *base_name(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static void title(const afb_page *page, char *to, size_t size)
{
  char ion[AFB_ION_LENGTH];
  if (!page->is_campaign && page->n_ions == 1)
    snprintf(to, size, "%s, one calculation: %.300s", afb_ion_format(page->best[0].ion, ion), base_name(page->path));
  else
    snprintf(to, size, "%s %.300s", page->is_campaign ? "Campaign" : "Calculation", base_name(page->path));
}

static void lead(const afb_page *page, char *to, size_t size)
{
  enum { NAMED = 16 };
  const afb_store_session *first = page->session, *last = page->session + page->n_sessions - 1;
  size_t used = (size_t)snprintf(to, size, "%d ion%s: ", page->n_ions, page->n_ions == 1 ? "" : "s");
  for (int i = 0; i < page->n_ions && i < NAMED && used < size; i++) {
    char ion[AFB_ION_LENGTH];
    used += (size_t)snprintf(to + used, size - used, "%s%s", i ? ", " : "", afb_ion_format(page->best[i].ion, ion));
  }
  if (page->n_ions > NAMED && used < size)
    used += (size_t)snprintf(to + used, size - used, " and %d more", page->n_ions - NAMED);
  if (page->n_sessions > 0 && used < size)
    used += (size_t)snprintf(to + used, size - used, ". %.10s%s%.10s, %d rank%s on %s", first->started,
                             strncmp(first->started, last->started, 10) ? " \xe2\x80\x93 " : "",
                             strncmp(first->started, last->started, 10) ? last->started : "", last->ranks, last->ranks == 1 ? "" : "s", last->host);
  if (page->n_sessions > 1 && used < size)
    snprintf(to + used, size - used, ", %lld sessions", (long long)page->n_sessions);
}

void afb_page_short_input(FILE *out, const char *input)
{
  enum { LONGEST = 28, MOST = 28 };
  int n = 0;
  for (const char *line = input; *line && n < MOST; line += strcspn(line, "\n"), line += *line == '\n') {
    char text[2 * LONGEST + 8];
    const char *key = line + strspn(line, " "), *end = line + strcspn(line, "\n"), *colon = strchr(key, ':');
    if (key == end || *key == '#' || *key == '-' || !colon || colon + 2 >= end || colon - key > LONGEST || end - colon > LONGEST)
      continue;
    snprintf(text, sizeof text, "%.*s %.*s", (int)(colon - key), key, (int)(end - colon - 2), colon + 2);
    fputs(n++ ? " \xc2\xb7 " : "<p class=\"about\">", out);
    afb_html_text(out, text);
  }
  if (n)
    fputs("</p>\n", out);
}

static void tiles(FILE *out, const afb_page *page)
{
  char a[AFB_HTML_NUMBER], text[AFB_HTML_NUMBER];
  afb_page_sums sum = afb_page_sum(page);
  const afb_harvest_sum *got = &page->result.harvest.sum;
  fputs("<div class=\"tiles\">\n", out);
  afb_html_tile(out, afb_html_count(sum.runs, a), sum.runs == 1 ? "run" : "runs");
  if (page->is_campaign) {
    afb_html_tile(out, afb_html_percent((double)got->converged, (double)sum.runs, a), "converged");
    afb_html_tile(out, afb_html_count(got->levels, a), "distinct levels");
    afb_html_tile(out, afb_html_count(got->useful, a), "useful runs");
  }
  if (sum.imported > 0)
    afb_html_tile(out, afb_html_count(sum.imported, a), "imported outcomes");
  snprintf(a, sizeof a, "%.3g", sum.core_seconds / (sum.core_seconds < 3600 ? 1 : 3600));
  afb_html_tile(out, a, sum.core_seconds < 3600 ? "core-seconds in runs" : "core-hours in runs");
  afb_html_tile(out, afb_html_seconds(sum.wall, text), "wall time");
  if (page->is_campaign)
    afb_html_tile(out, afb_html_percent(sum.core_seconds, sum.rank_seconds, a), "of all ranks\xe2\x80\x99 time in runs");
  fputs("</div>\n", out);
}

static void contents(FILE *out, const afb_page *page)
{
  static const char *const campaign[][2] = {{"graph", "Graph of sets"}, {"outcomes", "Outcomes"}, {"failures", "Failures"},
    {"levels", "Levels"}, {"learning", "Learning"}, {"costs", "Costs"}, {"time", "Time"}, {"provenance", "Provenance"}};
  fputs("<nav>", out);
  for (size_t i = 0; i < sizeof campaign / sizeof *campaign; i++)
    if ((page->n_failures > 0 || i != 2) && (page->n_rounds > 0 || i != 4))
      fprintf(out, "<a href=\"#%s\">%s</a>", campaign[i][0], campaign[i][1]);
  fputs("</nav>\n", out);
}

afb_status afb_page_html(FILE *out, const afb_page *page)
{
  char heading[400], line[800];
  title(page, heading, sizeof heading);
  lead(page, line, sizeof line);
  afb_html_begin(out, heading, line);
  if (page->is_campaign)
    contents(out, page);
  tiles(out, page);
  afb_page_short_input(out, page->input);
  if (page->is_campaign) {
    AFB_TRY(afb_page_graph(out, page));
    AFB_TRY(afb_page_outcomes(out, page));
    afb_page_failures(out, page);
  } else
    AFB_TRY(afb_page_calculation(out, page));
  afb_page_levels_section(out, page);
  if (page->is_campaign) {
    afb_page_learning(out, page);
    AFB_TRY(afb_page_costs(out, page));
    AFB_TRY(afb_page_time(out, page));
  }
  afb_page_provenance(out, page);
  afb_page_end(out);
  return AFB_OK;
}
