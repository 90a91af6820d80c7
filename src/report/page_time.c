/* What the ranks did, and when. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/page_parts.h"
#include "report/plot.h"

/* Rows of the drawing, of one rank or of several; runs beyond MOST_BARS are put into bins. */
enum { WIDTH = 720, LEFT = 40, MOST_ROWS = 48, MOST_BARS = 4000, BINS = 600, TOP = 22, BOTTOM = 30 };

typedef struct {
  const afb_page *page;
  int ranks, rows, guessed;    /* most ranks of a session; guessed: ranks of runs are not known */
  double *begin, all;          /* [n_sessions + 1] where sessions begin, one after the other, seconds */
  int *first_rank;             /* [n_runs] -1: not drawn */
  double *end;                 /* [n_runs] seconds since the session's start */
} timeline;

static double seconds_x(const timeline *t, double s) { return LEFT + s / t->all * (WIDTH - LEFT); }

/* The last moment by which ranks first ... first + n - 1 can have ended a run that was reported at `finish`: they went on with runs that begin at next[]. */
static double latest_end(const double *next, int first, int n, double finish)
{
  for (int i = 0; i < n; i++)
    finish = fmin(finish, next[first + i]);
  return finish;
}

/* Rank 0 hears of results some time after they came, of several at once. So runs are laid from the last one back: each ends when it was reported, or when
 * the next one of its rank begins, and took as long as it says. Where the file does not know the rank it is one that has room. */
static void lay_run(timeline *t, int64_t r, double *next)
{
  const afb_store_run *run = &t->page->stored.run[r];
  int first = run->first_rank, n = run->ranks > 0 ? run->ranks : 1;
  if (first < 0 || first + n > t->ranks) {
    t->guessed = 1;
    first = 0;
    for (int k = 1; k + n <= t->ranks; k++)
      if (latest_end(next, k, n, run->finish) > latest_end(next, first, n, run->finish))
        first = k;
  }
  if (first + n > t->ranks)
    return;
  t->first_rank[r] = first;
  t->end[r] = latest_end(next, first, n, run->finish);
  for (int i = 0; i < n; i++)
    next[first + i] = fmax(t->end[r] - run->core_seconds / n, 0);
}

typedef struct { int64_t run; int session; double finish; } order;
static int by_finish(const void *a, const void *b)
{
  const order *x = a, *y = b;
  if (x->session != y->session)
    return x->session - y->session;
  return x->finish != y->finish ? (x->finish < y->finish) - (x->finish > y->finish) : (x->run < y->run) - (x->run > y->run);
}

static afb_status lay_runs(timeline *t)
{
  const afb_stored *stored = &t->page->stored;
  int64_t n = 0;
  order *row = malloc((size_t)stored->n_runs * sizeof *row + 1);
  double *next = calloc((size_t)t->ranks + 1, sizeof *next);
  afb_status status = row && next ? AFB_OK : AFB_FAIL(AFB_E_MEMORY, "no memory for a timeline of %lld runs", (long long)stored->n_runs);
  for (int64_t r = 0; r < stored->n_runs && status == AFB_OK; r++)
    if (stored->run[r].strategy != AFB_BY_IMPORT)
      row[n++] = (order){r, stored->run[r].session, stored->run[r].finish};
  if (status == AFB_OK && n > 0)
    qsort(row, (size_t)n, sizeof *row, by_finish);
  for (int64_t i = 0; i < n && status == AFB_OK; i++) {
    for (int k = 0; k < t->ranks && (i == 0 || row[i].session != row[i - 1].session); k++)
      next[k] = INFINITY;
    lay_run(t, row[i].run, next);
  }
  free(row);
  free(next);
  return status;
}

static afb_status prepare(timeline *t)
{
  const afb_page *page = t->page;
  t->begin = calloc((size_t)page->n_sessions + 1, sizeof *t->begin);
  t->first_rank = malloc((size_t)page->stored.n_runs * sizeof *t->first_rank + 1);
  t->end = malloc((size_t)page->stored.n_runs * sizeof *t->end + 1);
  if (!t->begin || !t->first_rank || !t->end)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a timeline of %lld runs", (long long)page->stored.n_runs);
  for (int s = 0; s < page->n_sessions; s++) {
    t->begin[s + 1] = t->begin[s] + afb_page_session_seconds(page, s);
    t->ranks = afb_page_session_ranks(page, s) > t->ranks ? afb_page_session_ranks(page, s) : t->ranks;
  }
  t->all = t->begin[page->n_sessions];
  t->rows = t->ranks < MOST_ROWS ? t->ranks : MOST_ROWS;
  for (int64_t r = 0; r < page->stored.n_runs; r++)
    t->first_rank[r] = -1;
  return lay_runs(t);
}

/* Seconds on the axis between which a run was computed. */
static double run_from(const timeline *t, int64_t r)
{
  const afb_store_run *run = &t->page->stored.run[r];
  return t->begin[run->session] + fmax(t->end[r] - run->core_seconds / (run->ranks > 0 ? run->ranks : 1), 0);
}
static double run_to(const timeline *t, int64_t r) { return t->begin[t->page->stored.run[r].session] + t->end[r]; }

/* ---- Bars ---- */

static int row_of(const timeline *t, int rank) { return (int)((int64_t)rank * t->rows / t->ranks); }

typedef struct { double y, height; } place;
static place place_of(int row, double height) { return (place){TOP + 16 + height * (row + 0.5), 0.84 * height}; }

static void single_bars(FILE *out, const timeline *t, double height)
{
  for (int class = 0; class < AFB_N_RUN_CLASSES; class++) {
    int drawn = 0;
    for (int64_t r = 0; r < t->page->stored.n_runs; r++) {
      const afb_store_run *run = &t->page->stored.run[r];
      if (t->first_rank[r] < 0 || (int)afb_run_class_of(run->outcome, run->rung) != class)
        continue;
      for (int k = 0; k < run->ranks; k++) {
        double x = seconds_x(t, run_from(t, r)), width = seconds_x(t, run_to(t, r)) - x;
        fprintf(out, "%sM%.1f %.1fh%.2f", drawn++ ? "" : "<path d=\"", x, place_of(row_of(t, t->first_rank[r] + k), height).y, fmax(width, 0.15));
      }
    }
    if (drawn)
      fprintf(out, "\" class=\"k o%d\" style=\"stroke-width:%.1f\"/>\n", class, place_of(0, height).height);
  }
}

/* A bin has the colour of the outcome on which most of its time went; it is empty when its ranks were idle for most of it. */
static afb_status binned_bars(FILE *out, const timeline *t, double height)
{
  const double bin = t->all / BINS;
  double *busy = calloc((size_t)t->rows * BINS * AFB_N_RUN_CLASSES, sizeof *busy);
  if (!busy)
    return AFB_FAIL(AFB_E_MEMORY, "no memory for a timeline of %d ranks", t->ranks);
  for (int64_t r = 0; r < t->page->stored.n_runs; r++) {
    const afb_store_run *run = &t->page->stored.run[r];
    double from = run_from(t, r), to = run_to(t, r);
    for (int k = 0; k < run->ranks && t->first_rank[r] >= 0; k++)
      for (int b = (int)(from / bin); b < BINS && b * bin < to; b++)
        busy[((size_t)row_of(t, t->first_rank[r] + k) * BINS + (size_t)b) * AFB_N_RUN_CLASSES + afb_run_class_of(run->outcome, run->rung)]
          += fmin(to, (b + 1) * bin) - fmax(from, b * bin);
  }
  const double full = bin * t->ranks / t->rows;
  for (int class = 0; class < AFB_N_RUN_CLASSES; class++) {
    int drawn = 0;
    for (int row = 0; row < t->rows; row++)
      for (int b = 0, length = 0; b <= BINS; b++) {
        const double *share = busy + ((size_t)row * BINS + (size_t)b) * AFB_N_RUN_CLASSES;
        double sum = 0;
        int most = 0;
        for (int c = 0; c < AFB_N_RUN_CLASSES && b < BINS; c++) {
          sum += share[c];
          most = share[c] > share[most] ? c : most;
        }
        if (b < BINS && sum > 0.5 * full && most == class) {
          length++;
          continue;
        }
        if (length > 0)
          fprintf(out, "%sM%.1f %.1fh%.1f", drawn++ ? "" : "<path d=\"", seconds_x(t, (b - length) * bin), place_of(row, height).y,
                  (double)length * (WIDTH - LEFT) / BINS);
        length = 0;
      }
    if (drawn)
      fprintf(out, "\" class=\"k o%d\" style=\"stroke-width:%.1f\"/>\n", class, place_of(0, height).height);
  }
  free(busy);
  return AFB_OK;
}

static void round_bars(FILE *out, const timeline *t)
{
  const afb_page *page = t->page;
  if (page->n_rounds == 0)
    return;
  for (int trained = 0; trained < 2; trained++) {
    int drawn = 0;
    for (int64_t r = 0; r < page->n_rounds; r++) {
      const afb_store_round *round = &page->round[r];
      if ((round->n_training > 0) != trained)
        continue;
      double x = seconds_x(t, t->begin[round->session] + round->start), width = seconds_x(t, t->begin[round->session] + round->finish) - x;
      fprintf(out, "%sM%.1f %dh%.2f", drawn++ ? "" : "<path d=\"", x, TOP, fmax(width, 0.3));
    }
    if (drawn)
      fprintf(out, "\" class=\"k %s\"/>\n", trained ? "train" : "validate");
  }
}

static void axis(FILE *out, const timeline *t, double bottom)
{
  const double unit = t->all > 7200 ? 3600 : t->all > 120 ? 60 : 1, step = afb_plot_step(t->all / unit, 8);
  for (double v = 0; v <= t->all / unit * (1 + 1e-9); v += step)
    fprintf(out, "<path class=\"a\" d=\"M%.1f %.1fv4\"/><text class=\"m x\" x=\"%.1f\" y=\"%.1f\">%g%s</text>\n", seconds_x(t, v * unit), bottom,
            seconds_x(t, v * unit), bottom + 17, v, v > 0 ? "" : unit > 60 ? " h" : unit > 1 ? " min" : " s");
  fprintf(out, "<path class=\"a\" d=\"M%d %.1fH%d\"/>\n", LEFT, bottom, WIDTH);
  for (int s = 1; s < t->page->n_sessions; s++)
    fprintf(out, "<path class=\"a dashed\" d=\"M%.1f %dV%.1f\"/>\n", seconds_x(t, t->begin[s]), TOP - 10, bottom);
}

static afb_status draw(FILE *out, const timeline *t)
{
  const double height = t->rows <= 4 ? 22 : t->rows <= 16 ? 14 : 9, bottom = TOP + 18 + height * t->rows;
  int64_t bars = 0;
  for (int64_t r = 0; r < t->page->stored.n_runs; r++)
    bars += t->first_rank[r] >= 0 ? t->page->stored.run[r].ranks : 0;
  int single = bars <= MOST_BARS && t->rows == t->ranks;
  fputs("<figure class=\"graph timeline\">", out);
  afb_html_svg(out, WIDTH, (int)bottom + BOTTOM, "Timeline of ranks");
  for (int row = 0; row < t->rows; row++) {
    place at = place_of(row, height);
    fprintf(out, "<path class=\"idle\" style=\"stroke-width:%.1f\" d=\"M0 0", at.height);
    for (int s = 0; s < t->page->n_sessions; s++)
      if (row <= row_of(t, afb_page_session_ranks(t->page, s) - 1))
        fprintf(out, "M%.1f %.1fH%.1f", seconds_x(t, t->begin[s]), at.y, seconds_x(t, t->begin[s + 1]));
    fputs("\"/>", out);
    if (row == 0 || height > 12 || row % 8 == 0)
      fprintf(out, "<text class=\"m z\" x=\"%d\" y=\"%.1f\">%lld</text>\n", LEFT - 6, at.y + 4, (long long)row * t->ranks / t->rows);
  }
  round_bars(out, t);
  fprintf(out, "<text class=\"m z\" x=\"%d\" y=\"%d\">rank</text>\n", LEFT - 6, TOP + 4);
  if (single)
    single_bars(out, t, height);
  else
    AFB_TRY(binned_bars(out, t, height));
  axis(out, t, bottom);
  fputs("</svg><figcaption>", out);
  if (!single)
    fputs("In bins, coloured by what took most of their time. ", out);
  if (t->rows < t->ranks)
    fprintf(out, "A row stands for %d ranks or more. ", t->ranks / t->rows);
  if (t->guessed)
    fputs("The file does not say which rank ran what: runs are where there is room. ", out);
  fputs("</figcaption></figure>\n", out);
  return AFB_OK;
}

/* ---- Where the time went ---- */

typedef struct { const char *name, *colour; double seconds; } part;
enum { N_PARTS = 9 };
static void parts_of(const afb_store_usage *u, part p[N_PARTS])
{
  const part all[N_PARTS] = {{"calculations", "o0", u->run - u->failed}, {"failed calculations", "o2", u->failed}, {"training and ranking", "o1", u->training},
    {"validation", "o4", u->validation}, {"storing", "o3", u->storing}, {"queue and messages", "o6", u->service}, {"start-up", "p0", u->startup},
    {"idle", "p1", u->idle}, {"the end", "p2", u->drain}};
  memcpy(p, all, sizeof all);
}

static void usage_bar(FILE *out, const part p[N_PARTS], double all)
{
  fputs("<div class=\"strip thick\">", out);
  for (int i = 0; i < N_PARTS; i++)
    fprintf(out, "<i class=\"b %s\" style=\"width:%.4g%%\" title=\"%s: %.3g s\"></i>", p[i].colour, all > 0 ? 100 * p[i].seconds / all : 0, p[i].name, p[i].seconds);
  fputs("</div>", out);
}

static void losses(FILE *out, const part p[N_PARTS], double all)
{
  char share[AFB_HTML_NUMBER];
  fputs("<ul class=\"key\">", out);
  for (int i = 0; i < N_PARTS; i++)
    if (p[i].seconds > 0)
      fprintf(out, "<li><i class=\"b %s\"></i>%s %.1f\xe2\x80\xafs, %s</li>", p[i].colour, p[i].name, p[i].seconds, afb_html_percent(p[i].seconds, all, share));
  fputs("</ul>", out);
}

/* Returns the number of sessions. */
static int32_t total_usage(int64_t n, const afb_store_usage *usage, afb_store_usage *total)
{
  int32_t sessions = 0;
  *total = (afb_store_usage){0};
  for (int64_t i = 0; i < n; i++) {
    sessions = usage[i].session + 1 > sessions ? usage[i].session + 1 : sessions;
    afb_usage_add(total, &usage[i]);
  }
  return sessions;
}

void afb_page_usage_text(FILE *out, int64_t n, const afb_store_usage *usage)
{
  afb_store_usage total;
  part p[N_PARTS];
  int32_t sessions = total_usage(n, usage, &total);
  if (n == 0)
    return;
  parts_of(&total, p);
  fprintf(out, "\nWhere the time of all ranks went: %.1f s\n", total.wall);
  for (int i = 0; i < N_PARTS; i++)
    if (p[i].seconds > 0)
      fprintf(out, "  %-24s %10.1f  %5.1f %%\n", p[i].name, p[i].seconds, 100.0 * p[i].seconds / total.wall);
  for (int32_t s = 0; s < sessions; s++) {
    afb_usage_sum u;
    afb_usage_sum_up(n, usage, s, &u);
    if (u.ranks > 0)
      fprintf(out, "  session %d: %d rank%s, %d node%s, %.1f s: allocation efficiency %.3f, load balance %.3f, communication %.3f, parallel efficiency %.3f\n", s + 1,
              u.ranks, u.ranks == 1 ? "" : "s", u.nodes, u.nodes == 1 ? "" : "s", u.wall, u.allocation, u.load_balance, u.communication, u.parallel);
  }
}

void afb_page_usage(FILE *out, int64_t n, const afb_store_usage *usage)
{
  afb_store_usage total;
  part p[N_PARTS];
  int32_t sessions = total_usage(n, usage, &total);
  if (n == 0)
    return;
  parts_of(&total, p);
  fputs("<h3>Where the time of all ranks went</h3>\n", out);
  usage_bar(out, p, total.wall);
  losses(out, p, total.wall);
  fputs("<div class=\"wide\"><table><thead><tr><th>session</th><th>ranks</th><th>nodes</th><th>wall time</th><th>allocation efficiency</th><th>load balance</th>"
        "<th>communication eff.</th><th>parallel eff.</th><th>node-hours</th><th>kWh</th></tr></thead><tbody>\n", out);
  for (int32_t s = 0; s < sessions; s++) {
    afb_usage_sum u;
    char text[5][AFB_HTML_NUMBER];
    afb_usage_sum_up(n, usage, s, &u);
    if (u.ranks == 0)
      continue;
    fprintf(out, "<tr><td>%d</td><td>%d</td><td>%d</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%.3g</td><td>", s + 1, u.ranks, u.nodes,
            afb_html_seconds(u.wall, text[4]), u.sum.run > 0 ? afb_html_percent(u.allocation, 1, text[0]) : "\xe2\x80\x93", afb_html_value(u.load_balance, text[1]),
            afb_html_value(u.communication, text[2]), afb_html_value(u.parallel, text[3]), u.nodes * u.wall / 3600);
    if (isfinite(u.energy_joule))
      fprintf(out, "%.3g (%s)", u.energy_joule / 3.6e6, u.energy_source);
    else
      fputs("no source", out);
    fputs("</td></tr>\n", out);
  }
  fputs("</tbody></table></div>\n", out);
}

static int sessions_without_usage(const afb_page *page)
{
  int n = 0;
  for (int s = 0; s < page->n_sessions; s++) {
    afb_usage_sum u;
    afb_usage_sum_up(page->n_usage, page->usage, s, &u);
    n += u.ranks == 0;
  }
  return n;
}

afb_status afb_page_time(FILE *out, const afb_page *page)
{
  timeline t = {.page = page};
  int64_t count[AFB_N_RUN_CLASSES] = {0};
  afb_status status = prepare(&t);
  if (status == AFB_OK && t.all > 0 && t.ranks > 0) {
    for (int64_t r = 0; r < page->stored.n_runs; r++)
      count[afb_run_class_of(page->stored.run[r].outcome, page->stored.run[r].rung)] += t.first_rank[r] >= 0;
    afb_html_section(out, "time", "Time", "What each rank did; a gap is time without a run. Above the ranks: training with ranking (dark), validation (light).");
    afb_page_key(out, count);
    status = draw(out, &t);
    afb_page_usage(out, page->n_usage, page->usage);
    int without = sessions_without_usage(page);
    if (without > 0)
      fprintf(out, "<p class=\"about\">%d of %lld sessions do not say where the time of their ranks went besides runs: they are of an older program, or did not "
                   "end in order.</p>\n", without, (long long)page->n_sessions);
    afb_html_section_end(out);
  }
  free(t.begin);
  free(t.first_rank);
  free(t.end);
  return status;
}
